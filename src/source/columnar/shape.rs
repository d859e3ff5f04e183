//! The structs of Parquet's metadata and their fields, as parquet-format 2.12 has them.
//!
//! What is about encryption, but that there is any, is passed over like a field of a later version.

/// A struct.
#[derive(Debug)]
pub(super) struct Shape {
    pub name: &'static str,
    pub fields: &'static [Field],
}

#[derive(Debug)]
pub(super) struct Field {
    pub id: u8,
    pub name: &'static str,
    pub kind: FieldType,
    pub required: bool,
}

/// The type of a field. Enumerations are 32-bit integers.
#[derive(Clone, Copy, Debug)]
pub(super) enum FieldType {
    Bool,
    Byte,
    I16,
    I32,
    I64,
    Double,
    Binary,
    List(&'static FieldType),
    Struct(&'static Shape),
}

impl FieldType {
    /// Whether this number of Thrift's compact protocol stands for the type.
    pub(super) fn is(self, number: u8) -> bool {
        match self {
            Self::Bool => number == 1 || number == 2,
            Self::Byte => number == 3,
            Self::I16 => number == 4,
            Self::I32 => number == 5,
            Self::I64 => number == 6,
            Self::Double => number == 7,
            Self::Binary => number == 8,
            Self::List(_) => number == 9,
            Self::Struct(_) => number == 12,
        }
    }
}

const fn must(id: u8, name: &'static str, kind: FieldType) -> Field {
    Field {
        id,
        name,
        kind,
        required: true,
    }
}

const fn may(id: u8, name: &'static str, kind: FieldType) -> Field {
    Field {
        id,
        name,
        kind,
        required: false,
    }
}

use FieldType::{Binary, Bool, Byte, Double, I16, I32, I64, List, Struct};

pub(super) static FILE_META_DATA: Shape = Shape {
    name: "FileMetaData",
    fields: &[
        must(1, "version", I32),
        must(2, "schema", List(&Struct(&SCHEMA_ELEMENT))),
        must(3, "num_rows", I64),
        must(4, "row_groups", List(&Struct(&ROW_GROUP))),
        may(5, "key_value_metadata", List(&Struct(&KEY_VALUE))),
        may(6, "created_by", Binary),
        may(7, "column_orders", List(&Struct(&COLUMN_ORDER))),
        may(8, "encryption_algorithm", Struct(&EMPTY)),
    ],
};

pub(super) static SCHEMA_ELEMENT: Shape = Shape {
    name: "SchemaElement",
    fields: &[
        may(1, "type", I32),
        may(2, "type_length", I32),
        may(3, "repetition_type", I32),
        must(4, "name", Binary),
        may(5, "num_children", I32),
        may(6, "converted_type", I32),
        may(7, "scale", I32),
        may(8, "precision", I32),
        may(9, "field_id", I32),
        may(10, "logicalType", Struct(&LOGICAL_TYPE)),
    ],
};

static LOGICAL_TYPE: Shape = Shape {
    name: "LogicalType",
    fields: &[
        may(1, "STRING", Struct(&EMPTY)),
        may(2, "MAP", Struct(&EMPTY)),
        may(3, "LIST", Struct(&EMPTY)),
        may(4, "ENUM", Struct(&EMPTY)),
        may(5, "DECIMAL", Struct(&DECIMAL_TYPE)),
        may(6, "DATE", Struct(&EMPTY)),
        may(7, "TIME", Struct(&TIME_TYPE)),
        may(8, "TIMESTAMP", Struct(&TIME_TYPE)),
        may(10, "INTEGER", Struct(&INT_TYPE)),
        may(11, "UNKNOWN", Struct(&EMPTY)),
        may(12, "JSON", Struct(&EMPTY)),
        may(13, "BSON", Struct(&EMPTY)),
        may(14, "UUID", Struct(&EMPTY)),
        may(15, "FLOAT16", Struct(&EMPTY)),
    ],
};

/// One without fields, or whose fields are not looked at.
static EMPTY: Shape = Shape {
    name: "member of a union",
    fields: &[],
};

static DECIMAL_TYPE: Shape = Shape {
    name: "DecimalType",
    fields: &[must(1, "scale", I32), must(2, "precision", I32)],
};

static TIME_TYPE: Shape = Shape {
    name: "TimeType",
    fields: &[must(1, "isAdjustedToUTC", Bool), must(2, "unit", Struct(&TIME_UNIT))],
};

static TIME_UNIT: Shape = Shape {
    name: "TimeUnit",
    fields: &[
        may(1, "MILLIS", Struct(&EMPTY)),
        may(2, "MICROS", Struct(&EMPTY)),
        may(3, "NANOS", Struct(&EMPTY)),
    ],
};

static INT_TYPE: Shape = Shape {
    name: "IntType",
    fields: &[must(1, "bitWidth", Byte), must(2, "isSigned", Bool)],
};

static KEY_VALUE: Shape = Shape {
    name: "KeyValue",
    fields: &[must(1, "key", Binary), may(2, "value", Binary)],
};

static COLUMN_ORDER: Shape = Shape {
    name: "ColumnOrder",
    fields: &[may(1, "TYPE_ORDER", Struct(&EMPTY))],
};

pub(super) static ROW_GROUP: Shape = Shape {
    name: "RowGroup",
    fields: &[
        must(1, "columns", List(&Struct(&COLUMN_CHUNK))),
        must(2, "total_byte_size", I64),
        must(3, "num_rows", I64),
        may(4, "sorting_columns", List(&Struct(&SORTING_COLUMN))),
        may(5, "file_offset", I64),
        may(6, "total_compressed_size", I64),
        may(7, "ordinal", I16),
    ],
};

static SORTING_COLUMN: Shape = Shape {
    name: "SortingColumn",
    fields: &[
        must(1, "column_idx", I32),
        must(2, "descending", Bool),
        must(3, "nulls_first", Bool),
    ],
};

static COLUMN_CHUNK: Shape = Shape {
    name: "ColumnChunk",
    fields: &[
        may(1, "file_path", Binary),
        must(2, "file_offset", I64),
        may(3, "meta_data", Struct(&COLUMN_META_DATA)),
        may(4, "offset_index_offset", I64),
        may(5, "offset_index_length", I32),
        may(6, "column_index_offset", I64),
        may(7, "column_index_length", I32),
    ],
};

pub(super) static COLUMN_META_DATA: Shape = Shape {
    name: "ColumnMetaData",
    fields: &[
        must(1, "type", I32),
        must(2, "encodings", List(&I32)),
        must(3, "path_in_schema", List(&Binary)),
        must(4, "codec", I32),
        must(5, "num_values", I64),
        must(6, "total_uncompressed_size", I64),
        must(7, "total_compressed_size", I64),
        may(8, "key_value_metadata", List(&Struct(&KEY_VALUE))),
        must(9, "data_page_offset", I64),
        may(10, "index_page_offset", I64),
        may(11, "dictionary_page_offset", I64),
        may(12, "statistics", Struct(&STATISTICS)),
        may(13, "encoding_stats", List(&Struct(&PAGE_ENCODING_STATS))),
        may(14, "bloom_filter_offset", I64),
        may(15, "bloom_filter_length", I32),
        may(16, "size_statistics", Struct(&SIZE_STATISTICS)),
        may(17, "geospatial_statistics", Struct(&GEOSPATIAL_STATISTICS)),
    ],
};

static STATISTICS: Shape = Shape {
    name: "Statistics",
    fields: &[
        may(1, "max", Binary),
        may(2, "min", Binary),
        may(3, "null_count", I64),
        may(4, "distinct_count", I64),
        may(5, "max_value", Binary),
        may(6, "min_value", Binary),
        may(7, "is_max_value_exact", Bool),
        may(8, "is_min_value_exact", Bool),
        may(9, "nan_count", I64),
    ],
};

static PAGE_ENCODING_STATS: Shape = Shape {
    name: "PageEncodingStats",
    fields: &[
        must(1, "page_type", I32),
        must(2, "encoding", I32),
        must(3, "count", I32),
    ],
};

static SIZE_STATISTICS: Shape = Shape {
    name: "SizeStatistics",
    fields: &[
        may(1, "unencoded_byte_array_data_bytes", I64),
        may(2, "repetition_level_histogram", List(&I64)),
        may(3, "definition_level_histogram", List(&I64)),
    ],
};

static GEOSPATIAL_STATISTICS: Shape = Shape {
    name: "GeospatialStatistics",
    fields: &[
        may(1, "bbox", Struct(&BOUNDING_BOX)),
        may(2, "geospatial_types", List(&I32)),
    ],
};

static BOUNDING_BOX: Shape = Shape {
    name: "BoundingBox",
    fields: &[
        must(1, "xmin", Double),
        must(2, "xmax", Double),
        must(3, "ymin", Double),
        must(4, "ymax", Double),
        may(5, "zmin", Double),
        may(6, "zmax", Double),
        may(7, "mmin", Double),
        may(8, "mmax", Double),
    ],
};

pub(super) static PAGE_HEADER: Shape = Shape {
    name: "PageHeader",
    fields: &[
        must(1, "type", I32),
        must(2, "uncompressed_page_size", I32),
        must(3, "compressed_page_size", I32),
        may(4, "crc", I32),
        may(5, "data_page_header", Struct(&DATA_PAGE_HEADER)),
        may(7, "dictionary_page_header", Struct(&DICTIONARY_PAGE_HEADER)),
        may(8, "data_page_header_v2", Struct(&DATA_PAGE_HEADER_V2)),
    ],
};

pub(super) static DATA_PAGE_HEADER: Shape = Shape {
    name: "DataPageHeader",
    fields: &[
        must(1, "num_values", I32),
        must(2, "encoding", I32),
        must(3, "definition_level_encoding", I32),
        must(4, "repetition_level_encoding", I32),
        may(5, "statistics", Struct(&STATISTICS)),
    ],
};

pub(super) static DATA_PAGE_HEADER_V2: Shape = Shape {
    name: "DataPageHeaderV2",
    fields: &[
        must(1, "num_values", I32),
        must(2, "num_nulls", I32),
        must(3, "num_rows", I32),
        must(4, "encoding", I32),
        must(5, "definition_levels_byte_length", I32),
        must(6, "repetition_levels_byte_length", I32),
        may(7, "is_compressed", Bool),
        may(8, "statistics", Struct(&STATISTICS)),
    ],
};

pub(super) static DICTIONARY_PAGE_HEADER: Shape = Shape {
    name: "DictionaryPageHeader",
    fields: &[
        must(1, "num_values", I32),
        must(2, "encoding", I32),
        may(3, "is_sorted", Bool),
    ],
};
