use serde::Deserialize;

use crate::finding::Findings;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};

rule_meta! {
    /// ## What it finds
    /// Rows of the dump that none of the rows encoded here is like (`--against`).
    ///
    /// ## Why it matters
    /// They come from elsewhere: another file, another split, an older copy of the data, text that is made on the way; or
    /// they are encoded so differently that nothing of them is found again.
    ///
    /// ## Example
    /// ```jsonl -m fixtures/models/chatml --trainer trl@1.16.0 --against rows.jsonl
    /// {"input_ids": [[40, 41, 42, 43, 44, 45, 46, 257]], "labels": [[40, 41, 42, 43, 44, 45, 46, 257]]}
    /// ```
    ///
    /// ```file rows.jsonl
    /// {"prompt": "2+2?", "completion": " 4"}
    /// ```
    ///
    /// Instead:
    /// ```jsonl -m fixtures/models/chatml --trainer trl@1.16.0 --against rows.jsonl
    /// {"input_ids": [[256, 50, 43, 50, 63, 32, 52, 257]], "labels": [[-100, -100, -100, -100, -100, 32, 52, 257]]}
    /// ```
    ///
    /// ```file rows.jsonl
    /// {"prompt": "2+2?", "completion": " 4"}
    /// ```
    ///
    /// ## Fix
    /// Name the data of that run, all of it; where it is the right one, the tokenizer or the template is another.
    "batch/matches-nothing", Warning, above 0.1 => Error, needs [Batches, Compared]
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct MatchesNothing {}

impl Rule for MatchesNothing {
    const META: RuleMeta = META;
    type State = ();

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        let Some(dumped) = row.dumped else { return };
        for compared in dumped.compared.iter().filter(|compared| compared.like.is_none()) {
            out.field(
                &row.place,
                || format!("/input_ids/{}", compared.tokens.start),
                || format!("{} tokens like no row: `{}`", compared.tokens.len(), compared.begins),
            );
        }
    }
}
