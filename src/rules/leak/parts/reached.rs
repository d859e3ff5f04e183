//! Which held-out rows the training data gives away.

use serde::{Deserialize, Serialize};

use crate::holdout::Hit;
use crate::model::setup::Setup;
use crate::sketch::Merge;

/// One bit for each held-out row.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Reached(Vec<u64>);

impl Reached {
    pub(in super::super) fn add(&mut self, hit: Hit) {
        let word = hit.number as usize / 64;
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        self.0[word] |= 1 << (hit.number % 64);
    }

    /// Held-out rows that were met, of how many.
    pub(in super::super) fn share(&self, setup: &Setup) -> Option<(u64, u64)> {
        let met = self.0.iter().map(|word| u64::from(word.count_ones())).sum();
        (setup.held_out > 0).then_some((met, setup.held_out))
    }
}

impl Merge for Reached {
    fn merge(&mut self, other: Self) {
        if self.0.len() < other.0.len() {
            self.0.resize(other.0.len(), 0);
        }
        for (mine, theirs) in self.0.iter_mut().zip(other.0) {
            *mine |= theirs;
        }
    }
}
