//! What is done to each value of a table, worked out once from the types.

use std::borrow::Cow;

use crate::model::value::{Object, Value};

use super::build;
use super::cast::{self, Scalar};
use super::types::Type;
use super::ujson::{self, Wash};

/// What happens to a value on its way to Python.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Step {
    /// Nothing.
    Keep,
    /// It is read as one type, turned into another, and its floats arrive as they do.
    Scalar {
        from: Scalar,
        to: Scalar,
        wash: Wash,
    },
    /// It is stored as JSON text and read back.
    Json(Wash),
    /// It is stored as JSON text, and stays one: texts that are no JSON get quotes.
    Encode(Wash),
    /// The object, after this step, becomes JSON text.
    Print(Box<Step>),
    List(Box<Step>),
    Struct(Vec<Key>),
}

/// A key of a struct.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Key {
    pub(super) name: Box<str>,
    pub(super) step: Step,
}

impl Step {
    pub(super) fn is_keep(&self) -> bool {
        *self == Self::Keep
    }

    /// The value as it arrives; `None` if it arrives as it is.
    pub(super) fn apply<'v>(&self, value: &'v Value<'_>) -> Option<Value<'v>> {
        if value.is_null() {
            return None;
        }
        match self {
            Self::Keep => None,
            Self::Scalar { from, to, wash } => cast::scalar(value, *from, *to, *wash),
            Self::Json(wash) => ujson::stored(value, *wash),
            Self::Encode(wash) => encode(value, *wash),
            Self::Print(step) => {
                let whole = step.apply(value);
                Some(text(ujson::dumps(whole.as_ref().unwrap_or(value))))
            }
            Self::List(item) => build::array(value.as_array()?, |value| item.apply(value)),
            Self::Struct(keys) => apply_struct(keys, value.as_object()?),
        }
    }
}

fn text(text: String) -> Value<'static> {
    Value::Str(Cow::Owned(text))
}

fn encode<'v>(value: &'v Value<'_>, wash: Wash) -> Option<Value<'v>> {
    match value {
        Value::Str(text) if ujson::is_json(text) => None,
        _ => {
            // The writer is the last to touch it: one round less of reading and writing before.
            let before = Wash {
                rounds: wash.rounds.saturating_sub(1),
                reads_last: true,
            };
            let washed = ujson::washed(value, before);
            Some(text(ujson::dumps(washed.as_ref().unwrap_or(value))))
        }
    }
}

fn apply_struct<'v>(keys: &[Key], object: &'v Object<'_>) -> Option<Value<'v>> {
    let alike = object.len() == keys.len() && object.keys().zip(keys).all(|(name, key)| *name == *key.name);
    if alike {
        return build::object(object, |at, value| keys[at].step.apply(value));
    }
    let mut out = Object::with_capacity(keys.len());
    for key in keys {
        let value = match object.get(&key.name) {
            None => Value::Null,
            Some(value) => key.step.apply(value).unwrap_or_else(|| build::share(value)),
        };
        // A copy of the name: the row does not outlive the schema, but neither borrows from the other.
        out.push(Cow::Owned(key.name.to_string()), value);
    }
    Some(Value::Object(out))
}

/// The type a scalar is read as; `None` for what is inside something else, or stored as JSON.
pub(super) fn scalar_of(of: &Type) -> Option<Scalar> {
    Some(match of {
        Type::Bool => Scalar::Bool,
        Type::Int | Type::UInt => Scalar::Int,
        Type::Float => Scalar::Float,
        Type::Text => Scalar::Text,
        Type::Datetime => Scalar::Datetime,
        Type::Null | Type::Json | Type::List(_) | Type::Struct(_) => return None,
    })
}
