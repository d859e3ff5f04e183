//! Parquet: the columns that were read, with their schema, the file's metadata and its compression.

use std::fs::File;
use std::io::Write;

use arrow::array::BooleanArray;
use arrow::compute::filter_record_batch;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::file::metadata::{ColumnChunkMetaData, KeyValue, ParquetMetaData};
use parquet::file::properties::WriterProperties;

use super::{Counts, Next, Removal, RewriteError, told};
use crate::source::{Input, Limits};

/// Rows read at a time.
const AT_ONCE: usize = 1024;

pub(super) fn copy(
    input: &Input,
    removals: &[Removal],
    out: File,
    gone: &mut dyn Write,
    limits: &Limits,
) -> Result<Counts, RewriteError> {
    let broken = |error: &dyn ToString| RewriteError::read(input, error.to_string());
    let file = File::open(&input.path).map_err(|error| broken(&error))?;
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(|error| broken(&error))?;
    let properties = properties(builder.metadata());
    let schema = builder.schema().clone();
    let reader = builder
        .with_batch_size(AT_ONCE)
        .build()
        .map_err(|error| broken(&error))?;
    let mut writer = ArrowWriter::try_new(out, schema, Some(properties)).map_err(|error| broken(&error))?;
    let (mut counts, mut next, mut row) = (Counts::default(), Next::new(removals), 0);
    for batch in reader {
        let batch = batch.map_err(|error| broken(&error))?;
        let stays = next.stays(&mut row, batch.num_rows());
        counts.add(&stays);
        let filtered = filter_record_batch(&batch, &BooleanArray::from(stays)).map_err(|error| broken(&error))?;
        writer.write(&filtered).map_err(|error| broken(&error))?;
    }
    writer.close().map_err(|error| broken(&error))?;
    told(input, removals, gone, limits)?;
    Ok(counts)
}

/// The file's own metadata and compression; its schema is written anew from that which was read.
fn properties(metadata: &ParquetMetaData) -> WriterProperties {
    let own: Vec<KeyValue> = metadata
        .file_metadata()
        .key_value_metadata()
        .into_iter()
        .flatten()
        .filter(|pair| pair.key != "ARROW:schema")
        .cloned()
        .collect();
    let groups = metadata.row_groups();
    let column = groups.first().and_then(|group| group.columns().first());
    let rows = groups
        .iter()
        .filter_map(|group| usize::try_from(group.num_rows()).ok())
        .max();
    WriterProperties::builder()
        .set_key_value_metadata(Some(own).filter(|own| !own.is_empty()))
        .set_compression(column.map_or(parquet::basic::Compression::SNAPPY, ColumnChunkMetaData::compression))
        .set_max_row_group_row_count(Some(rows.unwrap_or(1 << 20).max(1)))
        .build()
}
