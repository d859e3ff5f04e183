use serde::Deserialize;

use crate::finding::Findings;
use crate::model::setup::Special;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};

rule_meta! {
    /// ## What it finds
    /// Rows whose padding the attention mask does not hide.
    ///
    /// ## Why it matters
    /// Padding on the left, or inside, is then read as text by every token after it. On the right no token of the text
    /// sees it, but what counts lengths by the mask (flash attention, packing, pooling) counts it in.
    ///
    /// ## Example
    /// ```jsonl -m fixtures/models/chatml
    /// {"input_ids": [[40, 41, 257, 258, 258]], "labels": [[40, 41, 257, -100, -100]], "attention_mask": [[1, 1, 1, 1, 1]]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl -m fixtures/models/chatml
    /// {"input_ids": [[40, 41, 257, 258, 258]], "labels": [[40, 41, 257, -100, -100]], "attention_mask": [[1, 1, 1, 0, 0]]}
    /// ```
    ///
    /// ## Fix
    /// Let the collator pad attention_mask with 0 where it pads input_ids.
    "batch/padding-attended", Warning, needs [Batches, Padding, Tokenizer]
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct PaddingAttended {}

impl Rule for PaddingAttended {
    const META: RuleMeta = META;
    type State = ();

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        let (Some(dumped), Some(facts)) = (row.dumped, &row.setup.tokenizer) else {
            return;
        };
        let id = |special: &Option<Special>| special.as_ref().and_then(|special| special.id);
        let Some(pad) = id(&facts.pad).filter(|pad| Some(*pad) != id(&facts.eos)) else {
            return;
        };
        if dumped.attention.is_none() {
            return;
        }
        let seen: Vec<i64> = dumped.ids[dumped.text.clone()].to_vec();
        let is_pad = |found: &&i64| **found == i64::from(pad);
        let before = seen.iter().take_while(is_pad).count();
        let after = seen.iter().rev().take_while(is_pad).count();
        // A text may have the token once, as some models' end.
        if before + after < 2 {
            return;
        }
        let side = if before > 0 { "before" } else { "after" };
        out.field(
            &row.place,
            || "/attention_mask".to_owned(),
            || {
                let count = before.max(after);
                format!("{count} padding tokens (id {pad}) {side} the text are attended to")
            },
        );
    }
}
