//! Formats of lines, JSON lines and text: a file is cut at line ends into blocks, and the lines
//! are looked into only by the worker that takes the block.
//!
//! Cutting counts rows and lines on the way, so every block knows where it stands. It runs under
//! the lock workers take turns at, at the speed of `memchr`.

use memchr::{memchr, memchr_iter, memrchr};

use super::json::{self, Line};
use super::limits::{Limits, Part};
use super::open::Keep;
use super::stream::{Stream, Trouble};
use super::whole::Single;
use super::{Batch, Reader};
use crate::model::record::{Fault, Quirks, Record, Unreadable};
use crate::model::value::{Object, Value};
use crate::place::Place;

/// What a line holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A JSON value, or nothing: blank lines are no rows.
    Json,
    /// A text, even an empty one. A lone carriage return ends it too, as in Python's text files.
    Text,
}

/// Reads a file block by block.
pub(super) struct Lines {
    stream: Stream,
    kind: Kind,
    keep: Keep,
    speaks_for_file: bool,
    limits: Limits,
    /// Where `carry` starts.
    at: Place,
    /// The line the last block ended in, as far as it was read.
    carry: Vec<u8>,
    /// What of the file the blocks so far stand for.
    accounted: u64,
    started: bool,
    ended: bool,
}

const BOM: &[u8] = b"\xEF\xBB\xBF";

impl Lines {
    pub(super) fn new(stream: Stream, kind: Kind, source: u32, part: Part, keep: Keep, limits: &Limits) -> Self {
        Self {
            stream,
            kind,
            keep,
            speaks_for_file: part.speaks_for_file(),
            limits: *limits,
            at: Place {
                source,
                line: 1,
                ..Place::default()
            },
            carry: Vec::new(),
            accounted: 0,
            started: false,
            ended: false,
        }
    }

    /// The next block, whether wanted or not.
    fn block(&mut self) -> Result<Block, Unreadable> {
        let mut bytes = std::mem::take(&mut self.carry);
        let mut searched = 0;
        let cut = loop {
            bytes.reserve(self.limits.chunk());
            let got = self.fill(&mut bytes).map_err(|trouble| {
                self.ended = true;
                trouble.of_file(self.at)
            })?;
            if got == 0 {
                self.ended = true;
                break bytes.len();
            }
            if let Some(newline) = memrchr(b'\n', &bytes[searched..]) {
                break searched + newline + 1;
            }
            searched = bytes.len();
            if searched as u64 > self.limits.max_row_bytes {
                return Err(self.skip_line(bytes));
            }
        };
        self.carry = Vec::with_capacity(self.limits.chunk() + (bytes.len() - cut) * 2);
        self.carry.extend_from_slice(&bytes[cut..]);
        bytes.truncate(cut);
        let start = self.at;
        for line in Walk::new(&bytes, start, self.kind) {
            self.at.row += line.rows;
            self.at.line += 1;
        }
        self.at.offset += bytes.len() as u64;
        Ok(Block { bytes, start })
    }

    fn fill(&mut self, bytes: &mut Vec<u8>) -> Result<usize, Trouble> {
        let got = self.stream.fill(bytes, self.limits.chunk())?;
        if !self.started {
            self.started = true;
            if bytes.starts_with(BOM) {
                bytes.drain(..BOM.len());
                self.at.offset = BOM.len() as u64;
            }
        }
        Ok(got)
    }

    /// Goes on after the line that starts with `bytes`, which is too long to keep.
    fn skip_line(&mut self, mut bytes: Vec<u8>) -> Unreadable {
        let start = self.at;
        let mut length = bytes.len() as u64;
        loop {
            bytes.clear();
            match self.stream.fill(&mut bytes, self.limits.chunk()) {
                Ok(0) => {
                    self.ended = true;
                    break;
                }
                Ok(_) => {}
                Err(trouble) => {
                    self.ended = true;
                    return trouble.of_file(start);
                }
            }
            if let Some(newline) = memchr(b'\n', &bytes) {
                length += newline as u64;
                self.at.offset += 1;
                self.carry = bytes.split_off(newline + 1);
                break;
            }
            length += bytes.len() as u64;
        }
        self.at.row += 1;
        self.at.line += 1;
        self.at.offset += length;
        json::oversized(start, length, &self.limits)
    }

    /// What of the file has been read since this was last asked.
    fn progress(&mut self) -> u64 {
        let consumed = self.stream.consumed();
        consumed - std::mem::replace(&mut self.accounted, consumed)
    }

    fn batch(&mut self, block: Block) -> Box<dyn Batch> {
        Box::new(LineBatch {
            block,
            kind: self.kind,
            limits: self.limits,
            progress: self.progress(),
        })
    }
}

impl Reader for Lines {
    fn next(&mut self) -> Option<Box<dyn Batch>> {
        while !self.ended {
            // A file without a row is reported, by the first shard if there are several.
            let may_be_empty = self.speaks_for_file && self.at.row == 0;
            if self.keep.is_past(&self.at) && !may_be_empty {
                break;
            }
            match self.block() {
                Ok(block) => {
                    if let Some(block) = block.kept(&self.keep, self.kind) {
                        return Some(self.batch(block));
                    }
                }
                Err(unreadable) => {
                    let place = &unreadable.place;
                    let said_here = if unreadable.fault.is_of_a_row() {
                        self.keep.wants(place)
                    } else {
                        self.keep.covers(place)
                    };
                    if said_here {
                        let progress = self.progress();
                        return Some(Box::new(Single::new(unreadable, progress)));
                    }
                }
            }
            if self.ended && self.at.row == 0 && self.speaks_for_file {
                let lines = self.at.line - 1;
                let message = match lines {
                    0 => "the file is empty".to_owned(),
                    _ => format!("the file has no rows, only {lines} blank lines"),
                };
                let fault = Trouble::new(Fault::EmptyFile, message).of_file(self.at);
                let progress = self.progress();
                return Some(Box::new(Single::new(fault, progress)));
            }
        }
        self.ended = true;
        None
    }
}

/// Some whole lines.
struct Block {
    bytes: Vec<u8>,
    start: Place,
}

impl Block {
    /// What of it is wanted; `None` for nothing, or nothing but blank lines.
    fn kept(mut self, keep: &Keep, kind: Kind) -> Option<Self> {
        if keep.is_after(self.start.offset + self.bytes.len() as u64) {
            return None;
        }
        let mut first = None;
        let mut end = self.bytes.len();
        for line in Walk::new(&self.bytes, self.start, kind) {
            if line.rows == 0 {
                continue;
            }
            if keep.is_past(&line.place) {
                end = line.start;
                break;
            }
            // Of a text line that is several rows, any may be the one wanted.
            let last = Place {
                row: line.place.row + line.rows - 1,
                ..line.place
            };
            if first.is_none() && keep.wants_any(&line.place, &last) {
                first = Some((line.start, line.place));
                if matches!(keep, Keep::All) {
                    break;
                }
            }
        }
        let (from, start) = first?;
        self.bytes.truncate(end);
        if from > 0 {
            self.bytes.drain(..from);
        }
        self.start = start;
        Some(self)
    }
}

/// Walks over lines, counting.
struct Walk<'a> {
    bytes: &'a [u8],
    from: usize,
    place: Place,
    kind: Kind,
}

struct Walked<'a> {
    /// Where the line starts in the block.
    start: usize,
    place: Place,
    /// Without its end.
    content: &'a [u8],
    /// How many rows it is.
    rows: u64,
}

impl<'a> Walk<'a> {
    fn new(bytes: &'a [u8], place: Place, kind: Kind) -> Self {
        Self {
            bytes,
            from: 0,
            place,
            kind,
        }
    }
}

impl<'a> Iterator for Walk<'a> {
    type Item = Walked<'a>;

    fn next(&mut self) -> Option<Walked<'a>> {
        let (start, place) = (self.from, self.place);
        let rest = self.bytes.get(start..).filter(|rest| !rest.is_empty())?;
        let newline = memchr(b'\n', rest);
        let line = &rest[..newline.unwrap_or(rest.len())];
        let content = line.strip_suffix(b"\r").unwrap_or(line);
        let rows = match self.kind {
            Kind::Json => u64::from(!is_blank(content)),
            Kind::Text => 1 + memchr_iter(b'\r', content).count() as u64,
        };
        let length = line.len() + usize::from(newline.is_some());
        self.from += length;
        self.place.row += rows;
        self.place.line += 1;
        self.place.offset += length as u64;
        Some(Walked {
            start,
            place,
            content,
            rows,
        })
    }
}

/// Whether a line is nothing but JSON's white space.
pub fn is_blank(line: &[u8]) -> bool {
    line.first().is_none_or(|first| b" \t\r".contains(first)) && line.iter().all(|byte| b" \t\r".contains(byte))
}

struct LineBatch {
    block: Block,
    kind: Kind,
    limits: Limits,
    progress: u64,
}

impl Batch for LineBatch {
    fn rows(&self, each: &mut dyn FnMut(Result<Record<'_>, Unreadable>)) {
        let bytes = &self.block.bytes;
        // Checked once for the block; only a block with a fault in it is checked line by line.
        let text = simdutf8::basic::from_utf8(bytes).ok();
        for walked in Walk::new(bytes, self.block.start, self.kind) {
            let line = Line {
                place: walked.place,
                bytes: walked.content,
                column: 1,
                text: text.map(|text| &text[walked.start..walked.start + walked.content.len()]),
            };
            match self.kind {
                Kind::Json if walked.rows == 0 => {}
                Kind::Json => each(json::read(&line, &self.limits)),
                Kind::Text => texts(&line, &self.limits, each),
            }
        }
    }

    fn bytes(&self) -> u64 {
        self.progress
    }
}

/// Shows the texts of a line: one, or several with carriage returns between them.
fn texts(line: &Line<'_>, limits: &Limits, each: &mut dyn FnMut(Result<Record<'_>, Unreadable>)) {
    let mut place = line.place;
    for bytes in line.bytes.split(|&byte| byte == b'\r') {
        let start = usize::try_from(place.offset - line.place.offset).expect("a place in the line");
        let line = Line {
            place,
            bytes,
            column: 1,
            text: line.text.map(|text| &text[start..start + bytes.len()]),
        };
        each(json::checked_text(&line, limits).map(|text| {
            let mut object = Object::with_capacity(1);
            object.push("text".into(), Value::Str(text.into()));
            Record {
                place,
                value: Value::Object(object),
                bytes: None,
                quirks: Quirks::default(),
            }
        }));
        place.row += 1;
        place.offset += bytes.len() as u64 + 1;
    }
}
