//! A row as TRL sees it: a dict with every column of the set, null where the row has none.

use std::borrow::Cow;

use crate::model::encoded::EncodeError;
use crate::model::value::{Object, Value};

use super::options::{raises, unsupported};

/// Columns by which `is_conversational` goes (`data_utils.py`).
pub(super) const CONVERSATIONAL: &[&str] = &["prompt", "chosen", "rejected", "completion", "messages"];
/// Columns whose messages `maybe_convert_to_chatml` renames.
const CONVERTED: &[&str] = &[
    "prompt",
    "completion",
    "chosen",
    "rejected",
    "messages",
    "conversations",
];

const NULL: &Value<'static> = &Value::Null;

/// One row of a set whose columns are known.
#[derive(Clone, Copy)]
pub(super) struct Row<'r> {
    pub(super) object: &'r Object<'r>,
    pub(super) columns: &'r [String],
}

impl<'r> Row<'r> {
    pub(super) fn has(self, column: &str) -> bool {
        self.columns.iter().any(|name| name == column)
    }

    /// The column's value; `KeyError` where the set has no such column.
    pub(super) fn get(self, column: &str) -> Result<&'r Value<'r>, EncodeError> {
        if !self.has(column) {
            return Err(raises("KeyError", format!("'{column}'")));
        }
        Ok(self.object.get(column).unwrap_or(NULL))
    }

    /// A text column. TRL calls `.endswith` on it, or hands it to the tokenizer.
    pub(super) fn text(self, column: &str) -> Result<Cow<'r, str>, EncodeError> {
        let kind = match self.get(column)? {
            Value::Str(text) => return Ok(Cow::Borrowed(text)),
            Value::Null => "NoneType",
            Value::Datetime(_) => "datetime.datetime",
            other => other.kind(),
        };
        Err(raises(
            "AttributeError",
            format!("'{kind}' object has no attribute 'endswith' (column `{column}`)"),
        ))
    }

    /// `is_conversational`; `by_role` from 0.28 on, before it wanted `content` as well.
    pub(super) fn is_conversational(self, by_role: bool) -> Result<bool, EncodeError> {
        let columns = CONVERSATIONAL.iter().copied().filter(move |column| self.has(column));
        agreed(columns.map(move |column| {
            let value = self.object.get(column).unwrap_or(NULL);
            (column, looks(value.as_array(), by_role))
        }))
    }

    /// `is_conversational_from_value`.
    pub(super) fn is_from_value(self) -> Result<bool, EncodeError> {
        let Some(Value::Array(items)) = self.object.get("conversations") else {
            return Ok(false);
        };
        let first = items
            .first()
            .ok_or_else(|| raises("IndexError", "list index out of range"))?;
        Ok(first
            .as_object()
            .is_some_and(|first| first.contains_key("from") && first.contains_key("value")))
    }
}

/// How one column looks to `is_conversational`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Looks {
    /// A list whose first item is a message.
    Messages,
    /// Anything else.
    Plain,
    /// A list without a first item, which raises `IndexError`.
    Empty,
}

/// How a column looks; `items` is none for what is no list.
pub(super) fn looks(items: Option<&[Value<'_>]>, by_role: bool) -> Looks {
    match items {
        None => Looks::Plain,
        Some([]) => Looks::Empty,
        Some([first, ..]) => match first.as_object() {
            Some(first) if first.contains_key("role") && (by_role || first.contains_key("content")) => Looks::Messages,
            _ => Looks::Plain,
        },
    }
}

/// `is_conversational` goes by one column of a Python set, and which one depends on the process's
/// hash seed; that is only no matter where all columns look alike.
pub(super) fn agreed(columns: impl Iterator<Item = (&'static str, Looks)> + Clone) -> Result<bool, EncodeError> {
    let mut seen = columns.clone().map(|(_, looks)| looks);
    match seen.next() {
        None => Ok(false),
        Some(first) if seen.all(|looks| looks == first) => match first {
            Looks::Empty => Err(raises("IndexError", "list index out of range")),
            looks => Ok(looks == Looks::Messages),
        },
        Some(_) => {
            let names: Vec<_> = columns.map(|(name, _)| name).collect();
            let names = names.join(", ");
            Err(unsupported(format!(
                "whether the row is conversational depends on Python's hash seed: {names} are not all of one kind"
            )))
        }
    }
}

/// `maybe_convert_to_chatml`: from and value become role and content, at the end of each message,
/// and `conversations` becomes `messages`. Roles keep their names.
pub(super) fn converted<'r>(object: &Object<'r>) -> Object<'r> {
    let mut out = Object::with_capacity(object.len());
    for (name, value) in object.iter() {
        if name == "conversations" {
            continue;
        }
        let value = if CONVERTED.contains(&name) {
            rename(value)
        } else {
            value.clone()
        };
        out.insert(Cow::Owned(name.to_owned()), value);
    }
    if let Some(conversations) = object.get("conversations") {
        out.insert(Cow::Borrowed("messages"), rename(conversations));
    }
    out
}

fn rename<'r>(messages: &Value<'r>) -> Value<'r> {
    let Value::Array(items) = messages else {
        return messages.clone();
    };
    let message = |item: &Value<'r>| {
        let Value::Object(message) = item else {
            return item.clone();
        };
        let mut out = Object::with_capacity(message.len());
        for (key, value) in message.iter().filter(|(key, _)| *key != "from" && *key != "value") {
            out.insert(Cow::Owned(key.to_owned()), value.clone());
        }
        for (old, new) in [("from", "role"), ("value", "content")] {
            if let Some(value) = message.get(old) {
                out.insert(Cow::Borrowed(new), value.clone());
            }
        }
        Value::Object(out)
    };
    Value::Array(items.iter().map(message).collect())
}

/// `remove_none_values` (`sft_trainer.py` 0.19): null values of dicts go, at any depth; null items
/// of lists stay.
pub(super) fn without_none<'r>(value: &Value<'r>) -> Value<'r> {
    match value {
        Value::Array(items) => Value::Array(items.iter().map(without_none).collect()),
        Value::Object(object) => {
            let mut out = Object::with_capacity(object.len());
            for (key, value) in object.iter().filter(|(_, value)| !value.is_null()) {
                out.insert(Cow::Owned(key.to_owned()), without_none(value));
            }
            Value::Object(out)
        }
        other => other.clone(),
    }
}
