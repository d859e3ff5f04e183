//! Rows of a kind that is rare in its set; where it proves common, only how many there are.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::Merge;
use crate::place::Place;

/// Values of rows, as long as there are few.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Strays<T> {
    count: u64,
    rows: BTreeMap<Place, T>,
}

impl<T> Default for Strays<T> {
    fn default() -> Self {
        Self {
            count: 0,
            rows: BTreeMap::new(),
        }
    }
}

impl<T> Strays<T> {
    /// More rows than this are no strays, and none is kept.
    const MOST: usize = if cfg!(test) { 8 } else { 1024 };

    /// Takes a row's value, once a row.
    pub fn offer(&mut self, place: &Place, value: impl FnOnce() -> T) {
        self.count += 1;
        if !self.are_many() {
            self.rows.insert(*place, value());
        } else if !self.rows.is_empty() {
            self.rows = BTreeMap::new();
        }
    }

    fn are_many(&self) -> bool {
        self.count > Self::MOST as u64
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

impl<T: Send + Serialize + DeserializeOwned + 'static> Merge for Strays<T> {
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
            let mut strays = Strays::default();
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
