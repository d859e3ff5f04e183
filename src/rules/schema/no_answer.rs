use serde::Deserialize;

use crate::finding::Findings;
use crate::model::example::{Role, Shape};
use crate::rule::{Row, Rule, RuleMeta, rule_meta};
use crate::rules::turns;

rule_meta! {
    /// ## What it finds
    /// Conversations in which the assistant never speaks.
    ///
    /// ## Why it matters
    /// With a loss on answers the row trains nothing, and is dropped or makes a batch's loss NaN. With a loss
    /// on everything the model learns to ask.
    ///
    /// ## Example
    /// ```jsonl
    /// {"messages": [{"role": "user", "content": "2+2?"}]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"messages": [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}]}
    /// ```
    ///
    /// ## Fix
    /// Add the answer or remove the row; if the answer has a role of another name, rename it to `assistant`.
    "schema/no-answer", Error
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct NoAnswer {}

impl Rule for NoAnswer {
    const META: RuleMeta = META;
    type State = ();
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        let Some(example) = row.example.filter(|example| example.shape != Shape::Text) else {
            return;
        };
        for end in turns::ends(example) {
            let mut side = example.turns.iter().filter(|turn| turns::on_side(turn, end.branch));
            if side.all(|turn| turn.role != Role::Assistant) {
                let said = example.turns.len();
                out.field(
                    &row.place,
                    || end.pointer(),
                    || format!("no answer: none of {said} messages is the assistant's"),
                );
            }
        }
    }
}
