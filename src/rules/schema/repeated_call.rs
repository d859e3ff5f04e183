use serde::{Deserialize, Serialize};

use crate::finding::Findings;
use crate::model::example::{Role, Turn};
use crate::model::setup::Setup;
use crate::model::value::Value;
use crate::rule::{Row, Rule, RuleMeta, clip, rule_meta};
use crate::rules::parts::slips::Slips;
use crate::rules::parts::spoken::Spoken;
use crate::rules::parts::tools;
use crate::sketch::Merge;

rule_meta! {
    /// ## What it finds
    /// A tool that one turn calls twice with the same arguments, in a set where few turns do. Calls without arguments are left
    /// alone, and so are rows that speak of doing a thing again, or of chance.
    ///
    /// ## Why it matters
    /// The turn was joined from two, or the call was written down twice. The model learns to order, send or pay twice.
    ///
    /// ## Example
    /// ```text
    /// 99 rows with a call each, and this one:
    /// {"tools": [{"type": "function", "function": {"name": "order", "parameters": {"type": "object", "properties": {"what": {"type": "string"}}}}}], "messages": [{"role": "user", "content": "A tea, please."}, {"role": "assistant", "content": null, "tool_calls": [{"type": "function", "function": {"name": "order", "arguments": {"what": "tea"}}}, {"type": "function", "function": {"name": "order", "arguments": {"what": "tea"}}}]}]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"tools": [{"type": "function", "function": {"name": "order", "parameters": {"type": "object", "properties": {"what": {"type": "string"}}}}}], "messages": [{"role": "user", "content": "A tea, please."}, {"role": "assistant", "content": null, "tool_calls": [{"type": "function", "function": {"name": "order", "arguments": {"what": "tea"}}}]}]}
    /// ```
    ///
    /// ## Fix
    /// Drop the second call.
    "schema/repeated-call", Warning
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RepeatedCall {}

/// Rows with calls below which nothing is said of them.
const LEAST: u64 = 20;
/// Of so many one may repeat a call, or a single one.
const PER: u64 = 100;

/// Words of rows in which a call may be made again.
static AGAIN: Spoken = Spoken::of(
    "twice|two|both|again|repeat|double|couple|pair|times|dice|die|coin|random|roll|flip|draw|each|every|several|multiple|\
    three|four|five|2 |3 |4 |5 |x2|两|再|次|随机",
);

/// Rows with calls, and where one stands again.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Calls {
    rows: u64,
    repeated: Slips<(String, String)>,
}

impl Merge for Calls {
    fn merge(&mut self, other: Self) {
        self.rows += other.rows;
        self.repeated.merge(other.repeated);
    }
}

impl Rule for RepeatedCall {
    const META: RuleMeta = META;
    type State = Calls;
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, calls: &mut Calls, _: &mut Findings) {
        let Some(example) = row.example else { return };
        let turns = || example.turns.iter().filter(|turn| turn.has_tool_calls());
        calls.rows += u64::from(turns().next().is_some());
        if calls.repeated.are_many() {
            return;
        }
        if let Some((turn, (pointer, name))) = turns().find_map(|turn| Some((turn, repeated(turn)?)))
            && !AGAIN.among(example.turns.iter().filter(|turn| turn.role == Role::User))
        {
            let message = format!("`{}` is called twice with the same arguments", clip(&name));
            calls
                .repeated
                .offer(&row.place, || (turn.message_pointer() + &pointer, message));
        }
    }

    fn finish(&self, calls: Calls, _: &Setup, out: &mut Findings) {
        if calls.rows >= LEAST {
            calls.repeated.report(calls.rows, PER, out, Clone::clone);
        }
    }
}

/// The call of a turn that it has made before, below the message, and its name.
fn repeated(turn: &Turn<'_>) -> Option<(String, String)> {
    let calls = tools::calls(turn).ok()?;
    let says = |arguments: Option<&Value<'_>>| match arguments {
        Some(Value::Object(given)) => !given.is_empty(),
        Some(Value::Str(json)) => json.len() > "{ }".len(),
        _ => false,
    };
    let again = calls.iter().enumerate().find(|(at, call)| {
        let same = |other: &tools::Call<'_>| other.name == call.name && other.arguments == call.arguments;
        call.name.is_some() && says(call.arguments) && calls[..*at].iter().any(same)
    });
    again.map(|(_, call)| (call.pointer.clone(), call.name.unwrap_or_default().to_owned()))
}
