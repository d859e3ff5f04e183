use serde::Deserialize;

use crate::finding::Findings;
use crate::model::example::{Role, Turn};
use crate::rule::{Row, Rule, RuleMeta, clip, rule_meta};
use crate::rules::parts::turns;

rule_meta! {
    /// ## What it finds
    /// Two turns in a row by the same role.
    ///
    /// ## Why it matters
    /// Many templates refuse a row whose roles do not alternate, LLaMA-Factory drops it, and others train one
    /// answer as two. Usually the turn between them was lost. Results of several tools, and speakers told
    /// apart by `name`, are fine.
    ///
    /// ## Example
    /// ```jsonl
    /// {"messages": [{"role": "user", "content": "2+2?"}, {"role": "user", "content": "and 3+3?"}, {"role": "assistant", "content": "6"}]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"messages": [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}]}
    /// ```
    ///
    /// ## Fix
    /// Find the turn that was lost, or join the two.
    "schema/repeated-role", Warning
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RepeatedRole {}

impl Rule for RepeatedRole {
    const META: RuleMeta = META;
    type State = ();
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        let Some(example) = row.example else { return };
        for (at, turn) in example.turns.iter().enumerate().skip(1) {
            let twice = turns::before(example, at).is_some_and(|before| repeated(before, turn));
            if twice {
                out.field(
                    &row.place,
                    || turn.pointer(),
                    || format!("two `{}` turns in a row", clip(&turn.role_text)),
                );
            }
        }
    }
}

fn repeated(before: &Turn<'_>, turn: &Turn<'_>) -> bool {
    let (Some(first), Some(second)) = (before.raw, turn.raw) else {
        return false;
    };
    // A call and its answer, a developer's message after a system's, thoughts on a channel of their own.
    let differs = |key: &str| first.get(key) != second.get(key);
    before.role == turn.role
        && !matches!(turn.role, Role::Tool | Role::Other)
        && before.role_text == turn.role_text
        && !before.has_tool_calls()
        && !differs("name")
        && !differs("channel")
}
