use serde::Deserialize;

use crate::finding::Findings;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};

rule_meta! {
    /// ## What it finds
    /// Rows that are padded on the left.
    ///
    /// ## Why it matters
    /// Generation wants it so, training does not: models count positions from the left edge, so that each row begins at
    /// another one, and models with learnt positions learn them for padding. Packing and loss functions that look for the
    /// end of the text at the right go wrong.
    ///
    /// ## Example
    /// ```jsonl
    /// {"input_ids": [[0, 0, 5, 6, 2]], "labels": [[-100, -100, 5, 6, 2]], "attention_mask": [[0, 0, 1, 1, 1]]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"input_ids": [[5, 6, 2, 0, 0]], "labels": [[5, 6, 2, -100, -100]], "attention_mask": [[1, 1, 1, 0, 0]]}
    /// ```
    ///
    /// ## Fix
    /// `tokenizer.padding_side = "right"` before the collator is made.
    "batch/padded-left", Warning, needs [Batches, Padding]
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct PaddedLeft {}

impl Rule for PaddedLeft {
    const META: RuleMeta = META;
    type State = ();

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        let Some(dumped) = row.dumped else { return };
        let (before, text) = (dumped.text.start, dumped.text.len());
        if before > 0 && text > 0 {
            let counted = dumped
                .positions
                .as_ref()
                .is_some_and(|positions| positions[before] == 0);
            let positions = if counted {
                "position_ids make up for it".to_owned()
            } else {
                format!("its text is at positions from {before} on")
            };
            out.row(&row.place, || {
                format!("{before} tokens of padding before {text} of text; {positions}")
            });
        }
    }
}
