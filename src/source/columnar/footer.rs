//! A look at a Parquet footer before the decoder gets it.
//!
//! The schema in a footer is a tree written as a list, which the decoder rebuilds by recursion and
//! with room for as many children as a node claims. A hostile footer would overflow the stack or
//! exhaust memory there, and neither can be caught; so depth and counts are checked first. The
//! footer is Thrift's compact protocol (parquet-format: `FileMetaData`, `SchemaElement`).

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use crate::model::record::Fault;
use crate::source::stream::Trouble;

const MAGIC: &[u8] = b"PAR1";
/// The magic at the start, and at the end the footer's length and the magic again.
const FRAME: u64 = 12;
/// Levels of nesting in a schema.
const DEEPEST: usize = 100;

/// Whether the file has a footer whose schema is sane.
pub(super) fn check(file: &File, bytes: u64) -> Result<(), Trouble> {
    let cut_off = || {
        let message = "the Parquet file ends without its footer: it was not written or downloaded to the end";
        Trouble::new(Fault::Truncated, message)
    };
    if bytes < FRAME {
        return Err(cut_off());
    }
    let end = tail(file, bytes, 8).map_err(|error| unread(&error))?;
    let (length, magic) = end.split_at(4);
    if magic != MAGIC {
        return Err(cut_off());
    }
    let length = u64::from(u32::from_le_bytes(length.try_into().expect("four bytes")));
    if length + FRAME > bytes {
        let message = format!("the Parquet footer says it has {length} bytes, and the file has {bytes}");
        return Err(Trouble::new(Fault::Damaged, message));
    }
    let footer = tail(file, bytes, length + 8).map_err(|error| unread(&error))?;
    let sane = Thrift { rest: &footer }
        .schema()
        .is_some_and(|children| is_sane(&children));
    if !sane {
        return Err(Trouble::new(Fault::Damaged, "the Parquet footer is damaged"));
    }
    Ok(())
}

fn tail(mut file: &File, bytes: u64, count: u64) -> io::Result<Vec<u8>> {
    file.seek(SeekFrom::Start(bytes - count))?;
    let mut tail = Vec::new();
    file.take(count).read_to_end(&mut tail)?;
    if tail.len() as u64 != count {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(tail)
}

fn unread(error: &io::Error) -> Trouble {
    Trouble::new(Fault::Damaged, format!("the Parquet footer cannot be read: {error}"))
}

/// Whether the nodes, each given by its number of children, make one tree that is not too deep.
fn is_sane(children: &[usize]) -> bool {
    // Children still to come at each level.
    let mut open: Vec<usize> = Vec::new();
    for (index, &count) in children.iter().enumerate() {
        if count > children.len() - index - 1 || (index > 0 && open.is_empty()) {
            return false;
        }
        if let Some(siblings) = open.last_mut() {
            *siblings -= 1;
        }
        open.push(count);
        if open.len() > DEEPEST {
            return false;
        }
        while open.last() == Some(&0) {
            open.pop();
        }
    }
    open.is_empty()
}

/// Reads Thrift's compact protocol; `None` wherever it is malformed.
struct Thrift<'a> {
    rest: &'a [u8],
}

/// Type numbers of the compact protocol.
const STOP: u8 = 0;
const I32: u8 = 5;
const LIST: u8 = 9;
const STRUCT: u8 = 12;

/// Field numbers in `FileMetaData` and `SchemaElement`.
const SCHEMA: i64 = 2;
const NUM_CHILDREN: i64 = 5;

impl Thrift<'_> {
    /// The number of children of each node of the schema.
    fn schema(&mut self) -> Option<Vec<usize>> {
        let mut id = 0;
        loop {
            match self.field(&mut id)? {
                STOP => return None,
                LIST if id == SCHEMA => break,
                kind => self.skip(kind, 0)?,
            }
        }
        let (count, kind) = self.list()?;
        if kind != STRUCT {
            return None;
        }
        let mut children = Vec::new();
        for _ in 0..count {
            let (mut id, mut own) = (0, 0);
            loop {
                match self.field(&mut id)? {
                    STOP => break,
                    I32 if id == NUM_CHILDREN => own = usize::try_from(self.zigzag()?).ok()?,
                    kind => self.skip(kind, 0)?,
                }
            }
            children.push(own);
        }
        Some(children)
    }

    /// The type of the next field of a struct; `id` is the field's number, once of the one before.
    fn field(&mut self, id: &mut i64) -> Option<u8> {
        let byte = self.byte()?;
        let kind = byte & 0x0F;
        if kind != STOP {
            *id = match byte >> 4 {
                0 => self.zigzag()?,
                delta => id.checked_add(i64::from(delta))?,
            };
        }
        Some(kind)
    }

    /// The length of a list and the type of its items.
    fn list(&mut self) -> Option<(u64, u8)> {
        let byte = self.byte()?;
        let count = match byte >> 4 {
            15 => self.varint()?,
            count => u64::from(count),
        };
        Some((count, byte & 0x0F))
    }

    fn skip(&mut self, kind: u8, depth: usize) -> Option<()> {
        if depth > DEEPEST {
            return None;
        }
        match kind {
            // Booleans: in a field the type is the value.
            1 | 2 if depth == 0 => {}
            1..=3 => self.take(1)?,
            4..=6 => {
                self.varint()?;
            }
            7 => self.take(8)?,
            8 => {
                let length = self.varint()?;
                self.take(usize::try_from(length).ok()?)?;
            }
            9 | 10 => {
                let (count, kind) = self.list()?;
                for _ in 0..count {
                    self.skip(kind, depth + 1)?;
                }
            }
            11 => {
                let count = self.varint()?;
                let kinds = if count > 0 { self.byte()? } else { 0 };
                for _ in 0..count {
                    self.skip(kinds >> 4, depth + 1)?;
                    self.skip(kinds & 0x0F, depth + 1)?;
                }
            }
            STRUCT => {
                let mut id = 0;
                loop {
                    match self.field(&mut id)? {
                        STOP => break,
                        1 | 2 => {}
                        kind => self.skip(kind, depth + 1)?,
                    }
                }
            }
            _ => return None,
        }
        Some(())
    }

    fn byte(&mut self) -> Option<u8> {
        let (&byte, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(byte)
    }

    fn take(&mut self, count: usize) -> Option<()> {
        self.rest = self.rest.get(count..)?;
        Some(())
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7F).checked_shl(shift)?;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    fn zigzag(&mut self) -> Option<i64> {
        let value = self.varint()?;
        let magnitude = i64::try_from(value >> 1).ok()?;
        Some(if value & 1 == 0 { magnitude } else { -magnitude - 1 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schema_is_one_tree() {
        assert!(is_sane(&[2, 0, 1, 0]));
        assert!(is_sane(&[0]));
        // A child is missing, one is too many, and a node claims more than there are.
        assert!(!is_sane(&[2, 0]));
        assert!(!is_sane(&[1, 0, 0]));
        assert!(!is_sane(&[1, usize::MAX]));
        let mut chain = vec![1; DEEPEST];
        chain.push(0);
        assert!(!is_sane(&chain));
        assert!(is_sane(&chain[1..]));
    }
}
