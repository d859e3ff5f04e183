use serde::Deserialize;

use crate::finding::Findings;
use crate::model::encoded::Encoded;
use crate::model::setup::Setup;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};
use crate::sketch::Merge;

rule_meta! {
    /// ## What it finds
    /// Rows in which no token carries loss: every label is -100.
    ///
    /// ## Why it matters
    /// Such a row costs a full forward and backward pass and teaches nothing; where a whole batch is so,
    /// the loss is 0 or NaN.
    ///
    /// ## Example
    /// ```jsonl --max-length 8
    /// {"messages": [{"role": "user", "content": "a question far longer than eight tokens, so that the answer is cut away"}, {"role": "assistant", "content": "yes"}]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl --max-length 64
    /// {"messages": [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}]}
    /// ```
    ///
    /// ## Fix
    /// Raise max_length above the prompt, shorten the prompt, or remove the row.
    "mask/nothing-trained", Error, needs [Tokenizer]
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct NothingTrained {}

/// Rows encoded, and those of them that train nothing.
#[derive(Default, serde::Serialize, Deserialize)]
pub(crate) struct Seen {
    rows: u64,
    untrained: u64,
}

impl Merge for Seen {
    fn merge(&mut self, other: Self) {
        self.rows += other.rows;
        self.untrained += other.untrained;
    }
}

impl Rule for NothingTrained {
    const META: RuleMeta = META;
    type State = Seen;

    fn check(&self, row: &Row<'_>, seen: &mut Seen, out: &mut Findings) {
        if row.encoded.is_empty() {
            return;
        }
        seen.rows += 1;
        // What is dropped without tokens is told as such.
        let untrained =
            |encoded: &&Encoded| encoded.trained() == 0 && (encoded.dropped.is_none() || !encoded.is_empty());
        let Some(encoded) = row.encoded.iter().find(untrained) else {
            return;
        };
        seen.untrained += 1;
        out.row(&row.place, || {
            let why = if encoded.full_trained > 0 {
                format!(
                    ": truncation to {} cut all {} that were to be",
                    encoded.len(),
                    encoded.full_trained
                )
            } else {
                String::new()
            };
            format!("none of {} tokens is trained{why}", encoded.len())
        });
    }

    fn finish(&self, seen: Seen, _: &Setup, out: &mut Findings) {
        if seen.rows > 0 && seen.rows == seen.untrained {
            out.set(format!(
                "no row of {} trains anything: the loss would be 0 or NaN from the first step",
                seen.rows
            ));
        }
    }
}
