//! `ujson_dumps`, with ten digits after the point.

use std::fmt::Write;

use crate::model::value::Value;

const DECIMALS: usize = 10;
const SCALE: f64 = 1e10;

/// The text a value is written as: no spaces, ASCII only, slashes escaped.
pub(in crate::loader) fn dumps(value: &Value<'_>) -> String {
    let mut out = String::new();
    write_value(value, &mut out);
    out
}

fn write_value(value: &Value<'_>, out: &mut String) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Value::Int(value) => out.push_str(&value.to_string()),
        Value::UInt(value) => out.push_str(&value.to_string()),
        Value::Float(value) => out.push_str(float(*value).as_deref().unwrap_or("null")),
        Value::Str(text) => write_string(text, out),
        Value::Datetime(text) => write_string(text, out),
        Value::Array(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                write_value(item, out);
            }
            out.push(']');
        }
        Value::Object(object) => {
            out.push('{');
            for (at, (key, value)) in object.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                write_string(key, out);
                out.push(':');
                write_value(value, out);
            }
            out.push('}');
        }
    }
}

fn write_string(text: &str, out: &mut String) {
    out.push('"');
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '/' => out.push_str("\\/"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            ' '..='\u{7f}' => out.push(letter),
            _ => {
                for unit in letter.encode_utf16(&mut [0; 2]) {
                    write!(out, "\\u{unit:04x}").expect("a String takes any text");
                }
            }
        }
    }
    out.push('"');
}

/// A float as it is written; `None` where it is written as null.
pub(super) fn float(value: f64) -> Option<String> {
    if !value.is_finite() {
        return None;
    }
    // A negative zero is not below zero: its sign is lost.
    let (sign, size) = if value < 0.0 { ("-", -value) } else { ("", value.abs()) };
    if size > 1e16 - 1.0 || (size != 0.0 && size < 1e-15) {
        return Some(format!("{sign}{}", general(size)));
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        clippy::float_cmp,
        reason = "below 1e16 and not negative, and the original's arithmetic"
    )]
    let (mut whole, frac) = {
        let whole = size as u64;
        let scaled = (size - whole as f64) * SCALE;
        let frac = scaled as u64;
        let rest = scaled - frac as f64;
        // Halfway rounds up if odd, or if the last digit is 0.
        let up = rest > 0.5 || (rest == 0.5 && (frac == 0 || frac % 2 == 1));
        (whole, frac + u64::from(up))
    };
    let mut frac = frac;
    if frac >= 10_u64.pow(10) {
        frac = 0;
        whole += 1;
    }
    let digits = format!("{frac:0DECIMALS$}");
    let digits = digits.trim_end_matches('0');
    Some(format!(
        "{sign}{whole}.{}",
        if digits.is_empty() { "0" } else { digits }
    ))
}

/// C's `%.10g` of a number far enough from 1 to get an exponent.
fn general(size: f64) -> String {
    let text = format!("{size:.*e}", DECIMALS - 1);
    let (digits, exponent) = text.split_once('e').expect("written with an exponent");
    let digits = digits.trim_end_matches('0').trim_end_matches('.');
    match exponent.strip_prefix('-') {
        Some(exponent) => format!("{digits}e-{exponent:0>2}"),
        None => format!("{digits}e+{exponent:0>2}"),
    }
}
