use serde::Deserialize;

use crate::finding::Findings;
use crate::model::budget::Budget;
use crate::model::setup::Setup;
use crate::rule::{Rule, RuleMeta, rule_meta};

rule_meta! {
    /// ## What it finds
    /// Rows that are not packed, where packing would save a good part of the computation.
    ///
    /// ## Why it matters
    /// Packed sequences are filled with rows to the brim, so that hardly any padding is left. With rows much shorter than
    /// max_length an epoch takes a fraction of the time; the steps are fewer too, and hold more rows each.
    ///
    /// ## Example
    /// ```jsonl --epochs 1 --batch-size 4 --max-length 256
    /// {"text": "a"}
    /// {"text": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}
    /// {"text": "aa"}
    /// {"text": "aaa"}
    /// ```
    ///
    /// Instead:
    /// ```jsonl --epochs 1 --batch-size 4 --max-length 256 --packing bfd
    /// {"text": "a"}
    /// {"text": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}
    /// {"text": "aa"}
    /// {"text": "aaa"}
    /// ```
    ///
    /// ## Fix
    /// Set packing=True (sample_packing in axolotl, dataset.packed in torchtune) and plan the steps anew: `gonogo fit` does.
    "budget/packing-saves", Warning, needs [Plan, Tokenizer, MaxLength]
}

/// Options of the rule.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub(crate) struct PackingSaves {
    /// Largest share of the batches' tokens that packing would save, 0 to 1.
    most: f64,
}

impl Default for PackingSaves {
    fn default() -> Self {
        Self { most: 0.3 }
    }
}

impl Rule for PackingSaves {
    const META: RuleMeta = META;
    type State = ();
    const ROWS: bool = false;

    fn judge(&self, budget: &Budget, setup: &Setup, out: &mut Findings) {
        let load = budget.plan.as_ref().and_then(|plan| plan.load.as_ref());
        let (Some(load), Some(filled)) = (load, budget.packable.filter(|filled| *filled > 0.0)) else {
            return;
        };
        if budget.packed.is_some() || setup.has_pairs() {
            return;
        }
        let saved = 1.0 - (1.0 - load.padding) / filled;
        if saved > self.most {
            out.set(format!(
                "packing would save {:.1} % of the computation, more than {:.0} %: {:.0} % of the batches is padding, and \
                 {:.0} % of packed sequences would be",
                saved * 100.0,
                self.most * 100.0,
                load.padding * 100.0,
                (1.0 - filled) * 100.0
            ));
        }
    }
}
