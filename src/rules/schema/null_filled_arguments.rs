use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::finding::Findings;
use crate::model::setup::Setup;
use crate::model::value::{Object, Value};
use crate::rule::{Row, Rule, RuleMeta, clip, rule_meta};
use crate::rules::parts::tools;
use crate::sketch::Merge;

rule_meta! {
    /// ## What it finds
    /// Calls of tools with arguments that are null: those of other calls. Where the row declares the tool, arguments it
    /// does not take, or not as null; else sets in which calls of several tools all have the same arguments.
    ///
    /// ## Why it matters
    /// Arrow gives every object of a column the keys of all of them, and null to those that an object did not
    /// have. The template prints them, so the model learns to call tools with arguments that are not theirs.
    ///
    /// ## Example
    /// ```jsonl
    /// {"tools": [{"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}}], "messages": [{"role": "user", "content": "How is the weather in Oslo?"}, {"role": "assistant", "content": null, "tool_calls": [{"type": "function", "function": {"name": "weather", "arguments": {"city": "Oslo", "ticker": null}}}]}]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"tools": [{"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}}], "messages": [{"role": "user", "content": "How is the weather in Oslo?"}, {"role": "assistant", "content": null, "tool_calls": [{"type": "function", "function": {"name": "weather", "arguments": {"city": "Oslo"}}}]}]}
    /// ```
    ///
    /// ## Fix
    /// Keep `arguments` as a string of JSON in Parquet and Arrow files, and drop the nulls from the data.
    "schema/null-filled-arguments", Warning
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct NullFilledArguments {}

/// Calls of tools that no row declares.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Undeclared {
    calls: u64,
    /// Calls with a null.
    with_nulls: u64,
    /// Of up to [`NAMES`] tools.
    names: BTreeSet<String>,
    /// The arguments of all calls; `None` where calls differ in them.
    keys: Option<BTreeSet<String>>,
}

const NAMES: usize = 2;

impl Merge for Undeclared {
    fn merge(&mut self, other: Self) {
        if self.calls == 0 {
            *self = other;
        } else if other.calls > 0 {
            self.calls += other.calls;
            self.with_nulls += other.with_nulls;
            self.names.extend(other.names);
            self.keys = self.keys.take().filter(|keys| Some(keys) == other.keys.as_ref());
        }
    }
}

impl Rule for NullFilledArguments {
    const META: RuleMeta = META;
    type State = Undeclared;
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, undeclared: &mut Undeclared, out: &mut Findings) {
        let Some(example) = row.example else { return };
        let declared = tools::column(example).and_then(Value::as_array);
        for turn in &example.turns {
            for call in tools::calls(turn).unwrap_or_default() {
                let (Some(name), Some(arguments)) = (call.name, call.arguments.and_then(Value::as_object)) else {
                    continue;
                };
                let Some(declared) = declared else {
                    undeclared.merge(Undeclared {
                        calls: 1,
                        with_nulls: u64::from(arguments.iter().any(|(_, value)| value.is_null())),
                        names: BTreeSet::from([name.to_owned()]),
                        keys: Some(arguments.iter().map(|(key, _)| key.to_owned()).collect()),
                    });
                    undeclared.names = std::mem::take(&mut undeclared.names).into_iter().take(NAMES).collect();
                    continue;
                };
                let Some(properties) = properties(declared, name) else {
                    continue;
                };
                let filled = |(key, value): &(&str, &Value<'_>)| value.is_null() && !takes_null(properties, key);
                let Some((key, _)) = arguments.iter().find(filled) else {
                    continue;
                };
                out.field(
                    &row.place,
                    || format!("{}{}/arguments", turn.message_pointer(), call.pointer),
                    || {
                        let nulls = arguments.iter().filter(filled).count();
                        let (all, key) = (arguments.len(), clip(key));
                        format!(
                            "{nulls} of {all} arguments are null and not as `{}` takes them, `{key}` first",
                            clip(name)
                        )
                    },
                );
            }
        }
    }

    fn finish(&self, found: Undeclared, _: &Setup, out: &mut Findings) {
        if let (Some(keys), Some(_)) = (found.keys, found.names.iter().nth(NAMES - 1))
            && found.with_nulls > 0
        {
            out.set(format!(
                "all {} calls, of several tools, have the same {} arguments, which are null in {} of them",
                found.calls,
                keys.len(),
                found.with_nulls
            ));
        }
    }
}

/// The properties that a tool declares.
fn properties<'v>(declared: &'v [Value<'v>], name: &str) -> Option<&'v Object<'v>> {
    let function = |tool: &'v Value<'v>| tool.get("function").unwrap_or(tool);
    let named = |function: &&Value<'_>| function.get("name").and_then(Value::as_str) == Some(name);
    let found = declared.iter().map(function).find(named)?;
    found.get("parameters")?.get("properties")?.as_object()
}

/// Whether an argument may be null, as far as its type says.
fn takes_null(properties: &Object<'_>, key: &str) -> bool {
    let Some(schema) = properties.get(key).filter(|schema| !schema.is_null()) else {
        return false;
    };
    let says = |key: &str, value: &Value<'_>| schema.get(key) == Some(value);
    let only = matches!(schema.get("type"), Some(Value::Str(single)) if single != "null");
    !only || says("nullable", &Value::Bool(true)) || says("default", &Value::Null)
}
