use serde::Deserialize;

use crate::finding::Findings;
use crate::model::example::{Role, Turn};
use crate::rule::{Row, Rule, RuleMeta, rule_meta};
use crate::rules::turns;

rule_meta! {
    /// ## What it finds
    /// Tool calls that are followed by something else than their results.
    ///
    /// ## Why it matters
    /// OpenAI and many templates refuse such a row. Where it is trained, the model learns to go on as if the
    /// tool had answered.
    ///
    /// ## Example
    /// ```jsonl
    /// {"messages": [{"role": "user", "content": "How is the weather in Oslo?"}, {"role": "assistant", "content": null, "tool_calls": [{"type": "function", "function": {"name": "weather", "arguments": "{\"city\": \"Oslo\"}"}}]}, {"role": "assistant", "content": "It rains."}]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"messages": [{"role": "user", "content": "How is the weather in Oslo?"}, {"role": "assistant", "content": null, "tool_calls": [{"type": "function", "function": {"name": "weather", "arguments": "{\"city\": \"Oslo\"}"}}]}, {"role": "tool", "content": "rain"}, {"role": "assistant", "content": "It rains."}]}
    /// ```
    ///
    /// ## Fix
    /// Add the result as a `tool` turn, or end the row with the call.
    "schema/tool-call-without-result", Warning
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ToolCallWithoutResult {}

impl Rule for ToolCallWithoutResult {
    const META: RuleMeta = META;
    type State = ();
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        let Some(example) = row.example else { return };
        for (at, turn) in example.turns.iter().enumerate().skip(1) {
            let calls = |turn: &Turn<'_>| turn.role == Role::Assistant && turn.has_tool_calls();
            let unanswered = turns::before(example, at).is_some_and(calls);
            if unanswered && !matches!(turn.role, Role::Tool | Role::Other) {
                out.field(
                    &row.place,
                    || turn.pointer(),
                    || {
                        format!(
                            "a tool call is followed by a {} turn, not by its result",
                            turn.role.name()
                        )
                    },
                );
            }
        }
    }
}
