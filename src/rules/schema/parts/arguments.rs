//! Arguments of tool calls against the JSON schema that the row declares for the tool.

use std::borrow::Cow;

use ahash::AHashMap;

use crate::model::example::Example;
use crate::model::value::{Object, Value};
use crate::rule::{clip, nearest};
use crate::rules::parts::written;

use super::properties;

/// How an argument breaks its schema.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Fault {
    /// A violation of what is written: a required argument that is missing, another type, one more where
    /// `additionalProperties` is false.
    Violation,
    /// One that is not declared. Schemas allow it unless they say otherwise.
    Undeclared,
}

/// What is wrong with the calls of a row, with a pointer to each; and how many calls could be compared. Those in the text
/// are looked for where tags can be.
pub(in super::super) fn faults(example: &Example<'_>, tags: bool, each: &mut dyn FnMut(Fault, String, String)) -> u64 {
    if !written::calls_any(example, tags) {
        return 0;
    }
    let Some(tools) = written::offered(example, tags) else {
        return 0;
    };
    let Some(tools) = parsed(&tools) else { return 0 };
    let Some(declared) = parameters(&tools) else { return 0 };
    let mut compared = 0;
    for turn in &example.turns {
        written::each_call(turn, tags, &mut |call| {
            let (Some(name), Some(arguments)) = (call.name, call.arguments.and_then(parsed)) else {
                return;
            };
            let parameters = declared.get(name).and_then(Option::as_deref);
            let (Some(given), Some(parameters)) = (arguments.as_object(), parameters) else {
                return;
            };
            compared += 1;
            let pointer = format!("{}{}", turn.message_pointer(), call.below("arguments"));
            compare(name, given, parameters, &mut |fault, message| {
                each(fault, pointer.clone(), message);
            });
        });
    }
    compared
}

/// A value, out of a string of JSON where it is one.
fn parsed<'v>(value: &'v Value<'v>) -> Option<Cow<'v, Value<'v>>> {
    match value {
        Value::Str(text) => Some(Cow::Owned(Value::from_json(text).ok()?)),
        other => Some(Cow::Borrowed(other)),
    }
}

/// By name, the schema of each tool's parameters: `None` where it has none, or is declared twice.
type Parameters<'v> = AHashMap<String, Option<Cow<'v, Value<'v>>>>;

/// The parameters of all tools, once for all calls of a row; `None` where one of them cannot be read.
fn parameters<'v>(tools: &'v Value<'v>) -> Option<Parameters<'v>> {
    let mut found = Parameters::default();
    for tool in tools.as_array()? {
        let tool = parsed(tool)?;
        let function = tool.get("function").unwrap_or(&tool);
        let Some(name) = function.get("name").and_then(Value::as_str).map(str::to_owned) else {
            continue;
        };
        let key = ["parameters", "input_schema"]
            .into_iter()
            .find(|key| function.get(key).is_some());
        let schema = key.and_then(|key| match &tool {
            Cow::Borrowed(tool) => tool.get("function").unwrap_or(tool).get(key).map(Cow::Borrowed),
            Cow::Owned(_) => function.get(key).map(|schema| Cow::Owned(schema.clone().into_owned())),
        });
        found.entry(name).and_modify(|own| *own = None).or_insert(schema);
    }
    Some(found)
}

fn compare(name: &str, given: &Object<'_>, schema: &Value<'_>, report: &mut dyn FnMut(Fault, String)) {
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
        return;
    };
    let name = clip(name);
    let required = schema.get("required").and_then(Value::as_array).unwrap_or_default();
    for argument in required.iter().filter_map(Value::as_str) {
        let value = given.get(argument);
        let null = || {
            value.is_some_and(Value::is_null)
                && properties.get(argument).is_some_and(|own| !properties::takes_null(own))
        };
        if value.is_none() || null() {
            let how = if value.is_none() { "without" } else { "with null as" };
            let message = format!("`{name}` is called {how} `{}`, which it requires", clip(argument));
            report(Fault::Violation, message);
        }
    }
    let closed = schema.get("additionalProperties").and_then(Value::as_bool) == Some(false);
    let open = schema.get("additionalProperties").is_some_and(|more| !more.is_null());
    let patterns = schema
        .get("patternProperties")
        .is_some_and(|patterns| !patterns.is_null());
    for (argument, value) in given.iter() {
        // A loader fills what other rows have with null.
        if value.is_null() {
            continue;
        }
        match properties.get(argument) {
            Some(_) if properties::is_slot(argument, value) => {
                let message = format!("`{}` of `{name}` was not filled in", clip(argument));
                report(Fault::Violation, message);
            }
            Some(property) => {
                if let Some((given, wanted)) = properties::broken(value, property) {
                    let message = format!("`{}` of `{name}` is {given}, and declared as {wanted}", clip(argument));
                    report(Fault::Violation, message);
                }
            }
            None if patterns => {}
            None => {
                let meant = nearest(argument, properties.keys());
                let hint = meant.map_or_else(String::new, |meant| format!("; is `{}` meant?", clip(meant)));
                let message = format!("`{name}` declares no argument `{}`{hint}", clip(argument));
                if closed {
                    report(Fault::Violation, message);
                } else if !open {
                    report(Fault::Undeclared, message);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(given: &str, schema: &str) -> Vec<(bool, String)> {
        let value = |text| Value::from_json(text).expect("JSON");
        let (given, schema) = (value(given), value(schema));
        let mut said = Vec::new();
        let object = given.as_object().expect("an object");
        compare("f", object, &schema, &mut |fault, message| {
            said.push((fault == Fault::Violation, message));
        });
        said
    }

    #[test]
    fn only_what_a_schema_forbids_is_a_violation() {
        let closed = r#"{"properties": {"city": {"type": "string"}}, "additionalProperties": false}"#;
        let none = |city| (city, "`f` declares no argument `when`".to_owned());
        assert_eq!(said(r#"{"when": 1}"#, closed), [none(true)]);
        assert_eq!(
            said(
                r#"{"when": 1}"#,
                &closed.replace(", \"additionalProperties\": false", "")
            ),
            [none(false)]
        );
        assert_eq!(said(r#"{"when": 1}"#, &closed.replace("false", "true")), []);
        assert_eq!(said(r#"{"when": null, "city": "Oslo"}"#, closed), []);
        assert_eq!(said("{}", r#"{"city": {"type": "string"}, "required": ["city"]}"#), []);
        let kinds = r#"{"properties": {"n": {"type": ["integer", "null"]}, "m": {"type": "int"}}, "required": ["n"]}"#;
        assert_eq!(said(r#"{"n": 3.0, "m": "any"}"#, kinds), []);
        assert_eq!(said(r#"{"n": null}"#, kinds), []);
        let required = r#"{"properties": {"city": {"type": "string"}}, "required": ["city"]}"#;
        let null = "`f` is called with null as `city`, which it requires".to_owned();
        assert_eq!(said(r#"{"city": null}"#, required), [(true, null)]);
        let slot = "`city` of `f` was not filled in".to_owned();
        for value in ["<city>", "{{city}}", "<your_city>"] {
            let given = format!(r#"{{"city": "{value}"}}"#);
            assert_eq!(said(&given, closed), [(true, slot.clone())], "{value}");
        }
        assert_eq!(said(r#"{"city": "<b>"}"#, closed), []);
        let choices = r#"{"properties": {"unit": {"type": "string", "enum": ["c", "f"]}}}"#;
        assert_eq!(said(r#"{"unit": "f"}"#, choices), []);
        let wrong = "`unit` of `f` is `kelvin`, and declared as one of `c`, `f`".to_owned();
        assert_eq!(said(r#"{"unit": "kelvin"}"#, choices), [(true, wrong)]);
        let wrong = "`n` of `f` is a number, and declared as integer or null".to_owned();
        assert_eq!(said(r#"{"n": 3.5}"#, kinds), [(true, wrong)]);
        assert_eq!(
            said("{}", kinds),
            [(true, "`f` is called without `n`, which it requires".to_owned())]
        );
    }
}
