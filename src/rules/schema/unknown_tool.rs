use ahash::AHashSet;
use serde::Deserialize;

use crate::finding::Findings;
use crate::rule::{Row, Rule, RuleMeta, clip, nearest, rule_meta};
use crate::rules::parts::{tools, written};

rule_meta! {
    /// ## What it finds
    /// Calls of tools that the row does not declare, in `tools` or between `<tools>` and its end in the system prompt; also
    /// calls that are written into the text between `<tool_call>` and its end.
    ///
    /// ## Why it matters
    /// The model learns to call what it was not offered. Usually the row was given the tools of another one,
    /// or a tool was renamed on one side.
    ///
    /// ## Example
    /// ```jsonl
    /// {"tools": [{"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}}], "messages": [{"role": "user", "content": "How is the weather in Oslo?"}, {"role": "assistant", "content": null, "tool_calls": [{"type": "function", "function": {"name": "get_weather", "arguments": "{\"city\": \"Oslo\"}"}}]}, {"role": "tool", "content": "rain"}, {"role": "assistant", "content": "It rains."}]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"tools": [{"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}}], "messages": [{"role": "user", "content": "How is the weather in Oslo?"}, {"role": "assistant", "content": null, "tool_calls": [{"type": "function", "function": {"name": "weather", "arguments": "{\"city\": \"Oslo\"}"}}]}, {"role": "tool", "content": "rain"}, {"role": "assistant", "content": "It rains."}]}
    /// ```
    ///
    /// ## Fix
    /// Declare the tool in `tools`, or rename the call.
    "schema/unknown-tool", Warning
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct UnknownTool {}

impl Rule for UnknownTool {
    const META: RuleMeta = META;
    type State = ();
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        let Some(example) = row.example else { return };
        let tags = row.chars.angle();
        if !written::calls_any(example, tags) {
            return;
        }
        let Some(tools) = written::offered(example, tags) else {
            return;
        };
        let Ok(declared) = tools::declared(&tools) else { return };
        if declared.is_empty() {
            return;
        }
        let names: AHashSet<&str> = declared.iter().map(AsRef::as_ref).collect();
        for turn in &example.turns {
            written::each_call(turn, tags, &mut |call| {
                let Some(name) = call.name.filter(|name| !names.contains(name)) else {
                    return;
                };
                out.field(
                    &row.place,
                    || format!("{}{}", turn.message_pointer(), call.below("name")),
                    || {
                        let meant = nearest(name, declared.iter().map(AsRef::as_ref));
                        let hint = meant.map_or_else(String::new, |meant| format!("; is `{}` meant?", clip(meant)));
                        format!(
                            "`{}` is called and not among {} tools{hint}",
                            clip(name),
                            declared.len()
                        )
                    },
                );
            });
        }
    }
}
