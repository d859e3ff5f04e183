//! A row's bytes to a record, or to the words for why not.

use super::Limits;
use crate::json::Wrong;
use crate::model::record::{Fault, Record, Unreadable};
use crate::place::Place;

pub(super) use crate::json::{characters, parse};

/// The bytes of one row and where they stand.
#[derive(Clone, Copy)]
pub(super) struct Line<'a> {
    pub place: Place,
    pub bytes: &'a [u8],
    /// One-based column of the first byte, in characters.
    pub column: u64,
    /// Whether the bytes are known to be UTF-8.
    pub text: Option<&'a str>,
}

const BOM: &[u8] = b"\xEF\xBB\xBF";

/// Reads one row of JSON.
pub(super) fn read<'a>(line: &Line<'a>, limits: &Limits) -> Result<Record<'a>, Unreadable> {
    let text = checked_text(line, limits)?;
    if line.bytes.starts_with(BOM) {
        return Err(Unreadable {
            place: line.place,
            column: Some(line.column),
            fault: Fault::BadJson,
            message: "a byte order mark before the row, as where files were joined".to_owned(),
        });
    }
    match parse(text, limits.max_depth) {
        Ok((value, quirks)) => Ok(Record {
            place: line.place,
            value,
            bytes: Some(line.bytes),
            quirks,
        }),
        Err(wrong) => Err(unreadable(line, text, &wrong, limits)),
    }
}

/// The row as text, if it is UTF-8 and not too large.
pub(super) fn checked_text<'a>(line: &Line<'a>, limits: &Limits) -> Result<&'a str, Unreadable> {
    if line.bytes.len() as u64 > limits.max_row_bytes {
        return Err(oversized(line.place, line.bytes.len() as u64, limits));
    }
    match line.text {
        Some(text) => Ok(text),
        None => std::str::from_utf8(line.bytes).map_err(|error| bad_utf8(line, error.valid_up_to())),
    }
}

/// The finding for a row that is wrong as JSON.
fn unreadable(line: &Line<'_>, text: &str, wrong: &Wrong, limits: &Limits) -> Unreadable {
    let (lines, column) = wrong.line_and_column(text);
    let (place, column) = shifted(line, lines, column);
    Unreadable {
        place,
        column: Some(column),
        fault: wrong.fault(),
        message: wrong.message(text, limits.max_depth),
    }
}

/// The finding for a row of `bytes` bytes that is too large to be read.
pub(super) fn oversized(place: Place, bytes: u64, limits: &Limits) -> Unreadable {
    Unreadable {
        place,
        column: None,
        fault: Fault::OversizedRow,
        message: format!(
            "the row has {bytes} bytes, and at most {} are read",
            limits.max_row_bytes
        ),
    }
}

fn bad_utf8(line: &Line<'_>, valid: usize) -> Unreadable {
    let before = &line.bytes[..valid];
    let start = memchr::memrchr(b'\n', before).map_or(0, |newline| newline + 1);
    let lines = memchr::memchr_iter(b'\n', before).count() as u64 + 1;
    let (place, column) = shifted(line, lines, characters(&before[start..]) + 1);
    Unreadable {
        place,
        column: Some(column),
        fault: Fault::BadUtf8,
        message: format!("byte 0x{:02X} is not UTF-8", line.bytes[valid]),
    }
}

/// From a line and column in the row to those in the file. What is wrong with a row of several
/// lines is shown on its own line, not on the row's first.
fn shifted(line: &Line<'_>, lines: u64, column: u64) -> (Place, u64) {
    if lines == 1 {
        return (line.place, line.column - 1 + column);
    }
    let place = Place {
        line: line.place.line + lines - 1,
        ..line.place
    };
    (place, column)
}
