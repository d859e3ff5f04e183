//! `default`: a list of tools in words, and `Action:` lines.

use super::{Call, Description, unwrapped};
use crate::model::encoded::EncodeError;
use crate::model::value::Value;
use crate::trainer::llama_factory::python::{self, class, dict, dumps, item, truth};
use crate::trainer::llama_factory::raise::type_error;

pub(super) fn describe(description: &Description<'_>) -> Result<String, EncodeError> {
    let mut out = String::new();
    let mut names = String::new();
    for tool in description.tools()? {
        let tool = unwrapped(tool)?;
        let mut arguments = String::new();
        let parameters = item(tool, "parameters")?;
        for (name, parameter) in dict(item(parameters, "properties")?, "items")?.iter() {
            argument(parameters, name, parameter, &mut arguments)?;
        }
        let name = item(tool, "name")?;
        out.push_str("> Tool Name: ");
        python::str(name, &mut out);
        out.push_str("\nTool Description: ");
        text(tool, "description", &mut out)?;
        out.push_str("\nTool Args:\n");
        out.push_str(&arguments);
        out.push('\n');
        if !names.is_empty() {
            names.push_str(", ");
        }
        names.push_str(expect_str(name)?);
    }
    let prompt = description.prompt.replacen("{tool_names}", &names, 1);
    Ok(prompt.replacen("{tool_text}", &out, 1))
}

pub(super) fn call(calls: &[Call<'_>]) -> Result<String, EncodeError> {
    let lines = calls
        .iter()
        .map(|call| format!("Action: {}\nAction Input: {}", call.name(), dumps(call.arguments)));
    Ok(lines.collect::<Vec<_>>().join("\n"))
}

/// `  - name (type, required): description, should be one of […], where each item should be …`
fn argument(parameters: &Value<'_>, name: &str, parameter: &Value<'_>, out: &mut String) -> Result<(), EncodeError> {
    let required = match dict(parameters, "get")?.get("required") {
        Some(required) => contains(required, name)?,
        None => false,
    };
    let fields = dict(parameter, "get")?;
    out.push_str("  - ");
    out.push_str(name);
    out.push_str(" (");
    text(parameter, "type", out)?;
    out.push_str(if required { ", required): " } else { "): " });
    text(parameter, "description", out)?;
    if let Some(choices) = fields.get("enum").filter(|choices| truth(choices)) {
        out.push_str(", should be one of [");
        out.push_str(&joined(choices)?);
        out.push(']');
    }
    if let Some(items) = fields.get("items").filter(|items| truth(items)) {
        out.push_str(", where each item should be ");
        text(items, "type", out)?;
    }
    out.push('\n');
    Ok(())
}

/// `{value.get(key, "")}`.
fn text(value: &Value<'_>, key: &str, out: &mut String) -> Result<(), EncodeError> {
    if let Some(value) = dict(value, "get")?.get(key) {
        python::str(value, out);
    }
    Ok(())
}

/// `name in container`.
fn contains(container: &Value<'_>, name: &str) -> Result<bool, EncodeError> {
    match container {
        Value::Array(items) => Ok(items.iter().any(|item| item.as_str() == Some(name))),
        Value::Object(object) => Ok(object.contains_key(name)),
        Value::Str(text) => Ok(text.contains(name)),
        other => Err(type_error(format!(
            "argument of type '{}' is not iterable",
            class(other)
        ))),
    }
}

/// `", ".join(values)`.
fn joined(values: &Value<'_>) -> Result<String, EncodeError> {
    let texts: Vec<String> = match values {
        Value::Array(items) => items
            .iter()
            .map(|item| expect_str(item).map(str::to_owned))
            .collect::<Result<_, _>>()?,
        Value::Object(object) => object.keys().map(str::to_owned).collect(),
        Value::Str(text) => text.chars().map(String::from).collect(),
        _ => return Err(type_error("can only join an iterable")),
    };
    Ok(texts.join(", "))
}

fn expect_str<'v>(value: &'v Value<'_>) -> Result<&'v str, EncodeError> {
    value
        .as_str()
        .ok_or_else(|| type_error(format!("expected str instance, {} found", class(value))))
}
