use serde::Deserialize;

use crate::finding::Findings;
use crate::model::setup::Setup;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};

rule_meta! {
    /// ## What it finds
    /// Dumps without labels, nor a completion_mask to make them of.
    ///
    /// ## Why it matters
    /// A model that is given no labels returns no loss, and the trainer stops at the first step, or makes labels of its
    /// own, of which nothing is known here.
    ///
    /// ## Example
    /// ```jsonl
    /// {"input_ids": [[5, 6, 2]], "attention_mask": [[1, 1, 1]]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"input_ids": [[5, 6, 2]], "attention_mask": [[1, 1, 1]], "labels": [[5, 6, 2]]}
    /// ```
    ///
    /// ## Fix
    /// Let the collator yield `labels` (`DataCollatorForLanguageModeling(tokenizer, mlm=False)`), and keep the column
    /// (`remove_unused_columns=False` where the model's forward does not name it).
    "batch/no-labels", Error, needs [Batches]
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct NoLabels {}

impl Rule for NoLabels {
    const META: RuleMeta = META;
    type State = (u64, u64);

    fn check(&self, row: &Row<'_>, seen: &mut (u64, u64), _: &mut Findings) {
        if let Some(dumped) = row.dumped {
            seen.0 += u64::from(dumped.labels.is_none());
            seen.1 += 1;
        }
    }

    fn finish(&self, (without, all): (u64, u64), setup: &Setup, out: &mut Findings) {
        let of_rows = setup.dump.as_ref().is_some_and(|dump| dump.is_of_rows);
        if without > 0 && !of_rows {
            out.set(format!("{without} of {all} rows come without labels"));
        }
    }
}
