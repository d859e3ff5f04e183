//! Arrow IPC files, by their footer.
//!
//! It has the schema and lists where the batches stand, and pyarrow, `datasets` with it, goes by it alone:
//! what stands between its batches is nobody's, and Polars leaves the frame of the schema there out.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::sync::Arc;

use arrow::buffer::Buffer;
use arrow::datatypes::SchemaRef;
use arrow::ipc::convert::try_fb_to_schema;
use arrow::ipc::reader::FileDecoder;
use arrow::ipc::{self, Block};

use super::batch::Decoded;
use super::messages::{LARGEST_HEAD, check_expansion, damaged};
use super::waiting::Waiting;
use super::{description, guarded, is_wanted, rows_of, said, says};
use crate::model::record::Fault;
use crate::place::Place;
use crate::source::open::unopened;
use crate::source::stream::Trouble;
use crate::source::whole::Single;
use crate::source::{Batch, Input, Limits, Part, Reader};

const MAGIC: &[u8] = b"ARROW1";
/// The magic at the start, padded.
const START: u64 = 8;
/// The footer's length and the magic at the end.
const END: u64 = 10;
/// Offsets and lengths are multiples of this.
const ALIGNED: u64 = 8;

/// A reader of an Arrow file; none if the file has no footer.
pub(super) fn open(
    input: &Input,
    source: u32,
    part: Part,
    limits: &Limits,
) -> Result<Option<Box<dyn Reader>>, Trouble> {
    let mut file = File::open(&input.path).map_err(|error| unopened(&error))?;
    let Some(bytes) = footer(&mut file, input.bytes).map_err(|error| unopened(&error))? else {
        return Ok(None);
    };
    let footer = guarded(|| Footer::new(&bytes))
        .and_then(|footer| footer)
        .map_err(|why| {
            Trouble::new(
                Fault::Damaged,
                format!("the footer of the Arrow file is damaged: {why}"),
            )
        })?;
    let mut messages = Messages {
        file,
        end: input.bytes - END - bytes.len() as u64,
    };
    let mut batches = Vec::new();
    let (mut total, mut trouble) = (0_u64, None);
    for block in footer.batches {
        match guarded(|| messages.rows(&block)).and_then(|rows| rows) {
            Ok(rows) => {
                batches.push((total..total.saturating_add(rows), block));
                total = total.saturating_add(rows);
            }
            Err(why) => {
                trouble = Some((total, damaged(total, &why)));
                break;
            }
        }
    }
    if total == 0 && trouble.is_none() {
        return Err(Trouble::new(Fault::EmptyFile, "the file has no rows"));
    }
    let wanted = rows_of(part, || total);
    batches.retain(|(rows, _)| is_wanted(rows, &wanted));
    Ok(Some(Box::new(ArrowFile {
        messages,
        schema: footer.schema,
        decoder: footer.decoder,
        dictionaries: footer.dictionaries,
        batches: batches
            .into_iter()
            .rev()
            .map(|(rows, block)| (rows.start, block))
            .collect(),
        trouble: trouble.filter(|(row, _)| says(part, &wanted, *row)),
        part,
        wanted,
        limits: *limits,
        source,
        waiting: Waiting::default(),
        progress: 0,
    })))
}

/// The bytes of the footer: `None` if there is no magic at the end, empty if there is no room for it.
fn footer(file: &mut File, bytes: u64) -> io::Result<Option<Vec<u8>>> {
    let Some(end) = bytes.checked_sub(END) else {
        return Ok(None);
    };
    let tail = read(file, end, END)?;
    let Some(length) = tail.strip_suffix(MAGIC) else {
        return Ok(None);
    };
    let length = i32::from_le_bytes(length.try_into().expect("four bytes"));
    match u64::try_from(length)
        .ok()
        .and_then(|length| Some((end.checked_sub(length)?, length)))
    {
        Some((start, length)) if start >= START => read(file, start, length).map(Some),
        _ => Ok(Some(Vec::new())),
    }
}

fn read(file: &mut File, at: u64, count: u64) -> io::Result<Vec<u8>> {
    file.seek(SeekFrom::Start(at))?;
    let mut bytes = Vec::new();
    file.take(count).read_to_end(&mut bytes)?;
    if bytes.len() as u64 != count {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(bytes)
}

/// What a footer says.
struct Footer {
    schema: SchemaRef,
    decoder: FileDecoder,
    dictionaries: Vec<Block>,
    batches: Vec<Block>,
}

impl Footer {
    fn new(bytes: &[u8]) -> Result<Self, String> {
        if bytes.is_empty() {
            return Err("its length is beyond the file".to_owned());
        }
        let footer = ipc::root_as_footer(bytes).map_err(|_| "it cannot be understood")?;
        let schema = footer.schema().ok_or("it has no schema")?;
        if !schema.endianness().equals_to_target_endianness() {
            return Err("its numbers are of the other byte order".to_owned());
        }
        let schema = Arc::new(try_fb_to_schema(schema).map_err(|error| said(&error))?);
        let dictionaries: Vec<Block> = footer.dictionaries().into_iter().flatten().copied().collect();
        let batches: Vec<Block> = footer.recordBatches().into_iter().flatten().copied().collect();
        apart(dictionaries.iter().chain(&batches))?;
        Ok(Self {
            decoder: FileDecoder::new(Arc::clone(&schema), footer.version()),
            schema,
            dictionaries,
            batches,
        })
    }
}

/// Whether no two blocks share bytes: a small file could list one batch a million times.
fn apart<'a>(blocks: impl Iterator<Item = &'a Block>) -> Result<(), String> {
    let end = |block: &Block| {
        i128::from(block.offset()) + i128::from(block.metaDataLength()) + i128::from(block.bodyLength())
    };
    let mut stretches: Vec<(i64, i128)> = blocks.map(|block| (block.offset(), end(block))).collect();
    stretches.sort_unstable();
    match stretches.windows(2).find(|pair| pair[0].1 > i128::from(pair[1].0)) {
        None => Ok(()),
        Some(pair) => Err(format!("it puts two messages at byte {}", pair[1].0)),
    }
}

/// The messages a footer lists.
struct Messages {
    file: File,
    /// Where the footer starts.
    end: u64,
}

impl Messages {
    /// The first bytes of a block, as many as asked for at most, after a look at what it claims.
    fn bytes(&mut self, block: &Block, head_only: bool) -> Result<Vec<u8>, String> {
        let number = |number: i64| u64::try_from(number).ok().filter(|number| number % ALIGNED == 0);
        let (at, head, body) = (block.offset(), block.metaDataLength(), block.bodyLength());
        let within = || {
            let (at, head, body) = (number(at)?, number(head.into())?, number(body)?);
            let end = at.checked_add(head)?.checked_add(body)?;
            (at >= START && head >= ALIGNED && head <= LARGEST_HEAD as u64 && end <= self.end)
                .then_some((at, head, body))
        };
        let (at, head, body) =
            within().ok_or_else(|| format!("the footer puts a message of {head} + {body} bytes at byte {at}"))?;
        read(&mut self.file, at, if head_only { head } else { head + body }).map_err(|error| error.to_string())
    }

    /// How many rows a record batch has.
    fn rows(&mut self, block: &Block) -> Result<u64, String> {
        let head = self.bytes(block, true)?;
        let message = message(&head, block)?;
        let batch = message.header_as_record_batch();
        let rows = batch.and_then(|batch| u64::try_from(batch.length()).ok());
        rows.ok_or_else(|| {
            format!(
                "no record batch is at byte {}, where the footer puts one",
                block.offset()
            )
        })
    }
}

/// The message that starts with these bytes, if it is as long as its block.
fn message<'a>(bytes: &'a [u8], block: &Block) -> Result<ipc::Message<'a>, String> {
    let at = block.offset();
    let (message, head) =
        description::message(bytes).ok_or_else(|| format!("no message is at byte {at}, where the footer puts one"))?;
    let (body, listed_head, listed_body) = (message.bodyLength(), block.metaDataLength(), block.bodyLength());
    if i32::try_from(head) == Ok(listed_head) && body == listed_body {
        return Ok(message);
    }
    Err(format!(
        "the message at byte {at} has {head} + {body} bytes, and the footer says {listed_head} + {listed_body}"
    ))
}

struct ArrowFile {
    messages: Messages,
    schema: SchemaRef,
    decoder: FileDecoder,
    /// Read before the first batch.
    dictionaries: Vec<Block>,
    /// The wanted batches, last first, each with the number of its first row.
    batches: Vec<(u64, Block)>,
    wanted: Range<u64>,
    part: Part,
    /// What is wrong behind the batches, and after how many rows.
    trouble: Option<(u64, Trouble)>,
    limits: Limits,
    source: u32,
    waiting: Waiting,
    /// Bytes of the file no batch stands for yet.
    progress: u64,
}

impl ArrowFile {
    /// Decodes the next batch.
    fn decode(&mut self, start: u64, block: &Block) -> Result<(), Trouble> {
        let damaged = |why: String| damaged(start, &why);
        for block in std::mem::take(&mut self.dictionaries) {
            let bytes = self.messages.bytes(&block, false).map_err(damaged)?;
            let message = message(&bytes, &block).map_err(damaged)?;
            description::check(&message, None).map_err(damaged)?;
            if let Some(batch) = message
                .header_as_dictionary_batch()
                .and_then(|dictionary| dictionary.data())
            {
                check_expansion(&batch, body(&bytes, &block), &self.limits)?;
            }
            let bytes = Buffer::from_vec(bytes);
            guarded(|| self.decoder.read_dictionary(&block, &bytes))
                .and_then(|read| read.map_err(|error| said(&error)))
                .map_err(damaged)?;
        }
        let bytes = self.messages.bytes(block, false).map_err(damaged)?;
        let message = message(&bytes, block).map_err(damaged)?;
        description::check(&message, Some(&self.schema)).map_err(damaged)?;
        if let Some(batch) = message.header_as_record_batch() {
            check_expansion(&batch, body(&bytes, block), &self.limits)?;
        }
        let bytes = Buffer::from_vec(bytes);
        let batch = guarded(|| self.decoder.read_record_batch(block, &bytes))
            .and_then(|read| read.map_err(|error| said(&error)))
            .map_err(damaged)?;
        self.progress += bytes.len() as u64;
        self.waiting
            .push(start, batch.expect("a message that has the header of a record batch"));
        Ok(())
    }

    fn place(&self, row: u64) -> Place {
        Place {
            source: self.source,
            row,
            ..Place::default()
        }
    }
}

fn body<'a>(bytes: &'a [u8], block: &Block) -> &'a [u8] {
    let head = usize::try_from(block.metaDataLength()).unwrap_or(0);
    bytes.get(head..).unwrap_or_default()
}

impl Reader for ArrowFile {
    fn next(&mut self) -> Option<Box<dyn Batch>> {
        loop {
            if let Some((row, batch)) = self.waiting.take(&self.wanted) {
                return Some(Box::new(Decoded {
                    batch,
                    first: self.place(row),
                    limits: self.limits,
                    progress: std::mem::take(&mut self.progress),
                }));
            }
            let Some((start, block)) = self.batches.pop() else {
                let (row, trouble) = self.trouble.take()?;
                return Some(Box::new(Single::new(trouble.of_file(self.place(row)), 0)));
            };
            if let Err(trouble) = self.decode(start, &block) {
                self.batches.clear();
                self.trouble = says(self.part, &self.wanted, start).then_some((start, trouble));
            }
        }
    }
}
