//! Columns of lists, in row groups of bounded size.

use std::fs::File;
use std::sync::Arc;

use arrow::array::{ArrayRef, ListBuilder, PrimitiveBuilder, RecordBatch, StringArray};
use arrow::datatypes::{ArrowPrimitiveType, Int8Type, Int32Type};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

use crate::model::batch::Sequence;

use super::Sink;

/// Sequences turned into columns at a time.
const CHUNK: usize = 4096;

pub(super) struct Parquet {
    /// Taken when the first sequence says which columns there are.
    file: Option<File>,
    writer: Option<ArrowWriter<File>>,
    side: bool,
    positions: bool,
    lengths: bool,
}

impl Parquet {
    pub(super) fn new(file: File) -> Self {
        Self {
            file: Some(file),
            writer: None,
            side: false,
            positions: false,
            lengths: false,
        }
    }

    fn columns(&self, sequences: &[Sequence]) -> anyhow::Result<RecordBatch> {
        let mut columns: Vec<(&str, ArrayRef)> = Vec::new();
        if self.side {
            let sides = StringArray::from_iter_values(sequences.iter().map(|sequence| sequence.side));
            columns.push(("side", Arc::new(sides)));
        }
        let ids = sequences
            .iter()
            .map(|sequence| sequence.input_ids.iter().map(|id| signed(*id)));
        columns.push(("input_ids", lists::<Int32Type, _>(ids)));
        let labels = sequences.iter().map(|sequence| sequence.labels.iter().copied());
        columns.push(("labels", lists::<Int32Type, _>(labels)));
        let ones = sequences.iter().map(|sequence| sequence.input_ids.iter().map(|_| 1));
        columns.push(("attention_mask", lists::<Int8Type, _>(ones)));
        if self.positions {
            let positions = sequences
                .iter()
                .map(|sequence| sequence.position_ids.iter().flatten().map(|at| signed(*at)));
            columns.push(("position_ids", lists::<Int32Type, _>(positions)));
        }
        if self.lengths {
            let lengths = sequences
                .iter()
                .map(|sequence| sequence.seq_lengths.iter().map(|length| signed(*length)));
            columns.push(("seq_lengths", lists::<Int32Type, _>(lengths)));
        }
        Ok(RecordBatch::try_from_iter(columns)?)
    }
}

/// Ids, positions and lengths are far below 2^31: a row is.
fn signed(number: u32) -> i32 {
    i32::try_from(number).expect("an id, a position or a length below 2^31")
}

fn lists<T, L>(lists: impl Iterator<Item = L>) -> ArrayRef
where
    T: ArrowPrimitiveType,
    L: Iterator<Item = T::Native>,
{
    let mut builder = ListBuilder::new(PrimitiveBuilder::<T>::new());
    for list in lists {
        builder.values().extend(list.map(Some));
        builder.append(true);
    }
    Arc::new(builder.finish())
}

impl Sink for Parquet {
    fn write(&mut self, sequences: &[Sequence]) -> anyhow::Result<()> {
        for chunk in sequences.chunks(CHUNK) {
            if let Some(file) = self.file.take() {
                self.side = chunk.iter().any(|sequence| !sequence.side.is_empty());
                self.positions = chunk.iter().any(|sequence| sequence.position_ids.is_some());
                self.lengths = chunk.iter().any(|sequence| !sequence.seq_lengths.is_empty());
                let properties = WriterProperties::builder()
                    .set_compression(Compression::ZSTD(ZstdLevel::default()))
                    .build();
                let schema = self.columns(&[])?.schema();
                self.writer = Some(ArrowWriter::try_new(file, schema, Some(properties))?);
            }
            let columns = self.columns(chunk)?;
            if let Some(writer) = &mut self.writer {
                writer.write(&columns)?;
            }
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> anyhow::Result<()> {
        // A set without a row is a file with columns and nothing in them.
        if let Some(file) = self.file.take() {
            self.writer = Some(ArrowWriter::try_new(file, self.columns(&[])?.schema(), None)?);
        }
        if let Some(writer) = self.writer.take() {
            writer.close()?;
        }
        Ok(())
    }
}
