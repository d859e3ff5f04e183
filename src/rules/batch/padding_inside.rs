use serde::Deserialize;

use crate::finding::Findings;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};

rule_meta! {
    /// ## What it finds
    /// Rows with padding between tokens of text.
    ///
    /// ## Why it matters
    /// Rows that were padded before and are joined or padded again: the model learns to go on after padding, and positions
    /// count it.
    ///
    /// ## Example
    /// ```jsonl
    /// {"input_ids": [[5, 6, 0, 0, 7, 2]], "labels": [[5, 6, -100, -100, 7, 2]], "attention_mask": [[1, 1, 0, 0, 1, 1]]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"input_ids": [[5, 6, 7, 2, 0, 0]], "labels": [[5, 6, 7, 2, -100, -100]], "attention_mask": [[1, 1, 1, 1, 0, 0]]}
    /// ```
    ///
    /// ## Fix
    /// Tokenise without padding, and let the collator alone pad.
    "batch/padding-inside", Error, needs [Batches, Padding]
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct PaddingInside {}

impl Rule for PaddingInside {
    const META: RuleMeta = META;
    type State = ();

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        let Some(dumped) = row.dumped else { return };
        let Some(hole) = dumped.hole else { return };
        let inside = dumped.text.clone().filter(|at| dumped.is_padding(*at)).count().max(1);
        out.field(
            &row.place,
            || format!("/input_ids/{hole}"),
            || format!("{inside} tokens of padding inside the text, the first at token {hole}"),
        );
    }
}
