use serde::Deserialize;

use crate::finding::Findings;
use crate::model::value::Value;
use crate::rule::{Row, Rule, RuleMeta, clip, rule_meta};
use crate::rules::parts::tools;

rule_meta! {
    /// ## What it finds
    /// Tools whose parameters have properties that are null: those of other tools.
    ///
    /// ## Why it matters
    /// Arrow gives every object of a column the keys of all of them, and null to those that an object did not
    /// have. The template prints them, so the model is shown parameters that the tool does not take.
    ///
    /// ## Example
    /// ```jsonl
    /// {"tools": [{"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}, "ticker": null}}}}], "messages": [{"role": "user", "content": "How is the weather in Oslo?"}, {"role": "assistant", "content": "It rains."}]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"tools": [{"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}}], "messages": [{"role": "user", "content": "How is the weather in Oslo?"}, {"role": "assistant", "content": "It rains."}]}
    /// ```
    ///
    /// ## Fix
    /// Keep `tools` as a string of JSON in Parquet and Arrow files, and drop the nulls from the data.
    "schema/null-filled-tools", Warning
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct NullFilledTools {}

impl Rule for NullFilledTools {
    const META: RuleMeta = META;
    type State = ();
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        let tools = row
            .example
            .and_then(tools::column)
            .and_then(Value::as_array)
            .unwrap_or_default();
        for (at, tool) in tools.iter().enumerate() {
            let (function, inner) = match tool.get("function") {
                Some(function) => (function, "/function"),
                None => (tool, ""),
            };
            let properties = function
                .get("parameters")
                .and_then(|parameters| parameters.get("properties"));
            let Some(properties) = properties.and_then(Value::as_object) else {
                continue;
            };
            if let Some((name, _)) = properties.iter().find(|(_, schema)| schema.is_null()) {
                out.field(
                    &row.place,
                    || format!("/tools/{at}{inner}/parameters/properties"),
                    || {
                        let nulls = properties.iter().filter(|(_, schema)| schema.is_null()).count();
                        format!(
                            "{nulls} of {} properties are null, `{}` first",
                            properties.len(),
                            clip(name)
                        )
                    },
                );
            }
        }
    }
}
