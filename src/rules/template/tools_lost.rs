use serde::Deserialize;

use crate::finding::Findings;
use crate::model::encoded::What;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};
use crate::rules::parts::tools;
use crate::search;

use super::parts::round_trip;

rule_meta! {
    /// ## What it finds
    /// Rows whose tools are not in the text that the chat template renders.
    ///
    /// ## Why it matters
    /// The model is trained to call tools that it was never shown, and learns to make them up.
    ///
    /// ## Example
    /// ```jsonl -m fixtures/models/chatml
    /// {"tools": [{"type": "function", "function": {"name": "get_forecast", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}}], "messages": [{"role": "user", "content": "How is the weather in Oslo?"}, {"role": "assistant", "content": "", "tool_calls": [{"type": "function", "function": {"name": "get_forecast", "arguments": "{\"city\": \"Oslo\"}"}}]}, {"role": "tool", "content": "rain"}, {"role": "assistant", "content": "It rains."}]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl -m fixtures/models/chatml --chat-template fixtures/templates/tools.jinja
    /// {"tools": [{"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}}], "messages": [{"role": "user", "content": "How is the weather in Oslo?"}, {"role": "assistant", "content": null, "tool_calls": [{"type": "function", "function": {"name": "weather", "arguments": "{\"city\": \"Oslo\"}"}}]}, {"role": "tool", "content": "rain"}, {"role": "assistant", "content": "It rains."}]}
    /// ```
    ///
    /// ## Fix
    /// Use a template that renders tools, or write them into the system turn.
    "template/tools-lost", Error, needs [Tokenizer, Template]
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ToolsLost {}

impl Rule for ToolsLost {
    const META: RuleMeta = META;
    type State = ();

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        let Some(tools) = row.example.filter(|_| row.setup.has_template).and_then(tools::column) else {
            return;
        };
        let Some(encoded) = row.encoded.first().filter(|encoded| !encoded.text.is_empty()) else {
            return;
        };
        let Ok(names) = tools::declared(tools) else { return };
        // Calls name the tools as well, and a template may render calls of tools it never showed.
        let mut calls = Vec::new();
        round_trip::each(row, |seen| {
            if seen.turn.has_tool_calls() {
                calls.push(seen.around);
            }
        });
        let mut start = 0;
        let shown: Vec<&str> = encoded
            .parts
            .iter()
            .filter_map(|part| {
                let range = start..part.end as usize;
                start = range.end;
                let called = calls.iter().any(|(from, to)| *from <= range.start && range.end <= *to);
                (part.what == What::Template && !called)
                    .then(|| encoded.text.get(range))
                    .flatten()
            })
            .collect();
        let has = |name: &str| shown.iter().any(|text| search::contains(text, name));
        let lost = names.iter().filter(|name| !has(name)).count();
        if lost > 0 {
            out.field(
                &row.place,
                || "/tools".to_owned(),
                || format!("the template leaves {lost} of {} tools out", names.len()),
            );
        }
    }
}
