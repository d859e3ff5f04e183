//! Rows of a kind that is rare in its set; where it proves common, only how many there are.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::Merge;
use crate::place::Place;

/// Rows that are strays, where nothing else is said.
const MOST: u64 = if cfg!(test) { 8 } else { 1024 };

/// Values of rows, as long as there are few: more than `LIMIT` are no strays, and none is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Strays<T, const LIMIT: u64 = MOST> {
    count: u64,
    rows: BTreeMap<Place, T>,
}

impl<T, const LIMIT: u64> Default for Strays<T, LIMIT> {
    fn default() -> Self {
        Self {
            count: 0,
            rows: BTreeMap::new(),
        }
    }
}

impl<T, const LIMIT: u64> Strays<T, LIMIT> {
    /// Takes a row; of several values of one row the first is kept.
    pub fn offer(&mut self, place: &Place, value: impl FnOnce() -> T) {
        if self.rows.contains_key(place) {
            return;
        }
        self.count += 1;
        if !self.are_many() {
            self.rows.insert(*place, value());
        } else if !self.rows.is_empty() {
            self.rows = BTreeMap::new();
        }
    }

    /// Whether they are no strays whatever else the set has, and none need be looked for.
    pub fn are_many(&self) -> bool {
        self.count > LIMIT
    }

    /// How many rows gave a value.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The rows in order of place; none where they are many.
    pub fn rows(&self) -> impl Iterator<Item = (&Place, &T)> {
        self.rows.iter()
    }

    /// Whether there are any, and at most one of so many rows is of the kind; one alone always may be.
    pub fn are_few(&self, per: u64, all: u64) -> bool {
        self.count > 0 && (self.count == 1 || self.count * per <= all)
    }
}

impl<T: Send + Serialize + DeserializeOwned + 'static, const LIMIT: u64> Merge for Strays<T, LIMIT> {
    fn merge(&mut self, other: Self) {
        self.count += other.count;
        if self.are_many() {
            self.rows = BTreeMap::new();
        } else {
            self.rows.extend(other.rows);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_kept_while_they_are_few_however_they_were_gathered() {
        let of = |rows: std::ops::Range<u64>| {
            let mut strays: Strays<u64> = Strays::default();
            for row in rows {
                let place = Place {
                    row,
                    ..Place::default()
                };
                strays.offer(&place, || row);
            }
            strays
        };
        for (first, all) in [(0, 3), (3, 8), (8, 9), (5, 20)] {
            let (mut one, mut other) = (of(0..first), of(first..all));
            let reverse = other.clone();
            other.merge(one.clone());
            one.merge(reverse);
            assert_eq!((&one, &other), (&of(0..all), &of(0..all)));
            assert_eq!(one.rows().count() as u64, if all > 8 { 0 } else { all });
            assert_eq!(one.count(), all);
        }
        assert!(of(0..1).are_few(50, 3) && of(0..2).are_few(50, 100));
        assert!(!of(0..0).are_few(50, 100) && !of(0..2).are_few(50, 99));
    }
}
