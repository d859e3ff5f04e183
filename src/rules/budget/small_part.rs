use serde::Deserialize;

use crate::finding::Findings;
use crate::model::budget::Budget;
use crate::model::setup::Setup;
use crate::rule::{Rule, RuleMeta, plural, rule_meta};

rule_meta! {
    /// ## What it finds
    /// A setting that takes less than half of a set to train on: of the first rows, of a split, of a shard, or what is left
    /// once rows are held out to evaluate on.
    ///
    /// ## Why it matters
    /// `max_samples: 100` comes with example configs and is for trying them; the run goes well, and the rest of the data was
    /// never looked at.
    ///
    /// ## Example
    /// ```file axolotl.yaml -m fixtures/models/chatml
    /// base_model: model
    /// datasets:
    ///   - path: train.jsonl
    ///     type: completion
    /// val_set_size: 0.7
    /// micro_batch_size: 1
    /// num_epochs: 1
    /// learning_rate: 2.0e-5
    /// sequence_len: 512
    /// ```
    /// ```jsonl
    /// {"text": "a first row"}
    /// {"text": "a second row"}
    /// {"text": "a third row"}
    /// {"text": "a fourth row"}
    /// ```
    ///
    /// Instead:
    /// ```file axolotl.yaml -m fixtures/models/chatml
    /// base_model: model
    /// datasets:
    ///   - path: train.jsonl
    ///     type: completion
    /// val_set_size: 0.25
    /// micro_batch_size: 1
    /// num_epochs: 1
    /// learning_rate: 2.0e-5
    /// sequence_len: 512
    /// ```
    /// ```jsonl
    /// {"text": "a first row"}
    /// {"text": "a second row"}
    /// {"text": "a third row"}
    /// {"text": "a fourth row"}
    /// ```
    ///
    /// ## Fix
    /// Take the setting out, or raise it; where a part is meant, say so with `--ignore budget/small-part`.
    "budget/small-part", Warning, needs [Plan]
}

/// Options of the rule.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub(crate) struct SmallPart {
    /// Smallest share of a set, 0 to 1.
    least: f64,
}

impl Default for SmallPart {
    fn default() -> Self {
        Self { least: 0.5 }
    }
}

impl Rule for SmallPart {
    const META: RuleMeta = META;
    type State = ();
    const ROWS: bool = false;

    #[expect(clippy::cast_precision_loss, reason = "a share is a float")]
    fn judge(&self, budget: &Budget, _: &Setup, out: &mut Findings) {
        for part in &budget.parts {
            let share = part.rows as f64 / part.of.max(1) as f64;
            if share < self.least {
                out.set(format!(
                    "{} leaves {} of {} to train on, {:.1} %, less than {:.0} %",
                    part.setting,
                    part.rows,
                    plural(part.of, "row"),
                    share * 100.0,
                    self.least * 100.0
                ));
            }
        }
    }
}
