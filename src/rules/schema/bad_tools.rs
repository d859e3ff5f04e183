use serde::Deserialize;

use crate::finding::Findings;
use crate::model::value::Value;
use crate::rule::{Row, Rule, RuleMeta, clip, rule_meta};
use crate::rules::parts::tools;

rule_meta! {
    /// ## What it finds
    /// A `tools` column that is no list of tools with names: broken JSON in a string, an object, a tool
    /// without a name, two tools of one name; parameters that are words and no schema, or require one that is not among
    /// them.
    ///
    /// ## Why it matters
    /// Trainers hand the column to the template as it stands, which prints it in a form the model will never
    /// see again, or stops.
    ///
    /// ## Example
    /// ```jsonl
    /// {"tools": "[{\"name\": \"weather\"", "messages": [{"role": "user", "content": "How is the weather in Oslo?"}, {"role": "assistant", "content": "It rains."}]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"tools": [{"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}}], "messages": [{"role": "user", "content": "How is the weather in Oslo?"}, {"role": "assistant", "content": "It rains."}]}
    /// ```
    ///
    /// ## Fix
    /// Write `tools` as a list of JSON schemas, or as a string of JSON that holds one.
    "schema/bad-tools", Warning, above 0.01 => Error
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct BadTools {}

impl Rule for BadTools {
    const META: RuleMeta = META;
    type State = ();
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        let Some(tools) = row.example.and_then(tools::column) else {
            return;
        };
        let wrong = tools::declared(tools).and_then(|mut names| {
            names.sort_unstable();
            let twice = names.windows(2).find(|pair| pair[0] == pair[1]);
            twice.map_or(Ok(()), |pair| {
                Err(format!("tool `{}` is declared twice", clip(&pair[0])))
            })
        });
        let wrong = wrong.and_then(|()| {
            let mut items = tools.as_array().unwrap_or_default().iter();
            items.find_map(wrong_schema).map_or(Ok(()), Err)
        });
        if let Err(wrong) = wrong {
            out.field(&row.place, || "/tools".to_owned(), || wrong);
        }
    }
}

/// What is wrong with the schema of a tool's parameters. Some keep it as JSON in a string.
fn wrong_schema(tool: &Value<'_>) -> Option<String> {
    let function = tool.get("function").unwrap_or(tool);
    let (name, schema) = (function.get("name")?.as_str()?, function.get("parameters")?);
    let of = |wrong: String| format!("the parameters of tool `{}` {wrong}", clip(name));
    if let Some(text) = schema.as_str() {
        let words = !text.trim_start().starts_with(['{', '[']) && text.contains(' ');
        return words.then(|| of(format!("are words and no schema, `{}`", clip(text))));
    }
    let properties = schema.get("properties")?.as_object()?;
    let mut required = schema.get("required")?.as_array()?.iter().filter_map(Value::as_str);
    let unknown = required.find(|name| !properties.contains_key(name))?;
    Some(of(format!("require `{}`, which is none of them", clip(unknown))))
}
