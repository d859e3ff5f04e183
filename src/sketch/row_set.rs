//! Rows by their numbers, a bit each where they stand close.

use std::collections::BTreeMap;

use roaring::RoaringBitmap;
use serde::{Deserialize, Serialize};

use super::Merge;

/// A set of rows of several sources.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RowSet(BTreeMap<u32, RoaringBitmap>);

impl RowSet {
    /// Adds a row; false where it is there.
    pub fn insert(&mut self, source: u32, row: u64) -> bool {
        let row = u32::try_from(row).expect("fewer than 2^32 rows");
        self.0.entry(source).or_default().insert(row)
    }

    pub fn len(&self) -> u64 {
        self.0.values().map(RoaringBitmap::len).sum()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many there are of each source, in the order of their numbers.
    pub fn by_source(&self) -> impl Iterator<Item = (u32, u64)> {
        self.0.iter().map(|(source, rows)| (*source, rows.len()))
    }

    /// Source and number of each, in order.
    pub fn iter(&self) -> impl Iterator<Item = (u32, u64)> {
        fn rows<'r>((source, rows): (&'r u32, &'r RoaringBitmap)) -> impl Iterator<Item = (u32, u64)> + use<'r> {
            std::iter::repeat(*source).zip(rows.iter().map(u64::from))
        }
        self.0.iter().flat_map(rows)
    }
}

impl Merge for RowSet {
    fn merge(&mut self, other: Self) {
        for (source, rows) in other.0 {
            *self.0.entry(source).or_default() |= rows;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_counts_once_whoever_saw_it() {
        let of = |rows: &[(u32, u64)]| {
            let mut set = RowSet::default();
            for (source, row) in rows {
                set.insert(*source, *row);
            }
            set
        };
        let (mut one, other) = (of(&[(1, 7), (0, 3), (1, 7)]), of(&[(1, 7), (1, 90_000)]));
        one.merge(other);
        assert_eq!(one.iter().collect::<Vec<_>>(), [(0, 3), (1, 7), (1, 90_000)]);
        assert_eq!(
            (one.len(), one.by_source().collect::<Vec<_>>()),
            (3, vec![(0, 1), (1, 2)])
        );
        let saved = postcard::to_stdvec(&one).expect("saved");
        assert_eq!(postcard::from_bytes::<RowSet>(&saved).expect("read"), one);
    }
}
