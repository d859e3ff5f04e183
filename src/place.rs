//! Where a row stands: its source, its number, and its line where the format has lines.
//!
//! Readers hand rows out in order and count as they go, so a place is whole from the start and
//! nothing needs to be looked up again when a finding is shown.

use serde::{Deserialize, Serialize};

/// A row's position. The order is the order findings are shown in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Place {
    /// Index of the source, in the order of the report's `sources`.
    pub source: u32,
    /// Zero-based row inside the source. A fault of the whole file stands at row 0.
    pub row: u64,
    /// One-based line the row starts on; 0 where the format has no lines (Parquet, Arrow).
    pub line: u64,
    /// Byte offset of the row in the decompressed source; 0 where it has none.
    pub offset: u64,
}
