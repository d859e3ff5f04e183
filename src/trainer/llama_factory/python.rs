//! What Python does with a value: looking into it, its truth, `str()` and `repr()`.

use std::fmt::Write as _;

use crate::json;
use crate::model::encoded::EncodeError;
use crate::model::value::{Object, Value};

use super::raise::{raise, type_error, unsupported};

/// Nesting Python's `json` would still read; it gives up near a thousand.
const MAX_DEPTH: u32 = 512;

/// `json.loads(text)`; `None` where that is a `JSONDecodeError`.
pub(super) fn loads(text: &str) -> Result<Option<Value<'_>>, EncodeError> {
    match json::parse(text, MAX_DEPTH) {
        Ok((_, quirks)) if quirks.huge_integer => Err(unsupported("an integer beyond 64 bits in JSON of a row")),
        Ok((_, quirks)) if quirks.lone_surrogate => Err(unsupported("a lone surrogate in JSON of a row")),
        Ok((value, _)) => Ok(Some(value)),
        Err(wrong) => match wrong.what {
            json::What::TooDeep => Err(unsupported(format!(
                "JSON of a row nested deeper than {MAX_DEPTH} levels"
            ))),
            json::What::HugeInteger => Err(raise("ValueError", "Exceeds the limit for integer string conversion")),
            _ => Ok(None),
        },
    }
}

/// `json.dumps(value, ensure_ascii=False)`.
pub(super) fn dumps(value: &Value<'_>) -> String {
    let mut out = String::new();
    json::write(value, json::Layout::Line, &mut out);
    out
}

/// `json.dumps(value, indent=4, ensure_ascii=False)`.
pub(super) fn dumps_indented(value: &Value<'_>) -> Result<String, EncodeError> {
    // A row that is all brackets would grow a thousandfold.
    const MOST: usize = 64 << 20;
    const INDENT: usize = 4;
    if INDENT * depths(value, 1) > MOST {
        return Err(unsupported(format!(
            "tools whose indentation alone is more than {MOST} bytes"
        )));
    }
    let mut out = String::new();
    json::write(value, json::Layout::Indent(INDENT), &mut out);
    Ok(out)
}

/// How deep each line of the value stands, in sum.
fn depths(value: &Value<'_>, depth: usize) -> usize {
    match value {
        Value::Array(items) => items.iter().map(|item| depth + depths(item, depth + 1)).sum(),
        Value::Object(object) => object.iter().map(|(_, item)| depth + depths(item, depth + 1)).sum(),
        _ => 0,
    }
}

/// `value[key]`.
pub(super) fn item<'v, 'a>(value: &'v Value<'a>, key: &str) -> Result<&'v Value<'a>, EncodeError> {
    match value {
        Value::Object(object) => object.get(key).ok_or_else(|| raise("KeyError", format!("'{key}'"))),
        Value::Str(_) => Err(type_error("string indices must be integers, not 'str'")),
        Value::Array(_) => Err(type_error("list indices must be integers or slices, not str")),
        _ => Err(type_error(format!("'{}' object is not subscriptable", class(value)))),
    }
}

/// `value.get`, `value.items`: the value as a dict.
pub(super) fn dict<'v, 'a>(value: &'v Value<'a>, method: &str) -> Result<&'v Object<'a>, EncodeError> {
    value.as_object().ok_or_else(|| {
        let message = format!("'{}' object has no attribute '{method}'", class(value));
        raise("AttributeError", message)
    })
}

/// Whether `if value:` is taken.
pub(super) fn truth(value: &Value<'_>) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(flag) => *flag,
        Value::Int(number) => *number != 0,
        Value::UInt(number) => *number != 0,
        Value::Float(number) => *number != 0.0,
        Value::Str(text) => !text.is_empty(),
        Value::Datetime(_) => true,
        Value::Array(items) => !items.is_empty(),
        Value::Object(object) => !object.is_empty(),
    }
}

/// The name of the value's class.
pub(super) fn class(value: &Value<'_>) -> &'static str {
    match value {
        Value::Null => "NoneType",
        Value::Bool(_) => "bool",
        Value::Int(_) | Value::UInt(_) => "int",
        Value::Float(_) => "float",
        Value::Str(_) => "str",
        Value::Datetime(_) => "datetime.datetime",
        Value::Array(_) => "list",
        Value::Object(_) => "dict",
    }
}

/// `str(value)`, as an f-string puts it in.
pub(super) fn str(value: &Value<'_>, out: &mut String) {
    match value {
        Value::Str(text) => out.push_str(text),
        Value::Datetime(text) => out.push_str(text),
        _ => repr(value, out),
    }
}

/// `repr(value)`.
fn repr(value: &Value<'_>, out: &mut String) {
    match value {
        Value::Null => out.push_str("None"),
        Value::Bool(flag) => out.push_str(if *flag { "True" } else { "False" }),
        Value::Int(number) => write!(out, "{number}").expect("a string takes all that is written"),
        Value::UInt(number) => write!(out, "{number}").expect("a string takes all that is written"),
        Value::Float(number) if number.is_finite() => json::float(*number, out),
        Value::Float(number) => out.push_str(if number.is_nan() {
            "nan"
        } else if *number > 0.0 {
            "inf"
        } else {
            "-inf"
        }),
        Value::Str(text) => quote(text, out),
        Value::Datetime(text) => moment(text, out),
        Value::Array(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push_str(", ");
                }
                repr(item, out);
            }
            out.push(']');
        }
        Value::Object(object) => {
            out.push('{');
            for (at, (key, item)) in object.iter().enumerate() {
                if at > 0 {
                    out.push_str(", ");
                }
                quote(key, out);
                out.push_str(": ");
                repr(item, out);
            }
            out.push('}');
        }
    }
}

/// `repr()` of the datetime that `str()` prints so: `datetime.datetime(2024, 1, 2, 0, 0)`, without seconds of 0.
fn moment(printed: &str, out: &mut String) {
    let mut numbers: Vec<&str> = printed
        .split(['-', ' ', ':'])
        .map(|digits| digits.trim_start_matches('0'))
        .map(|digits| if digits.is_empty() { "0" } else { digits })
        .collect();
    if numbers.len() > 5 && numbers.last() == Some(&"0") {
        numbers.pop();
    }
    write!(out, "datetime.datetime({})", numbers.join(", ")).expect("a string takes all that is written");
}

fn quote(text: &str, out: &mut String) {
    let quote = if text.contains('\'') && !text.contains('"') {
        '"'
    } else {
        '\''
    };
    out.push(quote);
    for letter in text.chars() {
        let written = match letter {
            '\\' => out.write_str("\\\\"),
            '\n' => out.write_str("\\n"),
            '\r' => out.write_str("\\r"),
            '\t' => out.write_str("\\t"),
            _ if letter == quote => write!(out, "\\{letter}"),
            _ if is_printable(letter) => out.write_char(letter),
            _ => match u32::from(letter) {
                code @ 0..=0xff => write!(out, "\\x{code:02x}"),
                code @ 0x100..=0xffff => write!(out, "\\u{code:04x}"),
                code => write!(out, "\\U{code:08x}"),
            },
        };
        written.expect("a string takes all that is written");
    }
    out.push(quote);
}

/// `str.isprintable` of one letter: not of the categories C and Z, but for the space.
fn is_printable(letter: char) -> bool {
    if letter.is_ascii() {
        return matches!(letter, ' '..='~');
    }
    // The standard library escapes what is in just those categories. It also escapes marks that
    // extend the letter before, but not behind another letter.
    let mut buffer = [b'a'; 5];
    let len = letter.encode_utf8(&mut buffer[1..]).len();
    let pair = std::str::from_utf8(&buffer[..=len]).expect("two letters");
    pair.escape_debug().nth(1) == Some(letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_shown_as_python_shows_them() {
        let value = loads(r#"["it's", "a\"'", "\u00a0\n", null, true, 1.0, {"k": "é"}]"#);
        let mut out = String::new();
        str(&value.expect("read").expect("JSON"), &mut out);
        assert_eq!(out, r#"["it's", 'a"\'', '\xa0\n', None, True, 1.0, {'k': 'é'}]"#);
    }

    #[test]
    fn what_would_be_read_otherwise_is_refused() {
        for text in ["123456789012345678901", r#""\ud800""#] {
            assert!(loads(text).is_err(), "{text}");
        }
        assert_eq!(loads("{"), Ok(None));
    }
}
