//! The messages of an Arrow IPC stream, one at a time.
//!
//! They are framed here rather than by Arrow's own reader so that the sizes a message declares are
//! checked before anything is allocated for them, and so that rows can be counted and skipped
//! without being decoded.

use arrow::ipc::{self, MessageHeader};

use crate::model::record::Fault;
use crate::source::Limits;
use crate::source::stream::{Stream, Trouble};

pub(super) struct Messages {
    stream: Stream,
    limits: Limits,
    /// Words of zeros that may still stand before the first message.
    padding: usize,
    /// Rows in the messages given so far.
    pub rows: u64,
}

/// One message, as it stands in the stream.
pub(super) struct Message {
    /// Its frame and description.
    pub head: Vec<u8>,
    pub body: Vec<u8>,
    /// How many rows it holds, if it is a record batch.
    pub rows: Option<u64>,
}

/// What follows a stream's last message, and what is fed to a decoder to finish it.
pub(super) const END: [u8; 8] = [0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0];

const CONTINUATION: [u8; 4] = [0xFF; 4];
/// The magic, padded.
const FILE_START: usize = 8;
/// Words of zeros some writers put behind it, to start at a multiple of 64 bytes.
const PADDING: usize = (64 - FILE_START) / 4;
/// Bytes of a description: a schema of many thousand columns has less.
pub(super) const LARGEST_HEAD: usize = 256 << 20;

impl Messages {
    /// `file` says whether it is an IPC file, which is a stream with a magic before and a footer
    /// behind.
    pub(super) fn new(mut stream: Stream, file: bool, limits: &Limits) -> Result<Self, Trouble> {
        if file {
            stream.fill(&mut Vec::new(), FILE_START)?;
        }
        Ok(Self {
            stream,
            limits: *limits,
            padding: if file { PADDING } else { 0 },
            rows: 0,
        })
    }

    pub(super) fn consumed(&self) -> u64 {
        self.stream.consumed()
    }

    /// The next message; `None` at the end of the stream, and at the end of its bytes if that is
    /// between two messages.
    pub(super) fn next(&mut self) -> Result<Option<Message>, Trouble> {
        let mut head = Vec::new();
        loop {
            if self.stream.fill(&mut head, CONTINUATION.len())? == 0 {
                return Ok(None);
            }
            if self.padding == 0 || head != [0; 4] {
                break;
            }
            self.padding -= 1;
            head.clear();
        }
        self.padding = 0;
        if head == CONTINUATION {
            self.exactly(&mut head, 4)?;
        }
        let length = head
            .last_chunk::<4>()
            .map(|length| i32::from_le_bytes(*length))
            .ok_or_else(|| self.truncated())?;
        if length == 0 {
            return Ok(None);
        }
        let length = usize::try_from(length)
            .ok()
            .filter(|length| *length <= LARGEST_HEAD)
            .ok_or_else(|| self.damaged("a message says it is larger than any can be"))?;
        let start = head.len();
        self.exactly(&mut head, length)?;
        let (body, rows) = self.body(&head[start..])?;
        self.rows += rows.unwrap_or(0);
        Ok(Some(Message { head, body, rows }))
    }

    /// What is wrong with a file that has lost its footer.
    pub(super) fn cut_off(&self) -> Trouble {
        let message = format!("the Arrow file ends without its footer, after {} rows", self.rows);
        Trouble::new(Fault::Truncated, message)
    }

    fn body(&mut self, description: &[u8]) -> Result<(Vec<u8>, Option<u64>), Trouble> {
        let message = ipc::root_as_message(description).map_err(|_| self.damaged("a message cannot be understood"))?;
        let length = usize::try_from(message.bodyLength())
            .map_err(|_| self.damaged("a message says it has a negative length"))?;
        let batch = match message.header_type() {
            MessageHeader::RecordBatch => message.header_as_record_batch(),
            MessageHeader::DictionaryBatch => message.header_as_dictionary_batch().and_then(|batch| batch.data()),
            _ => None,
        };
        let mut body = Vec::new();
        self.exactly(&mut body, length)?;
        if let Some(batch) = batch {
            check_expansion(&batch, &body, &self.limits)?;
        }
        let rows = match (message.header_type(), batch) {
            (MessageHeader::RecordBatch, Some(batch)) => {
                Some(u64::try_from(batch.length()).map_err(|_| self.damaged("a record batch has a negative length"))?)
            }
            _ => None,
        };
        Ok((body, rows))
    }

    fn exactly(&mut self, into: &mut Vec<u8>, count: usize) -> Result<(), Trouble> {
        if self.stream.fill(into, count)? < count {
            return Err(self.truncated());
        }
        Ok(())
    }

    fn truncated(&self) -> Trouble {
        let message = format!("the Arrow data end inside a message, after {} rows", self.rows);
        Trouble::new(Fault::Truncated, message)
    }

    fn damaged(&self, what: &str) -> Trouble {
        damaged(self.rows, what)
    }
}

/// What is wrong behind this many rows.
pub(super) fn damaged(rows: u64, what: &str) -> Trouble {
    let message = format!("the Arrow data are damaged after {rows} rows: {what}");
    Trouble::new(Fault::Damaged, message)
}

/// Whether what a batch becomes is in proportion. Compressed buffers say first how large they will be, and
/// are believed by the decoder.
pub(super) fn check_expansion(batch: &ipc::RecordBatch<'_>, body: &[u8], limits: &Limits) -> Result<(), Trouble> {
    if batch.compression().is_none() {
        return Ok(());
    }
    let mut total = 0_u64;
    for buffer in batch.buffers().into_iter().flatten() {
        let start = usize::try_from(buffer.offset()).unwrap_or(usize::MAX);
        if let Some(length) = body.get(start..).and_then(<[u8]>::first_chunk::<8>)
            && buffer.length() > 0
            && let Ok(length) = u64::try_from(i64::from_le_bytes(*length))
        {
            total = total.saturating_add(length);
        }
    }
    let ratio = total / (body.len() as u64).max(1);
    if total > limits.expansion_floor && ratio > limits.max_expansion {
        let message = format!(
            "a record batch of {} bytes says it becomes {total}, as in a decompression bomb; nothing further is read",
            body.len()
        );
        return Err(Trouble::new(Fault::Bomb, message));
    }
    Ok(())
}
