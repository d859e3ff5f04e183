//! How often something stands in the objects of a file, and in which rows, while it is rare.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use crate::model::value::Object;
use crate::place::Place;
use crate::sketch::Merge;

/// Rows that are remembered; where there are more, none is.
const MOST: u64 = 8;
/// More values than this are no few.
const VALUES: usize = 32;
/// Bytes of the longest value of a few.
const LONGEST: usize = 64;

/// How often something stands there, and pointers to the objects it stands in.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Seen {
    count: u64,
    rows: BTreeMap<Place, String>,
}

impl Seen {
    /// Counts it, as often as it stands in a row.
    pub(in super::super) fn offer(&mut self, place: &Place, pointer: impl FnOnce() -> String) {
        self.count += 1;
        if self.count > MOST {
            self.rows.clear();
        } else if !self.rows.contains_key(place) {
            self.rows.insert(*place, pointer());
        }
    }

    pub(in super::super) fn count(&self) -> u64 {
        self.count
    }

    pub(in super::super) fn rows(&self) -> impl Iterator<Item = (&Place, &str)> {
        self.rows.iter().map(|(place, pointer)| (place, pointer.as_str()))
    }
}

impl Merge for Seen {
    fn merge(&mut self, other: Self) {
        self.count += other.count;
        self.rows.extend(other.rows);
        if self.count > MOST {
            self.rows.clear();
        }
    }
}

/// The keys of the objects that stand in one place, by a number of them; `None` where there are too many kinds.
#[derive(Serialize, Deserialize)]
pub(crate) struct KeySets(Option<BTreeMap<u64, (Vec<String>, Seen)>>);

/// More kinds of objects than this are of all kinds.
const SETS: usize = 32;

impl Default for KeySets {
    fn default() -> Self {
        Self(Some(BTreeMap::new()))
    }
}

impl KeySets {
    pub(in super::super) fn offer(&mut self, object: &Object<'_>, place: &Place, pointer: impl FnOnce() -> String) {
        let Some(sets) = &mut self.0 else { return };
        let hashes = object.keys().map(|key| xxh3_64(key.as_bytes()));
        let number = hashes.fold(0u64, u64::wrapping_add);
        if sets.len() == SETS && !sets.contains_key(&number) {
            self.0 = None;
            return;
        }
        let keys = || object.keys().map(str::to_owned).collect();
        let (_, seen) = sets.entry(number).or_insert_with(|| (keys(), Seen::default()));
        seen.offer(place, pointer);
    }

    /// Whether an object has the key and no other: it is of another kind.
    pub(in super::super) fn stands_alone(&self, key: &str) -> bool {
        let mut sets = self.0.iter().flat_map(BTreeMap::values);
        sets.any(|(keys, _)| keys.len() == 1 && keys[0] == key)
    }

    /// The objects that lack a key, but have most of the usual ones.
    pub(in super::super) fn without(&self, key: &str, usual: &[&str]) -> Vec<&Seen> {
        let has = |keys: &[String], key: &str| keys.iter().any(|own| own == key);
        let alike = |keys: &[String]| 2 * usual.iter().filter(|usual| has(keys, usual)).count() >= usual.len();
        let sets = self.0.iter().flat_map(BTreeMap::values);
        let lacking = sets.filter(|(keys, _)| !has(keys, key) && alike(keys));
        lacking.map(|(_, seen)| seen).collect()
    }
}

impl Merge for KeySets {
    fn merge(&mut self, other: Self) {
        let (Some(sets), Some(others)) = (&mut self.0, other.0) else {
            self.0 = None;
            return;
        };
        for (number, (keys, seen)) in others {
            sets.entry(number).or_insert((keys, Seen::default())).1.merge(seen);
        }
        if sets.len() > SETS {
            self.0 = None;
        }
    }
}

/// Strings that stand in one place of all objects; `None` where they are too many or too long to be of a few.
#[derive(Serialize, Deserialize)]
pub(crate) struct Values(Option<BTreeMap<String, Seen>>);

impl Default for Values {
    fn default() -> Self {
        Self(Some(BTreeMap::new()))
    }
}

impl Values {
    pub(in super::super) fn offer(&mut self, text: &str, place: &Place, pointer: impl FnOnce() -> String) {
        let Some(values) = &mut self.0 else { return };
        if !values.contains_key(text) {
            if values.len() == VALUES || text.len() > LONGEST {
                self.0 = None;
                return;
            }
            values.insert(text.to_owned(), Seen::default());
        }
        if let Some(seen) = values.get_mut(text) {
            seen.offer(place, pointer);
        }
    }

    /// The one value that stands once, and the others, two or more, where each stands at least so often.
    pub(in super::super) fn single(&self, often: u64) -> Option<(Vec<&str>, (&str, &Seen))> {
        let (odd, usual): (Vec<_>, Vec<_>) = self.0.as_ref()?.iter().partition(|(_, seen)| seen.count == 1);
        let [(value, seen)] = odd[..] else { return None };
        let common = usual.len() >= 2 && usual.iter().all(|(_, seen)| seen.count >= often);
        common.then(|| {
            (
                usual.iter().map(|(value, _)| value.as_str()).collect(),
                (value.as_str(), seen),
            )
        })
    }
}

impl Merge for Values {
    fn merge(&mut self, other: Self) {
        let (Some(values), Some(others)) = (&mut self.0, other.0) else {
            self.0 = None;
            return;
        };
        Merge::merge(values, others);
        if values.len() > VALUES {
            self.0 = None;
        }
    }
}
