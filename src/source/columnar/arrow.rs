//! Arrow IPC streams: read in order, decoded by the reader, turned into rows by the workers.
//!
//! An Arrow file is a stream with a footer behind it. One that has lost its footer is read as a stream,
//! to show what is left of it.

use std::ops::Range;

use arrow::buffer::Buffer;
use arrow::ipc::reader::StreamDecoder;

use super::batch::Decoded;
use super::messages::{END, Message, Messages, damaged};
use super::waiting::Waiting;
use super::{arrow_file, description, guarded, is_wanted, rows_of, said, says};
use crate::model::record::Fault;
use crate::place::Place;
use crate::source::format::Format;
use crate::source::open::unopened;
use crate::source::stream::{Stream, Trouble};
use crate::source::whole::Single;
use crate::source::{Batch, Input, Limits, Part, Reader};

/// The first bytes of a message, which it has in any version of the format.
const FRAME: usize = 4;

/// A reader of an Arrow file or stream.
pub(in crate::source) fn open(
    input: &Input,
    source: u32,
    part: Part,
    limits: &Limits,
) -> Result<Box<dyn Reader>, Trouble> {
    if input.format == Format::ArrowFile
        && let Some(reader) = arrow_file::open(input, source, part, limits)?
    {
        return Ok(reader);
    }
    let messages = || -> Result<Messages, Trouble> {
        let stream = Stream::open(&input.path, input.compression, limits).map_err(|error| unopened(&error))?;
        Messages::new(stream, input.format == Format::ArrowFile, limits)
    };
    let mut first = messages()?;
    let wanted = rows_of(part, || count(&mut first));
    Ok(Box::new(Arrow {
        messages: messages()?,
        cut_off: input.format == Format::ArrowFile,
        decoder: StreamDecoder::new(),
        wanted,
        part,
        limits: *limits,
        at: Place {
            source,
            ..Place::default()
        },
        waiting: Waiting::default(),
        accounted: 0,
        ended: false,
    }))
}

/// The rows there are, as far as it can be read.
fn count(messages: &mut Messages) -> u64 {
    while let Ok(Some(_)) = messages.next() {}
    messages.rows
}

struct Arrow {
    messages: Messages,
    /// It is a file without its footer, whatever else may be wrong with it.
    cut_off: bool,
    decoder: StreamDecoder,
    wanted: Range<u64>,
    part: Part,
    limits: Limits,
    /// Where the next batch starts.
    at: Place,
    /// What is decoded and not yet given.
    waiting: Waiting,
    accounted: u64,
    ended: bool,
}

impl Arrow {
    /// Decodes the next message.
    fn step(&mut self) -> Result<(), Trouble> {
        if let Some(message) = self.messages.next()? {
            return self.decode(message);
        }
        self.ended = true;
        // A batch without a body is decoded only once something follows it.
        self.feed(END.to_vec())?;
        if self.cut_off {
            return Err(self.messages.cut_off());
        }
        if self.messages.rows == 0 && self.part.speaks_for_file() {
            return Err(Trouble::new(Fault::EmptyFile, "the file has no rows"));
        }
        Ok(())
    }

    fn decode(&mut self, message: Message) -> Result<(), Trouble> {
        if let Some(rows) = message.rows {
            let start = self.messages.rows - rows;
            if start >= self.wanted.end {
                self.ended = true;
                return self.feed(END.to_vec());
            }
            // Dictionaries are needed by what comes later, batches are not.
            if !is_wanted(&(start..self.messages.rows), &self.wanted) {
                self.at.row = self.messages.rows;
                return Ok(());
            }
        }
        // The decoder takes what has no body, as the schema, once something follows.
        self.feed(message.head[..FRAME].to_vec())?;
        let schema = self.decoder.schema();
        description::message(&message.head)
            .map_or(Ok(()), |(described, _)| {
                description::check(&described, schema.as_deref())
            })
            .map_err(|why| self.damaged(&why))?;
        self.feed(message.head[FRAME..].to_vec())?;
        self.feed(message.body)
    }

    fn feed(&mut self, bytes: Vec<u8>) -> Result<(), Trouble> {
        let mut buffer = Buffer::from_vec(bytes);
        while !buffer.is_empty() {
            let decoded = guarded(|| self.decoder.decode(&mut buffer))
                .and_then(|decoded| decoded.map_err(|error| said(&error)))
                .map_err(|why| self.damaged(&why))?;
            if let Some(batch) = decoded {
                let start = self.at.row;
                self.at.row += batch.num_rows() as u64;
                self.waiting.push(start, batch);
            }
        }
        Ok(())
    }

    /// What is wrong with a message that cannot be decoded.
    fn damaged(&self, why: &str) -> Trouble {
        damaged(self.at.row, why)
    }

    fn progress(&mut self) -> u64 {
        let consumed = self.messages.consumed();
        consumed - std::mem::replace(&mut self.accounted, consumed)
    }
}

impl Reader for Arrow {
    fn next(&mut self) -> Option<Box<dyn Batch>> {
        loop {
            if let Some((row, batch)) = self.waiting.take(&self.wanted) {
                return Some(Box::new(Decoded {
                    batch,
                    first: Place { row, ..self.at },
                    limits: self.limits,
                    progress: self.progress(),
                }));
            }
            if self.ended {
                return None;
            }
            if let Err(trouble) = self.step() {
                self.ended = true;
                let trouble = if self.cut_off { self.messages.cut_off() } else { trouble };
                if trouble.fault == Fault::EmptyFile || says(self.part, &self.wanted, self.at.row) {
                    let progress = self.progress();
                    return Some(Box::new(Single::new(trouble.of_file(self.at), progress)));
                }
            }
        }
    }
}
