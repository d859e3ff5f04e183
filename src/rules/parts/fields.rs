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
    fields: Option<BTreeMap<u64, Field>>,
}

/// Of so many objects one may have a key that the others have not, or a single one.
const KEYS: u64 = 1000;

/// Keys of messages and rows that a single conversation of a set may have or lack, or of which there is a rule.
const CHATS: [&str; 12] = [
    "content",
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
            fields: Some(BTreeMap::new()),
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
        if let Some(fields) = &mut self.fields {
            walk(fields, value, (0, 0), &mut String::new(), DEEP, &mut at);
        }
        // A column may be null by right, and tells nothing of how rows are built.
        self.nulls += u64::from(at.nulls || !values);
        self.bound();
    }

    /// Keeps the paths while they are few enough, which does not depend on the order they come in.
    fn bound(&mut self) {
        if self.fields.as_ref().is_some_and(|fields| fields.len() > PATHS) {
            self.fields = None;
        }
    }

    /// Reports each object, but for those of these rows, once; `named` is what they are, such as `the answer`.
    pub(in super::super) fn report(&self, named: &str, told: &BTreeSet<Place>, out: &mut Findings) {
        let Some(fields) = &self.fields else { return };
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

    /// The objects that lack a key which nearly all have.
    fn lost_key<'f>(&'f self, field: &Field, named: &str) -> Vec<(&'f Seen, String)> {
        let parent = self.fields.as_ref().and_then(|fields| fields.get(&field.parent));
        let (Some(parent), false) = (parent, field.path.is_empty() || field.path.ends_with("[]")) else {
            return Vec::new();
        };
        let objects = parent.kinds.get("object").map_or(0, Seen::count);
        let key = field.path[parent.path.len()..].trim_start_matches('.');
        let lacking = objects.saturating_sub(field.times());
        let rare = lacking == 1 || lacking * KEYS <= objects;
        if objects < LEAST || lacking == 0 || !rare || CHATS.contains(&key) {
            return Vec::new();
        }
        let others = objects - lacking;
        let message = format!(
            "{named} lacks the key {}, which {others} of {objects} have",
            field.named(named)
        );
        parent.keys.without(key).map(|seen| (seen, message.clone())).collect()
    }

    /// A key that hardly any object has, where all others are common.
    fn strange_key<'f>(&self, field: &'f Field, named: &str) -> Option<(&'f Seen, String)> {
        let fields = self.fields.as_ref()?;
        let objects = fields.get(&field.parent)?.kinds.get("object")?.count();
        let times = field.times();
        let rare = |times: u64| times == 1 || times * KEYS <= objects;
        let key = field.path.rsplit('.').next().unwrap_or_default();
        if objects < LEAST
            || !rare(times)
            || CHATS.contains(&key)
            || field.path.ends_with("[]")
            || field.path.is_empty()
        {
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
        self.fields = self.fields.take().zip(other.fields).map(|(mut fields, others)| {
            Merge::merge(&mut fields, others);
            fields
        });
        self.bound();
    }
}
