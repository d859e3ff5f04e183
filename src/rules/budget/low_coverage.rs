use serde::{Deserialize, Serialize};

use crate::finding::Findings;
use crate::model::setup::Setup;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};

rule_meta! {
    /// ## What it finds
    /// A planned number of steps that sees less than half of the rows.
    ///
    /// ## Why it matters
    /// 500 steps of 8 rows see 8.9 % of 45,000 rows: the rest of the set was made for nothing, and the run
    /// says little about it.
    ///
    /// ## Example
    /// ```jsonl --batch-size 1 --max-steps 1
    /// {"text": "a first row"}
    /// {"text": "a second row"}
    /// {"text": "a third row"}
    /// ```
    ///
    /// Instead:
    /// ```jsonl --batch-size 1 --max-steps 3
    /// {"text": "a first row"}
    /// {"text": "a second row"}
    /// {"text": "a third row"}
    /// ```
    ///
    /// ## Fix
    /// Raise max_steps or the batch size, or plan in epochs; or pass a smaller set on purpose.
    "budget/low-coverage", Error, needs [Plan]
}

/// Options of the rule.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub(crate) struct LowCoverage {
    /// Smallest share of the rows to be seen at least once, 0 to 1.
    least: f64,
}

impl Default for LowCoverage {
    fn default() -> Self {
        Self { least: 0.5 }
    }
}

/// Rows to train on.
#[derive(Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Rows(u64);

impl crate::sketch::Merge for Rows {
    fn merge(&mut self, other: Self) {
        self.0 += other.0;
    }
}

impl Rule for LowCoverage {
    const META: RuleMeta = META;
    type State = Rows;

    fn check(&self, row: &Row<'_>, rows: &mut Rows, _: &mut Findings) {
        let eval = row.setup.eval.get(row.place.source as usize).copied().unwrap_or(false);
        rows.0 += u64::from(row.example.is_some() && !eval);
    }

    #[expect(clippy::cast_precision_loss, reason = "a share is a float")]
    fn finish(&self, Rows(rows): Rows, setup: &Setup, out: &mut Findings) {
        let Some(steps) = &setup.max_steps else { return };
        let batch = setup.effective_batch() as u64;
        let seen = steps.value.saturating_mul(batch);
        let share = seen as f64 / rows.max(1) as f64;
        if rows > 0 && share < self.least {
            let whole = rows.div_ceil(batch);
            out.set(format!(
                "{} steps ({}) of {batch} rows see {seen} of {rows} rows, {:.1} %; one epoch is {whole} steps",
                steps.value,
                steps.origin,
                share * 100.0
            ));
        }
    }
}
