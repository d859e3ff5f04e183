//! How often each name was seen.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Merge;

/// Counts by name, in order of name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts(BTreeMap<String, u64>);

impl Counts {
    pub fn add(&mut self, name: &str, times: u64) {
        if let Some(count) = self.0.get_mut(name) {
            *count += times;
        } else {
            self.0.insert(name.to_owned(), times);
        }
    }

    pub fn get(&self, name: &str) -> u64 {
        self.0.get(name).copied().unwrap_or(0)
    }

    pub fn total(&self) -> u64 {
        self.0.values().sum()
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, u64)> {
        self.0.iter().map(|(name, count)| (name.as_str(), *count))
    }

    /// Names by count, the most frequent first, then by name.
    pub fn ranked(&self) -> Vec<(&str, u64)> {
        let mut ranked: Vec<_> = self.iter().collect();
        ranked.sort_by_key(|(name, count)| (std::cmp::Reverse(*count), *name));
        ranked
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Merge for Counts {
    fn merge(&mut self, other: Self) {
        for (name, count) in other.0 {
            *self.0.entry(name).or_default() += count;
        }
    }
}
