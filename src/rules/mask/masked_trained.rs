use serde::Deserialize;

use crate::finding::Findings;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};

use super::parts::given::Given;

rule_meta! {
    /// ## What it finds
    /// Pre-tokenised rows with loss on tokens whose attention mask is 0, and masks of another length.
    ///
    /// ## Why it matters
    /// Such tokens are padding, or are hidden from the model; loss on them teaches it to write padding.
    ///
    /// ## Example
    /// ```jsonl
    /// {"input_ids": [5, 6, 7, 0, 0], "labels": [5, 6, 7, 0, 0], "attention_mask": [1, 1, 1, 0, 0]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"input_ids": [5, 6, 7, 0, 0], "labels": [5, 6, 7, -100, -100], "attention_mask": [1, 1, 1, 0, 0]}
    /// ```
    ///
    /// ## Fix
    /// Set the labels of masked tokens to -100, or leave padding to the collator.
    "mask/masked-trained", Error
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct MaskedTrained {}

impl Rule for MaskedTrained {
    const META: RuleMeta = META;
    type State = ();

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        let Some(given) = Given::of(row) else { return };
        let Some(attention) = &given.attention else { return };
        if attention.len() != given.ids.len() {
            let counts = (attention.len(), given.ids.len());
            out.field(
                &row.place,
                || "/attention_mask".to_owned(),
                || format!("a mask of {} for {} ids", counts.0, counts.1),
            );
            return;
        }
        let hidden = || given.trained().filter(|(at, ..)| attention[*at] == 0);
        let Some((at, ..)) = hidden().next() else { return };
        out.field(
            &row.place,
            || format!("/labels/{at}"),
            || format!("{} tokens with attention 0 carry loss", hidden().count()),
        );
    }
}
