//! `messages` (role/content) and ShareGPT `conversations` (from/value), and lists of messages
//! wherever else they stand.

use std::borrow::Cow;

use crate::model::example::{Branch, Content, Example, Misfit, MisfitKind, Role, Shape, Turn};
use crate::model::value::Value;

use super::Fields;

pub(super) fn read(shape: Shape, row: Fields<'_>) -> Result<Example<'_>, Misfit> {
    let mut example = row.example(shape, true);
    let list = row.need("messages")?;
    let name = row.name("messages");
    let Some(items) = list.as_array() else {
        return Err(row.wrong("messages", list, "a list of messages"));
    };
    if let (Shape::Sharegpt, Some(system)) = (shape, row.text("system")?) {
        example
            .turns
            .push(plain(Role::System, "system", system, row.name("system"), Branch::Main));
    }
    messages(items, name, Branch::Main, &mut example.turns)?;
    Ok(example)
}

/// Reads a list of messages. An element that is no object is a misfit of the row.
pub(super) fn messages<'r>(
    items: &'r [Value<'r>],
    field: &'r str,
    branch: Branch,
    turns: &mut Vec<Turn<'r>>,
) -> Result<(), Misfit> {
    turns.reserve(items.len());
    for (index, item) in items.iter().enumerate() {
        turns.push(message(item, field, Some(index), branch)?);
    }
    Ok(())
}

/// Reads one message, with either pair of keys.
pub(super) fn message<'r>(
    item: &'r Value<'r>,
    field: &'r str,
    index: Option<usize>,
    branch: Branch,
) -> Result<Turn<'r>, Misfit> {
    let Some(object) = item.as_object() else {
        return Err(Misfit {
            kind: MisfitKind::WrongType,
            pointer: Some(index.map_or_else(|| format!("/{field}"), |index| format!("/{field}/{index}"))),
            message: format!("a message is {}, not an object", item.a_kind()),
        });
    };
    let sharegpt = !object.contains_key("role") && object.contains_key("from");
    let (role_key, key) = if sharegpt {
        ("from", "value")
    } else {
        ("role", "content")
    };
    let role_text = object.get(role_key).and_then(Value::as_str).unwrap_or_default();
    let (text, content) = match object.get(key) {
        Some(value) => content(value),
        None => (Cow::Borrowed(""), Content::Missing),
    };
    let train = ["weight", "train", "training", "loss_weight"]
        .iter()
        .find_map(|key| match object.get(key)? {
            Value::Bool(train) => Some(*train),
            weight => weight.as_f64().map(|weight| weight != 0.0),
        });
    Ok(Turn {
        role: Role::guess(role_text),
        role_text: Cow::Borrowed(role_text),
        text,
        content,
        branch,
        field,
        index,
        key,
        raw: Some(item),
        train,
    })
}

/// The text of a content field: the string, or the text of its text parts joined.
fn content<'r>(value: &'r Value<'r>) -> (Cow<'r, str>, Content) {
    match value {
        Value::Str(text) => (Cow::Borrowed(text), Content::Text),
        Value::Null => (Cow::Borrowed(""), Content::Null),
        Value::Array(parts) => {
            let mut texts = parts.iter().filter_map(part);
            let first = texts.next().unwrap_or_default();
            let mut joined = Cow::Borrowed(first);
            for text in texts {
                joined.to_mut().push_str(text);
            }
            (joined, Content::Parts)
        }
        other => (Cow::Borrowed(""), Content::Wrong(other.kind())),
    }
}

/// The text of a content part: a string, or `text` (OpenAI), `value`, `content` of an object.
fn part<'r>(part: &'r Value<'r>) -> Option<&'r str> {
    match part {
        Value::Str(text) => Some(text),
        Value::Object(object) => ["text", "value", "content"]
            .iter()
            .find_map(|key| object.get(key)?.as_str()),
        _ => None,
    }
}

/// A turn that is a text in a column of its own.
pub(super) fn plain<'r>(
    role: Role,
    role_text: &'static str,
    text: &'r str,
    field: &'r str,
    branch: Branch,
) -> Turn<'r> {
    Turn {
        role,
        role_text: Cow::Borrowed(role_text),
        text: Cow::Borrowed(text),
        content: Content::Text,
        branch,
        field,
        index: None,
        key: "",
        raw: None,
        train: None,
    }
}
