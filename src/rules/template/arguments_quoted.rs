use serde::Deserialize;

use crate::finding::Findings;
use crate::model::value::Value;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};
use crate::rules::parts::tools;
use crate::search;

rule_meta! {
    /// ## What it finds
    /// Tool calls whose arguments are a string of JSON in the row, as OpenAI writes them, under a template that makes
    /// JSON of them once more: `"{\"city\": \"Oslo\"}"` where an object should stand.
    ///
    /// ## Why it matters
    /// The model learns to give a string for its arguments. Whoever parses its calls gets a text where the tool's
    /// parameters should be.
    ///
    /// ## Example
    /// ```jsonl -m fixtures/models/chatml --chat-template fixtures/templates/tools.jinja
    /// {"messages": [{"role": "user", "content": "How is the weather in Oslo?"}, {"role": "assistant", "content": null, "tool_calls": [{"type": "function", "function": {"name": "weather", "arguments": "{\"city\": \"Oslo\"}"}}]}, {"role": "tool", "content": "rain"}, {"role": "assistant", "content": "It rains."}]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl -m fixtures/models/chatml --chat-template fixtures/templates/tools.jinja
    /// {"messages": [{"role": "user", "content": "How is the weather in Oslo?"}, {"role": "assistant", "content": null, "tool_calls": [{"type": "function", "function": {"name": "weather", "arguments": {"city": "Oslo"}}}]}, {"role": "tool", "content": "rain"}, {"role": "assistant", "content": "It rains."}]}
    /// ```
    ///
    /// ## Fix
    /// Write arguments as objects (`json.loads` of the string), as templates of Hugging Face take them; `datasets` before
    /// 4.7 then fills the keys of other calls in with nulls. axolotl reads strings itself.
    "template/arguments-quoted", Warning, needs [Tokenizer, Template]
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ArgumentsQuoted {}

impl Rule for ArgumentsQuoted {
    const META: RuleMeta = META;
    type State = ();

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        let Some(example) = row
            .example
            .filter(|example| example.conversational && row.setup.has_template)
        else {
            return;
        };
        for turn in example.turns.iter().filter(|turn| turn.has_tool_calls()) {
            for call in tools::calls(turn).unwrap_or_default() {
                let Some(Value::Str(text)) = call.arguments else {
                    continue;
                };
                let Some((plain, quoted)) = spellings(text) else {
                    continue;
                };
                let has = |spelling: &str| {
                    row.encoded
                        .iter()
                        .any(|encoded| search::contains(&encoded.text, spelling))
                };
                if !has(plain) && has(&quoted) {
                    let pointer = || format!("{}{}", turn.message_pointer(), call.below("arguments"));
                    let message = || {
                        let name = call.name.unwrap_or("the tool");
                        format!(
                            "the arguments of `{name}` are a string of JSON, of which the template makes JSON again"
                        )
                    };
                    out.field(&row.place, pointer, message);
                }
            }
        }
    }
}

/// An object's JSON, and how JSON writes it as a string: both up to what may be escaped or not.
fn spellings(text: &str) -> Option<(&str, String)> {
    let end = text.find(|c: char| !c.is_ascii()).unwrap_or(text.len());
    let plain = &text[..end];
    if !text.trim_start().starts_with('{') || !plain.contains('"') || tools::wrong_json(text).is_some() {
        return None;
    }
    let quoted = serde_json::to_string(plain).ok()?;
    Some((plain, quoted.trim_matches('"').to_owned()))
}
