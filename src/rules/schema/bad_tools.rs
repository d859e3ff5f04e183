use serde::{Deserialize, Serialize};

use crate::finding::Findings;
use crate::model::example::Example;
use crate::model::setup::Setup;
use crate::model::value::{Object, Value};
use crate::rule::{Row, Rule, RuleMeta, clip, rule_meta};
use crate::rules::parts::slips::Slips;
use crate::rules::parts::tools::{self, Call};
use crate::rules::parts::written;
use crate::sketch::Merge;

rule_meta! {
    /// ## What it finds
    /// A `tools` column that is no list of tools with names: broken JSON in a string, an object, a tool
    /// without a name, two tools of one name; parameters that are words and no schema, require one that is not among them,
    /// or have `additionalProperties` among them, which belongs beside them; a description that is still to do (`TODO`). Where
    /// few rows are so, also types that JSON schema does not know (`str`), tools without parameters that are called with some,
    /// and tools in a system prompt, between `<tools>` and its end, that are not JSON.
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

/// Rows of tools, and those of which something is to be said if few are so: where it stands, and what.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Seen {
    /// Rows that list tools in their system prompt, and that give types to arguments.
    listed: u64,
    typed: u64,
    /// Lists that cannot be read, and types that JSON schema does not know.
    broken: Slips<(String, String)>,
    unknown: Slips<(String, String)>,
    /// Tools that have no parameters and are called with arguments.
    bare: Slips<(String, String)>,
}

impl Merge for Seen {
    fn merge(&mut self, other: Self) {
        self.listed += other.listed;
        self.typed += other.typed;
        self.broken.merge(other.broken);
        self.unknown.merge(other.unknown);
        self.bare.merge(other.bare);
    }
}

/// Rows below which nothing is said of how tools are written.
const LEAST: u64 = 20;
/// Of so many one may be written otherwise; where more are, there is another way to it.
const PER: u64 = 50;

impl Rule for BadTools {
    const META: RuleMeta = META;
    type State = Seen;
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, seen: &mut Seen, out: &mut Findings) {
        let Some(example) = row.example else { return };
        let Some(tools) = tools::column(example) else {
            if let Some((turn, listed)) = written::list(example, row.chars.angle()) {
                seen.listed += 1;
                if let Err(wrong) = written::read(listed) {
                    let message = || format!("the tools in `<tools>` are not JSON: {wrong}");
                    seen.broken.offer(&row.place, || (turn.pointer(), message()));
                }
            }
            return;
        };
        let wrong = tools::declared(tools).and_then(|mut names| {
            names.sort_unstable();
            let twice = names.windows(2).find(|pair| pair[0] == pair[1]);
            twice.map_or(Ok(()), |pair| {
                Err(format!("tool `{}` is declared twice", clip(&pair[0])))
            })
        });
        let items = tools.as_array().unwrap_or_default();
        let wrong = wrong.and_then(|()| items.iter().find_map(wrong_schema).map_or(Ok(()), Err));
        if let Err(wrong) = wrong {
            out.field(&row.place, || "/tools".to_owned(), || wrong);
            return;
        }
        if let Some(name) = items.iter().find_map(|tool| called_bare(tool, example)) {
            let message = || format!("tool `{}` has no parameters, and is called with some", clip(name));
            seen.bare.offer(&row.place, || ("/tools".to_owned(), message()));
        }
        let mut types = items.iter().flat_map(types).peekable();
        seen.typed += u64::from(types.peek().is_some());
        if let Some((argument, kind)) = types.find(|(_, kind)| !TYPES.contains(kind)) {
            let message = || {
                format!(
                    "`{}` is of type `{}`, which JSON schema does not know",
                    clip(argument),
                    clip(kind)
                )
            };
            seen.unknown.offer(&row.place, || ("/tools".to_owned(), message()));
        }
    }

    fn finish(&self, seen: Seen, _: &Setup, out: &mut Findings) {
        for (all, odd) in [
            (seen.listed, seen.broken),
            (seen.typed, seen.unknown),
            (seen.typed, seen.bare),
        ] {
            if all >= LEAST {
                odd.report(all, PER, out, Clone::clone);
            }
        }
    }
}

/// What JSON schema knows.
const TYPES: [&str; 7] = ["string", "integer", "number", "boolean", "array", "object", "null"];

/// The arguments of a tool that have a type, with it.
fn types<'v>(tool: &'v Value<'_>) -> impl Iterator<Item = (&'v str, &'v str)> {
    let function = tool.get("function").unwrap_or(tool);
    let properties = function
        .get("parameters")
        .and_then(|schema| schema.get("properties")?.as_object());
    let properties = properties.into_iter().flat_map(Object::iter);
    properties.filter_map(|(name, schema)| Some((name, schema.get("type")?.as_str()?)))
}

/// The name of a tool that has no parameters and is called with arguments.
fn called_bare<'v>(tool: &'v Value<'_>, example: &Example<'_>) -> Option<&'v str> {
    let function = tool.get("function").unwrap_or(tool);
    let name = function.get("name")?.as_str()?;
    let has = |key: &str| function.get(key).is_some();
    if ["parameters", "inputSchema", "input_schema", "arguments"]
        .into_iter()
        .any(has)
    {
        return None;
    }
    let filled = |call: &Call<'_>| {
        let given = call.arguments.and_then(Value::as_object);
        call.name == Some(name) && given.is_some_and(|given| !given.is_empty())
    };
    let mut calls = example
        .turns
        .iter()
        .flat_map(|turn| tools::calls(turn).unwrap_or_default());
    calls.any(|call| filled(&call)).then_some(name)
}

/// What is wrong with the schema of a tool's parameters. Some keep it as JSON in a string.
fn wrong_schema(tool: &Value<'_>) -> Option<String> {
    let function = tool.get("function").unwrap_or(tool);
    let name = function.get("name")?.as_str()?;
    let described = function
        .get("description")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .trim();
    if ["TODO", "TBD", "FIXME"].contains(&described) {
        return Some(format!("the description of tool `{}` is `{described}`", clip(name)));
    }
    let schema = function.get("parameters")?;
    let of = |wrong: String| format!("the parameters of tool `{}` {wrong}", clip(name));
    if let Some(text) = schema.as_str() {
        let words = !text.trim_start().starts_with(['{', '[']) && text.contains(' ');
        return words.then(|| of(format!("are words and no schema, `{}`", clip(text))));
    }
    let properties = schema.get("properties")?.as_object()?;
    if properties.contains_key("additionalProperties") {
        return Some(of(
            "have `additionalProperties` among them, which belongs beside them".to_owned()
        ));
    }
    let mut required = schema.get("required")?.as_array()?.iter().filter_map(Value::as_str);
    let unknown = required.find(|name| !properties.contains_key(name))?;
    Some(of(format!("require `{}`, which is none of them", clip(unknown))))
}
