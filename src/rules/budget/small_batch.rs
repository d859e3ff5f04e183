use serde::Deserialize;

use crate::finding::Findings;
use crate::model::budget::Budget;
use crate::model::setup::Setup;
use crate::rule::{Rule, RuleMeta, plural, rule_meta};

rule_meta! {
    /// ## What it finds
    /// An optimizer step made of very few rows.
    ///
    /// ## Why it matters
    /// The direction of a step is that of its few rows: the loss jumps from step to step and the usual learning rates
    /// are too high for it. Where sequences are packed, the rows in them count.
    ///
    /// ## Example
    /// ```jsonl --epochs 1 --batch-size 1
    /// {"text": "row number 0"}
    /// {"text": "row number 1"}
    /// {"text": "row number 2"}
    /// {"text": "row number 3"}
    /// {"text": "row number 4"}
    /// {"text": "row number 5"}
    /// {"text": "row number 6"}
    /// {"text": "row number 7"}
    /// {"text": "row number 8"}
    /// {"text": "row number 9"}
    /// {"text": "row number 10"}
    /// {"text": "row number 11"}
    /// {"text": "row number 12"}
    /// {"text": "row number 13"}
    /// {"text": "row number 14"}
    /// {"text": "row number 15"}
    /// ```
    ///
    /// Instead:
    /// ```jsonl --epochs 1 --batch-size 1 --grad-accum 8
    /// {"text": "row number 0"}
    /// {"text": "row number 1"}
    /// {"text": "row number 2"}
    /// {"text": "row number 3"}
    /// {"text": "row number 4"}
    /// {"text": "row number 5"}
    /// {"text": "row number 6"}
    /// {"text": "row number 7"}
    /// {"text": "row number 8"}
    /// {"text": "row number 9"}
    /// {"text": "row number 10"}
    /// {"text": "row number 11"}
    /// {"text": "row number 12"}
    /// {"text": "row number 13"}
    /// {"text": "row number 14"}
    /// {"text": "row number 15"}
    /// ```
    ///
    /// ## Fix
    /// Raise gradient_accumulation_steps, or where memory allows the batch size of a device (per_device_train_batch_size;
    /// micro_batch_size in axolotl, batch_size in torchtune).
    "budget/small-batch", Warning, needs [Plan]
}

/// Options of the rule.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub(crate) struct SmallBatch {
    /// Fewest rows of a step.
    least: f64,
}

impl Default for SmallBatch {
    fn default() -> Self {
        Self { least: 8.0 }
    }
}

impl Rule for SmallBatch {
    const META: RuleMeta = META;
    type State = ();
    const ROWS: bool = false;

    #[expect(clippy::cast_precision_loss, reason = "a mean is a float")]
    fn judge(&self, budget: &Budget, setup: &Setup, out: &mut Findings) {
        let Some(plan) = &budget.plan else { return };
        let rows = plan.effective_batch as f64 * rows_each(budget);
        if rows < self.least {
            out.blame(
                &setup.batch_size.origin,
                format!(
                    "a step has {}, less than {}: batch size {} ({}) × accumulation {} ({}) × {}",
                    if format!("{rows:.0}") == "1" {
                        "1 row".to_owned()
                    } else {
                        format!("{rows:.0} rows")
                    },
                    self.least,
                    setup.batch_size.value,
                    setup.batch_size.origin,
                    setup.grad_accum.value,
                    setup.grad_accum.origin,
                    plural(setup.world_size.value as u64, "rank")
                ),
            );
        }
    }
}

/// Rows in what a batch is made of: 1, or those of a packed sequence, which with a part of a row is as good as one.
#[expect(clippy::cast_precision_loss, reason = "a mean is a float")]
fn rows_each(budget: &Budget) -> f64 {
    let rows = budget.fed() as f64;
    budget
        .packed
        .as_ref()
        .map_or(1.0, |packed| (rows / packed.sequences.max(1) as f64).max(1.0))
}
