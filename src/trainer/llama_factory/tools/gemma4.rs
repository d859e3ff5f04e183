//! `gemma4`: declarations and calls in braces, with texts between `<|"|>`.

use super::{Call, Description, unwrapped_or_whole};
use crate::model::encoded::EncodeError;
use crate::model::value::{Object, Value};
use crate::trainer::llama_factory::python::{self, class, dict, item, truth};
use crate::trainer::llama_factory::raise::type_error;

/// Stands before and after a text.
const QUOTE: &str = "<|\"|>";

pub(super) fn describe(description: &Description<'_>) -> Result<String, EncodeError> {
    let mut declarations = Vec::new();
    for tool in description.tools()? {
        declarations.push(declaration(unwrapped_or_whole(tool)?)?);
    }
    Ok(declarations.join("\n"))
}

fn declaration(function: &Value<'_>) -> Result<String, EncodeError> {
    let mut out = String::from("declaration:");
    python::str(item(function, "name")?, &mut out);
    out.push_str("{description:");
    let fields = dict(function, "get")?;
    quoted(&fields.get("description").map(shown).unwrap_or_default(), &mut out);
    if let Some(parameters) = field(fields, "parameters") {
        out.push_str(",parameters:{");
        out.push_str(&parameter_list(dict(parameters, "get")?)?);
        out.push('}');
    }
    if let Some(response) = field(fields, "response") {
        let response = dict(response, "get")?;
        let mut parts = Vec::new();
        if let Some(text) = field(response, "description") {
            parts.push(labelled("description", &shown(text)));
        }
        let kind = response.get("type").map(shown).unwrap_or_default().to_uppercase();
        if kind == "OBJECT" {
            parts.push(labelled("type", &kind));
        }
        out.push_str(",response:{");
        out.push_str(&parts.join(","));
        out.push('}');
    }
    out.push('}');
    Ok(out)
}

fn parameter_list(parameters: &Object<'_>) -> Result<String, EncodeError> {
    let mut parts = Vec::new();
    if let Some(properties) = field(parameters, "properties") {
        let mut each = Vec::new();
        for (name, schema) in dict(properties, "items")?.iter() {
            let schema = dict(schema, "get")?;
            let mut of_one = Vec::new();
            if let Some(text) = field(schema, "description") {
                of_one.push(labelled("description", &shown(text)));
            }
            if let Some(kind) = field(schema, "type") {
                of_one.push(labelled("type", &shown(kind).to_uppercase()));
            }
            each.push(format!("{name}:{{{}}}", of_one.join(",")));
        }
        parts.push(format!("properties:{{{}}}", each.join(",")));
    }
    if let Some(required) = field(parameters, "required") {
        let texts: Vec<String> = match required {
            Value::Array(items) => items.iter().map(shown).collect(),
            Value::Object(object) => object.keys().map(str::to_owned).collect(),
            Value::Str(text) => text.chars().map(String::from).collect(),
            other => return Err(type_error(format!("'{}' object is not iterable", class(other)))),
        };
        let texts: Vec<String> = texts.iter().map(|text| format!("{QUOTE}{text}{QUOTE}")).collect();
        parts.push(format!("required:[{}]", texts.join(",")));
    }
    if let Some(kind) = field(parameters, "type") {
        parts.push(labelled("type", &shown(kind).to_uppercase()));
    }
    Ok(parts.join(","))
}

pub(super) fn call(calls: &[Call<'_>]) -> Result<String, EncodeError> {
    let mut out = String::new();
    for call in calls {
        out.push_str("<|tool_call>call:");
        python::str(call.name, &mut out);
        out.push('{');
        match call.arguments {
            Value::Object(arguments) => entries(arguments, &mut out),
            Value::Str(text) => out.push_str(text),
            other => argument(other, &mut out),
        }
        out.push_str("}<tool_call|>");
    }
    Ok(out)
}

/// `key:value,…`, in order of the keys.
fn entries(object: &Object<'_>, out: &mut String) {
    let mut entries: Vec<_> = object.iter().collect();
    entries.sort_unstable_by_key(|(key, _)| *key);
    for (at, (key, value)) in entries.into_iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        out.push_str(key);
        out.push(':');
        argument(value, out);
    }
}

fn argument(value: &Value<'_>, out: &mut String) {
    match value {
        Value::Str(text) => quoted(text, out),
        Value::Bool(flag) => out.push_str(if *flag { "true" } else { "false" }),
        Value::Null => out.push_str("null"),
        Value::Object(object) => {
            out.push('{');
            entries(object, out);
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                argument(item, out);
            }
            out.push(']');
        }
        number => python::str(number, out),
    }
}

/// A field, if there is something in it.
fn field<'o, 'a>(object: &'o Object<'a>, key: &str) -> Option<&'o Value<'a>> {
    object.get(key).filter(|value| truth(value))
}

fn labelled(label: &str, text: &str) -> String {
    format!("{label}:{QUOTE}{text}{QUOTE}")
}

fn quoted(text: &str, out: &mut String) {
    out.push_str(QUOTE);
    out.push_str(text);
    out.push_str(QUOTE);
}

fn shown(value: &Value<'_>) -> String {
    let mut out = String::new();
    python::str(value, &mut out);
    out
}
