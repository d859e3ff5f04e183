use serde::Deserialize;

use crate::finding::Findings;
use crate::model::example::{Example, Role, Turn};
use crate::rule::{Row, Rule, RuleMeta, rule_meta};
use crate::rules::parts::{tools, turns, written};

rule_meta! {
    /// ## What it finds
    /// Tool calls that are followed by something else than their results, and several calls of one turn of which only
    /// some have one.
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
        for (at, turn) in example.turns.iter().enumerate() {
            if let Some((pointer, message)) = partly_answered(turn, example, at) {
                out.field(&row.place, || pointer, || message);
            }
        }
        for (at, turn) in example.turns.iter().enumerate().skip(1) {
            let calls =
                |turn: &Turn<'_>| turn.role == Role::Assistant && (turn.has_tool_calls() || written::is_call(turn));
            let unanswered = turns::before(example, at).is_some_and(calls);
            // Turns that are a call may follow each other, as the calls of one turn do.
            if unanswered && !matches!(turn.role, Role::Tool | Role::Other) && !written::is_call(turn) {
                out.field(
                    &row.place,
                    || turn.pointer(),
                    || {
                        format!(
                            "a tool call is followed by {} turn, not by its result",
                            turn.role.a_name()
                        )
                    },
                );
            }
        }
    }
}

/// What is missing where a turn makes several calls and only some of their results follow, and where.
fn partly_answered(turn: &Turn<'_>, example: &Example<'_>, at: usize) -> Option<(String, String)> {
    let calls = tools::calls(turn).ok().filter(|calls| calls.len() > 1)?;
    let after = example.turns[at + 1..]
        .iter()
        .filter(|after| after.branch == turn.branch);
    let results: Vec<&Turn<'_>> = after.take_while(|after| after.role == Role::Tool).collect();
    if results.is_empty() {
        return None;
    }
    let ids = results.iter().map(|result| result.raw?.get("tool_call_id")?.as_str());
    let ids: Option<Vec<&str>> = ids.collect();
    let open = match ids {
        Some(ids) if calls.iter().all(|call| call.id.is_some()) => {
            let open = calls.iter().find(|call| call.id.is_some_and(|id| !ids.contains(&id)));
            open.filter(|_| ids.len() < calls.len())
        }
        // Without ids a single turn may hold the results of all calls.
        _ if results.len() == 1 => None,
        _ => calls.get(results.len()),
    }?;
    let pointer = format!("{}{}", turn.message_pointer(), open.pointer);
    Some((
        pointer,
        format!(
            "one of {} calls without a result, and results of others ({}) follow",
            calls.len(),
            results.len()
        ),
    ))
}
