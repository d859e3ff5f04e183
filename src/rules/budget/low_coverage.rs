use serde::Deserialize;

use crate::finding::Findings;
use crate::model::budget::Budget;
use crate::model::setup::Setup;
use crate::rule::{Rule, RuleMeta, rule_meta};

use super::{length, length_at};

rule_meta! {
    /// ## What it finds
    /// A planned number of steps that sees less than half of the rows.
    ///
    /// ## Why it matters
    /// 500 steps of 8 rows see 8.9 % of 45,000 rows: the rest of the set was made for nothing, and the run
    /// says little about it.
    ///
    /// ## Example
    /// ```jsonl --batch-size 1 --max-steps 1
    /// {"text": "a first row"}
    /// {"text": "a second row"}
    /// {"text": "a third row"}
    /// ```
    ///
    /// Instead:
    /// ```jsonl --batch-size 1 --max-steps 3
    /// {"text": "a first row"}
    /// {"text": "a second row"}
    /// {"text": "a third row"}
    /// ```
    ///
    /// ## Fix
    /// Raise max_steps or the batch size, or plan in epochs; or pass a smaller set on purpose.
    "budget/low-coverage", Error, needs [Plan]
}

/// Options of the rule.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub(crate) struct LowCoverage {
    /// Smallest share of the rows to be seen at least once, 0 to 1.
    least: f64,
}

impl Default for LowCoverage {
    fn default() -> Self {
        Self { least: 0.5 }
    }
}

impl Rule for LowCoverage {
    const META: RuleMeta = META;
    type State = ();
    const ROWS: bool = false;

    fn judge(&self, budget: &Budget, setup: &Setup, out: &mut Findings) {
        let Some(plan) = &budget.plan else { return };
        if plan.share >= self.least {
            return;
        }
        let rows = budget.fed();
        let length = length(setup);
        let unit = if budget.packed.is_some() { "sequences" } else { "rows" };
        out.blame(
            length_at(setup),
            format!(
                "{length} of {} {unit} sees {:.1} % of {rows} rows, less than {:.0} %; one epoch is {} steps",
                plan.effective_batch,
                plan.share * 100.0,
                self.least * 100.0,
                plan.steps_per_epoch
            ),
        );
    }
}
