use serde::Deserialize;

use crate::finding::Findings;
use crate::model::setup::Setup;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};

rule_meta! {
    /// ## What it finds
    /// Dumps more than half of which is padding.
    ///
    /// ## Why it matters
    /// Linear layers compute padding like text, and throw it away. Half the money of the run goes there.
    ///
    /// ## Example
    /// ```jsonl
    /// {"input_ids": [[5, 2, 0, 0, 0, 0]], "labels": [[5, 2, -100, -100, -100, -100]], "attention_mask": [[1, 1, 0, 0, 0, 0]]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"input_ids": [[5, 6, 7, 2, 0, 0]], "labels": [[5, 6, 7, 2, -100, -100]], "attention_mask": [[1, 1, 1, 1, 0, 0]]}
    /// ```
    ///
    /// ## Fix
    /// Pack rows (`packing=True`), flatten batches (`padding_free=True`), batch rows of like length
    /// (`group_by_length=True`, `train_sampling_strategy="group_by_length"`), or pad to the longest row of a batch and no
    /// further.
    "batch/mostly-padding", Warning, needs [Batches, Padding]
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct MostlyPadding {}

const HALF: f64 = 0.5;

impl Rule for MostlyPadding {
    const META: RuleMeta = META;
    type State = (u64, u64);

    fn check(&self, row: &Row<'_>, seen: &mut (u64, u64), _: &mut Findings) {
        if let Some(dumped) = row.dumped {
            seen.0 += dumped.padding() as u64;
            seen.1 += dumped.ids.len() as u64;
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "a share is a float")]
    fn finish(&self, (padding, all): (u64, u64), _: &Setup, out: &mut Findings) {
        let share = padding as f64 / all.max(1) as f64;
        if share > HALF {
            out.set(format!("{:.1} % of {all} positions are padding", 100.0 * share));
        }
    }
}
