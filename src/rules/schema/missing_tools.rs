use std::collections::BTreeSet;

use serde::Deserialize;

use crate::finding::Findings;
use crate::model::example::{Role, Turn};
use crate::model::setup::Setup;
use crate::model::value::Value;
use crate::rule::{Row, Rule, RuleMeta, plural, rule_meta};
use crate::rules::parts::{tools, written};
use crate::search;
use crate::sketch::Merge;

rule_meta! {
    /// ## What it finds
    /// Rows that call a tool and declare none, in a set whose other rows that call tools declare them; and sets that call
    /// several tools and tell of them nowhere, neither in `tools` nor in a message before the call.
    ///
    /// ## Why it matters
    /// The template prints no list of tools before such a row: the model learns to call what it was never told of.
    ///
    /// ## Example
    /// ```jsonl
    /// {"tools": [{"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}, "required": ["city"]}}}], "messages": [{"role": "user", "content": "How is the weather in Oslo?"}, {"role": "assistant", "content": null, "tool_calls": [{"type": "function", "function": {"name": "weather", "arguments": "{\"city\": \"Oslo\"}"}}]}, {"role": "tool", "content": "rain"}, {"role": "assistant", "content": "It rains."}]}
    /// {"tools": [{"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}, "required": ["city"]}}}], "messages": [{"role": "user", "content": "How is the weather in Oslo?"}, {"role": "assistant", "content": null, "tool_calls": [{"type": "function", "function": {"name": "weather", "arguments": "{\"city\": \"Oslo\"}"}}]}, {"role": "tool", "content": "rain"}, {"role": "assistant", "content": "It rains."}]}
    /// {"tools": [{"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}, "required": ["city"]}}}], "messages": [{"role": "user", "content": "How is the weather in Oslo?"}, {"role": "assistant", "content": null, "tool_calls": [{"type": "function", "function": {"name": "weather", "arguments": "{\"city\": \"Oslo\"}"}}]}, {"role": "tool", "content": "rain"}, {"role": "assistant", "content": "It rains."}]}
    /// {"tools": [{"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}, "required": ["city"]}}}], "messages": [{"role": "user", "content": "How is the weather in Oslo?"}, {"role": "assistant", "content": null, "tool_calls": [{"type": "function", "function": {"name": "weather", "arguments": "{\"city\": \"Oslo\"}"}}]}, {"role": "tool", "content": "rain"}, {"role": "assistant", "content": "It rains."}]}
    /// {"tools": [{"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}, "required": ["city"]}}}], "messages": [{"role": "user", "content": "How is the weather in Oslo?"}, {"role": "assistant", "content": null, "tool_calls": [{"type": "function", "function": {"name": "weather", "arguments": "{\"city\": \"Oslo\"}"}}]}, {"role": "tool", "content": "rain"}, {"role": "assistant", "content": "It rains."}]}
    /// {"tools": [{"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}, "required": ["city"]}}}], "messages": [{"role": "user", "content": "How is the weather in Oslo?"}, {"role": "assistant", "content": null, "tool_calls": [{"type": "function", "function": {"name": "weather", "arguments": "{\"city\": \"Oslo\"}"}}]}, {"role": "tool", "content": "rain"}, {"role": "assistant", "content": "It rains."}]}
    /// {"tools": [{"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}, "required": ["city"]}}}], "messages": [{"role": "user", "content": "How is the weather in Oslo?"}, {"role": "assistant", "content": null, "tool_calls": [{"type": "function", "function": {"name": "weather", "arguments": "{\"city\": \"Oslo\"}"}}]}, {"role": "tool", "content": "rain"}, {"role": "assistant", "content": "It rains."}]}
    /// {"tools": [{"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}, "required": ["city"]}}}], "messages": [{"role": "user", "content": "How is the weather in Oslo?"}, {"role": "assistant", "content": null, "tool_calls": [{"type": "function", "function": {"name": "weather", "arguments": "{\"city\": \"Oslo\"}"}}]}, {"role": "tool", "content": "rain"}, {"role": "assistant", "content": "It rains."}]}
    /// {"tools": [{"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}, "required": ["city"]}}}], "messages": [{"role": "user", "content": "How is the weather in Oslo?"}, {"role": "assistant", "content": null, "tool_calls": [{"type": "function", "function": {"name": "weather", "arguments": "{\"city\": \"Oslo\"}"}}]}, {"role": "tool", "content": "rain"}, {"role": "assistant", "content": "It rains."}]}
    /// {"messages": [{"role": "user", "content": "And in Bergen?"}, {"role": "assistant", "content": null, "tool_calls": [{"type": "function", "function": {"name": "weather", "arguments": "{\"city\": \"Oslo\"}"}}]}, {"role": "tool", "content": "rain"}, {"role": "assistant", "content": "It rains."}]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"tools": [{"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}, "required": ["city"]}}}], "messages": [{"role": "user", "content": "How is the weather in Oslo?"}, {"role": "assistant", "content": null, "tool_calls": [{"type": "function", "function": {"name": "weather", "arguments": "{\"city\": \"Oslo\"}"}}]}, {"role": "tool", "content": "rain"}, {"role": "assistant", "content": "It rains."}]}
    /// {"tools": [{"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}, "required": ["city"]}}}], "messages": [{"role": "user", "content": "And in Bergen?"}, {"role": "assistant", "content": null, "tool_calls": [{"type": "function", "function": {"name": "weather", "arguments": "{\"city\": \"Oslo\"}"}}]}, {"role": "tool", "content": "rain"}, {"role": "assistant", "content": "It rains."}]}
    /// ```
    ///
    /// ## Fix
    /// Fill `tools` in, from the rows that call the same tools.
    "schema/missing-tools", Warning
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct MissingTools {}

/// What rows that call tools say of them.
#[derive(Default, serde::Serialize, Deserialize)]
pub(crate) struct Seen {
    declaring: u64,
    /// Rows that declare none and name what they call, in a message or in another column.
    told: u64,
    /// Two of the tools that are called without being told of.
    names: BTreeSet<String>,
}

impl Merge for Seen {
    fn merge(&mut self, other: Self) {
        self.declaring += other.declaring;
        self.told += other.told;
        self.names.extend(other.names);
        self.names = std::mem::take(&mut self.names).into_iter().take(2).collect();
    }
}

impl Rule for MissingTools {
    const META: RuleMeta = META;
    type State = Seen;
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, seen: &mut Seen, out: &mut Findings) {
        let Some(example) = row.example.filter(|example| example.conversational) else {
            return;
        };
        let calls = |turn: &&Turn<'_>| turn.has_tool_calls() || written::is_call(turn);
        let Some(caller) = example.turns.iter().find(calls) else {
            return;
        };
        if tools::column(example).is_some_and(any) {
            seen.declaring += 1;
            return;
        }
        let mut names: Vec<String> = Vec::new();
        written::each_call(caller, false, &mut |call| names.extend(call.name.map(str::to_owned)));
        let given = |turn: &&Turn<'_>| matches!(turn.role, Role::System | Role::User);
        let mut said = example.turns.iter().filter(given);
        let elsewhere = row
            .record()
            .is_some_and(|record| record.value.get("functions").is_some());
        if elsewhere || said.any(|turn| names.iter().any(|name| search::contains(&turn.text, name))) {
            seen.told += 1;
        }
        for name in names {
            if seen.names.len() < 2 && !seen.names.contains(&name) {
                seen.names.insert(name);
            }
        }
        out.field(
            &row.place,
            || caller.message_pointer(),
            || "a tool is called, and the row has no `tools`, which the others have that call one".to_owned(),
        );
    }

    fn finish(&self, seen: Seen, _: &Setup, out: &mut Findings) {
        let calling = out.rows();
        // Where it is usual, tools are told of otherwise, in a system prompt or by there being but one.
        if calling * 9 > seen.declaring {
            *out = Findings::default();
            if seen.declaring + seen.told == 0 && seen.names.len() > 1 {
                let rows = plural(calling, "row");
                out.set(format!(
                    "{rows} call tools, of which none is told before, in `tools` or in a message"
                ));
            }
        }
    }
}

/// Whether anything is declared.
fn any(tools: &Value<'_>) -> bool {
    match tools {
        Value::Array(tools) => !tools.is_empty(),
        Value::Str(text) => !matches!(text.trim(), "" | "[]"),
        _ => true,
    }
}
