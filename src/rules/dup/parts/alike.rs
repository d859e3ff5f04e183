//! What is remembered of rows that may be nearly alike.

use serde::{Deserialize, Serialize};

use crate::sketch::Merge;
use crate::sketch::column::Column;
use crate::sketch::sets::Sets;

/// Numbers of all rows kept in memory where no folder was named, in bytes.
pub(in super::super) const IN_MEMORY: usize = 256 << 20;

#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Seen {
    /// A hash of each row's normal form, and which of `sets` is its own, kept with its place.
    pub(in super::super) rows: Column<(u64, u32)>,
    pub(in super::super) sets: Sets,
    #[serde(skip)]
    pub(in super::super) words: Vec<u64>,
    #[serde(skip)]
    pub(in super::super) set: Vec<u32>,
}

impl Merge for Seen {
    fn merge(&mut self, other: Self) {
        let shift = u32::try_from(self.sets.len()).expect("fewer than 2^32 rows");
        let mut rows = other.rows;
        rows.change(|(_, at)| *at += shift);
        self.rows.merge(rows);
        self.sets.merge(other.sets);
    }
}
