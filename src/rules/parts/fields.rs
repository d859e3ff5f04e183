//! What stands where in the objects of a file, such as answers that are JSON: of which kind it is, and which of a few values;
//! and what of one object is unlike all others.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::field::{Field, LEAST, OFTEN, PER};
use super::field_values::Seen;
use super::field_walk::{At, DEEP, PATHS, walk};
use crate::finding::Findings;
use crate::model::value::Value;
use crate::place::Place;
use crate::rule::{clip, nearest};
use crate::sketch::Merge;

/// What stands at each path, by the path's hash; `None` once the paths are too many: then keys are what the objects hold.
#[derive(Serialize, Deserialize)]
pub(crate) struct Fields {
    objects: u64,
    /// Objects with a null in them.
    nulls: u64,
    paths: Option<BTreeMap<u64, Field>>,
}

/// Of so many objects one may have a key that the others have not, or a single one.
const KEYS: u64 = 1000;

/// Keys of messages and rows that a single conversation of a set may have or lack, or of which there is a rule.
const CHATS: [&str; 11] = [
    "input",
    "tool_calls",
    "tool_call_id",
    "function_call",
    "tools",
    "system",
    "history",
    "weight",
    "train",
    "reasoning_content",
    "images",
];

impl Default for Fields {
    fn default() -> Self {
        Self {
            objects: 0,
            nulls: 0,
            paths: Some(BTreeMap::new()),
        }
    }
}

impl Fields {
    /// Takes an object and all it holds.
    pub(in super::super) fn add(&mut self, value: &Value<'_>, place: &Place, pointer: &dyn Fn() -> String) {
        self.take(value, place, pointer, true, &[]);
    }

    /// Takes an object and how it is built: neither what its strings say, nor what stands behind these keys.
    pub(in super::super) fn add_build(&mut self, value: &Value<'_>, place: &Place, closed: &[&str]) {
        self.take(value, place, &String::new, false, closed);
    }

    fn take(&mut self, value: &Value<'_>, place: &Place, pointer: &dyn Fn() -> String, values: bool, closed: &[&str]) {
        let mut at = At {
            place,
            pointer,
            values,
            closed,
            nulls: false,
        };
        self.objects += 1;
        if let Some(fields) = &mut self.paths {
            walk(fields, value, (0, 0), &mut String::new(), DEEP, &mut at);
        }
        // A column may be null by right, and tells nothing of how rows are built.
        self.nulls += u64::from(at.nulls || !values);
        self.bound();
    }

    /// Keeps the paths while they are few enough, which does not depend on the order they come in.
    fn bound(&mut self) {
        if self.paths.as_ref().is_some_and(|fields| fields.len() > PATHS) {
            self.paths = None;
        }
    }

    /// Reports each object, but for those of these rows, once; `named` is what they are, such as `the answer`.
    pub(in super::super) fn report(&self, named: &str, told: &BTreeSet<Place>, out: &mut Findings) {
        let Some(fields) = &self.paths else { return };
        let mut odd: BTreeMap<&Place, (&str, String)> = BTreeMap::new();
        let mut paths: Vec<&Field> = fields.values().collect();
        paths.sort_unstable_by_key(|field| &field.path);
        for field in paths {
            let kinds = field.kind_unlike(named, self.nulls == 1 || self.nulls * PER <= self.objects);
            let lost = self.lost_key(field, named);
            let found = self
                .strange_key(field, named)
                .into_iter()
                .chain(kinds)
                .chain(field.value_unlike(named))
                .chain(lost);
            for (rows, message) in found {
                for (place, pointer) in rows.rows().filter(|(place, _)| !told.contains(place)) {
                    odd.entry(place).or_insert_with(|| (pointer, message.clone()));
                }
            }
        }
        for (place, (pointer, message)) in odd {
            match pointer {
                "" => out.row(place, || message),
                pointer => out.field(place, || pointer.to_owned(), || message),
            }
        }
    }

    /// The key that a field is of, and what it stands in.
    fn key<'f>(&'f self, field: &'f Field) -> Option<(&'f Field, &'f str)> {
        let parent = self.paths.as_ref()?.get(&field.parent)?;
        let key = field.path.strip_prefix(&parent.path)?.trim_start_matches('.');
        let is_key = !field.path.is_empty() && !field.path.ends_with("[]") && !CHATS.contains(&key);
        is_key.then_some((parent, key))
    }

    /// The objects that lack a key which nearly all have.
    fn lost_key<'f>(&'f self, field: &'f Field, named: &str) -> Vec<(&'f Seen, String)> {
        let Some((parent, key)) = self.key(field) else {
            return Vec::new();
        };
        let objects = parent.objects();
        let lacking = objects.saturating_sub(field.times());
        if objects < LEAST || lacking == 0 || lacking > 1 && lacking * KEYS > objects {
            return Vec::new();
        }
        let others = objects - lacking;
        let message = format!(
            "{named} lacks the key {}, which {others} of {objects} have",
            field.named(named)
        );
        let beside = self.paths.iter().flat_map(BTreeMap::values);
        let usual = beside.filter(|other| other.parent == field.parent && other.times() * PER >= objects * (PER - 1));
        let usual: Vec<&str> = usual.filter_map(|other| Some(self.key(other)?.1)).collect();
        let lacking = parent.keys.without(key, &usual).into_iter();
        lacking.map(|seen| (seen, message.clone())).collect()
    }

    /// A key that hardly any object has, where all others are common.
    fn strange_key<'f>(&self, field: &'f Field, named: &str) -> Option<(&'f Seen, String)> {
        let fields = self.paths.as_ref()?;
        let (parent, key) = self.key(field)?;
        let (objects, times) = (parent.objects(), field.times());
        // An object with this key alone is of another kind.
        if objects < LEAST || times > 1 && times * KEYS > objects || parent.keys.stands_alone(key) {
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
        let near = nearest(
            key,
            beside().map(|other| other.path.rsplit('.').next().unwrap_or_default()),
        );
        let near = near.map_or_else(String::new, |near| format!("; `{}` is near", clip(near)));
        let rows = field.kinds.values().next()?;
        let shown = field.named(named);
        let message = format!("{named} has the key {shown}, as {times} of {objects} do{near}");
        Some((rows, message))
    }
}

impl Merge for Fields {
    fn merge(&mut self, other: Self) {
        self.objects += other.objects;
        self.nulls += other.nulls;
        self.paths = self.paths.take().zip(other.paths).map(|(mut fields, others)| {
            Merge::merge(&mut fields, others);
            fields
        });
        self.bound();
    }
}
