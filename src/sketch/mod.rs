//! Summaries that merge: the same value whatever the order and grouping they were added in.

pub mod column;
pub mod counts;
pub mod few;
pub mod forest;
mod groups;
pub mod histogram;
pub mod jaccard;
pub mod keys;
pub mod lines;
pub mod linkage;
pub mod lowest;
pub mod rarest;
pub mod row_set;
pub mod sample;
pub mod sets;
mod spill;
pub mod strays;

use std::collections::BTreeMap;

use serde::{Serialize, de::DeserializeOwned};

/// State that rows add to and workers combine.
///
/// Merging must not depend on order or grouping: threads, shards and machines see the rows in
/// whatever order they like and the report must not change.
pub trait Merge: Default + Send + Serialize + DeserializeOwned + 'static {
    fn merge(&mut self, other: Self);
}

impl Merge for () {
    fn merge(&mut self, (): ()) {}
}

impl Merge for u64 {
    fn merge(&mut self, other: Self) {
        *self += other;
    }
}

impl<A: Merge, B: Merge> Merge for (A, B) {
    fn merge(&mut self, other: Self) {
        self.0.merge(other.0);
        self.1.merge(other.1);
    }
}

/// A summary per key, such as one per source.
impl<K, V> Merge for BTreeMap<K, V>
where
    K: Ord + Send + Serialize + DeserializeOwned + 'static,
    V: Merge,
{
    fn merge(&mut self, other: Self) {
        for (key, value) in other {
            self.entry(key).or_default().merge(value);
        }
    }
}
