use serde::Deserialize;

use crate::finding::Findings;
use crate::model::example::Role;
use crate::model::setup::Setup;
use crate::model::value::Value;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};

rule_meta! {
    /// ## What it finds
    /// Tool results that are objects, or lists of anything but typed parts, where nearly all others are strings.
    ///
    /// ## Why it matters
    /// A template that prints content as it stands prints an object as Python would, with single quotes, `None` and `True`,
    /// while the other results are JSON or text. Where all results are objects, the template is made for it.
    ///
    /// ## Example
    /// ```jsonl
    /// {"messages": [{"role": "user", "content": "How warm is it on day 0?"}, {"role": "assistant", "content": null, "tool_calls": [{"type": "function", "function": {"name": "weather", "arguments": "{\"city\": \"Oslo\"}"}}]}, {"role": "tool", "content": "{\"temp\": 0}"}, {"role": "assistant", "content": "It rains."}]}
    /// {"messages": [{"role": "user", "content": "How warm is it on day 1?"}, {"role": "assistant", "content": null, "tool_calls": [{"type": "function", "function": {"name": "weather", "arguments": "{\"city\": \"Oslo\"}"}}]}, {"role": "tool", "content": "{\"temp\": 1}"}, {"role": "assistant", "content": "It rains."}]}
    /// {"messages": [{"role": "user", "content": "How warm is it on day 2?"}, {"role": "assistant", "content": null, "tool_calls": [{"type": "function", "function": {"name": "weather", "arguments": "{\"city\": \"Oslo\"}"}}]}, {"role": "tool", "content": "{\"temp\": 2}"}, {"role": "assistant", "content": "It rains."}]}
    /// {"messages": [{"role": "user", "content": "How warm is it on day 3?"}, {"role": "assistant", "content": null, "tool_calls": [{"type": "function", "function": {"name": "weather", "arguments": "{\"city\": \"Oslo\"}"}}]}, {"role": "tool", "content": "{\"temp\": 3}"}, {"role": "assistant", "content": "It rains."}]}
    /// {"messages": [{"role": "user", "content": "How warm is it on day 4?"}, {"role": "assistant", "content": null, "tool_calls": [{"type": "function", "function": {"name": "weather", "arguments": "{\"city\": \"Oslo\"}"}}]}, {"role": "tool", "content": "{\"temp\": 4}"}, {"role": "assistant", "content": "It rains."}]}
    /// {"messages": [{"role": "user", "content": "How warm is it on day 5?"}, {"role": "assistant", "content": null, "tool_calls": [{"type": "function", "function": {"name": "weather", "arguments": "{\"city\": \"Oslo\"}"}}]}, {"role": "tool", "content": "{\"temp\": 5}"}, {"role": "assistant", "content": "It rains."}]}
    /// {"messages": [{"role": "user", "content": "How warm is it on day 6?"}, {"role": "assistant", "content": null, "tool_calls": [{"type": "function", "function": {"name": "weather", "arguments": "{\"city\": \"Oslo\"}"}}]}, {"role": "tool", "content": "{\"temp\": 6}"}, {"role": "assistant", "content": "It rains."}]}
    /// {"messages": [{"role": "user", "content": "How warm is it on day 7?"}, {"role": "assistant", "content": null, "tool_calls": [{"type": "function", "function": {"name": "weather", "arguments": "{\"city\": \"Oslo\"}"}}]}, {"role": "tool", "content": "{\"temp\": 7}"}, {"role": "assistant", "content": "It rains."}]}
    /// {"messages": [{"role": "user", "content": "How warm is it on day 8?"}, {"role": "assistant", "content": null, "tool_calls": [{"type": "function", "function": {"name": "weather", "arguments": "{\"city\": \"Oslo\"}"}}]}, {"role": "tool", "content": "{\"temp\": 8}"}, {"role": "assistant", "content": "It rains."}]}
    /// {"messages": [{"role": "user", "content": "How warm is it today?"}, {"role": "assistant", "content": null, "tool_calls": [{"type": "function", "function": {"name": "weather", "arguments": "{\"city\": \"Oslo\"}"}}]}, {"role": "tool", "content": {"temp": 3}}, {"role": "assistant", "content": "It rains."}]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"messages": [{"role": "user", "content": "How warm is it on day 0?"}, {"role": "assistant", "content": null, "tool_calls": [{"type": "function", "function": {"name": "weather", "arguments": "{\"city\": \"Oslo\"}"}}]}, {"role": "tool", "content": "{\"temp\": 0}"}, {"role": "assistant", "content": "It rains."}]}
    /// {"messages": [{"role": "user", "content": "How warm is it on day 1?"}, {"role": "assistant", "content": null, "tool_calls": [{"type": "function", "function": {"name": "weather", "arguments": "{\"city\": \"Oslo\"}"}}]}, {"role": "tool", "content": "{\"temp\": 1}"}, {"role": "assistant", "content": "It rains."}]}
    /// ```
    ///
    /// ## Fix
    /// Write the result as a string of JSON.
    "schema/tool-result-object", Warning
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ToolResultObject {}

impl Rule for ToolResultObject {
    const META: RuleMeta = META;
    /// Tool results that are strings.
    type State = u64;
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, strings: &mut u64, out: &mut Findings) {
        let Some(example) = row.example else { return };
        for turn in example.turns.iter().filter(|turn| turn.role == Role::Tool) {
            let Some(content) = turn.raw.and_then(|raw| raw.get(turn.key)) else {
                continue;
            };
            let is_part = |part: &Value<'_>| part.get("type").is_some();
            match content {
                Value::Str(_) => *strings += 1,
                Value::Array(parts) if parts.iter().all(is_part) => {}
                Value::Array(_) | Value::Object(_) => out.field(
                    &row.place,
                    || turn.pointer(),
                    || {
                        format!(
                            "the tool result is {}, and a string elsewhere in the set",
                            content.a_kind()
                        )
                    },
                ),
                _ => {}
            }
        }
    }

    fn finish(&self, strings: u64, _: &Setup, out: &mut Findings) {
        if out.count * 9 > strings {
            *out = Findings::default();
        }
    }
}
