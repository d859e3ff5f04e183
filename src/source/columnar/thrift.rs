//! Thrift's compact protocol, read strictly: what a struct of [`shape`](super::shape) must have is
//! there, and every field is of its type.
//!
//! The decoder of the `parquet` crate takes a field by its number whatever type stands there, where
//! Arrow in C++, and so pyarrow and `datasets`, passes over it and then misses what is required.

use super::shape::{FieldType, Shape};

/// Is told what structs hold, in the order it stands there.
pub(super) trait Visitor {
    /// A number, and the names of its struct and field: an integer, a boolean (0 or 1), the length of a
    /// list, and 1 for a struct.
    fn number(&mut self, shape: &'static str, field: &'static str, number: i64);
    /// A struct of this name is whole.
    fn end(&mut self, shape: &'static str);
}

/// Bytes still to be read. What reads them gives `None` wherever they are malformed or end.
pub(super) struct Thrift<'a> {
    rest: &'a [u8],
}

/// Type numbers of the compact protocol.
const STOP: u8 = 0;
const STRUCT: u8 = 12;

/// Levels of unknown fields that are passed over.
const DEEPEST: usize = 100;

impl<'a> Thrift<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Bytes behind what was read.
    pub(super) fn left(&self) -> usize {
        self.rest.len()
    }

    /// Reads a struct, or says what is wrong with it.
    pub(super) fn read(&mut self, shape: &'static Shape, visitor: &mut dyn Visitor) -> Result<(), String> {
        let malformed = || format!("its {} is malformed", shape.name);
        let (mut id, mut found) = (0, 0_u32);
        loop {
            let kind = self.field(&mut id).ok_or_else(malformed)?;
            if kind == STOP {
                break;
            }
            let Some(field) = shape.fields.iter().find(|field| i64::from(field.id) == id) else {
                self.skip(kind, 0).ok_or_else(malformed)?;
                continue;
            };
            if !field.kind.is(kind) {
                return Err(format!("`{}` of its {} is of another type", field.name, shape.name));
            }
            found |= 1 << field.id;
            match field.kind {
                // In a field the type is the value.
                FieldType::Bool => visitor.number(shape.name, field.name, i64::from(kind == 1)),
                FieldType::List(of) => {
                    let (count, kind) = self.list().ok_or_else(malformed)?;
                    // Some writers leave the type of nothing out.
                    if count > 0 && !of.is(kind) {
                        return Err(format!("`{}` of its {} lists another type", field.name, shape.name));
                    }
                    visitor.number(shape.name, field.name, i64::try_from(count).map_err(|_| malformed())?);
                    for _ in 0..count {
                        match of {
                            FieldType::Struct(shape) => self.read(shape, visitor)?,
                            _ => self.skip(kind, 1).ok_or_else(malformed)?,
                        }
                    }
                }
                FieldType::Struct(inner) => {
                    visitor.number(shape.name, field.name, 1);
                    self.read(inner, visitor)?;
                }
                FieldType::I16 | FieldType::I32 | FieldType::I64 => {
                    visitor.number(shape.name, field.name, self.zigzag().ok_or_else(malformed)?);
                }
                FieldType::Byte | FieldType::Double | FieldType::Binary => self.skip(kind, 0).ok_or_else(malformed)?,
            }
        }
        for field in shape.fields {
            if field.required && found & 1 << field.id == 0 {
                return Err(format!("`{}` of its {} is missing", field.name, shape.name));
            }
        }
        visitor.end(shape.name);
        Ok(())
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

    /// Passes over a value; at depth 0 it is a field's.
    fn skip(&mut self, kind: u8, depth: usize) -> Option<()> {
        if depth > DEEPEST {
            return None;
        }
        match kind {
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

    pub(super) fn varint(&mut self) -> Option<u64> {
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
    use super::super::shape::DICTIONARY_PAGE_HEADER;
    use super::*;

    struct Numbers(Vec<(&'static str, i64)>);

    impl Visitor for Numbers {
        fn number(&mut self, _: &'static str, field: &'static str, number: i64) {
            self.0.push((field, number));
        }

        fn end(&mut self, shape: &'static str) {
            assert_eq!(shape, "DictionaryPageHeader");
        }
    }

    fn read(bytes: &[u8]) -> Result<Vec<(&'static str, i64)>, String> {
        let mut numbers = Numbers(Vec::new());
        let mut thrift = Thrift::new(bytes);
        thrift.read(&DICTIONARY_PAGE_HEADER, &mut numbers)?;
        assert_eq!(thrift.left(), 0);
        Ok(numbers.0)
    }

    #[test]
    fn a_struct_has_what_it_must_have_each_of_its_type() {
        // Three values, plain, sorted, and a field of a later version.
        let whole = b"\x15\x06\x15\x00\x11\x68\x01x\x00";
        assert_eq!(
            read(whole),
            Ok(vec![("num_values", 3), ("encoding", 0), ("is_sorted", 1)])
        );
        assert_eq!(
            read(b"\x15\x06\x00"),
            Err("`encoding` of its DictionaryPageHeader is missing".to_owned())
        );
        assert_eq!(
            read(b"\x15\x06\x16\x00\x00"),
            Err("`encoding` of its DictionaryPageHeader is of another type".to_owned())
        );
        // No type has this number, and the end of the bytes.
        for bytes in [&b"\x15\x06\x15\x00\x2E\x00"[..], &whole[..8]] {
            assert_eq!(read(bytes), Err("its DictionaryPageHeader is malformed".to_owned()));
        }
    }
}
