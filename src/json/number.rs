//! A JSON number, as the Python number it becomes.

use super::wrong::{MAX_DIGITS, What, Wrong};
use crate::model::value::Value;

/// Reads the number at `start`; its end comes with it.
///
/// As Python, it takes the longest text that is a number and leaves the rest to the caller:
/// `01` is `0` and then a stray `1`.
pub(super) fn scan(text: &str, start: usize) -> Result<(Value<'static>, usize), Wrong> {
    let bytes = text.as_bytes();
    let negative = bytes[start] == b'-';
    let first = start + usize::from(negative);
    let whole = match bytes.get(first) {
        Some(b'0') => first + 1,
        Some(b'1'..=b'9') => digits(bytes, first),
        _ => {
            return Err(Wrong {
                at: start,
                what: What::ValueExpected,
            });
        }
    };
    let end = exponent(bytes, fraction(bytes, whole));
    if end > whole {
        return Ok((Value::Float(float(&text[start..end])), end));
    }
    if whole - first > MAX_DIGITS {
        return Err(Wrong {
            at: start,
            what: What::HugeInteger,
        });
    }
    Ok((integer(&text[start..whole]), whole))
}

fn integer(text: &str) -> Value<'static> {
    if let Ok(value) = text.parse() {
        Value::Int(value)
    } else if let Ok(value) = text.parse() {
        Value::UInt(value)
    } else {
        Value::Float(float(text))
    }
}

/// The nearest float; infinite where there is none, as in Python.
fn float(text: &str) -> f64 {
    text.parse().expect("every JSON number is a Rust float")
}

fn digits(bytes: &[u8], from: usize) -> usize {
    let count = bytes[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    from + count
}

/// The end of `.5` at `at`; `at` itself where there is no digit after the point.
fn fraction(bytes: &[u8], at: usize) -> usize {
    match bytes.get(at) {
        Some(b'.') => {
            let end = digits(bytes, at + 1);
            if end > at + 1 { end } else { at }
        }
        _ => at,
    }
}

/// The end of `e-5` at `at`; `at` itself where there is no digit in it.
fn exponent(bytes: &[u8], at: usize) -> usize {
    match bytes.get(at) {
        Some(b'e' | b'E') => {
            let sign = usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
            let end = digits(bytes, at + 1 + sign);
            if end > at + 1 + sign { end } else { at }
        }
        _ => at,
    }
}
