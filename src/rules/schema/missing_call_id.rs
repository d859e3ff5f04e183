use serde::{Deserialize, Serialize};

use crate::finding::Findings;
use crate::model::example::Role;
use crate::model::setup::Setup;
use crate::model::value::Value;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};
use crate::rules::parts::slips::Slips;
use crate::rules::parts::tools;
use crate::sketch::Merge;

rule_meta! {
    /// ## What it finds
    /// A few tool calls without an `id`, and tool results without a `tool_call_id`, in a set whose others have them.
    ///
    /// ## Why it matters
    /// Nothing says which call the result is of. Some templates print the ids, others refuse a row without them. Sets
    /// without ids are left alone.
    ///
    /// ## Example
    /// ```text
    /// 99 rows with ids, and this one:
    /// {"messages": [{"role": "user", "content": "How is the weather in Oslo?"}, {"role": "assistant", "content": null, "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": "{\"city\": \"Oslo\"}"}}]}, {"role": "tool", "content": "rain"}, {"role": "assistant", "content": "It rains."}]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"messages": [{"role": "user", "content": "How is the weather in Oslo?"}, {"role": "assistant", "content": null, "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": "{\"city\": \"Oslo\"}"}}]}, {"role": "tool", "tool_call_id": "call_1", "content": "rain"}, {"role": "assistant", "content": "It rains."}]}
    /// ```
    ///
    /// ## Fix
    /// Give the call an id, and its result the same.
    "schema/missing-call-id", Warning
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct MissingCallId {}

/// Calls or results that have an id, and where the others stand.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Ids {
    given: u64,
    missing: Slips<String>,
}

impl Merge for Ids {
    fn merge(&mut self, other: Self) {
        self.given += other.given;
        self.missing.merge(other.missing);
    }
}

/// Ids below which nothing is said of a set.
const LEAST: u64 = 20;
/// Of so many calls or results one may have none; where more are so, ids are not kept.
const PER: u64 = 50;

impl Rule for MissingCallId {
    const META: RuleMeta = META;
    /// Of calls and of results.
    type State = (Ids, Ids);
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, (called, answered): &mut Self::State, _: &mut Findings) {
        let Some(example) = row.example.filter(|example| example.conversational) else {
            return;
        };
        for turn in &example.turns {
            // The old form has no id.
            if turn.role == Role::Tool && turn.role_text == "tool" {
                match turn.raw.and_then(|raw| raw.get("tool_call_id")) {
                    Some(id) if !is_none(id) => answered.given += 1,
                    _ => answered.missing.offer(&row.place, || turn.message_pointer()),
                }
                continue;
            }
            for call in tools::calls(turn).unwrap_or_default() {
                if call.pointer.starts_with("/function_call") {
                    continue;
                }
                match call.id.filter(|id| !id.is_empty()) {
                    Some(_) => called.given += 1,
                    None => called.missing.offer(&row.place, || {
                        let pointer = call.pointer.trim_end_matches("/function");
                        format!("{}{pointer}", turn.message_pointer())
                    }),
                }
            }
        }
    }

    fn finish(&self, (called, answered): Self::State, _: &Setup, out: &mut Findings) {
        for (ids, what, key) in [(called, "tool call", "id"), (answered, "tool result", "tool_call_id")] {
            if ids.given >= LEAST {
                let message = format!(
                    "the {what} has no `{key}`, and {} others of the set have one",
                    ids.given
                );
                ids.missing
                    .report(ids.given, PER, out, |pointer| (pointer.clone(), message.clone()));
            }
        }
    }
}

fn is_none(id: &Value<'_>) -> bool {
    id.is_null() || id.as_str().is_some_and(str::is_empty)
}
