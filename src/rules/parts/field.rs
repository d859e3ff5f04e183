//! What stands at one path of all objects of a file, and what of it is unlike the rest.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::field_values::{KeySets, Seen, Values};
use crate::model::value::Value;
use crate::place::Place;
use crate::rule::{clip, nearest};
use crate::sketch::Merge;

/// Values below which nothing is usual.
pub(in super::super) const LEAST: u64 = 100;
/// One of so many values may be of another kind, or a single one.
pub(in super::super) const PER: u64 = 100;
/// Bytes of a path that is shown whole.
const SHOWN: usize = 80;
/// What is usual beside a single odd one is there so often.
pub(in super::super) const OFTEN: u64 = 10;

/// What stands at one path.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Field {
    /// The path of what it stands in.
    pub parent: u64,
    /// As it is shown: `issues[].urgency`; empty for the object itself.
    pub path: String,
    pub kinds: BTreeMap<String, Seen>,
    values: Values,
    pub keys: KeySets,
}

impl Field {
    pub(in super::super) fn of(parent: u64, path: &str) -> Self {
        Self {
            parent,
            path: path.to_owned(),
            ..Self::default()
        }
    }

    /// Takes what stands there, as often as it does in a row, and what it says where it is a string.
    pub(in super::super) fn offer(
        &mut self,
        value: &Value<'_>,
        values: bool,
        place: &Place,
        pointer: &dyn Fn() -> String,
    ) {
        let kind = value.kind();
        match self.kinds.get_mut(kind) {
            Some(seen) => seen.offer(place, pointer),
            None => self.kinds.entry(kind.to_owned()).or_default().offer(place, pointer),
        }
        match value {
            Value::Str(text) if values => self.values.offer(text, place, pointer),
            Value::Object(object) => self.keys.offer(object, place, pointer),
            _ => {}
        }
    }

    /// How many objects stand there.
    pub(in super::super) fn objects(&self) -> u64 {
        self.kinds.get("object").map_or(0, Seen::count)
    }

    pub(in super::super) fn times(&self) -> u64 {
        self.kinds.values().map(Seen::count).sum()
    }

    /// Its path as messages show it, or the object where it is that itself.
    pub(in super::super) fn named(&self, object: &str) -> String {
        match self.path.as_str() {
            "" => object.to_owned(),
            path if path.len() <= SHOWN => format!("`{path}`"),
            path => format!("`{}`", clip(path)),
        }
    }

    /// Values of another kind than nearly all. A null tells something where there are hardly any.
    pub(in super::super) fn kind_unlike(&self, object: &str, nulls: bool) -> Vec<(&Seen, String)> {
        let all = self.times();
        let Some((usual, most)) = self.kinds.iter().max_by_key(|(_, seen)| seen.count()) else {
            return Vec::new();
        };
        if all < LEAST || usual == "null" {
            return Vec::new();
        }
        let few =
            |kind: &str, times: u64| kind != usual && (times == 1 || times * PER <= all) && (nulls || kind != "null");
        let odd = self.kinds.iter().filter(|(kind, seen)| few(kind, seen.count()));
        odd.map(|(kind, seen)| {
            let (named, times) = (self.named(object), most.count());
            (
                seen,
                format!("{named} is {}, and {} in {times} of {all}", a(kind), a(usual)),
            )
        })
        .collect()
    }

    /// The one string that stands once, where each of the others stands often.
    pub(in super::super) fn value_unlike(&self, object: &str) -> Option<(&Seen, String)> {
        let strings = self.kinds.get("string")?.count();
        let (odd, (value, seen)) = (strings >= LEAST && strings * 100 >= self.times() * 99)
            .then(|| self.values.single(OFTEN))
            .flatten()?;
        let near = nearest(value, odd.iter().copied());
        let near = near.map_or_else(String::new, |near| format!("; `{near}` is near"));
        let others: Vec<String> = odd.iter().take(6).map(|value| format!("`{}`", clip(value))).collect();
        let more = if odd.len() > 6 { ", …" } else { "" };
        let (named, others) = (self.named(object), others.join(", "));
        let message = format!(
            "{named} is `{}` here only; in {strings} answers it is one of {others}{more}{near}",
            clip(value)
        );
        Some((seen, message))
    }
}

/// A kind with its article.
fn a(kind: &str) -> &'static str {
    match kind {
        "null" => "null",
        "boolean" => "a boolean",
        "number" => "a number",
        "array" => "a list",
        "object" => "an object",
        _ => "a string",
    }
}

impl Merge for Field {
    fn merge(&mut self, other: Self) {
        (self.parent, self.path) = (other.parent, other.path);
        Merge::merge(&mut self.kinds, other.kinds);
        self.values.merge(other.values);
        self.keys.merge(other.keys);
    }
}
