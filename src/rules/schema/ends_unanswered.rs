use serde::Deserialize;

use crate::finding::Findings;
use crate::model::example::Role;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};
use crate::rules::parts::turns;

rule_meta! {
    /// ## What it finds
    /// Conversations whose last turn is the user's or a tool's, after earlier ones were answered.
    ///
    /// ## Why it matters
    /// The last question trains nothing where the loss is on answers, and teaches the model to ask where it is
    /// on everything. Some trainers drop the whole row.
    ///
    /// ## Example
    /// ```jsonl
    /// {"messages": [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}, {"role": "user", "content": "and 3+3?"}]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"messages": [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}, {"role": "user", "content": "and 3+3?"}, {"role": "assistant", "content": "6"}]}
    /// ```
    ///
    /// ## Fix
    /// Add the answer, or cut the conversation after the last one.
    "schema/ends-unanswered", Warning
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct EndsUnanswered {}

impl Rule for EndsUnanswered {
    const META: RuleMeta = META;
    type State = ();
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        let Some(example) = row.example else { return };
        for end in turns::ends(example).filter(|end| turns::is_message(end)) {
            let mut side = example.turns.iter().filter(|turn| turns::on_side(turn, end.branch));
            if matches!(end.role, Role::User | Role::Tool) && side.any(|turn| turn.role == Role::Assistant) {
                out.field(
                    &row.place,
                    || end.pointer(),
                    || format!("the last turn is the {}'s, and nothing answers it", end.role.name()),
                );
            }
        }
    }
}
