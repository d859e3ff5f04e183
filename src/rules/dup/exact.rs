use serde::Deserialize;

use crate::finding::{Clusters, Findings};
use crate::model::setup::Setup;
use crate::rule::{Row, Rule, RuleMeta, plural, rule_meta};
use crate::sketch::keys::Keys;

use super::parts::{groups, said};

rule_meta! {
    /// ## What it finds
    /// Rows that say the same as an earlier row: the same turns by the same roles, whatever their ids and
    /// other columns, but for pictures, sounds and tools; of rows tokenised before, the same `input_ids`. Nothing where the
    /// config has the trainer drop them (axolotl's `dataset_exact_deduplication`). The count is exact (16 bytes a row are
    /// remembered, or written to `--tmp-dir`).
    ///
    /// ## Why it matters
    /// A repeated row is trained on more often than the others, unasked, and is memorised first.
    ///
    /// ## Example
    /// ```jsonl
    /// {"id": 1, "text": "all the world's a stage"}
    /// {"id": 2, "text": "all the world's a stage"}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"id": 1, "text": "all the world's a stage"}
    /// {"id": 2, "text": "and all the men and women merely players"}
    /// ```
    ///
    /// ## Fix
    /// Keep one of each with `gonogo filter --drop dup/exact`; where the repeats are meant as weights, say so
    /// with `--ignore dup/exact`.
    "dup/exact", Warning, above 0.2 => Error
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Exact {}

impl Rule for Exact {
    const META: RuleMeta = META;
    type State = Keys<[u64; 2]>;

    fn check(&self, row: &Row<'_>, seen: &mut Self::State, _: &mut Findings) {
        if let Some(said) = said::row(row) {
            seen.push(&row.place, said.whole(), row.setup.spill());
        }
    }

    fn finish(&self, seen: Self::State, setup: &Setup, out: &mut Findings) {
        // The trainer keeps one of each by itself.
        if setup.run.arrival.deduplicated.is_some() {
            return;
        }
        let mut meetings = Meetings::new(setup);
        let mut clusters = groups::report(&seen, out, &|group| {
            format!("one of {} rows that say the same, first", group.len())
        });
        let read = seen.groups(&mut |group| meetings.add(group.iter().map(|entry| (entry.source, entry.row))));
        if read.is_ok() {
            clusters.notes = meetings.notes(&clusters);
        }
        if clusters.groups > 0 {
            out.clusters = Some(clusters);
        }
    }
}

/// How often rows of one group meet in a batch.
struct Meetings {
    batch: u64,
    passes: f64,
    planned: bool,
    /// Pairs of rows of one group.
    pairs: u64,
    /// Those in one batch, as the rows stand in the files.
    near: u64,
}

impl Meetings {
    fn new(setup: &Setup) -> Self {
        Self {
            batch: setup.effective_batch() as u64,
            passes: setup.epochs.value,
            planned: setup.planned() && setup.max_steps.is_none(),
            pairs: 0,
            near: 0,
        }
    }

    fn add(&mut self, rows: impl ExactSizeIterator<Item = (u32, u64)>) {
        let size = rows.len() as u64;
        self.pairs += size * (size - 1) / 2;
        // The batch of the row before, and how many of the group are in it so far.
        let mut before = (None, 0);
        for (source, row) in rows {
            let batch = Some((source, row / self.batch));
            let met = if before.0 == batch { before.1 } else { 0 };
            self.near += met;
            before = (batch, met + 1);
        }
    }

    /// The most often seen row over the planned passes, and what meets in one batch: counted for rows in
    /// the order of the files, expected (≈) for shuffled rows, of which any two are in one batch of `b` out
    /// of `n` rows with chance (b - 1) / (n - 1).
    #[expect(clippy::cast_precision_loss, reason = "an expectation is a float")]
    fn notes(&self, clusters: &Clusters) -> Vec<String> {
        let mut notes = Vec::new();
        let Some(largest) = clusters.largest.first() else {
            return notes;
        };
        if self.planned && self.passes > 1.0 {
            let seen = largest.size as f64 * self.passes;
            let passes = self.passes;
            notes.push(format!(
                "over {passes} epochs the row of the largest group is seen {seen:.0} times"
            ));
        }
        if self.batch > 1 && clusters.all > 1 {
            let (batch, near) = (self.batch, self.near);
            let expected = self.pairs as f64 * (batch - 1) as f64 / (clusters.all - 1) as f64;
            if near > 0 || expected >= 1.0 {
                notes.push(format!(
                    "with {batch} rows a step, {} of rows that say the same meet in one step in file order, ≈{expected:.0} shuffled",
                    plural(near, "pair")
                ));
            }
        }
        notes
    }
}
