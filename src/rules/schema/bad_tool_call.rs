use serde::Deserialize;

use crate::finding::Findings;
use crate::model::example::{Role, Turn};
use crate::model::value::Value;
use crate::rule::{Row, Rule, RuleMeta, clip, nearest, rule_meta};
use crate::rules::parts::tools;
use crate::search;

rule_meta! {
    /// ## What it finds
    /// Tool calls without a name, or with arguments that are no JSON object, also where they are written into the text
    /// between `<tool_call>` and its end.
    ///
    /// ## Why it matters
    /// The model learns to write calls that no program can read. Templates that print arguments as JSON stop
    /// at the row, or print a string inside a string.
    ///
    /// ## Example
    /// ```jsonl
    /// {"messages": [{"role": "user", "content": "How is the weather in Oslo?"}, {"role": "assistant", "content": null, "tool_calls": [{"type": "function", "function": {"name": "weather", "arguments": "{\"city\": Oslo}"}}]}, {"role": "tool", "content": "rain"}, {"role": "assistant", "content": "It rains."}]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"messages": [{"role": "user", "content": "How is the weather in Oslo?"}, {"role": "assistant", "content": null, "tool_calls": [{"type": "function", "function": {"name": "weather", "arguments": "{\"city\": \"Oslo\"}"}}]}, {"role": "tool", "content": "rain"}, {"role": "assistant", "content": "It rains."}]}
    /// ```
    ///
    /// ## Fix
    /// Give `arguments` as an object or as a string of JSON, `{}` for none, and each call its function's name.
    "schema/bad-tool-call", Warning, above 0.01 => Error
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct BadToolCall {}

impl Rule for BadToolCall {
    const META: RuleMeta = META;
    type State = ();
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        let Some(example) = row.example else { return };
        for turn in example.turns.iter().filter(|turn| turn.role == Role::Assistant) {
            if let Some((pointer, message)) = wrong(turn, row.chars.angle()) {
                out.field(
                    &row.place,
                    || format!("{}{pointer}", turn.message_pointer()),
                    || message,
                );
            }
        }
    }
}

/// The first call that is wrong: where below the message, and how. Those in the text are looked for where tags can be.
fn wrong(turn: &Turn<'_>, tags: bool) -> Option<(String, String)> {
    if turn.role_text == "function_call" {
        // LLaMA-Factory's calls are text, after the thoughts if there are any.
        let call = turn.text.rsplit("</think>").next().unwrap_or_default();
        let wrong = if call.trim_start().starts_with('[') {
            serde_json::from_str::<serde::de::IgnoredAny>(call)
                .is_err()
                .then(|| "not JSON".to_owned())
        } else {
            tools::wrong_json(call)
        };
        return wrong.map(|wrong| (format!("/{}", turn.key), format!("the function call is {wrong}")));
    }
    if !turn.has_tool_calls() {
        return tags
            .then(|| written(&turn.text))
            .flatten()
            .map(|wrong| (format!("/{}", turn.key), wrong));
    }
    let calls = match tools::calls(turn) {
        Ok(calls) => calls,
        Err(wrong) => return Some(("/tool_calls".to_owned(), wrong.to_owned())),
    };
    calls.into_iter().find_map(|call| {
        let misspelt = call.kind.and_then(|kind| Some((kind, nearest(kind, ["function"])?)));
        if let Some((kind, meant)) = misspelt.filter(|(kind, meant)| kind != meant) {
            let pointer = call.pointer.trim_end_matches("/function").to_owned();
            return Some((
                pointer,
                format!("the type of the tool call is `{}`, is `{meant}` meant?", clip(kind)),
            ));
        }
        let Some(name) = call.name else {
            return Some((call.pointer, "the tool call has no function name".to_owned()));
        };
        let wrong = match call.arguments {
            Some(_) if call.misnamed => "named `parameters`, and templates read `arguments`".to_owned(),
            Some(Value::Object(_)) => return None,
            Some(Value::Str(text)) => tools::wrong_json(text)?,
            Some(other) => format!("{}, not an object", other.a_kind()),
            None => "missing".to_owned(),
        };
        let pointer = format!("{}/arguments", call.pointer);
        Some((pointer, format!("the arguments of `{}` are {wrong}", clip(name))))
    })
}

/// What is wrong with the first call that is written into a text as Hermes and Qwen write them, as JSON between
/// `<tool_call>` and its end. Others write XML there, which is not looked at.
fn written(text: &str) -> Option<String> {
    const OPEN: &str = "<tool_call>";
    let mut rest = text;
    while let Some(at) = search::find(rest, OPEN) {
        rest = &rest[at + OPEN.len()..];
        if !rest.trim_start().starts_with('{') {
            continue;
        }
        let Some(end) = search::find(rest, "</tool_call>") else {
            return Some(format!("a call that begins with `{OPEN}` does not end"));
        };
        if let Some(wrong) = tools::wrong_json(&rest[..end]) {
            return Some(format!("the call in `{OPEN}` is {wrong}"));
        }
        rest = &rest[end..];
    }
    None
}
