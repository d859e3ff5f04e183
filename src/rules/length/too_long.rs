use serde::Deserialize;

use crate::finding::Findings;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};

rule_meta! {
    /// ## What it finds
    /// Rows of more tokens than max_length.
    ///
    /// ## Why it matters
    /// What is beyond the limit is cut or the row is dropped, as the trainer has it. Which part of it is lost
    /// is said by `length/answer-cut` and `length/answer-lost`.
    ///
    /// ## Example
    /// ```jsonl --max-length 8
    /// {"text": "a text of far more tokens than the eight that this example allows for"}
    /// ```
    ///
    /// Instead:
    /// ```jsonl --max-length 64
    /// {"text": "a text"}
    /// ```
    ///
    /// ## Fix
    /// Raise the limit that the message names, split the rows, or leave them out; the length report shows what each limit would cut.
    "length/too-long", Note, above 0.1 => Warning, needs [Tokenizer, MaxLength]
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct TooLong {}

impl Rule for TooLong {
    const META: RuleMeta = META;
    type State = ();

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        let Some(limit) = row.setup.max_length.as_ref().filter(|_| !row.setup.splits_rows()) else {
            return;
        };
        for encoded in row.encoded.iter().filter(|encoded| encoded.full_len > limit.value) {
            out.row(&row.place, || {
                let (length, max) = (encoded.full_len, limit.value);
                let limit = row.setup.limit().unwrap_or_default();
                format!("{length} tokens, {} more than {limit}", length - max)
            });
        }
    }
}
