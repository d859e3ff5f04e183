//! A moving window on a stream, which knows its offset, line and column.

use memchr::{memchr, memchr_iter, memrchr};

use super::document::Brackets;
use super::json::characters;
use super::limits::Limits;
use super::stream::{Stream, Trouble};

pub(super) struct Window {
    stream: Stream,
    bytes: Vec<u8>,
    /// Index into `bytes` of the next byte.
    at: usize,
    /// Offset of the next byte in the stream.
    pub offset: u64,
    /// One-based line of the next byte.
    pub line: u64,
    /// One-based column of the next byte, in characters.
    pub column: u64,
    started: bool,
    /// Bytes read at once.
    chunk: usize,
}

/// What knows where a piece of text ends, told in any number of buffers.
pub(super) trait Follow {
    fn follow(&mut self, bytes: &[u8]) -> Followed;
}

/// How far a buffer was followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Followed {
    /// To its end, and the piece goes on.
    On,
    /// The piece ends before this byte.
    Ends(usize),
    /// This byte cannot stand here.
    Breaks(usize),
}

/// How a piece was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    Whole,
    /// The stream ends inside it.
    Cut,
    /// It is broken; the byte where that shows was taken with it.
    Broken,
}

/// What a search for the next row came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sought {
    Found,
    /// There is nothing more.
    End,
    /// There is nothing more, and the list was closed.
    Closed,
    /// There is more, and no telling what.
    Lost,
}

/// How the lines start that rows start on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lead {
    /// Spaces or tabs.
    pub indent: usize,
    /// The row's own first byte.
    pub first: u8,
    /// Whether the rows stand in a list, whose end stands no deeper than they.
    pub in_list: bool,
}

const BOM: &[u8] = b"\xEF\xBB\xBF";

impl Window {
    pub(super) fn new(stream: Stream, limits: &Limits) -> Self {
        Self {
            stream,
            bytes: Vec::new(),
            at: 0,
            offset: 0,
            line: 1,
            column: 1,
            started: false,
            chunk: limits.chunk(),
        }
    }

    pub(super) fn consumed(&self) -> u64 {
        self.stream.consumed()
    }

    /// The next byte; `None` at the end.
    pub(super) fn peek(&mut self) -> Result<Option<u8>, Trouble> {
        if self.at == self.bytes.len() {
            self.more()?;
        }
        Ok(self.bytes.get(self.at).copied())
    }

    /// The next byte that is not white space.
    pub(super) fn peek_solid(&mut self) -> Result<Option<u8>, Trouble> {
        loop {
            let rest = &self.bytes[self.at..];
            let blank = rest.iter().take_while(|byte| b" \t\r\n".contains(byte)).count();
            self.advance(blank);
            match self.peek()? {
                Some(b' ' | b'\t' | b'\r' | b'\n') => {}
                next => return Ok(next),
            }
        }
    }

    /// Takes the next byte if it is this one.
    pub(super) fn take(&mut self, byte: u8) -> Result<bool, Trouble> {
        let is = self.peek()? == Some(byte);
        self.advance(usize::from(is));
        Ok(is)
    }

    /// The next bytes, `count` of them where there are as many; they are not taken.
    pub(super) fn ahead(&mut self, count: usize) -> Result<&[u8], Trouble> {
        while self.bytes.len() - self.at < count && self.more()? > 0 {}
        let rest = &self.bytes[self.at..];
        Ok(&rest[..count.min(rest.len())])
    }

    /// Takes back the last bytes that were taken, of which the first stood at this place.
    pub(super) fn give_back(&mut self, bytes: &[u8], offset: u64, line: u64, column: u64) {
        self.bytes.splice(..self.at, bytes.iter().copied());
        self.at = 0;
        (self.offset, self.line, self.column) = (offset, line, column);
    }

    /// Takes the next byte, whatever it is.
    pub(super) fn skip(&mut self) {
        self.advance(usize::from(self.at < self.bytes.len()));
    }

    /// Takes the piece that starts at the next byte, and says how many bytes it has. Those that
    /// fit into `room` are appended to `keep`.
    pub(super) fn piece(
        &mut self,
        end: &mut dyn Follow,
        keep: &mut Vec<u8>,
        room: u64,
    ) -> Result<(Taken, u64), Trouble> {
        let mut length = 0;
        loop {
            if self.peek()?.is_none() {
                return Ok((Taken::Cut, length));
            }
            let rest = &self.bytes[self.at..];
            let (taken, end) = match end.follow(rest) {
                Followed::On => (None, rest.len()),
                Followed::Ends(end) => (Some(Taken::Whole), end),
                Followed::Breaks(at) => (Some(Taken::Broken), at + 1),
            };
            let free = usize::try_from(room.saturating_sub(length)).unwrap_or(usize::MAX);
            keep.extend_from_slice(&rest[..end.min(free)]);
            length += end as u64;
            self.advance(end);
            if let Some(taken) = taken {
                return Ok((taken, length));
            }
        }
    }

    /// Takes a JSON value.
    pub(super) fn value(&mut self, keep: &mut Vec<u8>, room: u64) -> Result<(Taken, u64), Trouble> {
        self.piece(&mut Brackets::default(), keep, room)
    }

    /// Goes to the next line that starts as rows do, or that ends their list.
    pub(super) fn seek_line(&mut self, lead: Lead) -> Result<Sought, Trouble> {
        let mut passed = false;
        loop {
            // A line end that was already taken counts: the line here may be the one.
            if self.column == 1 && self.stands_at(lead)? {
                return Ok(Sought::Found);
            }
            loop {
                if self.peek()?.is_none() {
                    return Ok(if passed { Sought::Lost } else { Sought::End });
                }
                let rest = &self.bytes[self.at..];
                let newline = memchr(b'\n', rest);
                let end = newline.map_or(rest.len(), |newline| newline + 1);
                passed |= !rest[..end].trim_ascii().is_empty();
                self.advance(end);
                if newline.is_some() {
                    break;
                }
            }
        }
    }

    fn stands_at(&mut self, lead: Lead) -> Result<bool, Trouble> {
        while self.bytes.len() - self.at <= lead.indent {
            if self.more()? == 0 {
                return Ok(false);
            }
        }
        let line = &self.bytes[self.at..=self.at + lead.indent];
        let solid = line.iter().position(|byte| !b" \t".contains(byte));
        Ok(solid.is_some_and(|at| (at == lead.indent && line[at] == lead.first) || (lead.in_list && line[at] == b']')))
    }

    fn advance(&mut self, count: usize) {
        let passed = &self.bytes[self.at..self.at + count];
        match memrchr(b'\n', passed) {
            Some(newline) => {
                self.line += memchr_iter(b'\n', passed).count() as u64;
                self.column = characters(&passed[newline + 1..]) + 1;
            }
            None => self.column += characters(passed),
        }
        self.offset += count as u64;
        self.at += count;
    }

    /// Lets go of what was passed and reads on; how many bytes there were.
    fn more(&mut self) -> Result<usize, Trouble> {
        self.bytes.drain(..self.at);
        self.at = 0;
        let got = self.stream.fill(&mut self.bytes, self.chunk)?;
        if !self.started {
            self.started = true;
            if self.bytes.starts_with(BOM) {
                self.bytes.drain(..BOM.len());
                self.offset = BOM.len() as u64;
            }
        }
        Ok(got)
    }
}
