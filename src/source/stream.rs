//! A file's bytes, decompressed as they are read.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bzip2::read::MultiBzDecoder;
use lzma_rust2::XzReader;

use super::format::Compression;
use super::gzip::Members;
use super::input::Input;
use super::limits::Limits;
use crate::model::record::{Fault, Unreadable};
use crate::place::Place;

/// Why a file cannot be read on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Trouble {
    pub fault: Fault,
    /// Lower case, no full stop.
    pub message: String,
}

impl Trouble {
    pub(super) fn new(fault: Fault, message: impl Into<String>) -> Self {
        Self {
            fault,
            message: message.into(),
        }
    }

    /// The finding about the whole file, which is numbered as row 0; `at` tells how far it was read.
    pub(super) fn of_file(self, at: Place) -> Unreadable {
        Unreadable {
            place: Place { row: 0, ..at },
            column: None,
            fault: self.fault,
            message: self.message,
        }
    }
}

/// The decompressed bytes of a file, read once from start to end.
pub(super) struct Stream {
    reader: Box<dyn Read + Send>,
    compression: Option<Compression>,
    /// Bytes taken from the file so far.
    consumed: Arc<AtomicU64>,
    /// Decompressed bytes given so far.
    given: u64,
    limits: Limits,
    /// Met after bytes that were still good, and said at the next call.
    trouble: Option<Trouble>,
}

/// Memory an xz file may ask for, in KiB: the strongest preset takes 65 MiB.
const XZ_MEMORY: u32 = 512 << 10;

/// The bytes of an input as they are under its compression.
///
/// # Errors
///
/// If the file cannot be opened.
pub fn decompressed(input: &Input) -> io::Result<Box<dyn Read + Send>> {
    Ok(Stream::open(&input.path, input.compression, &Limits::default())?.reader)
}

impl Stream {
    pub(super) fn open(path: &Path, compression: Option<Compression>, limits: &Limits) -> io::Result<Self> {
        let consumed = Arc::new(AtomicU64::new(0));
        let file = Counted {
            file: File::open(path)?,
            count: Arc::clone(&consumed),
        };
        let buffered = |file| BufReader::with_capacity(64 << 10, file);
        let reader: Box<dyn Read + Send> = match compression {
            None => Box::new(file),
            Some(Compression::Gzip) => Box::new(Members::new(buffered(file))),
            Some(Compression::Zstd) => Box::new(zstd::Decoder::with_buffer(buffered(file))?),
            Some(Compression::Bzip2) => Box::new(MultiBzDecoder::new(buffered(file))),
            Some(Compression::Xz) => Box::new(XzReader::new_mem_limit(buffered(file), true, XZ_MEMORY)),
        };
        Ok(Self {
            reader,
            compression,
            consumed,
            given: 0,
            limits: *limits,
            trouble: None,
        })
    }

    /// Appends up to `want` bytes to `into`, fewer only at the end; says how many.
    pub(super) fn fill(&mut self, into: &mut Vec<u8>, want: usize) -> Result<usize, Trouble> {
        if let Some(trouble) = self.trouble.take() {
            return Err(trouble);
        }
        let before = into.len();
        let read = (&mut self.reader).take(want as u64).read_to_end(into);
        let got = into.len() - before;
        self.given += got as u64;
        let trouble = match read {
            Ok(_) => self.bomb(),
            Err(error) => Some(self.name(&error)),
        };
        match trouble {
            Some(trouble) if got == 0 => Err(trouble),
            trouble => {
                self.trouble = trouble;
                Ok(got)
            }
        }
    }

    /// Reads to the end; how many bytes there were, up to the first trouble.
    pub(super) fn length(mut self) -> u64 {
        let mut sink = Vec::new();
        while let Ok(1..) = self.fill(&mut sink, 1 << 20) {
            sink.clear();
        }
        self.given
    }

    /// Bytes taken from the file so far, compressed as they are.
    pub(super) fn consumed(&self) -> u64 {
        self.consumed.load(Ordering::Relaxed)
    }

    fn bomb(&self) -> Option<Trouble> {
        self.compression?;
        let ratio = self.given / self.consumed().max(1);
        (self.given > self.limits.expansion_floor && ratio > self.limits.max_expansion).then(|| {
            let message = format!(
                "{} bytes of the file have become {}, over {} times as many, as in a decompression bomb; nothing \
                 further is read",
                self.consumed(),
                self.given,
                self.limits.max_expansion,
            );
            Trouble::new(Fault::Bomb, message)
        })
    }

    fn name(&self, error: &io::Error) -> Trouble {
        let given = self.given;
        let Some(compression) = self.compression else {
            return Trouble::new(Fault::Damaged, format!("cannot be read beyond byte {given}: {error}"));
        };
        if error.kind() == io::ErrorKind::UnexpectedEof {
            let message = format!("the {compression} file ends too early, after {given} bytes of data");
            return Trouble::new(Fault::Truncated, message);
        }
        let message = format!("the {compression} file is damaged after {given} bytes of data: {error}");
        Trouble::new(Fault::Damaged, message)
    }
}

/// Counts what is read from a file, for the progress bar.
struct Counted {
    file: File,
    count: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let got = self.file.read(buffer)?;
        self.count.fetch_add(got as u64, Ordering::Relaxed);
        Ok(got)
    }
}
