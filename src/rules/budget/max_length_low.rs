use serde::Deserialize;

use crate::finding::Findings;
use crate::model::setup::Setup;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};
use crate::sketch::histogram::Histogram;

rule_meta! {
    /// ## What it finds
    /// A max_length below the length of more than one row in twenty.
    ///
    /// ## Why it matters
    /// What is beyond it is cut, mostly from the ends of answers, or the rows are dropped: the model learns to stop short,
    /// or never sees the long rows.
    ///
    /// ## Example
    /// ```jsonl --max-length 16
    /// {"text": "a text of a good many tokens more than that"}
    /// {"text": "a text of a good many tokens more than that"}
    /// ```
    ///
    /// Instead:
    /// ```jsonl --max-length 64
    /// {"text": "a text of a good many tokens more than that"}
    /// {"text": "a text of a good many tokens more than that"}
    /// ```
    ///
    /// ## Fix
    /// Raise max_length to the p95 at least, or split the rows; `gonogo fit` shows what each length cuts and costs.
    "budget/max-length-low", Warning, needs [Tokenizer, MaxLength]
}

/// Options of the rule.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub(crate) struct MaxLengthLow {
    /// The percentile that max_length should reach, 0 to 1.
    percentile: f64,
}

impl Default for MaxLengthLow {
    fn default() -> Self {
        Self { percentile: 0.95 }
    }
}

impl Rule for MaxLengthLow {
    const META: RuleMeta = META;
    type State = Histogram;

    fn check(&self, row: &Row<'_>, lengths: &mut Histogram, _: &mut Findings) {
        if !row.setup.is_eval(row.place.source) {
            // Of a pair the longer side, as in the report.
            if let Some(longest) = row.encoded.iter().map(|encoded| encoded.full_len).max() {
                lengths.add(longest as u64);
            }
        }
    }

    fn finish(&self, lengths: Histogram, setup: &Setup, out: &mut Findings) {
        let Some(limit) = setup.max_length.as_ref().filter(|_| !setup.splits_rows()) else {
            return;
        };
        let wanted = lengths.percentile(self.percentile);
        if lengths.count() > 0 && (limit.value as u64) < wanted {
            out.blame(
                &limit.origin,
                format!(
                    "max_length {} ({}) is below the p{} of the lengths, {wanted} tokens",
                    limit.value,
                    limit.origin,
                    self.percentile * 100.0
                ),
            );
        }
    }
}
