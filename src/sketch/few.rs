//! What stands in rows of which there should be few, whatever order they were seen in.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::Merge;
use super::row_set::RowSet;
use crate::place::Place;

/// Values of rows, those in the lowest places; of the others it is known which they are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Few<T> {
    kept: BTreeMap<Place, T>,
    all: RowSet,
}

impl<T> Default for Few<T> {
    fn default() -> Self {
        Self {
            kept: BTreeMap::new(),
            all: RowSet::default(),
        }
    }
}

impl<T> Few<T> {
    /// Rows whose values are kept.
    pub const KEPT: usize = if cfg!(test) { 256 } else { 4096 };

    /// Takes a row's value, once a row.
    pub fn offer(&mut self, place: &Place, value: impl FnOnce() -> T) {
        self.all.insert(place.source, place.row);
        let full = self.kept.len() == Self::KEPT;
        if full && self.kept.last_key_value().is_some_and(|(last, _)| last < place) {
            return;
        }
        self.kept.insert(*place, value());
        if full {
            self.kept.pop_last();
        }
    }

    /// How many rows gave a value.
    pub fn count(&self) -> u64 {
        self.all.len()
    }

    /// Source and number of those whose values are not kept, in order; they stand behind those that are.
    pub fn left_out(&self) -> impl Iterator<Item = (u32, u64)> {
        self.all.iter().skip(self.kept.len())
    }

    /// Those kept, in order of place.
    pub fn kept(&self) -> impl Iterator<Item = (&Place, &T)> {
        self.kept.iter()
    }
}

impl<T: Send + Serialize + DeserializeOwned + 'static> Merge for Few<T> {
    fn merge(&mut self, other: Self) {
        for (place, value) in other.kept {
            self.offer(&place, || value);
        }
        self.all.merge(other.all);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lowest_places_are_kept_in_any_order_and_all_are_counted() {
        let at = |row| Place {
            row,
            ..Place::default()
        };
        let mut parts = [Few::default(), Few::default(), Few::default()];
        for row in (0..600).rev() {
            parts[usize::try_from(row % 3).expect("small")].offer(&at(row), || row);
        }
        let [mut all, other, third] = parts;
        all.merge(third);
        all.merge(other);
        assert_eq!(all.count(), 600);
        assert!(all.left_out().eq((256..600).map(|row| (0, row))));
        assert!(all.kept().map(|(_, row)| *row).eq(0..256));
    }
}
