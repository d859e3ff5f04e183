//! What stands where in the answers of a file that are JSON: of which kind it is, and which of a few values; and what of one
//! answer is unlike all others.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::json_field::{Field, LEAST, OFTEN, PER};
use super::json_seen::Seen;
use crate::finding::Findings;
use crate::model::value::Value;
use crate::place::Place;
use crate::rule::{clip, nearest};
use crate::sketch::Merge;

/// What stands at each path, by the path's hash; `None` once the paths are too many: then keys are what the answers hold.
#[derive(Serialize, Deserialize)]
pub(crate) struct Fields {
    answers: u64,
    /// Answers with a null in them.
    nulls: u64,
    fields: Option<BTreeMap<u64, Field>>,
}

/// Paths beyond which the keys are no names of fields.
const PATHS: usize = 256;
/// Levels that are looked at.
const DEEP: u32 = 6;
/// Of so many objects one may have a key that the others have not, or a single one.
const KEYS: u64 = 1000;

impl Default for Fields {
    fn default() -> Self {
        Self {
            answers: 0,
            nulls: 0,
            fields: Some(BTreeMap::new()),
        }
    }
}

/// The answer that is looked at.
struct At<'a> {
    place: &'a Place,
    pointer: &'a dyn Fn() -> String,
    nulls: bool,
}

impl Fields {
    pub(in super::super) fn add(&mut self, value: &Value<'_>, place: &Place, pointer: &dyn Fn() -> String) {
        let mut at = At {
            place,
            pointer,
            nulls: false,
        };
        self.answers += 1;
        if let Some(fields) = &mut self.fields {
            walk(fields, value, (0, 0), &mut String::new(), DEEP, &mut at);
        }
        self.nulls += u64::from(at.nulls);
        self.bound();
    }

    /// Keeps the paths while they are few enough, which does not depend on the order they come in.
    fn bound(&mut self) {
        if self.fields.as_ref().is_some_and(|fields| fields.len() > PATHS) {
            self.fields = None;
        }
    }

    /// Reports each answer, but for these, once.
    pub(in super::super) fn report(&self, told: &BTreeSet<Place>, out: &mut Findings) {
        let Some(fields) = &self.fields else { return };
        let mut odd: BTreeMap<&Place, (&str, String)> = BTreeMap::new();
        let mut paths: Vec<&Field> = fields.values().collect();
        paths.sort_unstable_by_key(|field| &field.path);
        for field in paths {
            let kinds = field.kind_unlike(self.nulls == 1 || self.nulls * PER <= self.answers);
            let found = self
                .strange_key(field)
                .into_iter()
                .chain(kinds)
                .chain(field.value_unlike());
            for (rows, message) in found {
                for (place, pointer) in rows.rows().filter(|(place, _)| !told.contains(place)) {
                    odd.entry(place).or_insert_with(|| (pointer, message.clone()));
                }
            }
        }
        for (place, (pointer, message)) in odd {
            out.field(place, || pointer.to_owned(), || message);
        }
    }

    /// A key that hardly any object has, where all others are common.
    fn strange_key<'f>(&self, field: &'f Field) -> Option<(&'f Seen, String)> {
        let fields = self.fields.as_ref()?;
        let objects = fields.get(&field.parent)?.kinds.get("object")?.count();
        let times = field.times();
        let rare = |times: u64| times == 1 || times * KEYS <= objects;
        if objects < LEAST || !rare(times) || field.path.ends_with("[]") || field.path.is_empty() {
            return None;
        }
        let beside = || {
            let siblings = fields
                .values()
                .filter(|other| other.parent == field.parent && !other.path.is_empty());
            siblings.filter(|other| other.path != field.path)
        };
        if !beside().all(|other| other.times() >= OFTEN) {
            return None;
        }
        let near = nearest(&field.path, beside().map(|other| other.path.as_str()));
        let near = near.map_or_else(String::new, |near| format!("; `{}` is near", clip(near)));
        let rows = field.kinds.values().next()?;
        let message = format!(
            "the answer has the key `{}`, {times} of {objects} do{near}",
            clip(&field.path)
        );
        Some((rows, message))
    }
}

/// Takes what stands at a path, and what stands in it.
fn walk(
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
    field.offer(value, at.place, at.pointer);
    at.nulls |= value.is_null();
    let length = path.len();
    match value {
        Value::Object(object) => {
            for (key, value) in object.iter() {
                path.push_str(if length == 0 { "" } else { "." });
                path.push_str(key);
                walk(
                    fields,
                    value,
                    (hash, xxh3_64_with_seed(key.as_bytes(), hash)),
                    path,
                    room,
                    at,
                );
                path.truncate(length);
            }
        }
        Value::Array(items) => {
            path.push_str("[]");
            for item in items {
                walk(fields, item, (hash, xxh3_64_with_seed(b"[]", !hash)), path, room, at);
            }
            path.truncate(length);
        }
        _ => {}
    }
}

impl Merge for Fields {
    fn merge(&mut self, other: Self) {
        self.answers += other.answers;
        self.nulls += other.nulls;
        self.fields = self.fields.take().zip(other.fields).map(|(mut fields, others)| {
            Merge::merge(&mut fields, others);
            fields
        });
        self.bound();
    }
}
