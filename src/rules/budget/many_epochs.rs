use serde::Deserialize;

use crate::finding::Findings;
use crate::model::budget::Budget;
use crate::model::setup::Setup;
use crate::rule::{Rule, RuleMeta, rule_meta};

use super::{length, length_at};

rule_meta! {
    /// ## What it finds
    /// A plan that goes through the rows more often than is usual for fine-tuning.
    ///
    /// ## Why it matters
    /// From the second pass on a model also learns the rows themselves. Beyond three passes fine-tuned models mostly
    /// memorise: the training loss drops at each start of an epoch and the evaluation loss rises.
    ///
    /// ## Example
    /// ```jsonl --epochs 5
    /// {"text": "row number 0"}
    /// {"text": "row number 1"}
    /// ```
    ///
    /// Instead:
    /// ```jsonl --epochs 2
    /// {"text": "row number 0"}
    /// {"text": "row number 1"}
    /// ```
    ///
    /// ## Fix
    /// Lower num_train_epochs or max_steps, or add rows; evaluate once an epoch and keep the best checkpoint.
    "budget/many-epochs", Warning, needs [Plan]
}

/// Options of the rule.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub(crate) struct ManyEpochs {
    /// Most passes over the rows.
    most: f64,
}

impl Default for ManyEpochs {
    fn default() -> Self {
        Self { most: 3.0 }
    }
}

impl Rule for ManyEpochs {
    const META: RuleMeta = META;
    type State = ();
    const ROWS: bool = false;

    fn judge(&self, budget: &Budget, setup: &Setup, out: &mut Findings) {
        let Some(plan) = &budget.plan else { return };
        if plan.epochs > self.most {
            out.blame(
                length_at(setup),
                format!(
                    "{} is {:.2} epochs of {} rows, more than {}; {} epochs are {} steps",
                    length(setup),
                    plan.epochs,
                    budget.fed(),
                    self.most,
                    self.most,
                    steps(self.most, plan.steps_per_epoch)
                ),
            );
        }
    }
}

/// Steps of so many epochs.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "steps are far below 2^52"
)]
fn steps(epochs: f64, each: u64) -> u64 {
    (epochs * each as f64).ceil() as u64
}
