//! Arrow IPC, streams and files: read in order, decoded by the reader, turned into rows by the
//! workers.

use std::collections::VecDeque;
use std::ops::Range;

use arrow::array::RecordBatch;
use arrow::buffer::Buffer;
use arrow::ipc::reader::StreamDecoder;

use super::batch::Decoded;
use super::messages::{END, Message, Messages};
use super::{guarded, overlap, rows_of, said};
use crate::model::record::Fault;
use crate::place::Place;
use crate::source::format::Format;
use crate::source::open::unopened;
use crate::source::stream::{Stream, Trouble};
use crate::source::whole::Single;
use crate::source::{Batch, Input, Limits, Part, Reader};

/// Rows given to a worker at once, at most.
const ROWS: usize = 1024;

/// A reader of an Arrow file or stream.
pub(in crate::source) fn open(
    input: &Input,
    source: u32,
    part: Part,
    limits: &Limits,
) -> Result<Box<dyn Reader>, Trouble> {
    let messages = || -> Result<Messages, Trouble> {
        let stream = Stream::open(&input.path, input.compression, limits).map_err(|error| unopened(&error))?;
        Messages::new(stream, input.format == Format::ArrowFile, limits)
    };
    let mut first = messages()?;
    let wanted = rows_of(part, || count(&mut first));
    Ok(Box::new(Arrow {
        messages: messages()?,
        file: input.format == Format::ArrowFile,
        decoder: StreamDecoder::new(),
        wanted,
        speaks_for_file: part.speaks_for_file(),
        limits: *limits,
        at: Place {
            source,
            ..Place::default()
        },
        waiting: VecDeque::new(),
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
    file: bool,
    decoder: StreamDecoder,
    wanted: Range<u64>,
    speaks_for_file: bool,
    limits: Limits,
    /// Where the next batch starts.
    at: Place,
    /// Batches decoded and not yet given, each with the number of its first row.
    waiting: VecDeque<(u64, RecordBatch)>,
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
        if self.file {
            self.messages.footer()?;
        }
        if self.messages.rows == 0 && self.speaks_for_file {
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
            if overlap(&(start..self.messages.rows), &self.wanted).is_empty() {
                self.at.row = self.messages.rows;
                return Ok(());
            }
        }
        self.feed(message.head)?;
        self.feed(message.body)
    }

    fn feed(&mut self, bytes: Vec<u8>) -> Result<(), Trouble> {
        let mut buffer = Buffer::from_vec(bytes);
        while !buffer.is_empty() {
            let decoded = guarded(|| self.decoder.decode(&mut buffer))
                .and_then(|decoded| decoded.map_err(|error| said(&error)))
                .map_err(|message| self.messages.damaged(&message))?;
            if let Some(batch) = decoded {
                let start = self.at.row;
                self.at.row += batch.num_rows() as u64;
                self.waiting.push_back((start, batch));
            }
        }
        Ok(())
    }

    /// The next wanted rows of what is decoded.
    fn take(&mut self) -> Option<(u64, RecordBatch)> {
        while let Some((start, batch)) = self.waiting.pop_front() {
            let rows = start..start + batch.num_rows() as u64;
            let wanted = overlap(&rows, &self.wanted);
            if wanted.is_empty() {
                continue;
            }
            let within = |row: u64| usize::try_from(row - start).expect("a row of the batch");
            let (from, to) = (within(wanted.start), within(wanted.end));
            let count = (to - from).min(ROWS);
            if from + count < to {
                let rest = batch.slice(from + count, to - from - count);
                self.waiting.push_front((wanted.start + count as u64, rest));
            }
            return Some((wanted.start, batch.slice(from, count)));
        }
        None
    }

    fn progress(&mut self) -> u64 {
        let consumed = self.messages.consumed();
        consumed - std::mem::replace(&mut self.accounted, consumed)
    }
}

impl Reader for Arrow {
    fn next(&mut self) -> Option<Box<dyn Batch>> {
        loop {
            if let Some((row, batch)) = self.take() {
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
                let row = self.messages.rows;
                if trouble.fault == Fault::EmptyFile || (self.wanted.start..=self.wanted.end).contains(&row) {
                    let progress = self.progress();
                    return Some(Box::new(Single::new(trouble.of_file(self.at), progress)));
                }
            }
        }
    }
}
