//! Files written anew: without some of their rows, or repaired. What is kept is kept as it is: JSON lines, CSV and the
//! elements of JSON arrays byte for byte, Parquet and Arrow with their schema and metadata.

mod array;
mod arrow;
mod lines;
mod parquet;
pub mod repair;
mod stretches;
mod strings;

use std::fs::File;
use std::io::{self, Write};

use serde::Serialize;
use serde_json::value::RawValue;

use crate::json::{Layout, write};
use crate::source::{Compression, Format, Input, Limits, Part, open};

/// A row to leave out, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Removal {
    /// Zero-based, in its file.
    pub row: u64,
    pub rule: &'static str,
    pub reason: String,
}

/// What became of a file's rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub kept: u64,
    pub removed: u64,
}

impl Counts {
    fn add(&mut self, stays: &[bool]) {
        let kept = stays.iter().filter(|stays| **stays).count();
        self.kept += kept as u64;
        self.removed += (stays.len() - kept) as u64;
    }
}

/// Why a file cannot be written anew.
#[derive(Debug, thiserror::Error)]
pub enum RewriteError {
    #[error("cannot read {name}: {reason}")]
    Read { name: String, reason: String },
    #[error("cannot write: {0}")]
    Write(#[from] io::Error),
    #[error("{name} is {format} inside a compressed file, which cannot be written anew: decompress it first")]
    Compressed { name: String, format: Format },
    #[error("row {row} of {name} cannot be read, and a JSON array cannot be written without it")]
    Unreadable { name: String, row: u64 },
    #[error("{missing} of {name}'s rows to leave out were not found: it has changed since it was checked")]
    Changed { name: String, missing: u64 },
}

impl RewriteError {
    fn read(input: &Input, error: impl ToString) -> Self {
        Self::Read {
            name: input.name.clone(),
            reason: error.to_string(),
        }
    }
}

/// Copies a file without some rows, which are in order; those go to `gone`, a line of JSON each.
///
/// # Errors
///
/// If the file cannot be read or written, is of a format that is not written, or has changed.
pub fn copy(
    input: &Input,
    removals: &[Removal],
    out: File,
    compression: Option<Compression>,
    gone: &mut dyn Write,
    limits: &Limits,
) -> Result<Counts, RewriteError> {
    let counts = match input.format {
        Format::JsonLines => lines::copy(input, removals, writer(compression, out)?, gone)?,
        Format::JsonArray => array::copy(input, removals, writer(compression, out)?, gone, limits)?,
        Format::JsonStream | Format::Csv | Format::Tsv | Format::Text => {
            stretches::copy(input, removals, writer(compression, out)?, gone, limits)?
        }
        Format::Parquet | Format::ArrowFile if input.compression.is_some() => {
            let (name, format) = (input.name.clone(), input.format);
            return Err(RewriteError::Compressed { name, format });
        }
        Format::Parquet => parquet::copy(input, removals, out, gone, limits)?,
        Format::ArrowFile | Format::ArrowStream => arrow::copy(input, removals, out, gone, limits)?,
    };
    let missing = removals.len() as u64 - counts.removed;
    if missing > 0 {
        let name = input.name.clone();
        return Err(RewriteError::Changed { name, missing });
    }
    Ok(counts)
}

/// A writer of rows as text, compressed or not; what it has at last to write it writes at its end.
///
/// # Errors
///
/// If nothing can be written.
pub fn writer(compression: Option<Compression>, file: File) -> io::Result<Box<dyn Finish>> {
    let file = io::BufWriter::with_capacity(1 << 18, file);
    Ok(match compression {
        None => Box::new(file),
        Some(Compression::Gzip) => Box::new(flate2::write::GzEncoder::new(file, flate2::Compression::default())),
        Some(Compression::Zstd) => Box::new(zstd::Encoder::new(file, 0)?),
        Some(Compression::Bzip2) => Box::new(bzip2::write::BzEncoder::new(file, bzip2::Compression::default())),
        Some(Compression::Xz) => {
            let options = lzma_rust2::XzOptions::default();
            Box::new(lzma_rust2::XzWriter::new(file, options)?)
        }
    })
}

/// A writer that may have a last word.
pub trait Finish: Write {
    /// Writes what is left.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    fn finish(self: Box<Self>) -> io::Result<()>;
}

impl Finish for io::BufWriter<File> {
    fn finish(mut self: Box<Self>) -> io::Result<()> {
        self.flush()
    }
}

impl Finish for flate2::write::GzEncoder<io::BufWriter<File>> {
    fn finish(self: Box<Self>) -> io::Result<()> {
        (*self).finish()?.flush()
    }
}

impl Finish for zstd::Encoder<'static, io::BufWriter<File>> {
    fn finish(self: Box<Self>) -> io::Result<()> {
        (*self).finish()?.flush()
    }
}

impl Finish for bzip2::write::BzEncoder<io::BufWriter<File>> {
    fn finish(self: Box<Self>) -> io::Result<()> {
        (*self).finish()?.flush()
    }
}

impl Finish for lzma_rust2::XzWriter<io::BufWriter<File>> {
    fn finish(self: Box<Self>) -> io::Result<()> {
        (*self).finish()?.flush()
    }
}

/// A line of the file of removed rows.
#[derive(Serialize)]
struct Gone<'g> {
    rule: &'g str,
    reason: &'g str,
    file: &'g str,
    row: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u64>,
    /// The row, where it is JSON...
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'g RawValue>,
    /// ...and its text where it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'g str>,
}

/// Writes a removed row.
fn tell(
    gone: &mut dyn Write,
    input: &Input,
    removal: &Removal,
    line: Option<u64>,
    bytes: &[u8],
) -> Result<(), RewriteError> {
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim_matches([' ', '\t', '\r', '\n', '\u{feff}']);
    // A row over several lines becomes one.
    let one_line = if text.contains('\n') {
        serde_json::from_str::<serde_json::Value>(text)
            .ok()
            .map(|value| value.to_string())
    } else {
        None
    };
    let text = one_line.as_deref().unwrap_or(text);
    let data: Option<&RawValue> = serde_json::from_str(text).ok();
    let told = Gone {
        rule: removal.rule,
        reason: &removal.reason,
        file: &input.name,
        row: removal.row,
        line,
        text: if data.is_none() { Some(text) } else { None },
        data,
    };
    serde_json::to_writer(&mut *gone, &told).map_err(io::Error::from)?;
    gone.write_all(b"\n")?;
    Ok(())
}

/// Tells the rows that were left out of a file of columns, which are read once more for it.
fn told(input: &Input, removals: &[Removal], gone: &mut dyn Write, limits: &Limits) -> Result<(), RewriteError> {
    if removals.is_empty() {
        return Ok(());
    }
    let (mut next, mut text, mut trouble) = (Next::new(removals), String::new(), None);
    let mut reader = open(input, 0, Part::Whole, limits);
    while let Some(batch) = reader.next() {
        batch.rows(&mut |read| {
            let Ok(record) = read else { return };
            let Some(removal) = next.of(record.place.row).filter(|_| trouble.is_none()) else {
                return;
            };
            text.clear();
            write(&record.value, Layout::Line, &mut text);
            trouble = tell(gone, input, removal, None, text.as_bytes()).err();
        });
    }
    trouble.map_or(Ok(()), Err)
}

/// Walks removals along the rows of a file.
struct Next<'r> {
    rest: &'r [Removal],
}

impl<'r> Next<'r> {
    fn new(removals: &'r [Removal]) -> Self {
        Self { rest: removals }
    }

    /// The removal of a row, if it is to go; rows are asked for in order.
    fn of(&mut self, row: u64) -> Option<&'r Removal> {
        let (first, rest) = self.rest.split_first()?;
        (first.row == row).then(|| {
            self.rest = rest;
            first
        })
    }

    /// Which of the next rows stay.
    fn stays(&mut self, row: &mut u64, rows: usize) -> Vec<bool> {
        let stays = |_| {
            *row += 1;
            self.of(*row - 1).is_none()
        };
        (0..rows).map(stays).collect()
    }
}
