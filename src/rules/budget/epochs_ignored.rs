use serde::Deserialize;

use crate::finding::Findings;
use crate::model::budget::Budget;
use crate::model::setup::{Origin, Setup};
use crate::rule::{Rule, RuleMeta, rule_meta};

rule_meta! {
    /// ## What it finds
    /// A number of epochs that does not count, because max_steps is set as well and wins.
    ///
    /// ## Why it matters
    /// Who reads the config reads its epochs. The run ends elsewhere: after a tenth of an epoch, or after seven.
    ///
    /// ## Example
    /// ```jsonl --epochs 3 --max-steps 1 --batch-size 2
    /// {"text": "row number 0"}
    /// {"text": "row number 1"}
    /// {"text": "row number 2"}
    /// {"text": "row number 3"}
    /// ```
    ///
    /// Instead:
    /// ```jsonl --epochs 3 --batch-size 2
    /// {"text": "row number 0"}
    /// {"text": "row number 1"}
    /// {"text": "row number 2"}
    /// {"text": "row number 3"}
    /// ```
    ///
    /// ## Fix
    /// Keep one of the two: unset max_steps (-1 in transformers) to run whole epochs, or unset the epochs.
    "budget/epochs-ignored", Warning, needs [Plan]
}

/// Options of the rule.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub(crate) struct EpochsIgnored {
    /// Largest difference, as a share of the epochs asked for, that is let pass.
    most: f64,
}

impl Default for EpochsIgnored {
    fn default() -> Self {
        Self { most: 0.01 }
    }
}

impl Rule for EpochsIgnored {
    const META: RuleMeta = META;
    type State = ();
    const ROWS: bool = false;

    fn judge(&self, budget: &Budget, setup: &Setup, out: &mut Findings) {
        let (Some(plan), Some(steps)) = (&budget.plan, &setup.max_steps) else {
            return;
        };
        let asked = &setup.epochs;
        let said = !matches!(asked.origin, Origin::Default | Origin::TrainerDefault(_));
        if said && (plan.epochs - asked.value).abs() > self.most * asked.value {
            out.blame(
                &steps.origin,
                format!(
                    "max_steps {} ({}) wins over epochs {} ({}): {:.2} epochs of {} steps each",
                    steps.value, steps.origin, asked.value, asked.origin, plan.epochs, plan.steps_per_epoch
                ),
            );
        }
    }
}
