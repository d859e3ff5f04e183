//! One scalar type into another, as `datasets` casts the tables of later files to the types of the first.

use std::borrow::Cow;

use crate::model::value::Value;

use super::datetime;
use super::seen::{Fact, Seen};
use super::ujson::Wash;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scalar {
    Bool,
    Int,
    Float,
    Text,
    Datetime,
}

impl Scalar {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Bool => "bool",
            Self::Int => "int64",
            Self::Float => "double",
            Self::Text => "string",
            Self::Datetime => "timestamp[s]",
        }
    }
}

/// Why values of one type do not become another: the class Python raises, and what it says.
pub(super) type Refusal = (&'static str, String);

/// Whether all of these values can be cast (Arrow's safe casts, and `table.py`, `array_cast`).
pub(super) fn check(seen: &Seen, from: Scalar, to: Scalar) -> Result<(), Refusal> {
    use Scalar::{Bool, Datetime, Float, Int, Text};
    let unparsed = || {
        Err((
            "ArrowInvalid",
            format!("Failed to parse string as a scalar of type {}", to.name()),
        ))
    };
    match (from, to) {
        (Text, Int) if seen.has(Fact::NoInt) => unparsed(),
        (Text, Float) if seen.has(Fact::NoNumber) => unparsed(),
        (Text, Bool | Datetime) => unparsed(),
        (Float, Int)
            if [Fact::Fraction, Fact::WideInt, Fact::NonFinite]
                .iter()
                .any(|fact| seen.has(*fact)) =>
        {
            Err((
                "ArrowInvalid",
                "Float value was truncated converting to int64".to_owned(),
            ))
        }
        (Int, Float) if seen.has(Fact::BigInt) => Err((
            "ArrowInvalid",
            "Integer value not in range: -9007199254740992 to 9007199254740992".to_owned(),
        )),
        (Datetime, Bool | Float) | (Bool | Float, Datetime) => Err((
            "ArrowNotImplementedError",
            format!("Unsupported cast from {} to {}", from.name(), to.name()),
        )),
        _ => Ok(()),
    }
}

/// The value as it arrives; `None` if it arrives as it is.
pub(super) fn scalar<'v>(value: &'v Value<'_>, from: Scalar, to: Scalar, wash: Wash) -> Option<Value<'v>> {
    let read = read(value, from, wash);
    let known = read.as_ref().unwrap_or(value);
    turn(known, from, to).or(read)
}

/// The value as Arrow holds it before the cast; `None` if that is as it is. Datetimes are texts until then.
fn read(value: &Value<'_>, from: Scalar, wash: Wash) -> Option<Value<'static>> {
    match value {
        Value::Float(float) => match wash.float(*float) {
            Some(out) if out.to_bits() == float.to_bits() => None,
            out => Some(out.map_or(Value::Null, Value::Float)),
        },
        Value::Bool(value) if from == Scalar::Float => Some(Value::Float(f64::from(*value))),
        _ if from == Scalar::Float => value.as_f64().map(Value::Float),
        _ => None,
    }
}

fn turn(value: &Value<'_>, from: Scalar, to: Scalar) -> Option<Value<'static>> {
    use Scalar::{Bool, Datetime, Float, Int, Text};
    Some(match (from, to) {
        (Bool, Bool) | (Float, Float) | (Text, Text) => return None,
        (Datetime, Datetime) => Value::Datetime(datetime_text(value)?),
        (Int, Datetime) => Value::Datetime(datetime::printed(datetime::from_seconds(value.as_i64()?)?)),
        (_, Int) => Value::Int(match value {
            Value::Bool(value) => i64::from(*value),
            #[expect(clippy::cast_possible_truncation, reason = "checked to be whole and in range")]
            Value::Float(value) => *value as i64,
            Value::Str(text) if from == Text => text.parse().ok()?,
            Value::Str(text) => datetime::seconds(datetime::parse(text)?),
            _ => return None,
        }),
        (_, Float) => Value::Float(match value {
            Value::Str(text) => text.parse().ok()?,
            Value::Bool(value) => f64::from(*value),
            _ => value.as_f64()?,
        }),
        (_, Bool) => Value::Bool(value.as_f64()? != 0.0),
        (_, Text) => match value {
            Value::Str(_) if from == Datetime => text(datetime_text(value)?),
            Value::Bool(value) => text(value.to_string()),
            Value::Int(value) => text(value.to_string()),
            Value::Float(value) => text(float_text(*value)),
            _ => return None,
        },
        (_, Datetime) => return None,
    })
}

fn datetime_text(value: &Value<'_>) -> Option<String> {
    Some(datetime::printed(datetime::parse(value.as_str()?)?))
}

fn text(text: String) -> Value<'static> {
    Value::Str(Cow::Owned(text))
}

/// A float as Arrow prints it: the shortest digits, with an exponent below 1e-6 and from 1e10 on
/// (`cpp/src/arrow/util/formatting.cc`, `FloatToStringFormatter`).
fn float_text(value: f64) -> String {
    if !value.is_finite() {
        return if value.is_nan() {
            "nan"
        } else if value > 0.0 {
            "inf"
        } else {
            "-inf"
        }
        .to_owned();
    }
    let size = value.abs();
    if size == 0.0 || (1e-6..1e10).contains(&size) {
        return value.to_string();
    }
    let written = format!("{value:e}");
    match written.split_once('e') {
        Some((digits, exponent)) if !exponent.starts_with('-') => format!("{digits}e+{exponent}"),
        _ => written,
    }
}
