//! One file to read, and all that is known of it before it is read.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use tempfile::TempPath;

use super::format::{Compression, Format};
use super::stream::Trouble;

/// One file to read. Where a file holds several splits, one of them.
#[derive(Clone, Debug)]
pub struct Input {
    /// As the user typed it; below a folder, that and the path inside.
    pub name: String,
    /// Where the bytes are: for stdin a temporary file, which lives as long as its inputs.
    pub path: PathBuf,
    pub format: Format,
    pub compression: Option<Compression>,
    /// `train`, `test`, ..., where a folder, a file name or a key says so.
    pub split: Option<String>,
    /// Bytes on disk.
    pub bytes: u64,
    /// The key of the list of rows, in a file that is one JSON object around it.
    pub field: Option<String>,
    /// The rows that are taken, where a config takes a part of the split.
    pub rows: Option<Range<u64>>,
    /// What is worth knowing about how the file is read: lower case, no full stop.
    pub notes: Vec<String>,
    /// Why the file cannot be read, where its first or last bytes show it. Its reader says so.
    pub(super) trouble: Option<Trouble>,
    pub(super) spool: Option<Arc<TempPath>>,
}
