//! The way through an object, past all that stands in it.

use std::collections::BTreeMap;

use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::field::Field;
use crate::model::value::Value;
use crate::place::Place;

/// Paths beyond which the keys are no names of fields.
pub(super) const PATHS: usize = 256;
/// Levels that are looked at.
pub(super) const DEEP: u32 = 8;

/// Keys of a message that rules of their own look at.
const MESSAGE: [&str; 4] = ["role", "content", "from", "value"];

/// The object that is looked at.
pub(super) struct At<'a> {
    pub place: &'a Place,
    pub pointer: &'a dyn Fn() -> String,
    /// Whether what strings say is looked at, too.
    pub values: bool,
    /// Keys of which it is not looked at what stands behind them.
    pub closed: &'a [&'a str],
    pub nulls: bool,
}

/// Takes what stands at a path, and what stands in it.
pub(super) fn walk(
    fields: &mut BTreeMap<u64, Field>,
    value: &Value<'_>,
    (parent, hash): (u64, u64),
    path: &mut String,
    room: u32,
    at: &mut At<'_>,
) {
    let Some(room) = room.checked_sub(1).filter(|_| fields.len() <= PATHS) else {
        return;
    };
    let field = fields.entry(hash).or_insert_with(|| Field::of(parent, path));
    field.offer(value, at.values, at.place, at.pointer);
    at.nulls |= value.is_null();
    let length = path.len();
    match value {
        Value::Object(object) => {
            for (key, value) in object.iter() {
                if !at.values && MESSAGE.contains(&key) {
                    continue;
                }
                path.push_str(if length == 0 { "" } else { "." });
                path.push_str(key);
                let below = (hash, xxh3_64_with_seed(key.as_bytes(), hash));
                let room = if at.closed.contains(&key) { 1 } else { room };
                walk(fields, value, below, path, room, at);
                path.truncate(length);
            }
        }
        Value::Array(items) => {
            path.push_str("[]");
            // How a list of numbers or texts is built its length tells.
            let values = at.values;
            for item in items.iter().filter(|item| values || item.as_object().is_some()) {
                walk(fields, item, (hash, xxh3_64_with_seed(b"[]", !hash)), path, room, at);
            }
            path.truncate(length);
        }
        _ => {}
    }
}
