//! Bytes to records: finds the files, knows their formats, and hands out rows in order.
//!
//! A [`Reader`] gives batches in the order of the file, counting rows and lines as it goes; a
//! [`Batch`] is then parsed by whichever worker took it. So one file is read in parallel, every
//! place is known at once, and no more than one batch per worker is in memory.
//!
//! [`discover()`] turns what the user typed into [`Input`]s, [`open()`] turns an input into a reader.

mod columnar;
mod csv;
mod discover;
mod document;
mod error;
mod format;
mod gzip;
mod input;
mod json;
mod limits;
mod lines;
mod open;
mod slice;
mod sniff;
mod stream;
mod whole;
mod window;

pub use discover::{Discovered, Skipped, discover, discover_typed};
pub use error::SourceError;
pub use format::{Compression, Format};
pub use input::Input;
pub use limits::{Limits, Part, Shard};
pub use lines::is_blank;
pub use open::{open, open_later};
pub use slice::Slice;
pub use stream::decompressed;

use crate::model::record::{Record, Unreadable};

/// A file being read, in order. Workers take turns at it.
pub trait Reader: Send {
    /// The next stretch of rows; `None` at the end.
    ///
    /// A fault of the file is a row of the batch, not an error: it is a finding, and other files
    /// are still read.
    fn next(&mut self) -> Option<Box<dyn Batch>>;
}

/// Some consecutive rows, not yet parsed.
pub trait Batch: Send {
    /// Parses each row in turn and shows it.
    fn rows(&self, each: &mut dyn FnMut(Result<Record<'_>, Unreadable>));

    /// Bytes of the file this batch stands for, for the progress bar.
    fn bytes(&self) -> u64;
}
