//! An input's reader.

use std::io;
use std::ops::Range;

use super::columnar::{arrow, parquet};
use super::csv::Csv;
use super::document::Documents;
use super::format::Format;
use super::input::Input;
use super::limits::{Limits, Part};
use super::lines::{Kind, Lines};
use super::stream::{Stream, Trouble};
use super::whole::{Nothing, Single};
use super::{Batch, Reader};
use crate::model::record::{Fault, Record, Unreadable};
use crate::place::Place;

/// A reader of one part of a file. `source` is the index its places carry.
///
/// Whatever is wrong with the file is said by the reader, as an unreadable row.
pub fn open(input: &Input, source: u32, part: Part, limits: &Limits) -> Box<dyn Reader> {
    let reader = match &input.trouble {
        Some(trouble) => Err(trouble.clone()),
        None => reader(input, source, part, limits),
    };
    match (reader, part) {
        // A row that the run does not take is not there.
        (Ok(_), Part::Row(row)) if input.rows.as_ref().is_some_and(|rows| !rows.contains(&row)) => Box::new(Nothing),
        (Ok(reader), Part::Row(row)) => Box::new(OnlyRows {
            reader,
            rows: row..row + 1,
        }),
        (Ok(reader), _) => match &input.rows {
            Some(rows) => Box::new(OnlyRows {
                reader,
                rows: rows.clone(),
            }),
            None => reader,
        },
        (Err(trouble), _) if part.speaks_for_file() => {
            let start = Place {
                source,
                ..Place::default()
            };
            Box::new(Single::new(trouble.of_file(start), input.bytes))
        }
        (Err(_), _) => Box::new(Nothing),
    }
}

/// The same, opened once it is its turn: a folder may hold more files than may be open at a time.
pub fn open_later(input: &Input, source: u32, part: Part, limits: &Limits) -> Box<dyn Reader> {
    Box::new(Later {
        input: input.clone(),
        source,
        part,
        limits: *limits,
        reader: None,
    })
}

struct Later {
    input: Input,
    source: u32,
    part: Part,
    limits: Limits,
    reader: Option<Box<dyn Reader>>,
}

impl Reader for Later {
    fn next(&mut self) -> Option<Box<dyn Batch>> {
        let open = || open(&self.input, self.source, self.part, &self.limits);
        self.reader.get_or_insert_with(open).next()
    }
}

fn reader(input: &Input, source: u32, part: Part, limits: &Limits) -> Result<Box<dyn Reader>, Trouble> {
    let stream = || Stream::open(&input.path, input.compression, limits).map_err(|error| unopened(&error));
    let keep = || Keep::of(part, input, limits);
    let lines = |kind| -> Result<Box<dyn Reader>, Trouble> {
        Ok(Box::new(Lines::new(stream()?, kind, source, part, keep()?, limits)))
    };
    Ok(match input.format {
        Format::JsonLines => lines(Kind::Json)?,
        Format::Text => lines(Kind::Text)?,
        Format::JsonArray | Format::JsonStream => {
            Box::new(Documents::new(stream()?, input, source, part, keep()?, limits))
        }
        Format::Csv => Box::new(Csv::new(stream()?, b',', source, part, keep()?, limits)),
        Format::Tsv => Box::new(Csv::new(stream()?, b'\t', source, part, keep()?, limits)),
        Format::Parquet => parquet::open(input, source, part, limits)?,
        Format::ArrowStream | Format::ArrowFile => arrow::open(input, source, part, limits)?,
    })
}

pub(super) fn unopened(error: &io::Error) -> Trouble {
    Trouble::new(Fault::Damaged, format!("the file cannot be opened: {error}"))
}

/// Which rows of a format of bytes are wanted, by what is known while it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Keep {
    All,
    /// Rows that start at these offsets of the decompressed file.
    Offsets(Range<u64>),
    Row(u64),
}

impl Keep {
    fn of(part: Part, input: &Input, limits: &Limits) -> Result<Self, Trouble> {
        Ok(match part {
            Part::Whole => Self::All,
            Part::Row(row) => Self::Row(row),
            Part::Shard(shard) => {
                let length = match input.compression {
                    None => input.bytes,
                    // Known only once it is decompressed.
                    compression => Stream::open(&input.path, compression, limits)
                        .map_err(|error| unopened(&error))?
                        .length(),
                };
                let Range { start, end } = shard.of(length);
                // The last one reads to the very end, and whatever is wrong there is its to say.
                Self::Offsets(start..if shard.is_last() { u64::MAX } else { end })
            }
        })
    }

    /// Whether what is wrong with the file at this place is this part's to say.
    pub(super) fn covers(&self, place: &Place) -> bool {
        match self {
            Self::All | Self::Row(_) => true,
            Self::Offsets(range) => range.contains(&place.offset),
        }
    }

    pub(super) fn wants(&self, place: &Place) -> bool {
        self.wants_any(place, place)
    }

    /// Whether any of the rows from `first` to `last`, which start on one line, is wanted.
    pub(super) fn wants_any(&self, first: &Place, last: &Place) -> bool {
        match self {
            Self::All => true,
            Self::Offsets(range) => range.contains(&first.offset),
            Self::Row(row) => (first.row..=last.row).contains(row),
        }
    }

    /// Whether no row that starts before this offset is wanted.
    pub(super) fn is_after(&self, offset: u64) -> bool {
        matches!(self, Self::Offsets(range) if range.start >= offset)
    }

    /// Whether neither the row at this place nor any after it is wanted.
    pub(super) fn is_past(&self, place: &Place) -> bool {
        match self {
            Self::All => false,
            Self::Offsets(range) => place.offset >= range.end,
            Self::Row(row) => place.row > *row,
        }
    }
}

/// Drops the rows that stand in one batch with those asked for.
struct OnlyRows {
    reader: Box<dyn Reader>,
    rows: Range<u64>,
}

impl Reader for OnlyRows {
    fn next(&mut self) -> Option<Box<dyn Batch>> {
        let batch = self.reader.next()?;
        Some(Box::new(OnlyRowsBatch {
            batch,
            rows: self.rows.clone(),
        }))
    }
}

struct OnlyRowsBatch {
    batch: Box<dyn Batch>,
    rows: Range<u64>,
}

impl Batch for OnlyRowsBatch {
    fn rows(&self, each: &mut dyn FnMut(Result<Record<'_>, Unreadable>)) {
        self.batch.rows(&mut |read| {
            let wanted = match &read {
                Ok(record) => self.rows.contains(&record.place.row),
                Err(unreadable) => self.rows.contains(&unreadable.place.row) || !unreadable.fault.is_of_a_row(),
            };
            if wanted {
                each(read);
            }
        });
    }

    fn bytes(&self) -> u64 {
        self.batch.bytes()
    }
}
