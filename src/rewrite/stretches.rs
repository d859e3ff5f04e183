//! Formats whose rows follow each other without anything between them that one of them needs: CSV, text and JSON values
//! over several lines. A row is all from where it starts to where the next one does, and is kept byte for byte.

use std::io::{self, BufReader, Read, Write};

use super::{Counts, Finish, Next, Removal, RewriteError, tell};
use crate::json::{Layout, write};
use crate::model::record::{Record, Unreadable};
use crate::source::{Input, Limits, Part, decompressed, open};

/// Bytes told of a row that cannot be read.
const TOLD: u64 = 1 << 20;

pub(super) fn copy(
    input: &Input,
    removals: &[Removal],
    out: Box<dyn Finish>,
    gone: &mut dyn Write,
    limits: &Limits,
) -> Result<Counts, RewriteError> {
    let stream = decompressed(input).map_err(|error| RewriteError::read(input, error))?;
    let mut copy = Copy {
        input,
        raw: BufReader::with_capacity(1 << 18, stream),
        at: 0,
        out,
        gone,
        next: Next::new(removals),
        removing: None,
        counts: Counts::default(),
    };
    let mut trouble = None;
    let mut reader = open(input, 0, Part::Whole, limits);
    while let Some(batch) = reader.next() {
        batch.rows(&mut |read| {
            if trouble.is_none() {
                trouble = copy.row(read).err();
            }
        });
    }
    trouble.map_or_else(|| copy.close(), Err)
}

struct Copy<'c> {
    input: &'c Input,
    raw: BufReader<Box<dyn Read + Send>>,
    /// Bytes read of it.
    at: u64,
    out: Box<dyn Finish>,
    gone: &'c mut dyn Write,
    next: Next<'c>,
    /// Why the row read last goes, if it does, and whether it was told already.
    removing: Option<(&'c Removal, u64, bool)>,
    counts: Counts,
}

impl Copy<'_> {
    /// Settles the row before this one, which ends where this one starts.
    fn row(&mut self, read: Result<Record<'_>, Unreadable>) -> Result<(), RewriteError> {
        let place = match &read {
            Ok(record) => record.place,
            Err(unreadable) if unreadable.fault.is_of_a_row() => unreadable.place,
            Err(_) => return Ok(()),
        };
        self.settle(Some(place.offset))?;
        let Some(removal) = self.next.of(place.row) else {
            self.counts.kept += 1;
            return Ok(());
        };
        self.counts.removed += 1;
        if let Ok(record) = &read {
            let mut text = String::new();
            write(&record.value, Layout::Line, &mut text);
            tell(self.gone, self.input, removal, Some(place.line), text.as_bytes())?;
        }
        self.removing = Some((removal, place.line, read.is_ok()));
        Ok(())
    }

    /// Copies or leaves out what is up to an offset, or all that is left.
    fn settle(&mut self, end: Option<u64>) -> Result<(), RewriteError> {
        let broken = |error: io::Error| RewriteError::read(self.input, error);
        let mut part = (&mut self.raw).take(end.map_or(u64::MAX, |end| end.saturating_sub(self.at)));
        self.at += match self.removing.take() {
            None => io::copy(&mut part, &mut self.out)?,
            Some((_, _, true)) => io::copy(&mut part, &mut io::sink()).map_err(broken)?,
            Some((removal, line, false)) => {
                let mut bytes = Vec::new();
                (&mut part).take(TOLD).read_to_end(&mut bytes).map_err(broken)?;
                let rest = io::copy(&mut part, &mut io::sink()).map_err(broken)?;
                tell(self.gone, self.input, removal, Some(line), &bytes)?;
                bytes.len() as u64 + rest
            }
        };
        Ok(())
    }

    fn close(mut self) -> Result<Counts, RewriteError> {
        self.settle(None)?;
        self.out.finish()?;
        Ok(self.counts)
    }
}
