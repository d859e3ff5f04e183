use serde::Deserialize;

use crate::finding::Findings;
use crate::model::example::Role;
use crate::rule::{Row, Rule, RuleMeta, clip, rule_meta};
use crate::rules::parts::turns;

rule_meta! {
    /// ## What it finds
    /// System turns that stand after others have spoken.
    ///
    /// ## Why it matters
    /// Most templates take the system turn from the first place only: elsewhere they refuse the row, drop the
    /// turn, or print it where the model was never told to look.
    ///
    /// ## Example
    /// ```jsonl
    /// {"messages": [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}, {"role": "system", "content": "Be brief."}, {"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}]}
    /// ```
    ///
    /// ## Fix
    /// Move the system turn to the front, or say its text in a user turn.
    "schema/system-not-first", Warning
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct SystemNotFirst {}

impl Rule for SystemNotFirst {
    const META: RuleMeta = META;
    type State = ();
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        let Some(example) = row.example else { return };
        for (at, turn) in example.turns.iter().enumerate().skip(1) {
            let late = || turns::before(example, at).is_some_and(|before| before.role != Role::System);
            if turn.role == Role::System && late() {
                out.field(
                    &row.place,
                    || turn.pointer(),
                    || format!("a `{}` turn after {at} others", clip(&turn.role_text)),
                );
            }
        }
    }
}
