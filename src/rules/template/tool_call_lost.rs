use serde::Deserialize;

use crate::finding::Findings;
use crate::rule::{Row, Rule, RuleMeta, clip, rule_meta};
use crate::rules::parts::tools;
use crate::search;

use super::parts::round_trip;

rule_meta! {
    /// ## What it finds
    /// Tool calls that are not in the text that the chat template renders.
    ///
    /// ## Why it matters
    /// The answer that is trained is empty, or only what was said beside the call, and the result that follows
    /// it comes out of nowhere.
    ///
    /// ## Example
    /// ```jsonl -m fixtures/models/chatml
    /// {"messages": [{"role": "user", "content": "How is the weather in Oslo?"}, {"role": "assistant", "content": null, "tool_calls": [{"type": "function", "function": {"name": "weather", "arguments": "{\"city\": \"Oslo\"}"}}]}, {"role": "tool", "content": "rain"}, {"role": "assistant", "content": "It rains."}]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl -m fixtures/models/chatml --chat-template fixtures/templates/tools.jinja
    /// {"messages": [{"role": "user", "content": "How is the weather in Oslo?"}, {"role": "assistant", "content": null, "tool_calls": [{"type": "function", "function": {"name": "weather", "arguments": "{\"city\": \"Oslo\"}"}}]}, {"role": "tool", "content": "rain"}, {"role": "assistant", "content": "It rains."}]}
    /// ```
    ///
    /// ## Fix
    /// Use a template that renders tool calls, or write the calls into the content.
    "template/tool-call-lost", Error, needs [Tokenizer, Template]
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ToolCallLost {}

impl Rule for ToolCallLost {
    const META: RuleMeta = META;
    type State = ();

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        round_trip::each(row, |seen| {
            if !seen.turn.has_tool_calls() {
                return;
            }
            // The name stands in the list of tools as well, so it is looked for where the call should be.
            let written = seen.written();
            for call in tools::calls(seen.turn).unwrap_or_default() {
                let Some(name) = call.name else { continue };
                if !search::contains(written, name) {
                    out.field(
                        &row.place,
                        || format!("{}{}", seen.turn.message_pointer(), call.pointer),
                        || format!("the template leaves the call of `{}` out", clip(name)),
                    );
                }
            }
        });
    }
}
