//! What a program makes of a value for a key of a certain type.

use serde_json::Value as Json;

use super::schema::Kinds;
use super::tree::{Node, Value};

/// How a program turns values into those its keys take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coercion {
    /// pydantic's lax mode: texts become numbers and flags, numbers never become texts (axolotl).
    Pydantic,
    /// Values become defaults of an `ArgumentParser`, which converts those that are texts (TRL).
    Argparse,
    /// Values are stored as they are (LLaMA-Factory, `HfArgumentParser.parse_dict`).
    AsIs,
    /// There is no type to be of (torchtune).
    Untyped,
}

/// The value as the program stores it; `None` where it refuses it, or breaks on it later.
pub(super) fn coerce(node: &Node, kinds: Kinds, coercion: Coercion) -> Option<Json> {
    if kinds.takes_anything() || coercion == Coercion::Untyped {
        return Some(node.json());
    }
    match (&node.value, coercion) {
        (Value::Null, Coercion::Pydantic) => kinds.has("none").then_some(Json::Null),
        // A dataclass stores None for anything.
        (Value::Null, _) => Some(Json::Null),
        (Value::Bool(_), _) if kinds.has("bool") => Some(node.json()),
        (Value::Bool(flag), Coercion::Pydantic) if kinds.has_number() => Some(i64::from(*flag).into()),
        (Value::Bool(_), Coercion::Pydantic) => None,
        // A text is wanted and a flag is stored: `eval_strategy: no` ends in an error of the enumeration.
        (Value::Bool(flag), _) => (kinds.has_number()).then(|| i64::from(*flag).into()),
        (Value::Int(_), _) if kinds.has_number() => Some(node.json()),
        (Value::Int(0 | 1), Coercion::Pydantic) if kinds.has("bool") => Some((node.json() == 1).into()),
        (Value::Int(_), Coercion::Pydantic) => None,
        (Value::Int(_), _) => Some(node.json()),
        (Value::Float(_), _) if kinds.has("float") => Some(node.json()),
        (Value::Float(number), _) if kinds.has("int") => whole(*number).map(Json::from),
        (Value::Float(_), Coercion::Pydantic) => None,
        (Value::Float(_), _) => Some(node.json()),
        (Value::Text(text), _) => of_text(text, kinds, coercion),
        (Value::Date(text), Coercion::Pydantic) => kinds.has("date").then(|| text.as_str().into()),
        (Value::Date(text), _) => Some(text.as_str().into()),
        (Value::List(_), Coercion::Pydantic) => kinds.has("list").then(|| node.json()),
        (Value::List(_), _) => Some(node.json()),
        (Value::Map(_), Coercion::Pydantic) => kinds.has("dict").then(|| node.json()),
        (Value::Map(_), _) => (kinds.has("dict") || kinds.has("list") || kinds.has("str")).then(|| node.json()),
    }
}

fn of_text(text: &str, kinds: Kinds, coercion: Coercion) -> Option<Json> {
    if coercion == Coercion::AsIs {
        // A text where a number is wanted stays a text, and the first sum with it fails.
        let is_wanted = kinds.has("str") || kinds.has("list") || kinds.has("dict");
        return is_wanted.then(|| text.into());
    }
    if coercion == Coercion::Argparse && kinds.has("dict") {
        return Some(serde_json::from_str(text).unwrap_or_else(|_| text.into()));
    }
    // `str | float` keeps the text under pydantic too; axolotl makes a float of a rate by itself.
    let trimmed = text.trim();
    let number = || {
        let plain = trimmed.replace('_', "");
        if kinds.has("int")
            && let Ok(number) = plain.parse::<i64>()
        {
            return Some(Json::from(number));
        }
        if kinds.has("float") {
            return plain.parse::<f64>().ok().map(Json::from);
        }
        let float = plain
            .parse::<f64>()
            .ok()
            .filter(|_| coercion == Coercion::Pydantic && plain.ends_with(".0"));
        float.and_then(whole).filter(|_| kinds.has("int")).map(Json::from)
    };
    if kinds.has_number()
        && let Some(number) = number()
    {
        return Some(number);
    }
    if kinds.has("bool") {
        let flag = match trimmed.to_lowercase().as_str() {
            "yes" | "true" | "t" | "y" | "1" | "on" => Some(true),
            "no" | "false" | "f" | "n" | "0" | "off" => Some(false),
            _ => None,
        };
        let is_word = flag.filter(|_| coercion == Coercion::Pydantic || !matches!(trimmed, "on" | "off"));
        if let (Some(flag), false) = (is_word, kinds.has("str")) {
            return Some(flag.into());
        }
    }
    if kinds.has("str") {
        return Some(text.into());
    }
    (coercion == Coercion::Argparse && kinds.has("list")).then(|| Json::Array(vec![text.into()]))
}

/// A float without a fraction.
#[expect(clippy::cast_possible_truncation, reason = "whole and below 2^53, as just checked")]
fn whole(number: f64) -> Option<i64> {
    (number.fract() == 0.0 && number.abs() < 9e15).then_some(number as i64)
}
