//! A JSON number, as the Python number it becomes.

use super::wrong::{MAX_DIGITS, What, Wrong};
use crate::model::value::Value;

/// Reads the number at `start`; its end comes with it.
///
/// As Python, it takes the longest text that is a number and leaves the rest to the caller:
/// `01` is `0` and then a stray `1`.
pub(super) fn scan(text: &str, start: usize) -> Result<(Value<'static>, usize), Wrong> {
    let wrong = |what| Err(Wrong { at: start, what });
    let bytes = text.as_bytes();
    let negative = bytes[start] == b'-';
    let first = start + usize::from(negative);
    let (mut whole, value) = digits(bytes, first);
    // Digits behind a zero are no part of the number, and nothing that may follow one: the caller
    // refuses them, so what they did to the value does not matter.
    if bytes.get(first) == Some(&b'0') {
        whole = first + 1;
    }
    if whole == first {
        return wrong(What::ValueExpected);
    }
    if let Some(b'.' | b'e' | b'E') = bytes.get(whole) {
        let end = exponent(bytes, fraction(bytes, whole));
        if end > whole {
            return Ok((Value::Float(float(&text[start..end])), end));
        }
    }
    let value = match whole - first {
        ..=SAFE_DIGITS => Value::Int(if negative { -value } else { value }),
        BEYOND_SAFE..=MAX_DIGITS => integer(&text[start..whole]),
        _ => return wrong(What::HugeInteger),
    };
    Ok((value, whole))
}

/// Any integer of as many digits fits 64 bits.
const SAFE_DIGITS: usize = 18;
const BEYOND_SAFE: usize = SAFE_DIGITS + 1;

fn integer(text: &str) -> Value<'static> {
    if let Ok(value) = text.parse::<i64>() {
        return Value::Int(value);
    }
    text.parse().map_or_else(|_| Value::Float(float(text)), Value::UInt)
}

/// The nearest float; infinite where there is none, as in Python.
fn float(text: &str) -> f64 {
    text.parse().expect("every JSON number is a Rust float")
}

/// The end of the digits from `from` on, and what they say if they are no more than are safe.
fn digits(bytes: &[u8], from: usize) -> (usize, i64) {
    let (mut at, mut value) = (from, 0_i64);
    while let Some(digit @ b'0'..=b'9') = bytes.get(at) {
        value = value.wrapping_mul(10).wrapping_add(i64::from(digit - b'0'));
        at += 1;
    }
    (at, value)
}

/// The end of `.5` at `at`; `at` itself where there is no digit after the point.
fn fraction(bytes: &[u8], at: usize) -> usize {
    match bytes.get(at) {
        Some(b'.') => {
            let (end, _) = digits(bytes, at + 1);
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
            let (end, _) = digits(bytes, at + 1 + sign);
            if end > at + 1 + sign { end } else { at }
        }
        _ => at,
    }
}
