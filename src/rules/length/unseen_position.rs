use serde::Deserialize;

use super::parts::beyond;
use crate::finding::Findings;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};

rule_meta! {
    /// ## What it finds
    /// Rows longer than any the model was made for, which nothing cuts before: more tokens than
    /// `max_position_embeddings` of config.json, after what it stretches them by.
    ///
    /// ## Why it matters
    /// No error tells of it. Rotary positions are worked out for any length, but the model was trained on none of these:
    /// the loss beyond them is high and its gradients drown those of the other rows.
    ///
    /// ## Example
    /// ```jsonl -m fixtures/models/rotary
    /// {"text": "a text of more than the sixteen positions there are"}
    /// ```
    ///
    /// Instead:
    /// ```jsonl -m fixtures/models/rotary --max-length 16
    /// {"text": "a text of more than the sixteen positions there are"}
    /// ```
    ///
    /// ## Fix
    /// Lower the length rows are cut to (`max_length`, `sequence_len`, `cutoff_len`) to the model's positions, split the
    /// rows, or stretch the positions on purpose (`rope_scaling` in LLaMA-Factory, `overrides_of_model_config` in axolotl).
    "length/unseen-position", Warning, needs [Tokenizer]
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct UnseenPosition {}

impl Rule for UnseenPosition {
    const META: RuleMeta = META;
    type State = ();

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        let Some((length, positions)) = beyond(row).filter(|(_, positions)| !positions.is_table) else {
            return;
        };
        out.row(&row.place, || {
            let (key, count) = (&positions.key, positions.count);
            format!("{length} tokens, and the model was made for {count} ({key} in config.json)")
        });
    }
}
