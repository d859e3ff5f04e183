use serde::Deserialize;

use crate::finding::Findings;
use crate::model::example::{Role, Turn};
use crate::model::value::Value;
use crate::rule::{Row, Rule, RuleMeta, clip, rule_meta};
use crate::rules::parts::{tools, written};

rule_meta! {
    /// ## What it finds
    /// Tool results that no call asked for, and second results of one call.
    ///
    /// ## Why it matters
    /// A template prints the result after a turn that never called, and the model learns to read results out
    /// of nowhere. Others refuse the row. Usually the call was lost when the row was converted.
    ///
    /// ## Example
    /// ```jsonl
    /// {"messages": [{"role": "user", "content": "How is the weather in Oslo?"}, {"role": "tool", "content": "rain"}, {"role": "assistant", "content": "It rains."}]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"messages": [{"role": "user", "content": "How is the weather in Oslo?"}, {"role": "assistant", "content": null, "tool_calls": [{"type": "function", "function": {"name": "weather", "arguments": "{\"city\": \"Oslo\"}"}}]}, {"role": "tool", "content": "rain"}, {"role": "assistant", "content": "It rains."}]}
    /// ```
    ///
    /// ## Fix
    /// Put the call back before the result, with the same `id` where calls have one, or drop the result.
    "schema/tool-result-without-call", Warning
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ToolResultWithoutCall {}

impl Rule for ToolResultWithoutCall {
    const META: RuleMeta = META;
    type State = ();
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        let Some(example) = row.example else { return };
        for (at, turn) in example
            .turns
            .iter()
            .enumerate()
            .filter(|(_, turn)| turn.role == Role::Tool)
        {
            let mut earlier = example.turns[..at].iter().rev();
            let caller = earlier.find(|turn| turn.role != Role::Tool);
            let message = match caller {
                Some(caller) if may_call(caller) => {
                    let before = &example.turns[..at];
                    if let Some(id) = unasked(turn, before) {
                        format!("the result of call `{}`, which nobody made", clip(id))
                    } else if let Some(id) = given_before(turn, caller, before) {
                        format!("a second result of call `{}`", clip(id))
                    } else {
                        continue;
                    }
                }
                Some(other) => format!("a tool result after {} turn that calls no tool", other.role.a_name()),
                None => "a tool result before anything was said".to_owned(),
            };
            out.field(&row.place, || turn.pointer(), || message);
        }
    }
}

/// Whether a turn may have called a tool: calls are as often written into the text as beside it.
fn may_call(turn: &Turn<'_>) -> bool {
    turn.has_tool_calls()
        || written::is_call(turn)
        || turn.role == Role::Other
        || (turn.role == Role::Assistant && turn.text.contains(['{', '[', '<', '(', ':']))
}

/// Results before one that it is compared with: a row takes time in its length, not in the square of it.
const REACH: usize = 256;

/// The id of the call this result is of, where the results since the call are as many as its calls of that id.
fn given_before<'t>(turn: &'t Turn<'_>, caller: &Turn<'_>, before: &[Turn<'_>]) -> Option<&'t str> {
    let of = |turn: &'t Turn<'_>| turn.raw?.get("tool_call_id").and_then(Value::as_str);
    let id = of(turn)?;
    let results = before
        .iter()
        .rev()
        .take_while(|turn| turn.role == Role::Tool)
        .take(REACH);
    let same = |turn: &&Turn<'_>| turn.raw.and_then(|raw| raw.get("tool_call_id")?.as_str()) == Some(id);
    let given = results.filter(same).count();
    let calls = || {
        let calls = tools::calls(caller).unwrap_or_default();
        calls.iter().filter(|call| call.id == Some(id)).count()
    };
    (given > 0 && (1..=given).contains(&calls())).then_some(id)
}

/// The id of the call this result is of, where the calls before it have ids and none has this.
fn unasked<'t>(turn: &'t Turn<'_>, before: &[Turn<'_>]) -> Option<&'t str> {
    let id = turn.raw?.get("tool_call_id").and_then(Value::as_str)?;
    // The nearest first, which it mostly is.
    let mut ids = before
        .iter()
        .rev()
        .flat_map(|turn| tools::calls(turn).unwrap_or_default())
        .filter_map(|call| call.id)
        .peekable();
    ids.peek()?;
    ids.all(|known| known != id).then_some(id)
}
