use serde::Deserialize;

use crate::finding::Findings;
use crate::model::budget::Budget;
use crate::model::run::Family;
use crate::model::setup::Setup;
use crate::rule::{Rule, RuleMeta, rule_meta};

rule_meta! {
    /// ## What it finds
    /// Steps that carry very different numbers of trained tokens.
    ///
    /// ## Why it matters
    /// Since transformers 4.46 the loss of a step is the mean over its trained tokens, so a token in a step with few of them
    /// moves the model more than one in a step with many; before, it was the mean over batches, and so was each batch's. With
    /// small batches and answers of all lengths the learning rate in effect jumps from step to step.
    ///
    /// ## Example
    /// ```jsonl --epochs 1 --batch-size 1 --grad-accum 1
    /// {"text": "a"}
    /// {"text": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}
    /// {"text": "aa"}
    /// {"text": "aaa"}
    /// ```
    ///
    /// Instead:
    /// ```jsonl --epochs 1 --batch-size 2 --grad-accum 2
    /// {"text": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}
    /// {"text": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}
    /// {"text": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}
    /// {"text": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}
    /// ```
    ///
    /// ## Fix
    /// Accumulate more batches to a step (gradient_accumulation_steps), or pack the rows.
    "budget/uneven-steps", Warning, needs [Plan, Tokenizer]
}

/// Options of the rule.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub(crate) struct UnevenSteps {
    /// Largest standard deviation, as a share of the mean.
    most: f64,
}

impl Default for UnevenSteps {
    fn default() -> Self {
        Self { most: 0.5 }
    }
}

impl Rule for UnevenSteps {
    const META: RuleMeta = META;
    type State = ();
    const ROWS: bool = false;

    fn judge(&self, budget: &Budget, setup: &Setup, out: &mut Findings) {
        let load = budget.plan.as_ref().and_then(|plan| plan.load.as_ref());
        let Some(trained) = load.map(|load| load.trained).filter(|trained| trained.mean > 0.0) else {
            return;
        };
        let share = trained.deviation / trained.mean;
        if share > self.most {
            let (major, minor) = setup.run.transformers.value;
            let means = if (major, minor) >= (4, 46) || setup.run.family == Family::Torchtune {
                "token"
            } else {
                "batch"
            };
            out.set(format!(
                "trained tokens of a step vary by {:.0} % of their mean, more than {:.0} %: {} to {}, mean {:.0}; the loss is \
                 a mean per {means} of a step",
                share * 100.0,
                self.most * 100.0,
                trained.least,
                trained.most,
                trained.mean
            ));
        }
    }
}
