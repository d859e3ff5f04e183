use std::collections::BTreeMap;

use serde::Deserialize;

use super::parts::loaded::{Field, Keys, Loaded};
use crate::finding::Findings;
use crate::model::setup::Setup;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};

rule_meta! {
    /// ## What it finds
    /// Arguments of tool calls that are whole numbers in some rows and fractions in others, in JSON files
    /// whose messages all have the same keys.
    ///
    /// ## Why it matters
    /// Arrow makes one column of them, all fractions: a call written as `{"km": 2}` is trained as `{"km":
    /// 2.0}`. Whole numbers from 2^63 on lose their last digits the same way.
    ///
    /// ## Example
    /// ```jsonl
    /// {"messages": [{"role": "user", "content": "How far?", "tool_calls": null}, {"role": "assistant", "content": "", "tool_calls": [{"function": {"name": "walk", "arguments": {"km": 2}}}]}]}
    /// {"messages": [{"role": "user", "content": "How far?", "tool_calls": null}, {"role": "assistant", "content": "", "tool_calls": [{"function": {"name": "walk", "arguments": {"km": 2.5}}}]}]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"messages": [{"role": "user", "content": "How far?", "tool_calls": null}, {"role": "assistant", "content": "", "tool_calls": [{"function": {"name": "walk", "arguments": {"km": 2.0}}}]}]}
    /// {"messages": [{"role": "user", "content": "How far?", "tool_calls": null}, {"role": "assistant", "content": "", "tool_calls": [{"function": {"name": "walk", "arguments": {"km": 2.5}}}]}]}
    /// ```
    ///
    /// ## Fix
    /// Write arguments as strings of JSON, which no loader touches.
    "schema/loads-as-floats", Warning
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct LoadsAsFloats {}

impl Rule for LoadsAsFloats {
    const META: RuleMeta = META;
    /// By source.
    type State = BTreeMap<u32, Loaded>;
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, files: &mut Self::State, _: &mut Findings) {
        Loaded::see(files, row);
    }

    fn finish(&self, files: Self::State, _: &Setup, out: &mut Findings) {
        for file in files.values() {
            let mut show = |path: &str, field: &Field| {
                if field.ints > 0 && field.floats > 0 {
                    let (ints, floats) = (field.ints, field.floats);
                    out.set(format!(
                        "{ints} whole numbers in `{path}` load as fractions, as {floats} others are: 1 as 1.0"
                    ));
                }
            };
            // Messages of different keys are kept as they were written.
            if !matches!(file.messages.object, Keys::Differ) {
                file.calls.each(&mut "tool_calls".to_owned(), &mut show);
            }
            file.tools.each(&mut "tools".to_owned(), &mut show);
        }
    }
}
