//! `ujson_loads`, with its leniency and its rounding.

use std::borrow::Cow;

use crate::model::value::{Object, Value};

/// Digits after the point that are read; further ones are skipped.
const DECIMALS: usize = 15;

/// Levels of arrays and objects. The original reads 1,024; a row is not read that deep here.
const MAX_DEPTH: u32 = 512;

/// The value a text spells, as pandas' reader sees it; `None` where it raises.
pub(in crate::loader) fn loads(text: &str) -> Option<Value<'static>> {
    let first = text.trim_start_matches([' ', '\t', '\r', '\n']).as_bytes().first()?;
    if !matches!(
        first,
        b'"' | b'0'..=b'9' | b'I' | b'N' | b'-' | b'[' | b'{' | b't' | b'f' | b'n'
    ) {
        return None;
    }
    let mut reader = Reader {
        bytes: text.as_bytes(),
        at: 0,
        depth: 0,
    };
    let value = reader.any()?;
    reader.space();
    (reader.at == text.len()).then_some(value)
}

/// Whether the text is read at all.
pub(in crate::loader) fn is_json(text: &str) -> bool {
    loads(text).is_some()
}

/// What the reader makes of a float in its shortest decimal form, which is how data is written.
pub(super) fn float(value: f64) -> Option<f64> {
    if value.is_nan() {
        return None;
    }
    if value.is_infinite() {
        return Some(value);
    }
    number(format!("{value:?}").as_bytes())
}

/// What the reader makes of a number's text.
pub(super) fn number(text: &[u8]) -> Option<f64> {
    let mut reader = Reader {
        bytes: text,
        at: 0,
        depth: 0,
    };
    reader.number()?.as_f64()
}

struct Reader<'t> {
    bytes: &'t [u8],
    at: usize,
    depth: u32,
}

impl Reader<'_> {
    /// The byte here; 0 past the end, as in the original's terminated buffer.
    fn here(&self) -> u8 {
        self.bytes.get(self.at).copied().unwrap_or(0)
    }

    fn next(&mut self) -> u8 {
        let byte = self.here();
        self.at += 1;
        byte
    }

    fn space(&mut self) {
        while matches!(self.here(), b' ' | b'\t' | b'\r' | b'\n') {
            self.at += 1;
        }
    }

    fn any(&mut self) -> Option<Value<'static>> {
        self.space();
        match self.here() {
            b'"' => self.string().map(|text| Value::Str(Cow::Owned(text))),
            b'0'..=b'9' | b'I' | b'N' | b'-' => self.number(),
            b'[' => self.array(),
            b'{' => self.object(),
            b't' => self.word("true", Value::Bool(true)),
            b'f' => self.word("false", Value::Bool(false)),
            b'n' => self.word("null", Value::Null),
            _ => None,
        }
    }

    fn word(&mut self, word: &str, value: Value<'static>) -> Option<Value<'static>> {
        let end = self.at + word.len();
        if self.bytes.get(self.at..end)? != word.as_bytes() {
            return None;
        }
        self.at = end;
        Some(value)
    }

    fn array(&mut self) -> Option<Value<'static>> {
        self.enter()?;
        let mut items = Vec::new();
        loop {
            self.space();
            // Only an empty array may end here: a comma before the bracket is refused.
            if self.here() == b']' {
                self.leave();
                return items.is_empty().then_some(Value::Array(items));
            }
            items.push(self.any()?);
            self.space();
            match self.here() {
                b']' => {
                    self.leave();
                    return Some(Value::Array(items));
                }
                b',' => self.at += 1,
                _ => return None,
            }
        }
    }

    fn object(&mut self) -> Option<Value<'static>> {
        self.enter()?;
        let mut entries = Vec::new();
        loop {
            self.space();
            // A comma before the brace is taken.
            if self.here() == b'}' {
                self.leave();
                return Some(Value::Object(Object::from_entries(entries).0));
            }
            if self.here() != b'"' {
                return None;
            }
            let key = self.string()?;
            self.space();
            if self.next() != b':' {
                return None;
            }
            let value = self.any()?;
            entries.push((Cow::Owned(key), value));
            self.space();
            match self.here() {
                b'}' => {
                    self.leave();
                    return Some(Value::Object(Object::from_entries(entries).0));
                }
                b',' => self.at += 1,
                _ => return None,
            }
        }
    }

    fn enter(&mut self) -> Option<()> {
        self.at += 1;
        self.depth += 1;
        (self.depth <= MAX_DEPTH).then_some(())
    }

    fn leave(&mut self) {
        self.at += 1;
        self.depth -= 1;
    }

    fn number(&mut self) -> Option<Value<'static>> {
        if self.here() == b'N' {
            return self.word("NaN", Value::Null);
        }
        let negative = self.here() == b'-';
        self.at += usize::from(negative);
        if self.here() == b'I' {
            let infinity = if negative { f64::NEG_INFINITY } else { f64::INFINITY };
            return self.word("Infinity", Value::Float(infinity));
        }
        let whole = self.digits(negative)?;
        let sign = if negative { -1.0 } else { 1.0 };
        let mut fraction = (0.0, 0);
        match self.here() {
            b'.' => {
                self.at += 1;
                fraction = self.fraction();
            }
            b'e' | b'E' => {}
            _ => return Some(integer(whole, negative)),
        }
        #[expect(clippy::cast_precision_loss, reason = "as the original does")]
        let value = (whole as f64 + fraction.0 * POWERS[fraction.1]) * sign;
        if matches!(self.here(), b'e' | b'E') {
            self.at += 1;
            return Some(Value::Float(value * 10f64.powf(self.exponent())));
        }
        Some(Value::Float(value))
    }

    /// The digits before the point. The overflow check is the original's: some sums slip through.
    fn digits(&mut self, negative: bool) -> Option<u64> {
        let mut whole: u64 = 0;
        while let digit @ b'0'..=b'9' = self.here() {
            let before = whole;
            whole = whole.wrapping_mul(10).wrapping_add(u64::from(digit - b'0'));
            let over = if negative { whole > 1 << 63 } else { before > whole };
            if over {
                return None;
            }
            self.at += 1;
        }
        Some(whole)
    }

    fn fraction(&mut self) -> (f64, usize) {
        let (mut value, mut count) = (0.0, 0);
        while let digit @ b'0'..=b'9' = self.here() {
            if count < DECIMALS {
                value = value * 10.0 + f64::from(digit - b'0');
                count += 1;
            }
            self.at += 1;
        }
        (value, count)
    }

    fn exponent(&mut self) -> f64 {
        let sign = match self.here() {
            b'-' => -1.0,
            _ => 1.0,
        };
        self.at += usize::from(matches!(self.here(), b'-' | b'+'));
        let mut value = 0.0;
        while let digit @ b'0'..=b'9' = self.here() {
            value = value * 10.0 + f64::from(digit - b'0');
            self.at += 1;
        }
        sign * value
    }

    fn string(&mut self) -> Option<String> {
        self.at += 1;
        let mut text = String::new();
        // The first half of a surrogate pair. It waits for the second over any text in between.
        let mut high: Option<u16> = None;
        loop {
            let from = self.at;
            while !matches!(self.here(), b'"' | b'\\' | 0) {
                self.at += 1;
            }
            // Cut at ASCII bytes of valid UTF-8, so it is valid itself.
            text.push_str(std::str::from_utf8(&self.bytes[from..self.at]).ok()?);
            match self.next() {
                b'"' => return Some(text),
                b'\\' => {}
                _ => return None,
            }
            text.push(match self.next() {
                escape @ (b'\\' | b'"' | b'/') => char::from(escape),
                b'b' => '\u{8}',
                b'f' => '\u{c}',
                b'n' => '\n',
                b'r' => '\r',
                b't' => '\t',
                b'u' => {
                    let unit = self.hex()?;
                    match high.take() {
                        None if unit & 0xfc00 == 0xd800 => {
                            high = Some(unit);
                            continue;
                        }
                        // A lone low half is a code point of its own in Python; there is none in Rust.
                        None => char::from_u32(u32::from(unit)).unwrap_or(char::REPLACEMENT_CHARACTER),
                        Some(first) => char::decode_utf16([first, unit]).next()?.ok()?,
                    }
                }
                _ => return None,
            });
        }
    }

    fn hex(&mut self) -> Option<u16> {
        let digits = self.bytes.get(self.at..self.at + 4)?;
        self.at += 4;
        digits.iter().try_fold(0, |unit, digit| {
            Some(unit << 4 | u16::try_from(char::from(*digit).to_digit(16)?).ok()?)
        })
    }
}

/// What the digits after the point are multiplied with. Not exact, and meant not to be.
const POWERS: [f64; DECIMALS + 1] = [
    1.0,
    0.1,
    0.01,
    0.001,
    0.000_1,
    0.000_01,
    0.000_001,
    0.000_000_1,
    0.000_000_01,
    0.000_000_001,
    0.000_000_000_1,
    0.000_000_000_01,
    0.000_000_000_001,
    0.000_000_000_000_1,
    0.000_000_000_000_01,
    0.000_000_000_000_001,
];

fn integer(whole: u64, negative: bool) -> Value<'static> {
    if negative {
        // At most 2^63, the one value whose negation wraps to itself.
        return Value::Int(whole.wrapping_neg().cast_signed());
    }
    i64::try_from(whole).map_or(Value::UInt(whole), Value::Int)
}
