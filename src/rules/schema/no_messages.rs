use serde::Deserialize;

use crate::finding::Findings;
use crate::model::example::{Example, Shape};
use crate::rule::{Row, Rule, RuleMeta, rule_meta};

rule_meta! {
    /// ## What it finds
    /// Conversations without a single message.
    ///
    /// ## Why it matters
    /// Trainers look at the first message of a row to learn how to read it, and stop with an IndexError where
    /// there is none.
    ///
    /// ## Example
    /// ```jsonl
    /// {"messages": [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}]}
    /// {"messages": []}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"messages": [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}]}
    /// ```
    ///
    /// ## Fix
    /// Remove the row.
    "schema/no-messages", Error
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct NoMessages {}

impl Rule for NoMessages {
    const META: RuleMeta = META;
    type State = ();
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        let empty = |example: &Example<'_>| example.turns.is_empty() && example.shape != Shape::Tokenised;
        if row.example.is_some_and(empty) {
            out.row(&row.place, || "the conversation has no messages".to_owned());
        }
    }
}
