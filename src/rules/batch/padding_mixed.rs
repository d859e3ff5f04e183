use serde::Deserialize;

use crate::finding::Findings;
use crate::model::setup::Setup;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};
use crate::sketch::Merge;

rule_meta! {
    /// ## What it finds
    /// Dumps in which some rows are padded on the left and some on the right.
    ///
    /// ## Why it matters
    /// One of the two is not meant: two tokenizers, or one whose padding_side is set between batches, as generation
    /// during evaluation does.
    ///
    /// ## Example
    /// ```jsonl
    /// {"input_ids": [[0, 0, 5, 6, 2], [5, 6, 2, 0, 0]], "labels": [[-100, -100, 5, 6, 2], [5, 6, 2, -100, -100]], "attention_mask": [[0, 0, 1, 1, 1], [1, 1, 1, 0, 0]]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"input_ids": [[5, 6, 2, 0, 0], [5, 6, 2, 0, 0]], "labels": [[5, 6, 2, -100, -100], [5, 6, 2, -100, -100]], "attention_mask": [[1, 1, 1, 0, 0], [1, 1, 1, 0, 0]]}
    /// ```
    ///
    /// ## Fix
    /// Set `padding_side` once, before the collator is made, and put it back after generation.
    "batch/padding-mixed", Error, needs [Batches, Padding]
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct PaddingMixed {}

/// Rows by the side they are padded on.
#[derive(Default, serde::Serialize, Deserialize)]
pub(crate) struct Sides {
    left: u64,
    right: u64,
}

impl Merge for Sides {
    fn merge(&mut self, other: Self) {
        self.left += other.left;
        self.right += other.right;
    }
}

impl Rule for PaddingMixed {
    const META: RuleMeta = META;
    type State = Sides;

    fn check(&self, row: &Row<'_>, seen: &mut Sides, _: &mut Findings) {
        let Some(dumped) = row.dumped.filter(|dumped| !dumped.text.is_empty()) else {
            return;
        };
        seen.left += u64::from(dumped.text.start > 0);
        seen.right += u64::from(dumped.text.end < dumped.ids.len());
    }

    fn finish(&self, seen: Sides, _: &Setup, out: &mut Findings) {
        if seen.left > 0 && seen.right > 0 {
            out.set(format!(
                "{} rows are padded on the left and {} on the right",
                seen.left, seen.right
            ));
        }
    }
}
