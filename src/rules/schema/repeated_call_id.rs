use ahash::AHashSet;
use serde::Deserialize;

use crate::finding::Findings;
use crate::model::example::Branch;
use crate::model::setup::Setup;
use crate::rule::{Row, Rule, RuleMeta, clip, rule_meta};
use crate::rules::parts::tools;

rule_meta! {
    /// ## What it finds
    /// Tool calls of one row that have the same id.
    ///
    /// ## Why it matters
    /// A result names its call by the id: which of the two it belongs to is anyone's guess, and some templates refuse the
    /// row. Sets in which ids start anew with every turn are left alone.
    ///
    /// ## Example
    /// ```jsonl
    /// {"tools": [{"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}, "required": ["city"]}}}], "messages": [{"role": "user", "content": "How is the weather in Oslo?"}, {"role": "assistant", "content": null, "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": "{\"city\": \"Oslo\"}"}}, {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": "{\"city\": \"Bergen\"}"}}]}, {"role": "tool", "tool_call_id": "call_1", "content": "rain"}, {"role": "tool", "tool_call_id": "call_1", "content": "sun"}, {"role": "assistant", "content": "It rains."}]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"tools": [{"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}, "required": ["city"]}}}], "messages": [{"role": "user", "content": "How is the weather in Oslo?"}, {"role": "assistant", "content": null, "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": "{\"city\": \"Oslo\"}"}}, {"id": "call_2", "type": "function", "function": {"name": "weather", "arguments": "{\"city\": \"Bergen\"}"}}]}, {"role": "tool", "tool_call_id": "call_1", "content": "rain"}, {"role": "tool", "tool_call_id": "call_2", "content": "sun"}, {"role": "assistant", "content": "It rains."}]}
    /// ```
    ///
    /// ## Fix
    /// Give each call an id of its own, and its result the same.
    "schema/repeated-call-id", Warning
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RepeatedCallId {}

impl Rule for RepeatedCallId {
    const META: RuleMeta = META;
    /// Rows whose calls have ids.
    type State = u64;
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, rows: &mut u64, out: &mut Findings) {
        let Some(example) = row.example else { return };
        let mut seen: AHashSet<(Branch, &str)> = AHashSet::new();
        for turn in &example.turns {
            for call in tools::calls(turn).unwrap_or_default() {
                let Some(id) = call.id.filter(|id| !id.is_empty()) else {
                    continue;
                };
                if !seen.insert((turn.branch, id)) {
                    out.field(
                        &row.place,
                        || format!("{}{}", turn.message_pointer(), call.pointer),
                        || format!("the id `{}` is that of an earlier call too", clip(id)),
                    );
                    *rows += 1;
                    return;
                }
            }
        }
        *rows += u64::from(!seen.is_empty());
    }

    fn finish(&self, rows: u64, _: &Setup, out: &mut Findings) {
        if out.rows() > 1 && out.rows() * 10 > rows {
            *out = Findings::default();
        }
    }
}
