//! Cuts a document into rows.

use super::batch::{Cut, DocumentBatch, Entry, Flaw};
use super::resume::{Starts, take_list};
use crate::model::record::{Fault, Unreadable};
use crate::model::value::Value;
use crate::place::Place;
use crate::source::format::Format;
use crate::source::json;
use crate::source::open::Keep;
use crate::source::stream::{Stream, Trouble};
use crate::source::window::{Sought, Taken, Window};
use crate::source::{Batch, Input, Limits, Part, Reader};

/// Reads a JSON array, one inside a wrapper, or JSON values one after the other.
pub(in crate::source) struct Documents {
    window: Window,
    shape: Shape,
    source: u32,
    keep: Keep,
    speaks_for_file: bool,
    limits: Limits,
    state: State,
    row: u64,
    /// A comma, or the start, stands before the next row.
    separated: bool,
    /// The line the last byte that is not blank stands on.
    solid_line: u64,
    starts: Starts,
    /// The rows of the array are not objects: bare texts, as a rule.
    texts: bool,
    accounted: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Shape {
    Array,
    /// An array under this key of an object around it.
    Wrapped(String),
    /// Values one after the other.
    Values,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Before the array.
    Before,
    /// Before a row, or before the end of the array.
    Rows,
    /// Behind the last row.
    After,
    Ended,
}

/// Rows in a batch, however small.
const ROWS: usize = 1 << 14;

impl Documents {
    pub(in crate::source) fn new(
        stream: Stream,
        input: &Input,
        source: u32,
        part: Part,
        keep: Keep,
        limits: &Limits,
    ) -> Self {
        Self {
            window: Window::new(stream, limits),
            shape: match (input.format, &input.field) {
                (Format::JsonArray, Some(field)) => Shape::Wrapped(field.clone()),
                (Format::JsonArray, None) => Shape::Array,
                _ => Shape::Values,
            },
            source,
            keep,
            speaks_for_file: part.speaks_for_file(),
            limits: *limits,
            state: State::Before,
            row: 0,
            separated: true,
            solid_line: 0,
            starts: Starts::default(),
            texts: false,
            accounted: 0,
        }
    }

    fn place(&self) -> Place {
        Place {
            source: self.source,
            row: self.row,
            line: self.window.line,
            offset: self.window.offset,
        }
    }

    fn is_list(&self) -> bool {
        self.shape != Shape::Values
    }

    /// Goes one row or one state on.
    fn step(&mut self, batch: &mut DocumentBatch) -> Result<(), Trouble> {
        match (self.state, self.window.peek_solid()?) {
            (State::Before, _) => {
                self.enter()?;
                self.state = State::Rows;
            }
            (State::Rows, None) if self.is_list() => {
                let message = format!(
                    "the file ends inside its list, after {} rows: the closing `]` is missing",
                    self.row
                );
                return Err(Trouble::new(Fault::Truncated, message));
            }
            (State::Rows, Some(b']')) if self.is_list() => {
                if self.row > 0 && self.separated {
                    self.say("trailing comma before `]`", batch);
                }
                self.take(b']')?;
                self.state = State::After;
            }
            (State::Rows, None) => self.state = State::After,
            (State::Rows, Some(first)) => self.row(first, batch)?,
            (State::After, rest) => {
                if rest.is_some() && self.shape == Shape::Array {
                    self.say("text after the end of the list", batch);
                }
                self.state = State::Ended;
                if self.row == 0 && self.speaks_for_file {
                    let message = if self.is_list() {
                        "the list of rows is empty"
                    } else {
                        "the file has no rows"
                    };
                    return Err(Trouble::new(Fault::EmptyFile, message));
                }
            }
            (State::Ended, _) => {}
        }
        Ok(())
    }

    /// Goes into the array, through the object around it if there is one.
    fn enter(&mut self) -> Result<(), Trouble> {
        let lost = || Trouble::new(Fault::Damaged, "the list of rows is not where it was found at first");
        if self.shape == Shape::Values {
            return Ok(());
        }
        if let Shape::Wrapped(field) = self.shape.clone() {
            if !self.take(b'{')? {
                return Err(lost());
            }
            loop {
                let mut key = Vec::new();
                self.window.peek_solid()?;
                self.window.value(&mut key, self.limits.max_row_bytes)?;
                self.window.peek_solid()?;
                if !self.take(b':')? {
                    return Err(lost());
                }
                let is_list = self.window.peek_solid()? == Some(b'[');
                if is_list && is_key(&key, &field) {
                    break;
                }
                if is_list {
                    take_list(&mut self.window, self.solid_line, self.limits.max_row_bytes)?;
                } else {
                    self.window.value(&mut Vec::new(), 0)?;
                }
                self.window.peek_solid()?;
                if !self.take(b',')? {
                    return Err(lost());
                }
            }
        }
        if self.take(b'[')? { Ok(()) } else { Err(lost()) }
    }

    /// Cuts out the row that starts with this byte.
    fn row(&mut self, first: u8, batch: &mut DocumentBatch) -> Result<(), Trouble> {
        let (place, column) = (self.place(), self.window.column);
        if self.keep.is_past(&place) {
            self.state = State::Ended;
            return Ok(());
        }
        if self.row == 0 {
            self.texts = self.is_list() && first != b'{';
            batch.texts = self.texts;
        }
        self.starts
            .begin(&self.window, self.solid_line, first, self.shape != Shape::Values);
        let wanted = self.keep.wants(&place);
        let start = batch.bytes.len();
        let (taken, length) = self.window.value(&mut batch.bytes, self.limits.max_row_bytes)?;
        self.solid_line = self.window.line;
        let flaw = match taken {
            Taken::Cut => {
                batch.bytes.truncate(start);
                let message = format!(
                    "the file ends inside row {}, which starts on line {}",
                    self.row, place.line
                );
                return Err(Trouble::new(Fault::Truncated, message));
            }
            _ if length > self.limits.max_row_bytes => Some(Flaw::Oversized(length)),
            Taken::Broken => Some(Flaw::Broken),
            Taken::Whole if !self.separated => Some(Flaw::CommaMissing),
            Taken::Whole => None,
        };
        if taken == Taken::Whole && flaw.is_none() {
            self.starts.learn(&batch.bytes[start..]);
        }
        self.row += 1;
        let gap = match taken {
            Taken::Broken => Some(self.recover(&mut batch.bytes, start, length)),
            _ => None,
        };
        if wanted {
            let bytes = start..batch.bytes.len();
            batch.entries.push(Entry::Row(Cut {
                place,
                column,
                bytes,
                flaw,
            }));
        } else {
            batch.bytes.truncate(start);
        }
        if let Some(gap) = gap {
            return gap;
        }
        if self.is_list() {
            self.window.peek_solid()?;
            self.separated = self.take(b',')?;
        }
        Ok(())
    }

    /// Finds the next row after a broken one, whose bytes start here in the batch and were this many.
    fn recover(&mut self, bytes: &mut Vec<u8>, start: usize, length: u64) -> Result<(), Trouble> {
        // Where it broke inside a character, all of it belongs to what is shown.
        while let Some(byte @ 0x80..=0xBF) = self.window.peek()? {
            bytes.push(byte);
            self.window.skip();
        }
        let kept = if length > self.limits.max_row_bytes {
            bytes.len()
        } else {
            start
        };
        match self.starts.resume(&mut self.window, &bytes[kept..])? {
            Sought::Lost => {
                let message = format!(
                    "row {} is broken, and what follows it cannot be told apart into rows: the rest of the file was \
                     not read",
                    self.row - 1
                );
                Err(Trouble::new(Fault::Damaged, message))
            }
            Sought::Closed => {
                self.state = State::Ended;
                Ok(())
            }
            Sought::Found | Sought::End => {
                // A comma before the end of the list may belong to the broken row.
                self.separated = self.window.peek_solid()? != Some(b']');
                Ok(())
            }
        }
    }

    fn take(&mut self, byte: u8) -> Result<bool, Trouble> {
        let line = self.window.line;
        let taken = self.window.take(byte)?;
        if taken {
            self.solid_line = line;
        }
        Ok(taken)
    }

    /// Says what is wrong between rows.
    fn say(&self, message: &str, batch: &mut DocumentBatch) {
        let place = self.place();
        if self.keep.covers(&place) {
            batch.entries.push(Entry::Said(Unreadable {
                place,
                column: Some(self.window.column),
                fault: Fault::BadJson,
                message: message.to_owned(),
            }));
        }
    }
}

impl Reader for Documents {
    fn next(&mut self) -> Option<Box<dyn Batch>> {
        let mut batch = DocumentBatch {
            bytes: Vec::new(),
            entries: Vec::new(),
            texts: self.texts,
            limits: self.limits,
            progress: 0,
        };
        while self.state != State::Ended && batch.bytes.len() < self.limits.batch_bytes && batch.entries.len() < ROWS {
            if let Err(trouble) = self.step(&mut batch) {
                self.state = State::Ended;
                let place = self.place();
                if trouble.fault == Fault::EmptyFile || self.keep.covers(&place) {
                    batch.entries.push(Entry::Said(trouble.of_file(place)));
                }
            }
        }
        let consumed = self.window.consumed();
        batch.progress = consumed - std::mem::replace(&mut self.accounted, consumed);
        (!batch.entries.is_empty()).then(|| Box::new(batch) as Box<dyn Batch>)
    }
}

/// Whether a key as it stands in the file, in quotes, is this name.
pub(super) fn is_key(quoted: &[u8], name: &str) -> bool {
    let Ok(text) = std::str::from_utf8(quoted) else {
        return false;
    };
    matches!(json::parse(text, 1), Ok((Value::Str(key), _)) if key == name)
}
