//! Parquet and Arrow: every type, every codec, row groups, damage.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BinaryArray, BooleanArray, Date32Array, Date64Array, Decimal128Array, DictionaryArray,
    DurationSecondArray, FixedSizeBinaryArray, FixedSizeListArray, Float16Array, Float32Array, Float64Array, Int8Array,
    Int32Array, Int64Array, LargeListArray, LargeStringArray, ListArray, ListViewArray, MapArray, NullArray,
    RecordBatch, RunArray, StringArray, StringViewArray, StructArray, Time64MicrosecondArray,
    TimestampMicrosecondArray, TimestampSecondArray, UInt64Array, UnionArray,
};
use arrow::buffer::{OffsetBuffer, ScalarBuffer};
use arrow::datatypes::{DataType, Field, Fields, Float32Type, Int32Type, Schema, UnionFields};
use arrow::ipc::CompressionType;
use arrow::ipc::writer::{FileWriter, IpcWriteOptions, StreamWriter};
use gonogo::model::record::Fault;
use gonogo::source::{Format, Limits, Part};
use parquet::arrow::ArrowWriter;
use parquet::basic::{BrotliLevel, Compression, GzipLevel, ZstdLevel};
use parquet::file::properties::WriterProperties;

use super::harness::{COMPRESSIONS, Folder, Seen, outline, read, read_part, to_json, values};

/// Three rows of text and a number.
pub(crate) fn small_batch() -> RecordBatch {
    let texts: ArrayRef = Arc::new(StringArray::from(vec![Some("one"), None, Some("drei é")]));
    let numbers: ArrayRef = Arc::new(Int64Array::from(vec![Some(1), Some(2), None]));
    RecordBatch::try_from_iter_with_nullable([("text", texts, true), ("n", numbers, true)]).expect("a batch")
}

const SMALL: [&str; 3] = [
    "0:0 {\"text\": \"one\", \"n\": 1}",
    "1:0 {\"text\": null, \"n\": 2}",
    "2:0 {\"text\": \"drei é\", \"n\": null}",
];

/// A Parquet file of row groups of this many rows.
pub(crate) fn parquet(batch: &RecordBatch, group: usize) -> Vec<u8> {
    parquet_with(batch, group, Compression::SNAPPY)
}

fn parquet_with(batch: &RecordBatch, group: usize, compression: Compression) -> Vec<u8> {
    let properties = WriterProperties::builder()
        .set_compression(compression)
        .set_max_row_group_row_count(Some(group))
        .build();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), Some(properties)).expect("a writer");
    writer.write(batch).expect("written");
    writer.close().expect("closed");
    bytes
}

pub(crate) fn arrow_stream(batches: &[RecordBatch]) -> Vec<u8> {
    arrow_stream_with(batches, None)
}

pub(crate) fn arrow_stream_with(batches: &[RecordBatch], compression: Option<CompressionType>) -> Vec<u8> {
    let options = IpcWriteOptions::default()
        .try_with_compression(compression)
        .expect("options");
    let mut bytes = Vec::new();
    let schema = batches[0].schema();
    let mut writer = StreamWriter::try_new_with_options(&mut bytes, &schema, options).expect("a writer");
    for batch in batches {
        writer.write(batch).expect("written");
    }
    writer.finish().expect("finished");
    drop(writer);
    bytes
}

pub(crate) fn arrow_file(batches: &[RecordBatch]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut writer = FileWriter::try_new(&mut bytes, &batches[0].schema()).expect("a writer");
    for batch in batches {
        writer.write(batch).expect("written");
    }
    writer.finish().expect("finished");
    drop(writer);
    bytes
}

#[test]
fn parquet_of_every_codec_is_read() {
    let codecs = [
        Compression::UNCOMPRESSED,
        Compression::SNAPPY,
        Compression::LZ4_RAW,
        Compression::GZIP(GzipLevel::default()),
        Compression::BROTLI(BrotliLevel::default()),
        Compression::ZSTD(ZstdLevel::default()),
    ];
    for codec in codecs {
        let folder = Folder::new();
        let input = folder.input("a.parquet", parquet_with(&small_batch(), 2, codec));
        assert_eq!(outline(&read(&input)), SMALL, "{codec:?}");
    }
}

#[test]
fn arrow_streams_and_files_are_read_compressed_inside_or_outside() {
    let batch = small_batch();
    let parts = [batch.slice(0, 2), batch.slice(2, 1)];
    let forms = [
        ("a.arrow", Format::ArrowStream, arrow_stream(&parts)),
        (
            "a.arrow",
            Format::ArrowStream,
            arrow_stream_with(&parts, Some(CompressionType::ZSTD)),
        ),
        (
            "a.arrow",
            Format::ArrowStream,
            arrow_stream_with(&parts, Some(CompressionType::LZ4_FRAME)),
        ),
        ("a.arrow", Format::ArrowFile, arrow_file(&parts)),
        ("a.feather", Format::ArrowFile, arrow_file(&parts)),
        ("a.parquet", Format::Parquet, parquet(&batch, 2)),
    ];
    for (name, format, bytes) in forms {
        for (extension, compress) in COMPRESSIONS {
            let folder = Folder::new();
            let input = folder.input(&format!("{name}{extension}"), compress(&bytes));
            assert_eq!((input.format, input.notes.len()), (format, 0), "{name}{extension}");
            assert_eq!(outline(&read(&input)), SMALL, "{name}{extension}");
        }
    }
}

#[test]
fn a_stream_without_its_end_mark_is_whole() {
    let bytes = arrow_stream(&[small_batch()]);
    assert_eq!(
        outline(&Folder::new().read("a.arrow", &bytes[..bytes.len() - 8])),
        SMALL
    );
}

#[test]
fn an_arrow_file_without_its_footer_is_truncated() {
    let bytes = arrow_file(&[small_batch()]);
    let seen = Folder::new().read("a.arrow", &bytes[..bytes.len() - 3]);
    assert_eq!(outline(&seen[..3]), SMALL);
    assert_eq!(seen[3].bad().fault, Fault::Truncated);
    assert_eq!(
        seen[3].bad().message,
        "the Arrow file ends without its footer, after 3 rows"
    );
}

/// A column of two rows and what they become.
type Case = (&'static str, ArrayRef, [&'static str; 2]);

fn case(name: &'static str, array: impl Array + 'static, rows: [&'static str; 2]) -> Case {
    (name, Arc::new(array), rows)
}

fn scalars() -> Vec<Case> {
    let views = StringViewArray::from(vec!["short", "longer than twelve bytes"]);
    let fixed = FixedSizeBinaryArray::try_from_iter([[b'a'; 3], [0xFF; 3]].iter()).expect("same size");
    let decimals = Decimal128Array::from(vec![150, -5])
        .with_precision_and_scale(10, 2)
        .expect("fits");
    vec![
        case("null", NullArray::new(2), ["null", "null"]),
        case("bool", BooleanArray::from(vec![Some(true), None]), ["true", "null"]),
        case("int8", Int8Array::from(vec![-1, 2]), ["-1", "2"]),
        case(
            "uint64",
            UInt64Array::from(vec![u64::MAX, 1]),
            ["18446744073709551615", "1"],
        ),
        case(
            "float16",
            Float16Array::from(vec![half(0x3C00), half(0x3800)]),
            ["1.0", "0.5"],
        ),
        // As in Python, where a 32-bit float is widened.
        case(
            "float32",
            Float32Array::from(vec![0.1, 0.5]),
            ["0.10000000149011612", "0.5"],
        ),
        case("float64", Float64Array::from(vec![0.1, 1e300]), ["0.1", "1e300"]),
        case("utf8", StringArray::from(vec![Some("p"), None]), ["\"p\"", "null"]),
        case("large utf8", LargeStringArray::from(vec!["a", "b"]), ["\"a\"", "\"b\""]),
        case("view", views, ["\"short\"", "\"longer than twelve bytes\""]),
        case(
            "binary",
            BinaryArray::from(vec![&b"ok"[..], b"\xFF\x00"]),
            ["\"ok\"", "\"<binary, 2 bytes>\""],
        ),
        case("fixed binary", fixed, ["\"aaa\"", "\"<binary, 3 bytes>\""]),
        case("decimal", decimals, ["1.5", "-0.05"]),
    ]
}

fn times() -> Vec<Case> {
    let clock = Time64MicrosecondArray::from(vec![3_723_000_000, 1]);
    let stamps = TimestampMicrosecondArray::from(vec![1_704_164_645_000_600, i64::MAX]);
    let zoned = TimestampSecondArray::from(vec![1_704_164_645, 0]).with_timezone("+01:00");
    let zoned_rows = ["\"2024-01-02T04:04:05+01:00\"", "\"1970-01-01T01:00:00+01:00\""];
    vec![
        case(
            "date",
            Date32Array::from(vec![19_724, -1]),
            ["\"2024-01-02\"", "\"1969-12-31\""],
        ),
        case(
            "date64",
            Date64Array::from(vec![86_400_000, -1]),
            ["\"1970-01-02\"", "\"1969-12-31\""],
        ),
        case("time", clock, ["\"01:02:03\"", "\"00:00:00.000001\""]),
        // Beyond the years Python has, the number stays.
        case(
            "timestamp",
            stamps,
            ["\"2024-01-02T03:04:05.000600\"", "9223372036854775807"],
        ),
        case("zoned", zoned, zoned_rows),
        case(
            "duration",
            DurationSecondArray::from(vec![5, 60]),
            ["\"PT5S\"", "\"PT60S\""],
        ),
    ]
}

fn lists() -> Vec<Case> {
    let item = Arc::new(Field::new_list_field(DataType::Utf8, true));
    let texts: ArrayRef = Arc::new(StringArray::from(vec![Some("a"), None, Some("c")]));
    let four: ArrayRef = Arc::new(StringArray::from(vec!["a", "b", "c", "d"]));
    let numbers = ListArray::from_iter_primitive::<Int32Type, _, _>([Some(vec![Some(1), None]), None]);
    let nested = ListArray::new(item.clone(), OffsetBuffer::from_lengths([1, 2]), texts.clone(), None);
    let large = LargeListArray::new(item.clone(), OffsetBuffer::from_lengths([0, 3]), texts.clone(), None);
    let (starts, sizes) = (ScalarBuffer::from(vec![1, 0]), ScalarBuffer::from(vec![2, 1]));
    let view = ListViewArray::new(item.clone(), starts, sizes, texts, None);
    vec![
        case("list", numbers, ["[1, null]", "null"]),
        case("list of texts", nested, ["[\"a\"]", "[null, \"c\"]"]),
        case("large list", large, ["[]", "[\"a\", null, \"c\"]"]),
        case("list view", view, ["[null, \"c\"]", "[\"a\"]"]),
        case(
            "fixed list",
            FixedSizeListArray::new(item, 2, four, None),
            ["[\"a\", \"b\"]", "[\"c\", \"d\"]"],
        ),
    ]
}

fn compounds() -> Vec<Case> {
    let field = |name: &str, kind: DataType, nullable: bool| Field::new(name, kind, nullable);
    let texts: ArrayRef = Arc::new(StringArray::from(vec![Some("p"), None]));
    let ints: ArrayRef = Arc::new(Int32Array::from(vec![1, 2]));
    let fields = Fields::from(vec![
        field("x", DataType::Int32, true),
        field("y", DataType::Utf8, true),
    ]);
    let columns = vec![ints.clone(), texts.clone()];
    let structs = StructArray::new(fields, columns, Some(vec![true, false].into()));
    let entry = Fields::from(vec![
        field("keys", DataType::Utf8, false),
        field("values", DataType::Int32, true),
    ]);
    let keys: ArrayRef = Arc::new(StringArray::from(vec!["k", "l", "k"]));
    let numbers: ArrayRef = Arc::new(Int32Array::from(vec![1, 2, 3]));
    let entries = StructArray::new(entry.clone(), vec![keys, numbers], None);
    let entry = Arc::new(field("entries", DataType::Struct(entry), false));
    let map = MapArray::new(entry, OffsetBuffer::from_lengths([2, 1]), entries, None, false);
    let words = Arc::new(StringArray::from(vec!["a", "b"]));
    let dictionary = DictionaryArray::new(Int8Array::from(vec![Some(1), None]), words);
    let runs = RunArray::try_new(&Int32Array::from(vec![2]), &StringArray::from(vec!["run"])).expect("runs");
    let branches = [
        (3, field("s", DataType::Utf8, true)),
        (7, field("i", DataType::Int32, true)),
    ];
    let branches: UnionFields = branches.into_iter().map(|(id, field)| (id, Arc::new(field))).collect();
    let offsets = Some(ScalarBuffer::from(vec![1, 0]));
    let union = UnionArray::try_new(branches, vec![7, 3].into(), offsets, vec![texts, ints]).expect("a union");
    vec![
        case("struct", structs, ["{\"x\": 1, \"y\": \"p\"}", "null"]),
        case("map", map, ["{\"k\": 1, \"l\": 2}", "{\"k\": 3}"]),
        case("dictionary", dictionary, ["\"b\"", "null"]),
        case("runs", runs, ["\"run\"", "\"run\""]),
        case("union", union, ["2", "\"p\""]),
    ]
}

fn half(bits: u16) -> <arrow::datatypes::Float16Type as arrow::datatypes::ArrowPrimitiveType>::Native {
    <arrow::datatypes::Float16Type as arrow::datatypes::ArrowPrimitiveType>::Native::from_bits(bits)
}

fn column(array: ArrayRef) -> RecordBatch {
    RecordBatch::try_from_iter_with_nullable([("c", array, true)]).expect("a batch")
}

#[test]
fn every_type_of_arrow_has_a_value() {
    for (name, array, expected) in [scalars(), times(), lists(), compounds()].concat() {
        let batch = column(array);
        let expected = expected.map(|value| format!("{{\"c\": {value}}}"));
        let shown = |bytes: Vec<u8>| -> Vec<String> {
            values(&Folder::new().read("a.arrow", bytes))
                .iter()
                .map(to_json)
                .collect()
        };
        assert_eq!(shown(arrow_stream(std::slice::from_ref(&batch))), expected, "{name}");
        // A slice does not start where its arrays do.
        assert_eq!(shown(arrow_file(&[batch.slice(1, 1)])), expected[1..], "{name}");
        // Parquet knows neither unions nor runs, and gives back what it wrote for the rest.
        let unknown = ["union", "runs", "list view", "duration", "float16"];
        if !unknown.contains(&name) {
            let seen = Folder::new().read("a.parquet", parquet(&batch, 1));
            assert_eq!(
                values(&seen).iter().map(to_json).collect::<Vec<_>>(),
                expected,
                "{name}"
            );
        }
    }
}

/// A column as datasets 5 writes its `Json` feature.
fn json_field(name: &str) -> Field {
    let metadata = HashMap::from([("ARROW:extension:name".to_owned(), "arrow.json".to_owned())]);
    Field::new(name, DataType::Utf8, true).with_metadata(metadata)
}

#[test]
fn json_columns_are_decoded_wherever_they_are() {
    let json = json_field;
    let texts: ArrayRef = Arc::new(StringArray::from(vec![Some("{\"a\": [1]}"), Some("\"x\""), None]));
    let list = ListArray::new(
        Arc::new(json("item")),
        OffsetBuffer::new(vec![0, 1, 2, 3].into()),
        texts.clone(),
        None,
    );
    let fields = Fields::from(vec![json("x")]);
    let structs = StructArray::new(fields.clone(), vec![texts.clone()], None);
    let schema = Schema::new(vec![
        json("top"),
        Field::new("list", list.data_type().clone(), true),
        Field::new("struct", DataType::Struct(fields), true),
        Field::new("plain", DataType::Utf8, true),
    ]);
    let columns: Vec<ArrayRef> = vec![texts.clone(), Arc::new(list), Arc::new(structs), texts];
    let batch = RecordBatch::try_new(Arc::new(schema), columns).expect("a batch");
    let expected = [
        r#"0:0 {"top": {"a": [1]}, "list": [{"a": [1]}], "struct": {"x": {"a": [1]}}, "plain": "{\"a\": [1]}"}"#,
        r#"1:0 {"top": "x", "list": ["x"], "struct": {"x": "x"}, "plain": "\"x\""}"#,
        r#"2:0 {"top": null, "list": [null], "struct": {"x": null}, "plain": null}"#,
    ];
    assert_eq!(
        outline(&Folder::new().read("a.arrow", arrow_stream(std::slice::from_ref(&batch)))),
        expected
    );
    assert_eq!(outline(&Folder::new().read("a.parquet", parquet(&batch, 2))), expected);
}

#[test]
fn a_json_column_that_holds_no_json_is_a_bad_row() {
    let field = json_field("j");
    let texts: ArrayRef = Arc::new(StringArray::from(vec!["[1, ", "[NaN]"]));
    let batch = RecordBatch::try_new(Arc::new(Schema::new(vec![field])), vec![texts]).expect("a batch");
    let seen = Folder::new().read("a.arrow", arrow_stream(&[batch]));
    assert_eq!(seen[0].bad().fault, Fault::BadJson);
    assert_eq!(
        seen[0].bad().message,
        "column `j`: the row is cut off: expected a value"
    );
    assert!(seen[1].row().quirks.non_finite);
}

#[test]
fn row_groups_keep_their_order_and_numbers() {
    let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(0..5000));
    let batch = column(numbers);
    for group in [1, 7, 1024, 5000] {
        let seen = Folder::new().read("a.parquet", parquet(&batch, group.max(64)));
        assert_eq!(seen.len(), 5000);
        for (row, seen) in seen.iter().enumerate() {
            assert_eq!(seen.place().row, row as u64);
            assert_eq!(to_json(&seen.row().value), format!("{{\"c\": {row}}}"));
        }
    }
}

#[test]
fn dictionaries_of_skipped_batches_are_kept() {
    let batch = |values: [&str; 2]| {
        let keys = Int8Array::from(vec![0, 1, 0]);
        column(Arc::new(DictionaryArray::new(
            keys,
            Arc::new(StringArray::from(values.to_vec())),
        )))
    };
    // The third has the dictionary of the second.
    let batches = [batch(["a", "b"]), batch(["c", "d"]), batch(["c", "d"])];
    let folder = Folder::new();
    let input = folder.input("a.arrow", arrow_stream(&batches));
    let expected: Vec<String> = (0..)
        .zip("abacdccdc".chars())
        .map(|(row, value)| format!("{row}:0 {{\"c\": \"{value}\"}}"))
        .collect();
    assert_eq!(outline(&read(&input)), expected);
    for row in 0..9 {
        let seen = read_part(&input, Part::Row(row), &Limits::default());
        assert_eq!(outline(&seen), [expected[usize::try_from(row).expect("small")].clone()]);
    }
}

#[test]
fn a_row_above_the_limit_is_a_finding_here_too() {
    let texts: ArrayRef = Arc::new(StringArray::from(vec!["x".repeat(5000), "y".to_owned()]));
    let ints = ListArray::from_iter_primitive::<Float32Type, _, _>([Some(vec![Some(1.0); 2000]), None]);
    let limits = Limits {
        max_row_bytes: 1000,
        ..Limits::default()
    };
    for array in [texts, Arc::new(ints) as ArrayRef] {
        let folder = Folder::new();
        let input = folder.input("a.parquet", parquet(&column(array), 10));
        let seen = read_part(&input, Part::Whole, &limits);
        assert_eq!(
            outline(&seen[..1]),
            ["0:0 OversizedRow the row has more than 1000 bytes, and no more are read"]
        );
        assert!(matches!(seen[1], Seen::Row(_)));
    }
}

/// One long text, repeated by a dictionary, is not copied for every row of a batch.
#[test]
fn a_dictionary_of_long_texts_does_not_fill_the_memory() {
    let long = "x".repeat(8 << 20);
    let texts: ArrayRef = Arc::new(StringArray::from_iter_values(std::iter::repeat_n(long.as_str(), 40)));
    let bytes = parquet(&column(texts), 40);
    assert!(bytes.len() < 32 << 20, "written as a dictionary");
    let folder = Folder::new();
    let input = folder.input("a.parquet", bytes);
    let mut rows = 0;
    let mut reader = gonogo::source::open(&input, 0, Part::Whole, &Limits::default());
    while let Some(batch) = reader.next() {
        batch.rows(&mut |read| rows += u32::from(read.is_ok()));
    }
    assert_eq!(rows, 40);
}
