use serde::Deserialize;

use crate::finding::Findings;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};

use super::given::Given;

rule_meta! {
    /// ## What it finds
    /// Pre-tokenised rows that end or begin with padding tokens that carry loss.
    ///
    /// ## Why it matters
    /// The model learns to write padding, and the easy tokens pull the loss down.
    ///
    /// ## Example
    /// ```jsonl -m fixtures/models/chatml
    /// {"input_ids": [40, 41, 42, 258, 258, 258], "labels": [40, 41, 42, 258, 258, 258]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl -m fixtures/models/chatml
    /// {"input_ids": [40, 41, 42, 258, 258, 258], "labels": [40, 41, 42, -100, -100, -100]}
    /// ```
    ///
    /// ## Fix
    /// Set the labels of padding to -100, or leave padding to the collator.
    "mask/padding-trained", Error, needs [Tokenizer]
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct PaddingTrained {}

impl Rule for PaddingTrained {
    const META: RuleMeta = META;
    type State = ();

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        let facts = row.setup.tokenizer.as_ref();
        let Some(pad) = facts.and_then(|facts| facts.pad.as_ref()?.id) else {
            return;
        };
        let Some(given) = Given::of(row) else { return };
        let is_pad = |id: &&i64| **id == i64::from(pad);
        let after = given.ids.iter().rev().take_while(is_pad).count();
        let before = given.ids.iter().take_while(is_pad).count();
        // The last of them may be the end of the text, where one token is both.
        let is_eos = facts.is_some_and(|facts| facts.eos.as_ref().is_some_and(|eos| eos.id == Some(pad)));
        let text = given.ids.len().saturating_sub(after) + usize::from(is_eos && after > 0);
        let padding = || given.trained().filter(|(at, ..)| *at >= text || *at < before);
        let Some((at, ..)) = padding().next() else { return };
        out.field(
            &row.place,
            || format!("/labels/{at}"),
            || format!("{} padding tokens (id {pad}) carry loss", padding().count()),
        );
    }
}
