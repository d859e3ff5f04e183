//! Columnar formats: Parquet and Arrow IPC.
//!
//! What their decoders are given is untrusted, and they are large: a panic in them is caught and
//! becomes a finding, and sizes they would allocate are checked against what is there beforehand.

pub(super) mod arrow;
mod arrow_file;
mod batch;
mod column;
mod description;
mod embedded;
mod footer;
mod kind;
mod messages;
mod pages;
pub(super) mod parquet;
mod shape;
mod thrift;
mod times;
mod waiting;

use std::ops::Range;

use super::limits::Part;
use crate::guard;

/// Runs a decoder; a panic in it comes back as a message.
fn guarded<T>(decode: impl FnOnce() -> T) -> Result<T, String> {
    guard::guarded(decode).map_err(|said| format!("the decoder gave up ({said})"))
}

/// The rows of a part, of `total` of them.
fn rows_of(part: Part, total: impl FnOnce() -> u64) -> Range<u64> {
    match part {
        Part::Whole => 0..u64::MAX,
        Part::Row(row) => row..row.saturating_add(1),
        Part::Shard(shard) => {
            let Range { start, end } = shard.of(total());
            start..if shard.is_last() { u64::MAX } else { end }
        }
    }
}

/// Whether a batch of these rows is to be decoded. One that says it has none may be damaged.
fn is_wanted(rows: &Range<u64>, wanted: &Range<u64>) -> bool {
    wanted.contains(&rows.start) || !overlap(rows, wanted).is_empty()
}

/// Whether it is this part's to say what is wrong behind so many rows: of shards, that of the one that
/// wants the next.
fn says(part: Part, wanted: &Range<u64>, row: u64) -> bool {
    match part {
        Part::Shard(_) => wanted.contains(&row),
        Part::Whole | Part::Row(_) => row < wanted.end,
    }
}

fn overlap(one: &Range<u64>, other: &Range<u64>) -> Range<u64> {
    one.start.max(other.start)..one.end.min(other.end)
}

/// A message of a decoder as ours are: one line, lower case at the start.
fn said(error: &dyn std::fmt::Display) -> String {
    let text = error.to_string();
    let line = text.lines().next().unwrap_or_default();
    let mut characters = line.chars();
    let lower = characters
        .next()
        .map_or_else(String::new, |first| first.to_lowercase().collect());
    lower + characters.as_str()
}
