use serde::{Deserialize, Serialize};

use crate::finding::Findings;
use crate::model::example::{Role, Turn};
use crate::model::setup::Setup;
use crate::model::value::Value;
use crate::rule::{Row, Rule, RuleMeta, clip, nearest, rule_meta};
use crate::rules::parts::slips::Slips;
use crate::rules::parts::{tools, written};
use crate::search;
use crate::sketch::Merge;

rule_meta! {
    /// ## What it finds
    /// Tool calls without a name, or with arguments that are no JSON object, also where they are written into the text
    /// between `<tool_call>` and its end. Of these also the few that have no beginning, or their result behind them, and those whose arguments are a
    /// string where others have an object.
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

/// Calls that are written into texts.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Written {
    /// Those with a name and an object.
    usual: u64,
    /// Where others stand, and what is wrong with them.
    odd: Slips<(String, String)>,
}

/// Calls in texts below which nothing is said of how they are written.
const LEAST: u64 = 20;
/// Of so many one may be written otherwise; where more are, there is another way to it.
const PER: u64 = 50;

impl Rule for BadToolCall {
    const META: RuleMeta = META;
    type State = Written;
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, seen: &mut Written, out: &mut Findings) {
        let Some(example) = row.example else { return };
        for turn in example.turns.iter().filter(|turn| turn.role == Role::Assistant) {
            if let Some((pointer, message)) = wrong(turn, row.chars.angle()) {
                out.field(
                    &row.place,
                    || format!("{}{pointer}", turn.message_pointer()),
                    || message,
                );
            } else if row.chars.angle() && search::contains(&turn.text, "tool_call>") {
                seen.add(row, turn);
            }
        }
    }

    fn finish(&self, seen: Written, _: &Setup, out: &mut Findings) {
        if seen.usual >= LEAST {
            seen.odd.report(seen.usual, PER, out, Clone::clone);
        }
    }
}

/// The first call that is wrong: where below the message, and how. Those in the text are looked for where tags can be.
fn wrong(turn: &Turn<'_>, tags: bool) -> Option<(String, String)> {
    if written::is_call(turn) {
        let call = written::json(turn);
        let wrong = if call.trim_start().starts_with('[') {
            serde_json::from_str::<serde::de::IgnoredAny>(call)
                .is_err()
                .then(|| "not JSON".to_owned())
        } else {
            tools::wrong_json(call)
        };
        let wrong = wrong.map(|wrong| format!("is {wrong}")).or_else(|| lacking(call));
        return wrong.map(|wrong| (format!("/{}", turn.key), format!("the function call {wrong}")));
    }
    if !turn.has_tool_calls() {
        return tags
            .then(|| broken(&turn.text))
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

/// The key that a call in a turn of its own lacks: LLaMA-Factory 0.9.5 reads both of each (`data/formatter.py`).
fn lacking(json: &str) -> Option<String> {
    let value = Value::from_json(json).ok()?;
    let calls = value.as_array().unwrap_or(std::slice::from_ref(&value));
    let lacks = |key: &&str| calls.iter().any(|call| call.get(key).is_none_or(Value::is_null));
    let key = ["name", "arguments"].into_iter().find(lacks)?;
    Some(format!("has no `{key}`"))
}

/// What is wrong with the first call that is written into a text as Hermes and Qwen write them, as JSON between
/// `<tool_call>` and its end. Others write XML there, which is not looked at.
fn broken(text: &str) -> Option<String> {
    written::between(text).find_map(|inner| match inner {
        None => Some("a call that begins with `<tool_call>` does not end".to_owned()),
        Some(inner) => tools::wrong_json(inner).map(|wrong| format!("the call in `<tool_call>` is {wrong}")),
    })
}

impl Written {
    /// Counts the calls that are written into a turn as they mostly are, and keeps what few are.
    fn add(&mut self, row: &Row<'_>, turn: &Turn<'_>) {
        if written::is_unopened(&turn.text) {
            let message = "`</tool_call>` without `<tool_call>` before it";
            self.odd.offer(&row.place, || (turn.pointer(), message.to_owned()));
        }
        if turn.has_tool_calls() {
            return;
        }
        if written::is_answered(&turn.text) {
            let message = "the result follows the call in one turn, as if the model had written it";
            self.odd.offer(&row.place, || (turn.pointer(), message.to_owned()));
        }
        written::each_call(turn, true, &mut |call| {
            let message = match (call.name, call.arguments) {
                (None, _) => "the call in `<tool_call>` has no `name`".to_owned(),
                (Some(name), Some(Value::Str(_))) => {
                    format!(
                        "the arguments of `{}` are a string, where other calls have an object",
                        clip(name)
                    )
                }
                (Some(_), Some(Value::Object(_))) => {
                    self.usual += 1;
                    return;
                }
                _ => return,
            };
            self.odd.offer(&row.place, || (turn.pointer(), message));
        });
    }
}

impl Merge for Written {
    fn merge(&mut self, other: Self) {
        self.usual += other.usual;
        self.odd.merge(other.odd);
    }
}
