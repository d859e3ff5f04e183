//! Rows that differ from nearly all others of their file in one way. Where many do, the file has it by nature, and it is
//! only known that they are many.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::finding::Findings;
use crate::place::Place;
use crate::sketch::Merge;

/// Rows that differ in one way, and what is known of each.
#[derive(Serialize, Deserialize)]
pub(in super::super) struct Slips<T> {
    count: u64,
    /// None once they are more than [`MOST`].
    rows: BTreeMap<Place, T>,
}

/// More than so many of one file are no slips.
const MOST: u64 = 256;

impl<T> Default for Slips<T> {
    fn default() -> Self {
        Self {
            count: 0,
            rows: BTreeMap::new(),
        }
    }
}

impl<T> Slips<T> {
    /// Takes a row; of several values of one row the first is kept.
    pub(in super::super) fn offer(&mut self, place: &Place, value: impl FnOnce() -> T) {
        if self.are_many() {
            self.count += 1;
        } else if !self.rows.contains_key(place) {
            self.count += 1;
            self.rows.insert(*place, value());
            self.settle();
        }
    }

    fn settle(&mut self) {
        if self.are_many() {
            self.rows.clear();
        }
    }

    pub(in super::super) fn count(&self) -> u64 {
        self.count
    }

    /// Whether they are no slips whatever else the file has, and none need be looked for.
    pub(in super::super) fn are_many(&self) -> bool {
        self.count > MOST
    }

    /// Reports the rows if they are few: a single one, or one of so many.
    pub(in super::super) fn report(&self, of: u64, per: u64, out: &mut Findings, say: impl Fn(&T) -> (String, String)) {
        if self.count > 1 && self.count * per > of {
            return;
        }
        for (place, value) in &self.rows {
            let (pointer, message) = say(value);
            out.field(place, || pointer, || message);
        }
    }
}

impl<T: Send + Serialize + DeserializeOwned + 'static> Merge for Slips<T> {
    fn merge(&mut self, other: Self) {
        self.count += other.count;
        self.rows.extend(other.rows);
        self.settle();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some(rows: impl Iterator<Item = u64>) -> Slips<u64> {
        let mut slips = Slips::default();
        for row in rows {
            let place = Place {
                row,
                ..Place::default()
            };
            slips.offer(&place, || row);
            slips.offer(&place, || row + 1);
        }
        slips
    }

    fn told(slips: &Slips<u64>, of: u64) -> u64 {
        let mut out = Findings::default();
        slips.report(of, 100, &mut out, |row| (String::new(), row.to_string()));
        out.count
    }

    #[test]
    fn many_are_no_slips_in_whatever_order_they_are_gathered() {
        let (mut one, other) = (some((0..200).step_by(2)), some((0..200).skip(1).step_by(2)));
        one.merge(other);
        assert_eq!((one.count(), told(&one, 20_000), told(&one, 19_999)), (200, 200, 0));
        one.merge(some(200..300));
        let all = some(0..300);
        assert_eq!((told(&one, 1_000_000), told(&all, 1_000_000)), (0, 0));
        assert_eq!(told(&some(0..1), 20), 1);
    }
}
