//! The objects of a file by the keys they have, and those that lack a key that nearly all have.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::finding::Findings;
use crate::place::Place;
use crate::rule::{clip, nearest};
use crate::rules::parts::slips::Slips;
use crate::sketch::Merge;

/// The kinds of objects, each by the number of its keys; `None` in place of them once they are too many.
#[derive(Serialize, Deserialize)]
pub(in super::super) struct Kinds(Option<BTreeMap<u64, Kind>>);

/// Objects of the same keys.
#[derive(Default, Serialize, Deserialize)]
struct Kind {
    /// In order.
    keys: Vec<String>,
    /// Pointers to them.
    rows: Slips<String>,
}

/// Where objects are of more kinds than this they are of all kinds.
const KINDS: usize = 64;
/// Objects with more keys, or longer ones, are maps of what they hold.
const KEYS: usize = 64;
const LONGEST: usize = 128;
/// Objects below which nothing is said of their keys.
const LEAST: u64 = 100;
/// Of so many objects one may lack a key.
const PER: u64 = 100;

impl Default for Kinds {
    fn default() -> Self {
        Self(Some(BTreeMap::new()))
    }
}

impl Kinds {
    /// Adds an object, of which `number` is as [`read`](super::json::read) gives it.
    pub(in super::super) fn add(&mut self, number: u64, text: &str, place: &Place, pointer: impl FnOnce() -> String) {
        let Some(kinds) = &mut self.0 else { return };
        if !kinds.contains_key(&number) {
            let keys: BTreeMap<String, &RawValue> = serde_json::from_str(text).unwrap_or_default();
            if keys.len() > KEYS || keys.keys().any(|key| key.len() > LONGEST) || kinds.len() == KINDS {
                self.0 = None;
                return;
            }
            let keys = keys.into_keys().collect();
            let rows = Slips::default();
            kinds.insert(number, Kind { keys, rows });
        }
        if let Some(kind) = kinds.get_mut(&number) {
            kind.rows.offer(place, pointer);
        }
    }

    /// Reports objects that have most of the keys that nearly all have, and not the others.
    /// Gives their rows.
    pub(in super::super) fn report(&self, out: &mut Findings) -> BTreeSet<Place> {
        let mut told = BTreeSet::new();
        let Some(kinds) = &self.0 else { return told };
        let objects: u64 = kinds.values().map(|kind| kind.rows.count()).sum();
        if objects < LEAST {
            return told;
        }
        let mut having: BTreeMap<&str, u64> = BTreeMap::new();
        for kind in kinds.values() {
            for key in &kind.keys {
                *having.entry(key).or_default() += kind.rows.count();
            }
        }
        having.retain(|_, count| *count * PER >= objects * (PER - 1));
        for kind in kinds.values() {
            let has = |key: &&str| kind.keys.binary_search_by(|own| own.as_str().cmp(key)).is_ok();
            let lacking: Vec<&str> = having.keys().copied().filter(|key| !has(key)).collect();
            let Some(first) = lacking.first().filter(|_| 2 * lacking.len() < having.len()) else {
                continue;
            };
            let others = kind
                .keys
                .iter()
                .map(String::as_str)
                .filter(|key| !having.contains_key(key));
            let meant = nearest(first, others);
            let hint = meant.map_or_else(String::new, |meant| {
                format!("; is `{}` that key, misspelt?", clip(meant))
            });
            let (key, count) = (clip(first), having[first]);
            for (place, pointer) in kind.rows.few(objects, PER) {
                let message = || format!("the answer lacks the key `{key}`, which {count} of {objects} have{hint}");
                out.field(place, || pointer.clone(), message);
                told.insert(*place);
            }
        }
        told
    }
}

impl Merge for Kinds {
    fn merge(&mut self, other: Self) {
        let (Some(kinds), Some(theirs)) = (&mut self.0, other.0) else {
            self.0 = None;
            return;
        };
        for (number, kind) in theirs {
            let own = kinds.entry(number).or_default();
            own.keys = kind.keys;
            own.rows.merge(kind.rows);
        }
        if kinds.len() > KINDS {
            self.0 = None;
        }
    }
}
