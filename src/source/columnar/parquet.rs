//! Parquet: row groups are decoded by the workers, each streaming through its own; a file of a
//! single row group is decoded in order by the reader.

use std::fs::File;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, Fields, Schema};
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};

use parquet::file::metadata::RowGroupMetaData;

use super::batch::{Decoded, show};
use super::{embedded, footer, guarded, overlap, pages, rows_of, said};
use crate::model::record::{Fault, Record, Unreadable};
use crate::place::Place;
use crate::source::open::unopened;
use crate::source::stream::Trouble;
use crate::source::whole::{Nothing, Single};
use crate::source::{Batch, Input, Limits, Part, Reader};

/// A reader of a Parquet file.
pub(in crate::source) fn open(
    input: &Input,
    source: u32,
    part: Part,
    limits: &Limits,
) -> Result<Box<dyn Reader>, Trouble> {
    let file = File::open(&input.path).map_err(|error| unopened(&error))?;
    footer::check(&file, input.bytes)?;
    let metadata = guarded(|| metadata(&file))
        .and_then(|read| read)
        .map_err(|message| Trouble::new(Fault::Damaged, format!("the Parquet footer cannot be read: {message}")))?;
    let total = rows(&metadata, input.bytes, limits)?;
    if total == 0 {
        return Err(Trouble::new(Fault::EmptyFile, "the Parquet file has no rows"));
    }
    let mut groups = Vec::new();
    let wanted = rows_of(part, || total);
    let mut start = 0;
    for (index, group) in metadata.metadata().row_groups().iter().enumerate() {
        let rows = start..start + u64::try_from(group.num_rows()).unwrap_or(0);
        let wanted = overlap(&rows, &wanted);
        if !wanted.is_empty() {
            groups.push(Group {
                path: input.path.clone(),
                metadata: metadata.clone(),
                index,
                skipped: wanted.start - rows.start,
                rows: wanted,
                source,
                limits: *limits,
                progress: u64::try_from(group.compressed_size()).unwrap_or(0),
            });
        }
        start = rows.end;
    }
    if groups.len() > 1 {
        groups.reverse();
        return Ok(Box::new(Groups { groups }));
    }
    Ok(match groups.pop() {
        Some(group) => Box::new(InOrder::new(group)),
        None => Box::new(Nothing),
    })
}

/// The number of rows, unless it is beyond what the file can hold.
fn rows(metadata: &ArrowReaderMetadata, bytes: u64, limits: &Limits) -> Result<u64, Trouble> {
    let sum = |of: fn(&RowGroupMetaData) -> i64| {
        metadata
            .metadata()
            .row_groups()
            .iter()
            .try_fold(0_u64, |sum, group| sum.checked_add(u64::try_from(of(group)).ok()?))
    };
    let (Some(rows), Some(size)) = (sum(RowGroupMetaData::num_rows), sum(RowGroupMetaData::total_byte_size)) else {
        return Err(Trouble::new(
            Fault::Damaged,
            "the Parquet footer says there are fewer than no rows",
        ));
    };
    // Of which no two share bytes: a small file could hold one row group a million times.
    let pages = sum(RowGroupMetaData::compressed_size).unwrap_or(u64::MAX);
    if pages > bytes {
        let message = format!("the Parquet footer says there are {pages} bytes of pages, and the file has {bytes}");
        return Err(Trouble::new(Fault::Damaged, message));
    }
    for (count, what) in [(rows, "rows"), (size, "bytes")] {
        if count > limits.expansion_floor && count / bytes.max(1) > limits.max_expansion {
            let message =
                format!("a Parquet file of {bytes} bytes says it holds {count} {what}, as in a decompression bomb");
            return Err(Trouble::new(Fault::Bomb, message));
        }
    }
    Ok(rows)
}

fn metadata(file: &File) -> Result<ArrowReaderMetadata, String> {
    let plain = ArrowReaderMetadata::load(file, ArrowReaderOptions::new()).map_err(|error| said(&error))?;
    embedded::check(plain.metadata().file_metadata())?;
    // As views, texts are not copied, and a dictionary's not once per row.
    let schema = Schema::new_with_metadata(views(plain.schema().fields()), plain.schema().metadata().clone());
    let options = ArrowReaderOptions::new().with_schema(Arc::new(schema));
    Ok(ArrowReaderMetadata::try_new(Arc::clone(plain.metadata()), options).unwrap_or(plain))
}

fn views(fields: &Fields) -> Fields {
    fields.iter().map(view).collect()
}

/// The field with its texts and bytes as views.
fn view(field: &FieldRef) -> FieldRef {
    let kind = match field.data_type() {
        DataType::Utf8 | DataType::LargeUtf8 => DataType::Utf8View,
        DataType::Binary | DataType::LargeBinary => DataType::BinaryView,
        DataType::List(item) => DataType::List(view(item)),
        DataType::LargeList(item) => DataType::LargeList(view(item)),
        DataType::FixedSizeList(item, length) => DataType::FixedSizeList(view(item), *length),
        DataType::Struct(fields) => DataType::Struct(views(fields)),
        DataType::Map(entries, sorted) => DataType::Map(view(entries), *sorted),
        other => other.clone(),
    };
    Arc::new(Field::clone(field).with_data_type(kind))
}

/// The wanted rows of one row group.
struct Group {
    path: PathBuf,
    metadata: ArrowReaderMetadata,
    index: usize,
    /// Rows of the group before the first wanted.
    skipped: u64,
    rows: Range<u64>,
    source: u32,
    limits: Limits,
    progress: u64,
}

impl Group {
    fn reader(&self) -> Result<ParquetRecordBatchReader, String> {
        let group = self.metadata.metadata().row_group(self.index);
        let count = |rows: u64| usize::try_from(rows).unwrap_or(usize::MAX);
        let mut file = open_again(&self.path)?;
        pages::check(&mut file, group)?;
        guarded(|| {
            ParquetRecordBatchReaderBuilder::new_with_metadata(file, self.metadata.clone())
                .with_row_groups(vec![self.index])
                .with_batch_size(batch_rows(group.num_rows(), group.total_byte_size()))
                .with_offset(count(self.skipped))
                .with_limit(count(self.rows.end - self.rows.start))
                .build()
                .map_err(|error| said(&error))
        })
        .and_then(|reader| reader)
    }

    fn place(&self, row: u64) -> Place {
        Place {
            source: self.source,
            row,
            ..Place::default()
        }
    }

    /// The finding for the rows from `row` on, which cannot be read.
    fn lost(&self, row: u64, why: &str) -> Unreadable {
        Unreadable {
            place: self.place(row),
            column: None,
            fault: Fault::Damaged,
            message: format!("rows {row} to {} cannot be read: {why}", self.rows.end - 1),
        }
    }
}

/// A handle of its own: duplicates of one share their position, and workers read at once.
fn open_again(path: &Path) -> Result<File, String> {
    File::open(path).map_err(|error| format!("the file cannot be opened: {error}"))
}

/// Rows to decode at once, so that texts of any size stay within a few megabytes.
fn batch_rows(rows: i64, bytes: i64) -> usize {
    const BYTES: i64 = 4 << 20;
    let each = (bytes / rows.max(1)).max(1);
    usize::try_from((BYTES / each).clamp(1, 1024)).expect("at most 1024")
}

/// The next record batch of a group, or why there is none.
fn decode(reader: &mut ParquetRecordBatchReader) -> Option<Result<arrow::array::RecordBatch, String>> {
    match guarded(|| reader.next()) {
        Ok(None) => None,
        Ok(Some(Ok(batch))) if batch.num_rows() == 0 => None,
        Ok(Some(batch)) => Some(batch.map_err(|error| said(&error))),
        Err(message) => Some(Err(message)),
    }
}

/// Gives out whole row groups.
struct Groups {
    /// Last first.
    groups: Vec<Group>,
}

impl Reader for Groups {
    fn next(&mut self) -> Option<Box<dyn Batch>> {
        Some(Box::new(self.groups.pop()?))
    }
}

impl Batch for Group {
    fn rows(&self, each: &mut dyn FnMut(Result<Record<'_>, Unreadable>)) {
        let mut row = self.rows.start;
        let mut reader = match self.reader() {
            Ok(reader) => reader,
            Err(why) => return each(Err(self.lost(row, &why))),
        };
        while row < self.rows.end {
            match decode(&mut reader) {
                Some(Ok(batch)) => {
                    show(&batch, self.place(row), &self.limits, each);
                    row += batch.num_rows() as u64;
                }
                Some(Err(why)) => return each(Err(self.lost(row, &why))),
                None => return each(Err(self.lost(row, "the row group ends before them"))),
            }
        }
    }

    fn bytes(&self) -> u64 {
        self.progress
    }
}

/// Decodes one row group in order.
struct InOrder {
    group: Group,
    reader: Option<ParquetRecordBatchReader>,
    row: u64,
    /// What of the group's bytes no batch stands for yet.
    progress: u64,
}

impl InOrder {
    fn new(group: Group) -> Self {
        Self {
            row: group.rows.start,
            progress: group.progress,
            reader: None,
            group,
        }
    }

    /// The finding for the rows left, which are given up.
    fn give_up(&mut self, why: &str) -> Box<dyn Batch> {
        let lost = self.group.lost(self.row, why);
        self.row = self.group.rows.end;
        Box::new(Single::new(lost, self.progress))
    }
}

impl Reader for InOrder {
    fn next(&mut self) -> Option<Box<dyn Batch>> {
        let rows = &self.group.rows;
        if self.row >= rows.end {
            return None;
        }
        let reader = match &mut self.reader {
            Some(reader) => reader,
            None => match self.group.reader() {
                Ok(reader) => self.reader.insert(reader),
                Err(why) => return Some(self.give_up(&why)),
            },
        };
        match decode(reader) {
            Some(Ok(batch)) => {
                let first = self.group.place(self.row);
                self.row += batch.num_rows() as u64;
                let share =
                    u128::from(self.group.progress) * batch.num_rows() as u128 / u128::from(rows.end - rows.start);
                let progress = u64::try_from(share).unwrap_or(u64::MAX).min(self.progress);
                self.progress -= progress;
                Some(Box::new(Decoded {
                    batch,
                    first,
                    limits: self.group.limits,
                    progress,
                }))
            }
            Some(Err(why)) => Some(self.give_up(&why)),
            None => Some(self.give_up("the row group ends before them")),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use arrow::array::{ArrayRef, ListArray, RecordBatch, StringArray};
    use arrow::buffer::OffsetBuffer;
    use parquet::arrow::ArrowWriter;

    use super::*;

    /// A decoder that does not take the hint would be as right, and slower.
    #[test]
    fn texts_are_decoded_as_views_however_deep() {
        let texts: ArrayRef = Arc::new(StringArray::from(vec!["a", "b"]));
        let item = Arc::new(Field::new_list_field(DataType::Utf8, true));
        let list: ArrayRef = Arc::new(ListArray::new(item, OffsetBuffer::from_lengths([2]), texts, None));
        let batch = RecordBatch::try_from_iter([("list", list)]).expect("a batch");
        let mut file = tempfile::tempfile().expect("a file");
        let mut writer = ArrowWriter::try_new(&mut file, batch.schema(), None).expect("a writer");
        writer.write(&batch).expect("written");
        writer.close().expect("closed");
        file.flush().expect("written");
        let metadata = metadata(&file).expect("read");
        let item = Arc::new(Field::new_list_field(DataType::Utf8View, true));
        assert_eq!(metadata.schema().field(0).data_type(), &DataType::List(item));
    }
}
