use serde::Deserialize;

use crate::finding::Findings;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};

use super::answer_cut::by;

rule_meta! {
    /// ## What it finds
    /// Rows that truncation leaves without any of their answer.
    ///
    /// ## Why it matters
    /// The row trains nothing but its prompt, or nothing, or is dropped; where many rows are so the loss is 0 or NaN.
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
    /// Raise the limit that the message names above the length of the prompts, or leave the rows out.
    "length/answer-lost", Warning, above 0.01 => Error, needs [Tokenizer, MaxLength]
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct AnswerLost {}

impl Rule for AnswerLost {
    const META: RuleMeta = META;
    type State = ();

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        for encoded in row.encoded.iter().filter(|encoded| encoded.answer_lost) {
            // Where prompts are trained, too, something may be left of them.
            let (cut, left) = (encoded.full_trained - encoded.trained(), encoded.trained());
            out.tokens += cut as u64;
            out.row(&row.place, || {
                let (full, kept, by) = (encoded.full_len, encoded.len(), by(row.setup));
                let answer = if left == 0 {
                    format!("the whole answer, {cut} tokens,")
                } else {
                    "the whole answer".to_owned()
                };
                format!("{full} tokens, of which {kept} are kept: {answer} is cut{by}")
            });
        }
    }
}
