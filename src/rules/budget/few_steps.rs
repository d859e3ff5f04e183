use serde::Deserialize;

use crate::finding::Findings;
use crate::model::budget::Budget;
use crate::model::setup::Setup;
use crate::rule::{Rule, RuleMeta, plural, rule_meta};

rule_meta! {
    /// ## What it finds
    /// A run of so few optimizer steps that nothing can be learned in it, where nobody asked for so few (max_steps).
    ///
    /// ## Why it matters
    /// Rows packed into few long sequences, or batches accumulated beyond the end of the set, leave a step or two of an
    /// epoch: the rate is warmed up over one and faded out over the next, and the model is what it was.
    ///
    /// ## Example
    /// ```jsonl --epochs 2 --batch-size 1 --grad-accum 64
    /// {"text": "row number 0"}
    /// {"text": "row number 1"}
    /// {"text": "row number 2"}
    /// {"text": "row number 3"}
    /// ```
    ///
    /// Instead:
    /// ```jsonl --epochs 2 --batch-size 1 --grad-accum 2
    /// {"text": "row number 0"}
    /// {"text": "row number 1"}
    /// {"text": "row number 2"}
    /// {"text": "row number 3"}
    /// ```
    ///
    /// ## Fix
    /// Make a step of fewer rows (gradient_accumulation_steps, the batch size of a device, or a shorter length where rows are
    /// packed), add rows, or train for more epochs.
    "budget/few-steps", Warning, needs [Plan]
}

/// Options of the rule.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub(crate) struct FewSteps {
    /// Fewest steps of a run.
    least: u64,
}

impl Default for FewSteps {
    fn default() -> Self {
        Self { least: 4 }
    }
}

impl Rule for FewSteps {
    const META: RuleMeta = META;
    type State = ();
    const ROWS: bool = false;

    fn judge(&self, budget: &Budget, setup: &Setup, out: &mut Findings) {
        let Some(plan) = &budget.plan else { return };
        if plan.steps >= self.least || setup.max_steps.is_some() {
            return;
        }
        let (unit, units) = match &budget.packed {
            Some(packed) => (
                "sequences",
                format!(
                    "{} in {}",
                    plural(budget.fed(), "row"),
                    plural(packed.sequences, "sequence")
                ),
            ),
            None => ("rows", plural(budget.fed(), "row")),
        };
        out.blame(
            &setup.grad_accum.origin,
            format!(
                "the run is {} of up to {} {unit}, fewer than {}: {units}, batch {} × {} accumulated × {}, {}",
                plural(plan.steps, "step"),
                plan.effective_batch,
                self.least,
                plan.batch_size,
                plan.grad_accum,
                plural(plan.world_size, "rank"),
                super::length(setup),
            ),
        );
    }
}
