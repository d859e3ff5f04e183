//! Rows that differ from nearly all others of their file in one way. Where many do, the file has it by nature, and it is
//! only known that they are many.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::finding::Findings;
use crate::place::Place;
use crate::sketch::Merge;
use crate::sketch::strays::Strays;

/// Rows that differ in one way, and what is known of each: none once they are more than [`MOST`].
#[derive(Serialize, Deserialize)]
#[serde(bound(serialize = "T: Serialize", deserialize = "T: DeserializeOwned"))]
pub(in super::super) struct Slips<T>(Strays<T, MOST>);

/// More than so many of one file are no slips.
const MOST: u64 = 256;

impl<T> Default for Slips<T> {
    fn default() -> Self {
        Self(Strays::default())
    }
}

impl<T> Slips<T> {
    /// Takes a row; of several values of one row the first is kept.
    pub(in super::super) fn offer(&mut self, place: &Place, value: impl FnOnce() -> T) {
        self.0.offer(place, value);
    }

    pub(in super::super) fn count(&self) -> u64 {
        self.0.count()
    }

    /// Whether they are no slips whatever else the file has, and none need be looked for.
    pub(in super::super) fn are_many(&self) -> bool {
        self.0.are_many()
    }

    /// The rows if they are few: a single one, or one of so many.
    pub(in super::super) fn few(&self, of: u64, per: u64) -> impl Iterator<Item = (&Place, &T)> {
        self.0.rows().filter(move |_| self.0.are_few(per, of))
    }

    /// Reports the rows if they are few: a single one, or one of so many.
    pub(in super::super) fn report(&self, of: u64, per: u64, out: &mut Findings, say: impl Fn(&T) -> (String, String)) {
        report(&self.0, of, per, out, say);
    }
}

/// Reports rows if they are few, each with the pointer and the message that what is known of it gives.
pub(in super::super) fn report<T, const LIMIT: u64>(
    rows: &Strays<T, LIMIT>,
    of: u64,
    per: u64,
    out: &mut Findings,
    say: impl Fn(&T) -> (String, String),
) {
    if !rows.are_few(per, of) {
        return;
    }
    for (place, value) in rows.rows() {
        let (pointer, message) = say(value);
        out.field(place, || pointer, || message);
    }
}

impl<T: Send + Serialize + DeserializeOwned + 'static> Merge for Slips<T> {
    fn merge(&mut self, other: Self) {
        self.0.merge(other.0);
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
