use serde::Deserialize;

use crate::finding::Findings;
use crate::model::budget::Budget;
use crate::model::setup::Setup;
use crate::rule::{Rule, RuleMeta, rule_meta};

rule_meta! {
    /// ## What it finds
    /// Fewer optimizer steps than the warmup has.
    ///
    /// ## Why it matters
    /// The learning rate never gets to what was set: a run that ends in the middle of its warmup has trained with a
    /// fraction of it, and without the fall that settles a model.
    ///
    /// ## Example
    /// ```jsonl --epochs 1 --batch-size 2 --warmup 500
    /// {"text": "row number 0"}
    /// {"text": "row number 1"}
    /// {"text": "row number 2"}
    /// {"text": "row number 3"}
    /// {"text": "row number 4"}
    /// {"text": "row number 5"}
    /// {"text": "row number 6"}
    /// {"text": "row number 7"}
    /// ```
    ///
    /// Instead:
    /// ```jsonl --epochs 1 --batch-size 2 --warmup 1
    /// {"text": "row number 0"}
    /// {"text": "row number 1"}
    /// {"text": "row number 2"}
    /// {"text": "row number 3"}
    /// {"text": "row number 4"}
    /// {"text": "row number 5"}
    /// {"text": "row number 6"}
    /// {"text": "row number 7"}
    /// ```
    ///
    /// ## Fix
    /// Lower warmup_steps, or give a share of the steps instead (warmup_ratio; warmup_steps below 1 from transformers 5
    /// on).
    "budget/warmup-beyond-end", Error, needs [Plan]
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct WarmupBeyondEnd {}

impl Rule for WarmupBeyondEnd {
    const META: RuleMeta = META;
    type State = ();
    const ROWS: bool = false;

    fn judge(&self, budget: &Budget, setup: &Setup, out: &mut Findings) {
        let Some(plan) = &budget.plan else { return };
        let schedule = &plan.schedule;
        if schedule.warmup_steps < plan.steps || schedule.warmup_steps == 0 {
            return;
        }
        let set = setup.run.warmup();
        let origin = set.map_or(String::new(), |set| format!(" ({})", set.origin));
        let reached = schedule.last().map_or(0.0, |last| last / schedule.peak);
        out.blame(
            super::warmup_at(setup),
            format!(
                "warmup{origin} takes {} steps and the run has {}: the rate ends at {:.0} % of {}",
                schedule.warmup_steps,
                plan.steps,
                reached * 100.0,
                schedule.peak
            ),
        );
    }
}
