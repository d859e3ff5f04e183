use serde::Deserialize;

use crate::finding::Findings;
use crate::model::budget::Budget;
use crate::model::setup::Setup;
use crate::rule::{Rule, RuleMeta, rule_meta};

rule_meta! {
    /// ## What it finds
    /// Batches of which more than half is padding.
    ///
    /// ## Why it matters
    /// Rows of a batch are padded to its longest one, and padding costs as much as tokens do: more than half of the
    /// computation is for nothing.
    ///
    /// ## Example
    /// ```jsonl --epochs 1 --batch-size 4
    /// {"text": "a"}
    /// {"text": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}
    /// {"text": "aa"}
    /// {"text": "aaa"}
    /// ```
    ///
    /// Instead:
    /// ```jsonl --epochs 1 --batch-size 4
    /// {"text": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}
    /// {"text": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}
    /// {"text": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}
    /// {"text": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}
    /// ```
    ///
    /// ## Fix
    /// Group rows of like length (train_sampling_strategy="group_by_length"; before transformers 5
    /// group_by_length=True), or pack them (packing=True) if they are no preference rows, which nobody packs.
    "budget/mostly-padding", Warning, needs [Plan, Tokenizer]
}

/// Options of the rule.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub(crate) struct MostlyPadding {
    /// Largest share of the batches' tokens, 0 to 1.
    most: f64,
}

impl Default for MostlyPadding {
    fn default() -> Self {
        Self { most: 0.5 }
    }
}

impl Rule for MostlyPadding {
    const META: RuleMeta = META;
    type State = ();
    const ROWS: bool = false;

    fn judge(&self, budget: &Budget, setup: &Setup, out: &mut Findings) {
        let Some(load) = budget.plan.as_ref().and_then(|plan| plan.load.as_ref()) else {
            return;
        };
        if budget.packed.is_none() && load.padding > self.most {
            out.set(format!(
                "{:.0} % of the batches is padding, more than {:.0} %, at batch size {} ({})",
                load.padding * 100.0,
                self.most * 100.0,
                setup.batch_size.value,
                setup.batch_size.origin
            ));
        }
    }
}
