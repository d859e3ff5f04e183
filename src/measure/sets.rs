//! How many rows each set of a run has.

use std::collections::BTreeMap;

use crate::model::setup::Setup;

/// Rows of each set, from those of its sources, which stand one after the other.
pub fn of(of_source: &BTreeMap<u32, u32>, setup: &Setup) -> Vec<u32> {
    let mut sets: Vec<(Option<&usize>, u32)> = Vec::new();
    for (source, rows) in of_source {
        let set = setup.sets.get(*source as usize);
        match sets.last_mut() {
            Some((last, all)) if *last == set => *all = all.saturating_add(*rows),
            _ => sets.push((set, *rows)),
        }
    }
    sets.into_iter().map(|(_, rows)| rows).collect()
}
