use serde::Deserialize;

use crate::finding::Findings;
use crate::model::budget::Budget;
use crate::model::setup::Setup;
use crate::rule::{Rule, RuleMeta, rule_meta};

rule_meta! {
    /// ## What it finds
    /// Settings with which the trainer would abort, or end without a step.
    ///
    /// ## Why it matters
    /// Some of it is raised only when the model is loaded and the rows are prepared: no full batch where
    /// incomplete ones are dropped, a schedule or an option the version does not know, warmup that a schedule
    /// divides by.
    ///
    /// ## Example
    /// ```jsonl --epochs 1 --batch-size 4 --drop-last
    /// {"text": "a first row"}
    /// {"text": "a second row"}
    /// ```
    ///
    /// Instead:
    /// ```jsonl --epochs 1 --batch-size 2 --drop-last
    /// {"text": "a first row"}
    /// {"text": "a second row"}
    /// ```
    ///
    /// ## Fix
    /// Change the setting the message names; with few rows lower the batch size of a device (per_device_train_batch_size;
    /// micro_batch_size in axolotl, batch_size in torchtune) or unset dataloader_drop_last.
    "budget/no-run", Error, needs [Plan]
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct NoRun {}

impl Rule for NoRun {
    const META: RuleMeta = META;
    type State = ();
    const ROWS: bool = false;

    fn judge(&self, budget: &Budget, _: &Setup, out: &mut Findings) {
        if let Some(refused) = &budget.refused {
            out.set(format!("the run would not take place: {refused}"));
            out.fix = if refused.contains("no rows") {
                Some(
                    "Mend what leaves every row out, which other findings name, or the setting that takes none."
                        .to_owned(),
                )
            } else if refused.contains("full batch") {
                None
            } else {
                Some("Change the setting the message names.".to_owned())
            };
        }
    }
}
