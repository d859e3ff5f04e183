//! Files written anew: without some of their rows, or repaired. What is kept is kept as it is: JSON lines
//! byte for byte, Parquet with its schema, metadata and compression.

mod array;
mod lines;
mod parquet;
pub mod repair;
mod strings;

use std::fs::File;
use std::io::{self, Write};

use serde::Serialize;
use serde_json::value::RawValue;

use crate::source::{Format, Input, Limits};

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

/// Why a file cannot be written anew.
#[derive(Debug, thiserror::Error)]
pub enum RewriteError {
    #[error("cannot read {name}: {reason}")]
    Read { name: String, reason: String },
    #[error("cannot write: {0}")]
    Write(#[from] io::Error),
    #[error("{name} is {format}, which cannot be written anew: convert it to JSON lines or Parquet first")]
    Format { name: String, format: Format },
    #[error("{name} holds its rows under the key `{key}`, which cannot be written anew: take the list out first")]
    Wrapped { name: String, key: String },
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
    compress: Compress,
    gone: &mut dyn Write,
    limits: &Limits,
) -> Result<Counts, RewriteError> {
    let counts = match (input.format, &input.field) {
        (_, Some(key)) => {
            return Err(RewriteError::Wrapped {
                name: input.name.clone(),
                key: key.clone(),
            });
        }
        (Format::JsonLines, None) => lines::copy(input, removals, compress.writer(out)?, gone)?,
        (Format::JsonArray, None) => array::copy(input, removals, compress.writer(out)?, gone, limits)?,
        (Format::Parquet, None) => parquet::copy(input, removals, out, gone, limits)?,
        (format, None) => {
            let name = input.name.clone();
            return Err(RewriteError::Format { name, format });
        }
    };
    let missing = removals.len() as u64 - counts.removed;
    if missing > 0 {
        let name = input.name.clone();
        return Err(RewriteError::Changed { name, missing });
    }
    Ok(counts)
}

/// How an output of JSON is compressed, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compress {
    No,
    Gzip,
    Zstd,
}

impl Compress {
    pub fn of_name(name: &str) -> Self {
        match name.rsplit('.').next() {
            Some("gz" | "gzip") => Self::Gzip,
            Some("zst" | "zstd") => Self::Zstd,
            _ => Self::No,
        }
    }

    fn writer(self, file: File) -> io::Result<Box<dyn Finish>> {
        let file = io::BufWriter::with_capacity(1 << 18, file);
        Ok(match self {
            Self::No => Box::new(file),
            Self::Gzip => Box::new(flate2::write::GzEncoder::new(file, flate2::Compression::default())),
            Self::Zstd => Box::new(zstd::Encoder::new(file, 0)?),
        })
    }
}

/// A writer that may have a last word.
trait Finish: Write {
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
}
