use serde::Deserialize;

use crate::finding::Findings;
use crate::model::setup::Setup;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};

use super::parts::arguments::{self, Fault};

rule_meta! {
    /// ## What it finds
    /// Tool calls with an argument that the row does not declare for the tool, where nearly all calls keep to what is
    /// declared.
    ///
    /// ## Why it matters
    /// JSON schema allows it, and the model learns to make arguments up. It is mostly a slip in the name. Sets in which it
    /// is usual declare their tools loosely, and are left alone.
    ///
    /// ## Example
    /// ```jsonl
    /// {"tools": [{"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}, "required": ["city"]}}}], "messages": [{"role": "user", "content": "How is the weather in Oslo?"}, {"role": "assistant", "content": null, "tool_calls": [{"type": "function", "function": {"name": "weather", "arguments": "{\"city\": \"Oslo\", \"dayz\": 2}"}}]}, {"role": "tool", "content": "rain"}, {"role": "assistant", "content": "It rains."}]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"tools": [{"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}, "required": ["city"]}}}], "messages": [{"role": "user", "content": "How is the weather in Oslo?"}, {"role": "assistant", "content": null, "tool_calls": [{"type": "function", "function": {"name": "weather", "arguments": "{\"city\": \"Oslo\", \"days\": 2}"}}]}, {"role": "tool", "content": "rain"}, {"role": "assistant", "content": "It rains."}]}
    /// ```
    ///
    /// ## Fix
    /// Rename the argument, or declare it.
    "schema/unknown-argument", Warning
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct UnknownArgument {}

impl Rule for UnknownArgument {
    const META: RuleMeta = META;
    /// Calls that could be compared with their schema.
    type State = u64;
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, calls: &mut u64, out: &mut Findings) {
        let Some(example) = row.example else { return };
        *calls += arguments::faults(example, row.chars.angle(), &mut |fault, pointer, message| {
            if fault == Fault::Undeclared {
                out.field(&row.place, || pointer, || message);
            }
        });
    }

    fn finish(&self, calls: u64, _: &Setup, out: &mut Findings) {
        if out.rows() > 1 && out.count * 10 > calls {
            *out = Findings::default();
        }
    }
}
