//! Changing a value as little as possible: what stays the same is borrowed, and mostly all of it is.

use std::borrow::Cow;

use crate::model::value::{Object, Value};

/// A copy that borrows its texts.
pub(super) fn share<'v>(value: &'v Value<'_>) -> Value<'v> {
    match value {
        Value::Null => Value::Null,
        Value::Bool(value) => Value::Bool(*value),
        Value::Int(value) => Value::Int(*value),
        Value::UInt(value) => Value::UInt(*value),
        Value::Float(value) => Value::Float(*value),
        Value::Str(text) => Value::Str(Cow::Borrowed(text)),
        Value::Datetime(text) => Value::Datetime(text.clone()),
        Value::Array(items) => Value::Array(items.iter().map(share).collect()),
        Value::Object(object) => {
            let mut copy = Object::with_capacity(object.len());
            for (key, value) in object.iter() {
                copy.push(Cow::Borrowed(key), share(value));
            }
            Value::Object(copy)
        }
    }
}

/// The array with the items that change; `None` if none does.
pub(super) fn array<'v, 'a>(
    items: &'v [Value<'a>],
    mut change: impl FnMut(&'v Value<'a>) -> Option<Value<'v>>,
) -> Option<Value<'v>> {
    let (first, changed) = items
        .iter()
        .enumerate()
        .find_map(|(at, item)| Some((at, change(item)?)))?;
    let mut out = Vec::with_capacity(items.len());
    out.extend(items[..first].iter().map(share));
    out.push(changed);
    out.extend(
        items[first + 1..]
            .iter()
            .map(|item| change(item).unwrap_or_else(|| share(item))),
    );
    Some(Value::Array(out))
}

/// The object with the values that change; `None` if none does.
pub(super) fn object<'v, 'a>(
    object: &'v Object<'a>,
    mut change: impl FnMut(usize, &'v Value<'a>) -> Option<Value<'v>>,
) -> Option<Value<'v>> {
    let (first, changed) = object
        .iter()
        .enumerate()
        .find_map(|(at, (_, value))| Some((at, change(at, value)?)))?;
    let mut changed = Some(changed);
    let mut out = Object::with_capacity(object.len());
    for (at, (key, value)) in object.iter().enumerate() {
        let value = match at.cmp(&first) {
            std::cmp::Ordering::Less => share(value),
            std::cmp::Ordering::Equal => changed.take().expect("taken once"),
            std::cmp::Ordering::Greater => change(at, value).unwrap_or_else(|| share(value)),
        };
        out.push(Cow::Borrowed(key), value);
    }
    Some(Value::Object(out))
}
