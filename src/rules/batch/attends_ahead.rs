use serde::Deserialize;

use crate::finding::Findings;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};

rule_meta! {
    /// ## What it finds
    /// Batches whose attention mask of pairs lets a token see later ones, while the token after it is trained.
    ///
    /// ## Why it matters
    /// What is to be predicted is shown: the loss falls to nothing within a few steps, and the model has learnt
    /// to copy.
    ///
    /// ## Example
    /// ```jsonl
    /// {"input_ids": [[5, 6, 7]], "labels": [[5, 6, 7]], "attention_mask": [[[1, 1, 1], [1, 1, 1], [1, 1, 1]]]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"input_ids": [[5, 6, 7]], "labels": [[5, 6, 7]], "attention_mask": [[[1, 0, 0], [1, 1, 0], [1, 1, 1]]]}
    /// ```
    ///
    /// ## Fix
    /// Make the mask causal (`torch.tril`), or hand the model a mask of rows and tokens and let it make its own.
    "batch/attends-ahead", Error, needs [Batches]
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct AttendsAhead {}

impl Rule for AttendsAhead {
    const META: RuleMeta = META;
    type State = ();

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        let Some((at, later)) = row.dumped.and_then(|dumped| dumped.ahead) else {
            return;
        };
        out.field(
            &row.place,
            || format!("/attention_mask/{at}"),
            || format!("token {at} sees token {later}, and the one after it is trained"),
        );
    }
}
