//! A column of Arrow as values, row by row, borrowing its texts.
//!
//! What a type becomes is what `datasets` gives for it in Python, as far as a template or a
//! tokenizer can tell: dates and times their ISO text, `Json` columns (extension `arrow.json`) what
//! they hold. Where Python has no plain value: decimals become floats; bytes that are UTF-8 become
//! text, and others a placeholder `<binary, 12 bytes>`; maps become objects, durations ISO text.

use std::borrow::Cow;

use arrow::array::Array;
use arrow::buffer::NullBuffer;
use arrow::datatypes::Field;

use super::kind::Kind;
use crate::model::record::{Fault, Quirks};
use crate::model::value::{Object, Value};
use crate::source::json;

/// A column, or a part of one, made ready to be read by row.
pub(super) struct Column<'a> {
    nulls: Option<&'a NullBuffer>,
    kind: Kind<'a>,
    /// The texts are JSON, to be read as such.
    json: bool,
}

/// What is kept while one row is read.
pub(super) struct Reading {
    /// Bytes the row may still have.
    pub room: u64,
    pub quirks: Quirks,
    pub max_depth: u32,
}

/// Why a row cannot be read.
pub(super) enum Refused {
    TooLarge,
    /// A `Json` column holds something else.
    Json(Fault, String),
}

impl Reading {
    fn spend(&mut self, bytes: usize) -> Result<(), Refused> {
        self.room = self.room.checked_sub(bytes as u64).ok_or(Refused::TooLarge)?;
        Ok(())
    }
}

/// Levels a column may nest; beyond, it is refused rather than walked.
const DEEPEST: usize = 200;

impl<'a> Column<'a> {
    /// Makes a column ready, or says why its type cannot be read.
    pub(super) fn new(field: &Field, array: &'a dyn Array) -> Result<Self, String> {
        Self::nested(Some(field), array, 0)
    }

    pub(super) fn nested(field: Option<&Field>, array: &'a dyn Array, depth: usize) -> Result<Self, String> {
        if depth > DEEPEST {
            return Err(format!("a column nests deeper than {DEEPEST} levels"));
        }
        // `datasets` casts to a schema whose names end there, and then misses the column.
        if let Some(field) = field.filter(|field| field.name().contains('\0')) {
            return Err(format!("the name of column {:?} has a zero byte", field.name()));
        }
        let json = field.is_some_and(|field| field.extension_type_name() == Some("arrow.json"));
        Ok(Self {
            nulls: array.nulls(),
            kind: Kind::new(field, array, depth)?,
            json,
        })
    }

    /// The value of a row. The row must be one of the column's.
    pub(super) fn value(&self, row: usize, reading: &mut Reading) -> Result<Value<'a>, Refused> {
        reading.spend(1)?;
        if self.nulls.is_some_and(|nulls| nulls.is_null(row)) {
            return Ok(Value::Null);
        }
        Ok(match &self.kind {
            Kind::Null => Value::Null,
            Kind::Bool(array) => Value::Bool(array.value(row)),
            Kind::Int(at) => Value::Int(at(row)),
            Kind::UInt(values) => match i64::try_from(values[row]) {
                Ok(value) => Value::Int(value),
                Err(_) => Value::UInt(values[row]),
            },
            Kind::Float(at) => {
                let value = at(row);
                reading.quirks.non_finite |= !value.is_finite();
                Value::Float(value)
            }
            Kind::Utf8(array) => return self.text(array.value(row), reading),
            Kind::LargeUtf8(array) => return self.text(array.value(row), reading),
            Kind::Utf8View(array) => return self.text(array.value(row), reading),
            Kind::Binary(array) => return self.binary(array.value(row), reading),
            Kind::LargeBinary(array) => return self.binary(array.value(row), reading),
            Kind::BinaryView(array) => return self.binary(array.value(row), reading),
            Kind::FixedBinary(array) => return self.binary(array.value(row), reading),
            Kind::Time(written, number) => match written(row) {
                Some(text) => Value::Str(Cow::Owned(text)),
                None => Value::Int(number(row)),
            },
            Kind::Decimal(formatter) => {
                let text = formatter.value(row).to_string();
                text.parse().map_or(Value::Str(Cow::Owned(text)), Value::Float)
            }
            Kind::Shown(formatter) => Value::Str(Cow::Owned(formatter.value(row).to_string())),
            Kind::List { range, items } => {
                let (first, count) = range(row);
                let values = (first..first + count).map(|row| items.value(row, reading));
                Value::Array(values.collect::<Result<_, _>>()?)
            }
            Kind::Struct(fields) => {
                let mut entries = Vec::with_capacity(fields.len());
                for (name, column) in fields {
                    entries.push((Cow::Borrowed(*name), column.value(row, reading)?));
                }
                Value::Object(Object::from_entries(entries).0)
            }
            Kind::Map { range, keys, values } => {
                let (first, count) = range(row);
                let mut entries = Vec::with_capacity(count);
                for row in first..first + count {
                    let key = key(keys.value(row, reading)?);
                    entries.push((key, values.value(row, reading)?));
                }
                Value::Object(Object::from_entries(entries).0)
            }
            Kind::Elsewhere { index, columns } => {
                let (column, row) = index(row);
                return columns[column].value(row, reading);
            }
        })
    }

    fn text(&self, text: &'a str, reading: &mut Reading) -> Result<Value<'a>, Refused> {
        reading.spend(text.len())?;
        if !self.json {
            return Ok(Value::Str(Cow::Borrowed(text)));
        }
        let (value, quirks) = json::parse(text, reading.max_depth)
            .map_err(|wrong| Refused::Json(wrong.fault(), wrong.message(text, reading.max_depth)))?;
        reading.quirks = reading.quirks.or(quirks);
        Ok(value)
    }

    fn binary(&self, bytes: &'a [u8], reading: &mut Reading) -> Result<Value<'a>, Refused> {
        match std::str::from_utf8(bytes) {
            Ok(text) => self.text(text, reading),
            Err(_) => Ok(Value::Str(Cow::Owned(format!("<binary, {} bytes>", bytes.len())))),
        }
    }
}

/// The key of a map as the key of an object, written as JSON writes it.
fn key(value: Value<'_>) -> Cow<'_, str> {
    Cow::Owned(match value {
        Value::Str(key) => return key,
        Value::Bool(key) => key.to_string(),
        Value::Int(key) => key.to_string(),
        Value::UInt(key) => key.to_string(),
        Value::Float(key) => key.to_string(),
        other => other.kind().to_owned(),
    })
}
