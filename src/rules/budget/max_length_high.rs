use serde::Deserialize;

use crate::finding::Findings;
use crate::model::setup::Setup;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};
use crate::sketch::histogram::Histogram;

rule_meta! {
    /// ## What it finds
    /// A max_length several times the length of nearly all rows.
    ///
    /// ## Why it matters
    /// Nothing is cut, but packed sequences of that size need the memory for it, and so does whatever pads to max_length;
    /// the memory is better spent on a larger batch.
    ///
    /// ## Example
    /// ```jsonl --max-length 4096
    /// {"text": "row number 0"}
    /// {"text": "row number 1"}
    /// {"text": "row number 2"}
    /// {"text": "row number 3"}
    /// ```
    ///
    /// Instead:
    /// ```jsonl --max-length 32
    /// {"text": "row number 0"}
    /// {"text": "row number 1"}
    /// {"text": "row number 2"}
    /// {"text": "row number 3"}
    /// ```
    ///
    /// ## Fix
    /// Lower max_length to a little above the p99.9 of the lengths; `gonogo fit` shows what each length cuts.
    "budget/max-length-high", Note, needs [Tokenizer, MaxLength]
}

/// Options of the rule.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub(crate) struct MaxLengthHigh {
    /// Largest max_length, in lengths of the 99.9th percentile.
    most: f64,
}

impl Default for MaxLengthHigh {
    fn default() -> Self {
        Self { most: 4.0 }
    }
}

impl Rule for MaxLengthHigh {
    const META: RuleMeta = META;
    type State = Histogram;

    fn check(&self, row: &Row<'_>, lengths: &mut Histogram, _: &mut Findings) {
        if !row.setup.is_eval(row.place.source) {
            row.encoded
                .iter()
                .for_each(|encoded| lengths.add(encoded.full_len as u64));
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "lengths are far below 2^52")]
    fn finish(&self, lengths: Histogram, setup: &Setup, out: &mut Findings) {
        let Some(limit) = &setup.max_length else { return };
        let high = lengths.percentile(0.999);
        if high > 0 && limit.value as f64 > self.most * high as f64 {
            out.blame(
                &limit.origin,
                format!(
                    "max_length {} ({}) is {:.1} times the p99.9 of the lengths, {high} tokens, more than {}",
                    limit.value,
                    limit.origin,
                    limit.value as f64 / high as f64,
                    self.most
                ),
            );
        }
    }
}
