use serde::Deserialize;

use crate::finding::Findings;
use crate::model::setup::Setup;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};

rule_meta! {
    /// ## What it finds
    /// Rows whose answer is cut short by max_length: its end, and the end-of-turn token, are never seen.
    ///
    /// ## Why it matters
    /// The model learns answers that stop in mid-sentence and does not learn to stop. A few such rows are
    /// normal; above one row in ten the run is not what it was meant to be.
    ///
    /// ## Example
    /// ```jsonl --max-length 64
    /// {"messages": [{"role": "user", "content": "count"}, {"role": "assistant", "content": "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen"}]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl --max-length 512
    /// {"messages": [{"role": "user", "content": "count"}, {"role": "assistant", "content": "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen"}]}
    /// ```
    ///
    /// ## Fix
    /// Raise the limit that the message names, split the row, or leave it out; the length report shows what each limit would cut.
    "length/answer-cut", Warning, above 0.1 => Error, needs [Tokenizer, MaxLength]
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct AnswerCut {}

impl Rule for AnswerCut {
    const META: RuleMeta = META;
    type State = ();

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        // Labels are lost to other things as well: torchtune masks the last token of a row that is not cut.
        for encoded in row
            .encoded
            .iter()
            .filter(|encoded| encoded.cut() > 0 && !encoded.answer_lost)
        {
            let trained = encoded.trained();
            let lost = encoded.full_trained.saturating_sub(trained);
            if lost > 0 && trained > 0 {
                out.tokens += lost as u64;
                out.row(&row.place, || {
                    format!(
                        "{} tokens, of which {} are kept: {lost} of {} trained tokens cut{}",
                        encoded.full_len,
                        encoded.len(),
                        encoded.full_trained,
                        by(row.setup)
                    )
                });
            }
        }
    }
}

/// ` by max_length 1024 (default of trl 1.16.0)`
pub(super) fn by(setup: &Setup) -> String {
    setup.limit().map_or_else(String::new, |limit| format!(" by {limit}"))
}
