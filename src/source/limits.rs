//! How much is read: what a row and a file may be at most, and which rows are asked for.

use std::ops::Range;

/// What untrusted data may ask for at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// A row of more bytes is a finding and is not read. It bounds the memory of a batch.
    pub max_row_bytes: u64,
    /// Bytes of rows handed to a worker at once, about; a larger row is handed over whole.
    pub batch_bytes: usize,
    /// Levels of arrays and objects in a row. Python's own limit is its stack, about 1,000.
    pub max_depth: u32,
    /// A file that decompresses to more than this many times its size is taken for a bomb...
    pub max_expansion: u64,
    /// ...once it has given this many bytes: a small file of one repeated row is harmless.
    pub expansion_floor: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_row_bytes: 64 << 20,
            batch_bytes: 1 << 20,
            max_depth: 512,
            // Text shrinks 3 to 20 times; deflate cannot do more than 1,032.
            max_expansion: 300,
            expansion_floor: 256 << 20,
        }
    }
}

impl Limits {
    /// Bytes to read at once: never too few to see a byte order mark.
    pub(super) fn chunk(&self) -> usize {
        self.batch_bytes.max(16)
    }
}

/// Which rows of a file to read. Places count from the file's start in any case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Part {
    #[default]
    Whole,
    Shard(Shard),
    /// The row of this zero-based number, without parsing the others where the format allows it.
    Row(u64),
}

impl Part {
    /// Whether this part is the one to report what is wrong with the file as a whole.
    pub(super) fn speaks_for_file(self) -> bool {
        match self {
            Self::Whole | Self::Row(_) => true,
            Self::Shard(shard) => shard.index == 0,
        }
    }
}

/// One of `count` contiguous stretches of every file, about equal in size.
///
/// Formats of bytes are cut by the offset a row starts at in the decompressed text, columnar ones
/// by row number; each row is in exactly one shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    index: u32,
    count: u32,
}

impl Shard {
    /// Shard `index`, from 0, of `count`; `None` unless `index < count`.
    pub fn new(index: u32, count: u32) -> Option<Self> {
        (index < count).then_some(Self { index, count })
    }

    pub(super) fn is_last(self) -> bool {
        self.index + 1 == self.count
    }

    /// This shard's stretch of `total` bytes or rows.
    pub(super) fn of(self, total: u64) -> Range<u64> {
        let cut = |index: u32| {
            let at = u128::from(total) * u128::from(index) / u128::from(self.count);
            u64::try_from(at).expect("a part of the total is no more than it")
        };
        cut(self.index)..cut(self.index + 1)
    }
}
