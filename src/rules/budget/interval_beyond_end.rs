use serde::Deserialize;

use crate::finding::Findings;
use crate::model::budget::Budget;
use crate::model::setup::Setup;
use crate::rule::{Rule, RuleMeta, rule_meta};

rule_meta! {
    /// ## What it finds
    /// An interval between evaluations, checkpoints or lines of the log that is longer than the run.
    ///
    /// ## Why it matters
    /// What is to happen every 500 steps of a run of 300 never happens: no evaluation to choose a checkpoint by, or no
    /// checkpoint when the machine goes down.
    ///
    /// ## Example
    /// ```jsonl --epochs 1 --batch-size 2 --eval-steps 500
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
    /// ```jsonl --epochs 1 --batch-size 2 --eval-steps 2
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
    /// Lower eval_steps, save_steps or logging_steps below the number of steps, or give them as a share below 1.
    "budget/interval-beyond-end", Warning, needs [Plan]
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct IntervalBeyondEnd {}

impl Rule for IntervalBeyondEnd {
    const META: RuleMeta = META;
    type State = ();
    const ROWS: bool = false;

    #[expect(clippy::cast_precision_loss, reason = "steps are far below 2^52")]
    fn judge(&self, budget: &Budget, setup: &Setup, out: &mut Findings) {
        let Some(plan) = &budget.plan else { return };
        let run = &setup.run;
        let intervals = [
            ("eval_steps", &run.eval_steps, "no evaluation"),
            ("save_steps", &run.save_steps, "no checkpoint before its end"),
            ("logging_steps", &run.logging_steps, "no line of the log"),
        ];
        for (name, interval, never) in intervals {
            let Some(interval) = interval else { continue };
            // Below 1 it is a share of the steps, which fits any run.
            if interval.value > plan.steps as f64 {
                out.blame(
                    &interval.origin,
                    format!(
                        "{name} {} ({}) is more than the run's {} steps: {never}",
                        interval.value, interval.origin, plan.steps
                    ),
                );
            }
        }
    }
}
