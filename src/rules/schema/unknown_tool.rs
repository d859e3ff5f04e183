use ahash::AHashSet;
use serde::Deserialize;

use crate::finding::Findings;
use crate::model::example::Turn;
use crate::rule::{Row, Rule, RuleMeta, clip, nearest, rule_meta};
use crate::rules::parts::tools;

rule_meta! {
    /// ## What it finds
    /// Calls of tools that the row does not declare.
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
        let Some(tools) = tools::column(example) else { return };
        if !example.turns.iter().any(Turn::has_tool_calls) {
            return;
        }
        let Ok(declared) = tools::declared(tools) else { return };
        if declared.is_empty() {
            return;
        }
        let names: AHashSet<&str> = declared.iter().map(AsRef::as_ref).collect();
        for turn in &example.turns {
            for call in tools::calls(turn).unwrap_or_default() {
                let Some(name) = call.name else { continue };
                if names.contains(name) {
                    continue;
                }
                out.field(
                    &row.place,
                    || format!("{}{}/name", turn.message_pointer(), call.pointer),
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
            }
        }
    }
}
