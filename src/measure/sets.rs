//! How many rows each set of a run has.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::setup::Setup;

/// Rows of each training set, from those of its sources, which stand one after the other.
pub fn of(of_source: &BTreeMap<u32, u32>, setup: &Setup) -> Vec<u32> {
    let mut sets: Vec<(Option<&usize>, u32)> = Vec::new();
    // A set without a row is one all the same.
    let known = (0..)
        .zip(&setup.sets)
        .map(|(source, _)| source)
        .filter(|source| !setup.is_eval(*source));
    let sources: BTreeSet<u32> = known.chain(of_source.keys().copied()).collect();
    for source in sources {
        let set = setup.sets.get(source as usize);
        let rows = of_source.get(&source).copied().unwrap_or(0);
        match sets.last_mut() {
            Some((last, all)) if *last == set => *all = all.saturating_add(rows),
            _ => sets.push((set, rows)),
        }
    }
    sets.into_iter().map(|(_, rows)| rows).collect()
}
