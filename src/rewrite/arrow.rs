//! Arrow IPC, streams and files: the batches that were read, with their schema and its metadata.

use std::fs::File;
use std::io::{self, Write};

use arrow::array::{BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use arrow::error::ArrowError;
use arrow::ipc::reader::{FileReader, StreamReader};
use arrow::ipc::writer::{FileWriter, StreamWriter};

use super::{Counts, Next, Removal, RewriteError, told};
use crate::source::{Format, Input, Limits, decompressed};

pub(super) fn copy(
    input: &Input,
    removals: &[Removal],
    out: File,
    gone: &mut dyn Write,
    limits: &Limits,
) -> Result<Counts, RewriteError> {
    let broken = |error: ArrowError| RewriteError::read(input, error);
    let out = io::BufWriter::with_capacity(1 << 18, out);
    let counts = if input.format == Format::ArrowFile {
        let file = File::open(&input.path).map_err(|error| RewriteError::read(input, error))?;
        let reader = FileReader::try_new(io::BufReader::new(file), None).map_err(broken)?;
        let mut writer = FileWriter::try_new(out, &reader.schema()).map_err(broken)?;
        let counts = batches(input, reader, removals, &mut |batch| writer.write(batch))?;
        writer.finish().map_err(broken)?;
        writer.into_inner().map_err(broken)?.flush()?;
        counts
    } else {
        let stream = decompressed(input).map_err(|error| RewriteError::read(input, error))?;
        let reader = StreamReader::try_new(io::BufReader::new(stream), None).map_err(broken)?;
        let mut writer = StreamWriter::try_new(out, &reader.schema()).map_err(broken)?;
        let counts = batches(input, reader, removals, &mut |batch| writer.write(batch))?;
        writer.finish().map_err(broken)?;
        writer.into_inner().map_err(broken)?.flush()?;
        counts
    };
    told(input, removals, gone, limits)?;
    Ok(counts)
}

fn batches(
    input: &Input,
    reader: impl Iterator<Item = Result<RecordBatch, ArrowError>>,
    removals: &[Removal],
    write: &mut dyn FnMut(&RecordBatch) -> Result<(), ArrowError>,
) -> Result<Counts, RewriteError> {
    let broken = |error: ArrowError| RewriteError::read(input, error);
    let (mut counts, mut next, mut row) = (Counts::default(), Next::new(removals), 0);
    for batch in reader {
        let batch = batch.map_err(broken)?;
        let kept = next.stays(&mut row, batch.num_rows());
        counts.add(&kept);
        if kept.iter().all(|stays| *stays) {
            write(&batch).map_err(broken)?;
        } else {
            let filtered = filter_record_batch(&batch, &BooleanArray::from(kept)).map_err(broken)?;
            write(&filtered).map_err(broken)?;
        }
    }
    Ok(counts)
}
