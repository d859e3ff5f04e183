use serde::Deserialize;

use crate::finding::Findings;
use crate::model::example::Role;
use crate::rule::{Row, Rule, RuleMeta, clip, rule_meta};
use crate::rules::parts::turns;

rule_meta! {
    /// ## What it finds
    /// Conversations in which the assistant speaks first.
    ///
    /// ## Why it matters
    /// Many templates refuse such a row ("roles must alternate"), others train an answer to nothing. A
    /// greeting that is meant needs a template that allows it.
    ///
    /// ## Example
    /// ```jsonl
    /// {"messages": [{"role": "assistant", "content": "4"}, {"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"messages": [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}]}
    /// ```
    ///
    /// ## Fix
    /// Drop the first turn, or put the user turn it answers before it.
    "schema/starts-with-assistant", Warning
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct StartsWithAssistant {}

impl Rule for StartsWithAssistant {
    const META: RuleMeta = META;
    type State = ();
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        let Some(example) = row.example else { return };
        let first = example.turns.iter().find(|turn| turn.role != Role::System);
        if let Some(turn) = first.filter(|turn| turn.role == Role::Assistant && turns::is_message(turn)) {
            out.field(
                &row.place,
                || turn.pointer(),
                || format!("the assistant speaks first: `{}`", clip(&turn.text)),
            );
        }
    }
}
