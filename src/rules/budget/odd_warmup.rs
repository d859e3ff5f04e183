use serde::Deserialize;

use crate::finding::Findings;
use crate::model::budget::Budget;
use crate::model::setup::Setup;
use crate::rule::{Rule, RuleMeta, rule_meta};

rule_meta! {
    /// ## What it finds
    /// A warmup that takes a large part of the run, or a single step.
    ///
    /// ## Why it matters
    /// The learning rate rises through the warmup and falls after it; a fifth of the steps or more spent rising is
    /// mostly a number of steps meant for a longer run. A warmup of one step trains nothing in the first step, whose rate
    /// is 0, and jumps to the peak in the second.
    ///
    /// ## Example
    /// ```jsonl --epochs 1 --batch-size 1 --warmup 4
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
    /// {"text": "row number 16"}
    /// {"text": "row number 17"}
    /// {"text": "row number 18"}
    /// {"text": "row number 19"}
    /// ```
    ///
    /// Instead:
    /// ```jsonl --epochs 1 --batch-size 1 --warmup 2
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
    /// {"text": "row number 16"}
    /// {"text": "row number 17"}
    /// {"text": "row number 18"}
    /// {"text": "row number 19"}
    /// ```
    ///
    /// ## Fix
    /// Give warmup as a share of the steps, 0.03 to 0.1: warmup_ratio, or warmup_steps below 1 from transformers 5 on.
    "budget/odd-warmup", Warning, needs [Plan]
}

/// Options of the rule.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub(crate) struct OddWarmup {
    /// Largest share of the steps, 0 to 1.
    most: f64,
}

impl Default for OddWarmup {
    fn default() -> Self {
        Self { most: 0.2 }
    }
}

impl Rule for OddWarmup {
    const META: RuleMeta = META;
    type State = ();
    const ROWS: bool = false;

    #[expect(clippy::cast_precision_loss, reason = "a share is a float")]
    fn judge(&self, budget: &Budget, setup: &Setup, out: &mut Findings) {
        let Some(plan) = &budget.plan else { return };
        let (warmup, steps) = (plan.schedule.warmup_steps, plan.steps);
        let share = warmup as f64 / steps.max(1) as f64;
        // Beyond the end is an error of its own.
        if warmup >= steps {
            return;
        }
        if share >= self.most {
            out.blame(
                super::warmup_at(setup),
                format!(
                    "warmup{} takes {warmup} of {steps} steps, {:.0} %, and {:.0} % is much",
                    origin(setup),
                    share * 100.0,
                    self.most * 100.0
                ),
            );
        } else if warmup == 1 && plan.schedule.first() == Some(0.0) {
            out.blame(
                super::warmup_at(setup),
                format!(
                    "warmup{} is 1 of {steps} steps: the first is made at a rate of 0, the second at the peak",
                    origin(setup)
                ),
            );
        }
    }
}

/// Where the warmup was set, if it was.
fn origin(setup: &Setup) -> String {
    setup
        .run
        .warmup()
        .map_or(String::new(), |set| format!(" {} ({})", set.value, set.origin))
}
