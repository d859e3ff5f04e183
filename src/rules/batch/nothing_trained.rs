use std::collections::BTreeMap;

use serde::Deserialize;

use crate::finding::Findings;
use crate::model::setup::Setup;
use crate::place::Place;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};
use crate::sketch::Merge;

rule_meta! {
    /// ## What it finds
    /// Batches in which no token of any row carries loss.
    ///
    /// ## Why it matters
    /// The mean of no losses is NaN, or 0 where the trainer guards against it: the step is wasted, or spoils the
    /// weights.
    ///
    /// ## Example
    /// ```jsonl
    /// {"input_ids": [[5, 6, 2], [7, 8, 2]], "labels": [[-100, -100, -100], [-100, -100, -100]]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"input_ids": [[5, 6, 2], [7, 8, 2]], "labels": [[-100, 6, 2], [-100, -100, -100]]}
    /// ```
    ///
    /// ## Fix
    /// Look at what masks these rows: a response marker that is not found, a mask of another version's columns, or
    /// prompts as long as max_length.
    "batch/nothing-trained", Error, needs [Batches, Labels]
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct NothingTrained {}

/// Trained tokens of a batch, and where its first row stands.
#[derive(Default, serde::Serialize, Deserialize)]
pub(crate) struct Trained(u64, Place);

impl Merge for Trained {
    fn merge(&mut self, other: Self) {
        self.0 += other.0;
        self.1 = if self.1 == Place::default() {
            other.1
        } else {
            self.1.min(other.1)
        };
    }
}

impl Rule for NothingTrained {
    const META: RuleMeta = META;
    type State = BTreeMap<u64, Trained>;

    fn check(&self, row: &Row<'_>, batches: &mut BTreeMap<u64, Trained>, _: &mut Findings) {
        let Some(dumped) = row.dumped else { return };
        let batch = batches.entry(dumped.batch).or_insert(Trained(0, row.place));
        batch.0 += dumped.trained().count() as u64;
    }

    fn finish(&self, batches: BTreeMap<u64, Trained>, _: &Setup, out: &mut Findings) {
        let untrained = || batches.iter().filter(|(_, trained)| trained.0 == 0);
        if batches.len() > 1 && untrained().count() == batches.len() {
            out.set(format!("no token of {} batches carries loss", batches.len()));
            return;
        }
        for (batch, Trained(_, place)) in untrained() {
            out.row(place, || format!("no token of batch {batch} carries loss"));
        }
    }
}
