use serde::Deserialize;

use crate::finding::Findings;
use crate::model::budget::Budget;
use crate::model::setup::Setup;
use crate::rule::{Rule, RuleMeta, rule_meta};

rule_meta! {
    /// ## What it finds
    /// A learning rate that is next to nothing long before the run ends.
    ///
    /// ## Why it matters
    /// Steps below a hundredth of the peak rate change nothing that can be measured and cost as much as any other. It comes
    /// of schedules with a high power, of decay lengths meant for a shorter run, and of cycles that end early.
    ///
    /// ## Example
    /// ```jsonl --epochs 1 --batch-size 1 --scheduler polynomial --set lr_scheduler_kwargs={"power":4} --lr 1e-3
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
    /// {"text": "row number 20"}
    /// {"text": "row number 21"}
    /// {"text": "row number 22"}
    /// {"text": "row number 23"}
    /// {"text": "row number 24"}
    /// {"text": "row number 25"}
    /// {"text": "row number 26"}
    /// {"text": "row number 27"}
    /// {"text": "row number 28"}
    /// {"text": "row number 29"}
    /// {"text": "row number 30"}
    /// {"text": "row number 31"}
    /// {"text": "row number 32"}
    /// {"text": "row number 33"}
    /// {"text": "row number 34"}
    /// {"text": "row number 35"}
    /// {"text": "row number 36"}
    /// {"text": "row number 37"}
    /// {"text": "row number 38"}
    /// {"text": "row number 39"}
    /// ```
    ///
    /// Instead:
    /// ```jsonl --epochs 1 --batch-size 1 --scheduler cosine --lr 1e-3
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
    /// {"text": "row number 20"}
    /// {"text": "row number 21"}
    /// {"text": "row number 22"}
    /// {"text": "row number 23"}
    /// {"text": "row number 24"}
    /// {"text": "row number 25"}
    /// {"text": "row number 26"}
    /// {"text": "row number 27"}
    /// {"text": "row number 28"}
    /// {"text": "row number 29"}
    /// {"text": "row number 30"}
    /// {"text": "row number 31"}
    /// {"text": "row number 32"}
    /// {"text": "row number 33"}
    /// {"text": "row number 34"}
    /// {"text": "row number 35"}
    /// {"text": "row number 36"}
    /// {"text": "row number 37"}
    /// {"text": "row number 38"}
    /// {"text": "row number 39"}
    /// ```
    ///
    /// ## Fix
    /// Take a schedule that falls to its end (linear, cosine), or correct lr_scheduler_kwargs; or end the run earlier.
    "budget/rate-fades-early", Warning, needs [Plan]
}

/// Options of the rule.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub(crate) struct RateFadesEarly {
    /// Largest share of the steps, 0 to 1, made at less than 1 % of the peak at the end.
    most: f64,
}

impl Default for RateFadesEarly {
    fn default() -> Self {
        Self { most: 0.1 }
    }
}

impl Rule for RateFadesEarly {
    const META: RuleMeta = META;
    type State = ();
    const ROWS: bool = false;

    #[expect(clippy::cast_precision_loss, reason = "a share is a float")]
    fn judge(&self, budget: &Budget, setup: &Setup, out: &mut Findings) {
        let Some(plan) = &budget.plan else { return };
        let Some(faded) = plan.schedule.faded else { return };
        let share = faded as f64 / plan.steps.max(1) as f64;
        // A single step at the end is where any schedule arrives.
        if faded > 1 && share > self.most {
            out.blame(
                &setup.run.scheduler.origin,
                format!(
                    "{} ({}) is below 1 % of the peak for the last {faded} of {} steps, {:.0} %, more than {:.0} %",
                    setup.run.scheduler.value,
                    setup.run.scheduler.origin,
                    plan.steps,
                    share * 100.0,
                    self.most * 100.0
                ),
            );
        }
    }
}
