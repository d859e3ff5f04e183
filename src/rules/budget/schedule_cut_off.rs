use serde::Deserialize;

use crate::finding::Findings;
use crate::model::budget::Budget;
use crate::model::setup::Setup;
use crate::rule::{Rule, RuleMeta, rule_meta};

rule_meta! {
    /// ## What it finds
    /// A falling learning-rate schedule that the run leaves while the rate is still high.
    ///
    /// ## Why it matters
    /// The last part of a schedule, where the rate is low, is where a model settles. It is lost where the schedule is
    /// stretched over more steps than are made, where the decay begins after the end, or where the cycles end high.
    ///
    /// ## Example
    /// ```jsonl --epochs 1 --batch-size 1 --scheduler cosine --set lr_scheduler_kwargs={"num_cycles":1}
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
    /// ```jsonl --epochs 1 --batch-size 1 --scheduler cosine
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
    /// Give the schedule the steps of the run: correct lr_scheduler_kwargs (num_cycles, num_decay_steps), or let the run go on
    /// to its planned end.
    "budget/schedule-cut-off", Warning, needs [Plan]
}

/// Options of the rule.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub(crate) struct ScheduleCutOff {
    /// Highest rate at the end, as a share of the peak.
    most: f64,
}

impl Default for ScheduleCutOff {
    fn default() -> Self {
        Self { most: 0.2 }
    }
}

impl Rule for ScheduleCutOff {
    const META: RuleMeta = META;
    type State = ();
    const ROWS: bool = false;

    fn judge(&self, budget: &Budget, setup: &Setup, out: &mut Findings) {
        let Some(plan) = &budget.plan else { return };
        let schedule = &plan.schedule;
        let run = &setup.run;
        // Those that are meant to stay up, and those with a floor; a few steps do not tell.
        let stays = ["constant", "inverse_sqrt", "min_lr"]
            .iter()
            .any(|name| schedule.name.contains(name));
        let floor = run.scheduler_options.keys().any(|option| option.contains("min_lr"));
        if stays || floor || plan.steps < 10 || schedule.warmup_steps >= plan.steps {
            return;
        }
        let Some(last) = schedule.last() else { return };
        let share = last / schedule.peak;
        if share > self.most {
            let planned = if plan.planned_steps > plan.steps {
                format!(", {} of {} planned", plan.steps, plan.planned_steps)
            } else {
                String::new()
            };
            out.blame(
                &run.scheduler.origin,
                format!(
                    "{} ({}) is at {:.0} % of the peak at the last step, {}{planned}, and more than {:.0} % is no end",
                    schedule.name,
                    run.scheduler.origin,
                    share * 100.0,
                    plan.steps,
                    self.most * 100.0
                ),
            );
        }
    }
}
