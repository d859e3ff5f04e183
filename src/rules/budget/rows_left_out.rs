use serde::Deserialize;

use crate::finding::Findings;
use crate::model::budget::Budget;
use crate::model::setup::Setup;
use crate::rule::{Rule, RuleMeta, rule_meta};

rule_meta! {
    /// ## What it finds
    /// Rows at the end of each epoch that make no full batch and are left out, where they are many for the set.
    ///
    /// ## Why it matters
    /// With few rows and a large batch the part left out is large, and with one epoch it is never seen. Rows are shuffled,
    /// so which ones it is depends on the seed.
    ///
    /// ## Example
    /// ```jsonl --epochs 1 --batch-size 4 --drop-last
    /// {"text": "row number 0"}
    /// {"text": "row number 1"}
    /// {"text": "row number 2"}
    /// {"text": "row number 3"}
    /// {"text": "row number 4"}
    /// {"text": "row number 5"}
    /// {"text": "row number 6"}
    /// ```
    ///
    /// Instead:
    /// ```jsonl --epochs 1 --batch-size 4
    /// {"text": "row number 0"}
    /// {"text": "row number 1"}
    /// {"text": "row number 2"}
    /// {"text": "row number 3"}
    /// {"text": "row number 4"}
    /// {"text": "row number 5"}
    /// {"text": "row number 6"}
    /// ```
    ///
    /// ## Fix
    /// Make the batch smaller, or keep the last one where the trainer can (dataloader_drop_last=False; torchtune always
    /// drops it).
    "budget/rows-left-out", Warning, needs [Plan]
}

/// Options of the rule.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub(crate) struct RowsLeftOut {
    /// Largest share of an epoch's rows, 0 to 1.
    most: f64,
}

impl Default for RowsLeftOut {
    fn default() -> Self {
        Self { most: 0.05 }
    }
}

impl Rule for RowsLeftOut {
    const META: RuleMeta = META;
    type State = ();
    const ROWS: bool = false;

    #[expect(clippy::cast_precision_loss, reason = "a share is a float")]
    fn judge(&self, budget: &Budget, setup: &Setup, out: &mut Findings) {
        let Some(plan) = &budget.plan else { return };
        let packed = budget.packed.as_ref().map(|packed| packed.sequences);
        let all = packed.unwrap_or(budget.fed());
        let share = plan.left_out as f64 / all.max(1) as f64;
        if share > self.most {
            let unit = if packed.is_some() { "sequences" } else { "rows" };
            let why = if setup.run.drop_last.value {
                format!("drop_last ({})", setup.run.drop_last.origin)
            } else {
                "the trainer".to_owned()
            };
            out.blame(
                &setup.run.drop_last.origin,
                format!(
                    "{why} leaves out {} of {all} {unit} in each epoch, {:.1} %, more than {:.0} %",
                    plan.left_out,
                    share * 100.0,
                    self.most * 100.0
                ),
            );
        }
    }
}
