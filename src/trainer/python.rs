//! Python's view of a value, where a trainer's behaviour depends on it.

use std::borrow::Cow;

use crate::model::encoded::EncodeError;
use crate::model::value::{Object, Value};

use super::failure::{raises, unsupported};

/// `bool(value)`; a missing value is `None`.
pub(super) fn truthy(value: Option<&Value<'_>>) -> bool {
    match value {
        None | Some(Value::Null) => false,
        Some(Value::Bool(flag)) => *flag,
        Some(Value::Int(number)) => *number != 0,
        Some(Value::UInt(number)) => *number != 0,
        Some(Value::Float(number)) => *number != 0.0,
        Some(Value::Str(text)) => !text.is_empty(),
        Some(Value::Datetime(_)) => true,
        Some(Value::Array(items)) => !items.is_empty(),
        Some(Value::Object(object)) => !object.is_empty(),
    }
}

/// The name of the value's type.
pub(super) fn type_name(value: &Value<'_>) -> &'static str {
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

/// `str(value)`, as `str.format` puts it into a prompt.
pub(super) fn text<'v>(value: &'v Value<'_>) -> Result<Cow<'v, str>, EncodeError> {
    Ok(match value {
        Value::Str(text) => Cow::Borrowed(text),
        Value::Datetime(text) => text.into(),
        Value::Null => "None".into(),
        Value::Bool(true) => "True".into(),
        Value::Bool(false) => "False".into(),
        Value::Int(number) => number.to_string().into(),
        Value::UInt(number) => number.to_string().into(),
        // Where neither Rust nor Python writes an exponent, both write the shortest decimal.
        Value::Float(number) if *number == 0.0 || (1e-4..1e16).contains(&number.abs()) => format!("{number:?}").into(),
        other => {
            let name = type_name(other);
            return Err(unsupported(format!(
                "a {name} printed into a prompt as Python prints it"
            )));
        }
    })
}

/// Whether `str.isspace` holds: Unicode's white space and the four separators Python adds.
pub(super) fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\x1c'..='\x1f').contains(&c)
}

/// `str.strip()`.
pub(super) fn strip(text: &str) -> &str {
    text.trim_matches(is_space)
}

/// `str.lstrip()`.
pub(super) fn lstrip(text: &str) -> &str {
    text.trim_start_matches(is_space)
}

/// The value, borrowed.
pub(super) fn reborrow<'v>(value: &'v Value<'_>) -> Value<'v> {
    copy(value, false)
}

/// The value without the nulls inside its objects, as trainers' `remove_none_values` makes it.
pub(super) fn without_nulls<'v>(value: &'v Value<'_>) -> Value<'v> {
    copy(value, true)
}

/// Copies the structure and borrows the texts.
fn copy<'v>(value: &'v Value<'_>, drop_nulls: bool) -> Value<'v> {
    match value {
        Value::Null => Value::Null,
        Value::Bool(flag) => Value::Bool(*flag),
        Value::Int(number) => Value::Int(*number),
        Value::UInt(number) => Value::UInt(*number),
        Value::Float(number) => Value::Float(*number),
        Value::Str(text) => Value::Str(Cow::Borrowed(text)),
        Value::Datetime(text) => Value::Datetime(text.clone()),
        Value::Array(items) => Value::Array(items.iter().map(|item| copy(item, drop_nulls)).collect()),
        Value::Object(object) => {
            let mut kept = Object::with_capacity(object.len());
            for (key, item) in object.iter().filter(|(_, item)| !(drop_nulls && item.is_null())) {
                kept.push(Cow::Borrowed(key), copy(item, drop_nulls));
            }
            Value::Object(kept)
        }
    }
}

/// Whether an object inside has a null.
pub(super) fn has_nulls(value: &Value<'_>) -> bool {
    match value {
        Value::Array(items) => items.iter().any(has_nulls),
        Value::Object(object) => object.iter().any(|(_, item)| item.is_null() || has_nulls(item)),
        _ => false,
    }
}

/// `json.loads`.
///
/// # Errors
///
/// `JSONDecodeError` where Python raises it; unsupported for what Python takes and strict JSON
/// does not.
pub(super) fn loads(text: &str) -> Result<Value<'static>, EncodeError> {
    match serde_json::from_str::<serde_json::Value>(text) {
        Ok(value) => Ok(from_json(&value)),
        Err(_)
            if ["NaN", "Infinity", "\\ud", "\\uD"]
                .iter()
                .any(|word| text.contains(word)) =>
        {
            Err(unsupported(
                "JSON inside a string with NaN, Infinity or lone surrogates",
            ))
        }
        Err(error) => Err(raises("JSONDecodeError", error.to_string())),
    }
}

/// A value of a config file, or of JSON inside a string.
pub(super) fn from_json(value: &serde_json::Value) -> Value<'static> {
    match value {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(flag) => Value::Bool(*flag),
        serde_json::Value::Number(number) => {
            if let Some(number) = number.as_i64() {
                Value::Int(number)
            } else if let Some(number) = number.as_u64() {
                Value::UInt(number)
            } else {
                Value::Float(number.as_f64().unwrap_or(f64::MAX))
            }
        }
        serde_json::Value::String(text) => Value::Str(Cow::Owned(text.clone())),
        serde_json::Value::Array(items) => Value::Array(items.iter().map(from_json).collect()),
        serde_json::Value::Object(map) => {
            let mut object = Object::with_capacity(map.len());
            for (key, item) in map {
                object.push(Cow::Owned(key.clone()), from_json(item));
            }
            Value::Object(object)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nulls_go_at_every_depth_but_not_from_lists() {
        let value = loads(r#"{"a": null, "b": [{"c": null, "d": 1}, null]}"#).expect("JSON");
        assert_eq!(
            without_nulls(&value),
            loads(r#"{"b": [{"d": 1}, null]}"#).expect("JSON")
        );
    }

    #[test]
    fn white_space_is_python_s() {
        assert_eq!(strip("\x1c a\u{a0}\x1f"), "a");
        assert_eq!(lstrip("\n\u{2028}a "), "a ");
    }

    #[test]
    fn values_are_printed_as_python_prints_them() {
        let printed = |json| text(&loads(json).expect("JSON")).map(Cow::into_owned);
        let cases = [
            ("null", "None"),
            ("true", "True"),
            ("12", "12"),
            ("0.5", "0.5"),
            ("-3.0", "-3.0"),
            ("\"a\"", "a"),
        ];
        for (json, python) in cases {
            assert_eq!(printed(json).expect("printed"), python);
        }
        assert!(printed("1e16").is_err() && printed("[1]").is_err());
    }

    #[test]
    fn bad_json_is_told_from_what_only_python_reads() {
        assert_eq!(loads("{bad").expect_err("no JSON").class, "JSONDecodeError");
        assert_eq!(loads("[NaN]").expect_err("not strict").class, "Unsupported");
    }
}
