use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::finding::Findings;
use crate::model::example::{Role, Turn};
use crate::model::setup::Setup;
use crate::model::value::Value;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};
use crate::rules::parts::slips::Slips;
use crate::rules::parts::spoken::Spoken;
use crate::rules::parts::{tools, written};
use crate::sketch::Merge;

rule_meta! {
    /// ## What it finds
    /// A few calls of declared tools that are written into the text of an answer, in a set whose other calls stand in
    /// `tool_calls` or in `function_call` turns, also where the call stands there as well; and calls without tags, bare or in a
    /// block of code, where the others stand between `<tool_call>` and its end. And calls of declared tools that an answer
    /// announces ("I will now call `get_weather`") and nobody makes.
    ///
    /// ## Why it matters
    /// The template prints a call its own way, and such a text as it stands: the model learns a second form, which nothing
    /// that serves it knows for a call. Where more than one row of fifty has it, it is meant, and left alone.
    ///
    /// ## Example
    /// ```text
    /// 99 rows with `tool_calls`, and this one:
    /// {"tools": [{"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}}], "messages": [{"role": "user", "content": "How is the weather in Oslo?"}, {"role": "assistant", "content": "functions.weather({\"city\": \"Oslo\"})"}]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"tools": [{"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}}], "messages": [{"role": "user", "content": "How is the weather in Oslo?"}, {"role": "assistant", "content": null, "tool_calls": [{"type": "function", "function": {"name": "weather", "arguments": "{\"city\": \"Oslo\"}"}}]}]}
    /// ```
    ///
    /// ## Fix
    /// Write the call as the other rows do, and drop the text.
    "schema/call-in-text", Warning
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct CallInText {}

/// Rows with calls, by the form of these; of those that few have, where they stand.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Forms {
    apart: u64,
    tagged: Slips<String>,
    bare: Slips<String>,
    /// Calls that are announced and not made.
    announced: Slips<String>,
}

impl Merge for Forms {
    fn merge(&mut self, other: Self) {
        self.apart += other.apart;
        self.tagged.merge(other.tagged);
        self.bare.merge(other.bare);
        self.announced.merge(other.announced);
    }
}

/// Words before the name of a tool that is about to be called.
static ANNOUNCED: Spoken = Spoken::of(
    "i will now call|i will call|i'll call|i'll now call|let me call|i am calling|i'm calling|i am going to call|calling the function|\
    calling the tool|i will now use the|i will invoke|i'll invoke",
);

/// Rows with calls below which nothing is said of their form.
const LEAST: u64 = 20;
/// Of so many one may have another form.
const PER: u64 = 50;

impl Rule for CallInText {
    const META: RuleMeta = META;
    type State = Forms;
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, forms: &mut Forms, _: &mut Findings) {
        let Some(example) = row.example.filter(|example| example.conversational) else {
            return;
        };
        let answers = || example.turns.iter().filter(|turn| turn.role == Role::Assistant);
        let is_apart = |turn: &Turn<'_>| turn.has_tool_calls() || written::is_call(turn);
        forms.apart += u64::from(answers().any(is_apart));
        let mut names = None;
        let any = answers().any(is_apart);
        for turn in answers().filter(|turn| !written::is_call(turn)) {
            let text = turn.trimmed();
            if turn.has_tool_calls() {
                let calls = tools::calls(turn).unwrap_or_default();
                if called(text).is_some_and(|name| calls.iter().any(|call| call.name == Some(&name))) {
                    forms.bare.offer(&row.place, || turn.pointer());
                }
                continue;
            }
            let tagged = row.chars.angle() && written::between(text).next().is_some();
            let may_call = example.tools.is_some() || row.chars.angle();
            let announced = !any && !tagged && may_call && ANNOUNCED.stands_in(text);
            if !tagged && !announced && called(text).is_none() {
                continue;
            }
            let names = names.get_or_insert_with(|| {
                let offered = written::offered(example, row.chars.angle());
                let names = offered.and_then(|tools| {
                    let names = tools::declared(&tools).ok()?;
                    Some(names.into_iter().map(Cow::into_owned).collect::<Vec<String>>())
                });
                names.unwrap_or_default()
            });
            if tagged && !names.is_empty() {
                forms.tagged.offer(&row.place, || turn.pointer());
            } else if !tagged && called(text).is_some_and(|name| names.contains(&name)) {
                forms.bare.offer(&row.place, || turn.pointer());
            } else if announced
                && names
                    .iter()
                    .any(|name| name.contains('_') && text.contains(name.as_str()))
            {
                forms.announced.offer(&row.place, || turn.pointer());
            }
        }
    }

    fn finish(&self, forms: Forms, _: &Setup, out: &mut Findings) {
        let say = |how: &str, all: u64, others: &str| {
            let message = format!("a call is written into the text{how}, where {all} rows have theirs {others}");
            move |pointer: &String| (pointer.clone(), message.clone())
        };
        if forms.apart >= LEAST {
            for rows in [&forms.tagged, &forms.bare] {
                rows.report(
                    forms.apart,
                    PER,
                    out,
                    say("", forms.apart, "in `tool_calls` or a turn of their own"),
                );
            }
            forms.announced.report(forms.apart, PER, out, |pointer| {
                let message = format!(
                    "a call is announced and not made, where {} rows make theirs",
                    forms.apart
                );
                (pointer.clone(), message)
            });
        } else if forms.tagged.count() >= LEAST {
            let tagged = forms.tagged.count();
            forms
                .bare
                .report(tagged, PER, out, say(" without tags", tagged, "in `<tool_call>`"));
        }
    }
}

/// The name of the tool that a text calls and does nothing else: as JSON, bare or in a block of code, or as code.
fn called(text: &str) -> Option<String> {
    if let Some(call) = text.strip_prefix("functions.") {
        return call.split_once('(').map(|(name, _)| name.to_owned());
    }
    let fenced = text.strip_prefix("```").and_then(|inner| inner.strip_suffix("```"));
    let text = fenced.map_or(text, |inner| inner.strip_prefix("json").unwrap_or(inner).trim());
    let call = text.starts_with('{').then(|| Value::from_json(text).ok()).flatten()?;
    let arguments = ["arguments", "parameters"].into_iter().find_map(|key| call.get(key));
    arguments?.as_object()?;
    Some(call.get("name")?.as_str()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::called;

    #[test]
    fn calls_are_told_from_code_and_json() {
        for text in [
            "functions.f({\"a\": 1})",
            "{\"name\": \"f\", \"arguments\": {}}",
            "```json\n{\"name\": \"f\", \"parameters\": {\"a\": 1}}\n```",
        ] {
            assert_eq!(called(text).as_deref(), Some("f"), "{text}");
        }
        for text in [
            "f(1)",
            "{\"name\": \"Ann\"}",
            "```\nf(1)\n```",
            "{\"name\": \"f\", \"arguments\": \"none\"}",
        ] {
            assert_eq!(called(text), None, "{text}");
        }
    }
}
