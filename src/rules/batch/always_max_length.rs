use std::collections::BTreeMap;

use serde::Deserialize;

use crate::finding::Findings;
use crate::model::setup::Setup;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};
use crate::sketch::Merge;

rule_meta! {
    /// ## What it finds
    /// Dumps whose batches are all padded to one width that no row of them needs.
    ///
    /// ## Why it matters
    /// A batch padded to its own longest row costs only what is in it. Padded to max_length, or while the rows were
    /// tokenised, each costs as much as the longest row there could be.
    ///
    /// ## Example
    /// ```jsonl
    /// {"input_ids": [[5, 6, 2, 0, 0, 0, 0, 0]], "labels": [[5, 6, 2, -100, -100, -100, -100, -100]], "attention_mask": [[1, 1, 1, 0, 0, 0, 0, 0]]}
    /// {"input_ids": [[5, 6, 7, 2, 0, 0, 0, 0]], "labels": [[5, 6, 7, 2, -100, -100, -100, -100]], "attention_mask": [[1, 1, 1, 1, 0, 0, 0, 0]]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"input_ids": [[5, 6, 2]], "labels": [[5, 6, 2]], "attention_mask": [[1, 1, 1]]}
    /// {"input_ids": [[5, 6, 7, 2]], "labels": [[5, 6, 7, 2]], "attention_mask": [[1, 1, 1, 1]]}
    /// ```
    ///
    /// ## Fix
    /// `padding="longest"` (or `True`) in the collator, none in the tokenizer's call: `pad_to_max_length` and
    /// `padding="max_length"` are for accelerators that compile for each shape.
    "batch/always-max-length", Warning, needs [Batches, Padding]
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct AlwaysMaxLength {}

/// Share of positions that has to be needless.
const ENOUGH: f64 = 0.1;

/// A batch's width, its longest row without padding, and its rows.
#[derive(Default, serde::Serialize, Deserialize)]
pub(crate) struct Widths {
    width: u64,
    longest: u64,
    rows: u64,
}

impl Merge for Widths {
    fn merge(&mut self, other: Self) {
        self.width = self.width.max(other.width);
        self.longest = self.longest.max(other.longest);
        self.rows += other.rows;
    }
}

impl Rule for AlwaysMaxLength {
    const META: RuleMeta = META;
    type State = BTreeMap<u64, Widths>;

    fn check(&self, row: &Row<'_>, batches: &mut BTreeMap<u64, Widths>, _: &mut Findings) {
        let Some(dumped) = row.dumped else { return };
        batches.entry(dumped.batch).or_default().merge(Widths {
            width: dumped.ids.len() as u64,
            longest: dumped.text.len() as u64,
            rows: 1,
        });
    }

    #[expect(clippy::cast_precision_loss, reason = "a share is a float")]
    fn finish(&self, batches: BTreeMap<u64, Widths>, setup: &Setup, out: &mut Findings) {
        let Some(first) = batches.values().next() else { return };
        if batches.len() < 2 || batches.values().any(|batch| batch.width != first.width) {
            return;
        }
        let needless: u64 = batches
            .values()
            .map(|batch| batch.rows * (batch.width - batch.longest))
            .sum();
        let all: u64 = batches.values().map(|batch| batch.rows * batch.width).sum();
        let share = needless as f64 / all.max(1) as f64;
        if share < ENOUGH {
            return;
        }
        let longest = batches.values().map(|batch| batch.longest).max().unwrap_or(0);
        let limit = setup.dump.as_ref().and_then(|dump| dump.max_length.as_ref());
        let limit = limit.filter(|limit| limit.value == first.width);
        let limit = limit.map_or_else(String::new, |limit| format!(", max_length ({})", limit.origin));
        out.set(format!(
            "all {} batches are {} tokens wide{limit}, the longest row has {longest}: padded to its own longest row \
             each, {:.1} % of the positions would not be there",
            batches.len(),
            first.width,
            100.0 * share
        ));
    }
}
