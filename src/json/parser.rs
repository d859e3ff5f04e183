//! The grammar: one value from a text.

use std::borrow::Cow;

use super::wrong::{What, Wrong};
use super::{number, string};
use crate::model::record::Quirks;
use crate::model::value::{Object, Value};

/// Reads a text that is one value, nested at most `max_depth` deep.
///
/// Takes and refuses what Python's `json.loads` does (3.11), in the same places; the exceptions:
/// a trailing comma is reported at the comma, and Python has no fixed depth.
pub(crate) fn parse(text: &str, max_depth: u32) -> Result<(Value<'_>, Quirks), Wrong> {
    let mut parser = Parser {
        text,
        bytes: text.as_bytes(),
        at: 0,
        room: max_depth,
        quirks: Quirks::default(),
    };
    parser.blank();
    let value = parser.value()?;
    parser.blank();
    if parser.at < text.len() {
        return Err(parser.wrong(What::TextAfter));
    }
    Ok((value, parser.quirks))
}

struct Parser<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    /// Levels of nesting still allowed; also what keeps the recursion within the stack.
    room: u32,
    quirks: Quirks,
}

impl<'a> Parser<'a> {
    fn value(&mut self) -> Result<Value<'a>, Wrong> {
        match self.peek() {
            Some(b'"') => Ok(Value::Str(self.string()?)),
            Some(b'{') => self.nested(Self::object),
            Some(b'[') => self.nested(Self::array),
            Some(b'-') if self.rest().starts_with("-Infinity") => Ok(self.non_finite("-Infinity", f64::NEG_INFINITY)),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => self.word(),
        }
    }

    fn nested(&mut self, read: fn(&mut Self) -> Result<Value<'a>, Wrong>) -> Result<Value<'a>, Wrong> {
        let Some(room) = self.room.checked_sub(1) else {
            return Err(self.wrong(What::TooDeep));
        };
        self.room = room;
        self.at += 1;
        self.blank();
        let value = read(self)?;
        self.room += 1;
        Ok(value)
    }

    /// The rest of an object, after its `{`.
    fn object(&mut self) -> Result<Value<'a>, Wrong> {
        let mut entries = Vec::new();
        if self.take(b'}') {
            return Ok(Value::Object(Object::new()));
        }
        loop {
            if self.peek() != Some(b'"') {
                return Err(self.wrong(What::KeyExpected));
            }
            let key = self.string()?;
            self.blank();
            if !self.take(b':') {
                return Err(self.wrong(What::ColonExpected));
            }
            self.blank();
            let value = self.value()?;
            entries.push((key, value));
            if !self.goes_on(b'}', What::CommaOrBraceExpected)? {
                break;
            }
        }
        let (object, repeated) = Object::from_entries(entries);
        self.quirks.duplicate_key |= repeated;
        Ok(Value::Object(object))
    }

    /// The rest of an array, after its `[`.
    fn array(&mut self) -> Result<Value<'a>, Wrong> {
        let mut items = Vec::new();
        if self.take(b']') {
            return Ok(Value::Array(items));
        }
        loop {
            items.push(self.value()?);
            if !self.goes_on(b']', What::CommaOrBracketExpected)? {
                return Ok(Value::Array(items));
            }
        }
    }

    /// After an item: true at a comma, false at the end of the list.
    fn goes_on(&mut self, closing: u8, otherwise: What) -> Result<bool, Wrong> {
        self.blank();
        if self.take(closing) {
            return Ok(false);
        }
        let comma = self.at;
        if !self.take(b',') {
            return Err(self.wrong(otherwise));
        }
        self.blank();
        if self.peek() == Some(closing) {
            return Err(Wrong {
                at: comma,
                what: What::TrailingComma(char::from(closing)),
            });
        }
        Ok(true)
    }

    fn string(&mut self) -> Result<Cow<'a, str>, Wrong> {
        let scanned = string::scan(self.text, self.at)?;
        self.at = scanned.end;
        self.quirks.lone_surrogate |= scanned.lone_surrogate;
        Ok(scanned.text)
    }

    fn number(&mut self) -> Result<Value<'a>, Wrong> {
        let start = self.at;
        let (value, end) = number::scan(self.text, start)?;
        self.at = end;
        let digits = &self.bytes[start..end];
        // Neither point nor exponent: an integer that fits no integer here.
        self.quirks.huge_integer |=
            matches!(value, Value::Float(_)) && !digits.iter().any(|byte| matches!(byte, b'.' | b'e' | b'E'));
        // 1e999 is infinite in Python too.
        self.quirks.non_finite |= matches!(value, Value::Float(float) if !float.is_finite());
        Ok(value)
    }

    fn word(&mut self) -> Result<Value<'a>, Wrong> {
        let rest = self.rest();
        let (length, value) = if rest.starts_with("true") {
            (4, Value::Bool(true))
        } else if rest.starts_with("false") {
            (5, Value::Bool(false))
        } else if rest.starts_with("null") {
            (4, Value::Null)
        } else if rest.starts_with("NaN") {
            return Ok(self.non_finite("NaN", f64::NAN));
        } else if rest.starts_with("Infinity") {
            return Ok(self.non_finite("Infinity", f64::INFINITY));
        } else {
            return Err(self.wrong(What::ValueExpected));
        };
        self.at += length;
        Ok(value)
    }

    fn non_finite(&mut self, word: &str, value: f64) -> Value<'a> {
        self.at += word.len();
        self.quirks.non_finite = true;
        Value::Float(value)
    }

    fn blank(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let is = self.peek() == Some(byte);
        self.at += usize::from(is);
        is
    }

    fn rest(&self) -> &'a str {
        // `at` moves over ASCII and whole strings only, so it stands between characters.
        &self.text[self.at..]
    }

    fn wrong(&self, what: What) -> Wrong {
        Wrong { at: self.at, what }
    }
}
