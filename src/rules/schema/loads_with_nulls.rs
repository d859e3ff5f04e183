use std::collections::BTreeMap;

use serde::Deserialize;

use super::parts::loaded::{Field, Keys, Loaded};
use crate::finding::Findings;
use crate::model::setup::Setup;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};

rule_meta! {
    /// ## What it finds
    /// Tools or calls given as objects whose keys differ from row to row, in JSON files.
    ///
    /// ## Why it matters
    /// `datasets` before 4.7, and `Dataset.from_list` in any version, give every object the keys of all of
    /// them: the template is handed `"city": null` for a tool that has no city, and prints it. Newer versions
    /// keep such objects as they are when they load a file.
    ///
    /// ## Example
    /// ```jsonl
    /// {"tools": [{"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}}], "messages": [{"role": "user", "content": "How is the weather in Oslo?"}, {"role": "assistant", "content": "It rains."}]}
    /// {"tools": [{"type": "function", "function": {"name": "time", "parameters": {"type": "object", "properties": {"zone": {"type": "string"}}}}}], "messages": [{"role": "user", "content": "What time is it in UTC?"}, {"role": "assistant", "content": "Noon."}]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"tools": [{"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}}], "messages": [{"role": "user", "content": "How is the weather in Oslo?"}, {"role": "assistant", "content": "It rains."}]}
    /// {"tools": [{"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}}], "messages": [{"role": "user", "content": "And in Rome?"}, {"role": "assistant", "content": "It is sunny."}]}
    /// ```
    ///
    /// ## Fix
    /// Load the file with `datasets` 4.7 or newer, or write tools and arguments as strings of JSON.
    "schema/loads-with-nulls", Note
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct LoadsWithNulls {}

impl Rule for LoadsWithNulls {
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
                // A call may lack its id or type by right, and no template minds.
                if matches!(field.object, Keys::Differ) && !path.ends_with("tool_calls[]") {
                    out.set(format!(
                        "objects in `{path}` have different keys, which older loaders fill with nulls"
                    ));
                }
            };
            file.calls.each(&mut "tool_calls".to_owned(), &mut show);
            file.tools.each(&mut "tools".to_owned(), &mut show);
        }
    }
}
