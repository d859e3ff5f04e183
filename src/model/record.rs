//! One row as it was read, or why it could not be.

use crate::place::Place;

use super::value::Value;

/// One row as it was read.
#[derive(Clone, Debug)]
pub struct Record<'a> {
    pub place: Place,
    /// Any JSON value; a row that is not an object is a finding, not a failure to read.
    pub value: Value<'a>,
    /// The row's own bytes where it is JSON (a line of JSONL, an element of an array), whose types loaders have to
    /// infer.
    pub bytes: Option<&'a [u8]>,
    pub quirks: Quirks,
}

/// What Python's `json` takes and strict JSON does not, found while the row was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quirks {
    /// A key stands twice in one object; the last value was kept, as Python does.
    pub duplicate_key: bool,
    /// `NaN`, `Infinity` or `-Infinity`.
    pub non_finite: bool,
    /// A lone surrogate escape such as `\ud800`; read as U+FFFD here.
    pub lone_surrogate: bool,
    /// An integer beyond 64 bits, which Python keeps; read as a float here, as Arrow reads it.
    pub huge_integer: bool,
}

impl Quirks {
    pub fn any(self) -> bool {
        self.duplicate_key || self.non_finite || self.lone_surrogate || self.huge_integer
    }

    /// What is in either.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            duplicate_key: self.duplicate_key || other.duplicate_key,
            non_finite: self.non_finite || other.non_finite,
            lone_surrogate: self.lone_surrogate || other.lone_surrogate,
            huge_integer: self.huge_integer || other.huge_integer,
        }
    }
}

/// A row, or a whole file, that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// The row; row 0 for a fault of the whole file.
    pub place: Place,
    /// One-based column in characters, where the fault has one.
    pub column: Option<u64>,
    pub fault: Fault,
    /// What is wrong: lower case, no full stop.
    pub message: String,
}

/// What kind of fault it is; each has a rule of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// The row is not JSON.
    BadJson,
    /// The row is not UTF-8.
    BadUtf8,
    /// The row is larger than `--max-row-bytes`.
    OversizedRow,
    /// The row nests deeper than is read.
    TooDeep,
    /// The row has more or fewer fields than the header (CSV).
    RaggedRow,
    /// A Git LFS (or DVC) pointer stands where the data should.
    LfsPointer,
    /// An HTML or XML page, usually an error page, saved under a data file's name.
    Html,
    /// The file has no bytes, or no rows.
    EmptyFile,
    /// The file ends before its format says it does.
    Truncated,
    /// The file is not of the format its name or first bytes claim, or is damaged inside.
    Damaged,
    /// The decompressed size is beyond any sane ratio: a decompression bomb.
    Bomb,
}

impl Fault {
    /// Whether it is one row that is at fault, rather than the file.
    pub fn is_of_a_row(self) -> bool {
        matches!(
            self,
            Self::BadJson | Self::BadUtf8 | Self::OversizedRow | Self::TooDeep | Self::RaggedRow
        )
    }
}
