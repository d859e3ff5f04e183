use serde::Deserialize;

use super::parts::beyond;
use crate::finding::Findings;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};

rule_meta! {
    /// ## What it finds
    /// Rows longer than the table of positions of a model that has one (GPT-2, OPT, GPT-J), which nothing cuts before.
    ///
    /// ## Why it matters
    /// There is no position for the tokens beyond: the first batch with such a row stops with an index error, on a GPU as a
    /// device-side assert that names nothing.
    ///
    /// ## Example
    /// ```jsonl -m fixtures/models/table
    /// {"text": "a text of more than the sixteen positions there are"}
    /// ```
    ///
    /// Instead:
    /// ```jsonl -m fixtures/models/table --max-length 16
    /// {"text": "a text of more than the sixteen positions there are"}
    /// ```
    ///
    /// ## Fix
    /// Lower the length rows are cut to (`max_length`, `sequence_len`, `cutoff_len`) to the model's positions, or split
    /// the rows.
    "length/no-position", Error, needs [Tokenizer]
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct NoPosition {}

impl Rule for NoPosition {
    const META: RuleMeta = META;
    type State = ();

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        let Some((length, positions)) = beyond(row).filter(|(_, positions)| positions.is_table) else {
            return;
        };
        out.row(&row.place, || {
            let (key, count) = (&positions.key, positions.count);
            format!("{length} tokens, and the model has {count} positions ({key} in config.json)")
        });
    }
}
