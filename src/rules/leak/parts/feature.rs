//! A value of each prompt, and how well it tells the label.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::sketch::Merge;

/// Different values of a feature above which it is no shortcut.
const MOST: usize = 4096;

/// Rows by value of a feature and by label.
#[derive(Default, Serialize, Deserialize)]
pub(in super::super) struct Feature {
    rows: BTreeMap<(u64, u64), u64>,
    too_many: bool,
}

impl Feature {
    pub(in super::super) fn add(&mut self, value: u64, label: u64, rows: u64) {
        if !self.too_many {
            *self.rows.entry((value, label)).or_default() += rows;
            if self.rows.len() > MOST {
                self.too_many = true;
                self.rows.clear();
            }
        }
    }

    pub(in super::super) fn too_many(&self) -> bool {
        self.too_many
    }

    /// Rows whose label is the most frequent of their value, and how many values there are.
    pub(in super::super) fn told(&self) -> (u64, usize) {
        let (mut told, mut values) = (0, 0);
        let pairs: Vec<_> = self.rows.iter().collect();
        for value in pairs.chunk_by(|left, right| left.0.0 == right.0.0) {
            told += value.iter().map(|(_, rows)| **rows).max().unwrap_or(0);
            values += 1;
        }
        (told, values)
    }

    /// The best cut between low values and high ones: rows whose label is the most frequent on their side of it, and
    /// the highest of the low values.
    pub(in super::super) fn cut(&self) -> Option<(u64, u64)> {
        let mut high: BTreeMap<u64, u64> = BTreeMap::new();
        for ((_, label), rows) in &self.rows {
            *high.entry(*label).or_default() += rows;
        }
        let mut low: BTreeMap<u64, u64> = BTreeMap::new();
        let most = |side: &BTreeMap<u64, u64>| side.values().max().copied().unwrap_or(0);
        let pairs: Vec<_> = self.rows.iter().collect();
        let mut best = None;
        for value in pairs.chunk_by(|left, right| left.0.0 == right.0.0) {
            for ((_, label), rows) in value {
                *low.entry(*label).or_default() += *rows;
                *high.entry(*label).or_default() -= *rows;
            }
            let told = most(&low) + most(&high);
            if best.is_none_or(|(most, _)| told > most) {
                best = Some((told, value[0].0.0));
            }
        }
        best
    }
}

impl Merge for Feature {
    fn merge(&mut self, other: Self) {
        if other.too_many {
            self.too_many = true;
            self.rows.clear();
        }
        for ((value, label), rows) in other.rows {
            self.add(value, label, rows);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_tells_what_no_single_value_does() {
        let mut feature = Feature::default();
        for value in 0..100 {
            // Labels 7 and 9, one row of each value; three of them on the wrong side of 59.
            let label = if (value < 60) == !matches!(value, 3 | 80 | 90) {
                7
            } else {
                9
            };
            feature.add(value, label, 1);
        }
        assert_eq!(feature.cut(), Some((97, 59)));
        assert_eq!(feature.told(), (100, 100));
        assert_eq!(Feature::default().cut(), None);
    }
}
