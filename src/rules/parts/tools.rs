//! Tools as rows declare and call them, in the forms of OpenAI, LLaMA-Factory and Hugging Face.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::model::example::{Example, Role, Turn};
use crate::model::value::Value;

/// The `tools` of a row of messages; elsewhere a column of that name is anyone's.
pub(in super::super) fn column<'e>(example: &Example<'e>) -> Option<&'e Value<'e>> {
    example.tools.filter(|_| example.conversational)
}

/// Shows every string of a value, those of keys aside.
pub(in super::super) fn texts<'v>(value: &'v Value<'_>, show: &mut impl FnMut(&'v str)) {
    match value {
        Value::Str(text) => show(text),
        Value::Array(items) => items.iter().for_each(|item| texts(item, show)),
        Value::Object(object) => object.iter().for_each(|(_, value)| texts(value, show)),
        _ => {}
    }
}

/// Whether a text is a call or JSON, and nothing that is said to anyone.
pub(in super::super) fn is_call(text: &str) -> bool {
    text.starts_with(['{', '[']) || ["<tool_call", "<function"].iter().any(|mark| text.starts_with(mark))
}

/// Names of the tools a row declares.
///
/// # Errors
///
/// What is wrong with the declarations: lower case, no full stop.
pub(in super::super) fn declared<'v>(tools: &'v Value<'v>) -> Result<Vec<Cow<'v, str>>, String> {
    match tools {
        Value::Array(items) => items.iter().enumerate().map(|(at, item)| name_of(at, item)).collect(),
        Value::Str(text) => in_json(text),
        other => Err(format!("`tools` is {}, not a list", other.a_kind())),
    }
}

fn name_of<'v>(at: usize, item: &'v Value<'v>) -> Result<Cow<'v, str>, String> {
    if let Value::Str(text) = item {
        let mut names = in_json(&format!("[{text}]"))?;
        return names.pop().ok_or_else(|| format!("tool {at} is an empty string"));
    }
    let function = item.get("function").unwrap_or(item);
    match function.get("name") {
        Some(Value::Str(name)) => Ok(Cow::Borrowed(name.as_ref())),
        _ => Err(format!("tool {at} has no name")),
    }
}

/// A declaration inside a string of JSON, as LLaMA-Factory keeps them.
#[derive(Deserialize)]
struct Declared {
    name: Option<String>,
    function: Option<Inner>,
}

#[derive(Deserialize)]
struct Inner {
    name: Option<String>,
}

fn in_json<'v>(text: &str) -> Result<Vec<Cow<'v, str>>, String> {
    if text.trim().is_empty() {
        return Ok(Vec::new());
    }
    let tools: Vec<Declared> =
        serde_json::from_str(text).map_err(|error| format!("`tools` is no JSON list of tools: {}", plain(&error)))?;
    let name = |(at, tool): (usize, Declared)| {
        let name = tool.name.or_else(|| tool.function?.name);
        name.map(Cow::Owned).ok_or_else(|| format!("tool {at} has no name"))
    };
    tools.into_iter().enumerate().map(name).collect()
}

/// One call a turn makes, as it stands.
pub(in super::super) struct Call<'t> {
    /// Below the message: `/tool_calls/0/function`.
    pub pointer: String,
    pub name: Option<&'t str>,
    pub arguments: Option<&'t Value<'t>>,
    /// They stand under `parameters`, which templates do not read in `tool_calls`.
    pub misnamed: bool,
    pub id: Option<&'t str>,
    pub kind: Option<&'t str>,
    /// It stands in the text, of which there are no parts to point to.
    pub written: bool,
}

impl Call<'_> {
    /// Pointer to a key of it, below the message.
    pub(in super::super) fn below(&self, key: &str) -> String {
        if self.written {
            return self.pointer.clone();
        }
        format!("{}/{key}", self.pointer)
    }
}

/// The structured calls of a turn.
///
/// # Errors
///
/// Why `tool_calls` is no list of calls.
pub(in super::super) fn calls<'t>(turn: &'t Turn<'_>) -> Result<Vec<Call<'t>>, &'static str> {
    let Some(raw) = turn.raw.filter(|_| turn.role == Role::Assistant) else {
        return Ok(Vec::new());
    };
    if let Some(function) = raw.get("function_call").filter(|call| !call.is_null()) {
        return Ok(vec![call("/function_call".to_owned(), function, None)]);
    }
    let items = match raw.get("tool_calls") {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(items)) => items,
        Some(_) => return Err("`tool_calls` is no list"),
    };
    items
        .iter()
        .enumerate()
        .map(|(at, item)| match item.get("function") {
            Some(function) => Ok(call(format!("/tool_calls/{at}/function"), function, Some(item))),
            None if item.as_object().is_some() => Ok(call(format!("/tool_calls/{at}"), item, Some(item))),
            None => Err("a tool call is no object"),
        })
        .collect()
}

/// A call that is written into a turn's text, of its JSON.
pub(in super::super) fn written<'t>(turn: &Turn<'_>, value: &'t Value<'t>) -> Call<'t> {
    let function = value.get("function").filter(|function| function.as_object().is_some());
    let pointer = if turn.key.is_empty() {
        String::new()
    } else {
        format!("/{}", turn.key)
    };
    Call {
        written: true,
        ..call(pointer, function.unwrap_or(value), None)
    }
}

fn call<'t>(pointer: String, function: &'t Value<'t>, item: Option<&'t Value<'t>>) -> Call<'t> {
    let said = |key: &str| item.and_then(|item| item.get(key)?.as_str());
    let name = function.get("name").and_then(Value::as_str);
    Call {
        pointer,
        name: name.filter(|name| !name.trim().is_empty()),
        arguments: function.get("arguments").or_else(|| function.get("parameters")),
        misnamed: item.is_some() && function.get("arguments").is_none() && function.get("parameters").is_some(),
        id: said("id"),
        kind: said("type"),
        written: false,
    }
}

/// What is wrong with arguments given as a string, if anything.
pub(in super::super) fn wrong_json(text: &str) -> Option<String> {
    if text.trim().is_empty() {
        return Some("an empty string, not JSON".to_owned());
    }
    match serde_json::from_str::<IgnoredAny>(text) {
        Err(error) => Some(format!("not JSON: {}", plain(&error))),
        Ok(_) if text.trim_start().starts_with('{') => None,
        Ok(_) => Some("JSON, but no object".to_owned()),
    }
}

/// serde's message without the place, which is one inside the string.
pub(in super::super) fn plain(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let end = text.rfind(" at line ").unwrap_or(text.len());
    text[..end].to_owned()
}

#[cfg(test)]
mod tests {
    use super::is_call;

    #[test]
    fn thoughts_are_said_and_calls_are_not() {
        for call in ["{\"name\": \"f\"}", "[1]", "<tool_call>{}", "<function=f>"] {
            assert!(is_call(call), "{call}");
        }
        assert!(!is_call("<think>It is four.</think>Four.") && !is_call("<p>Four.</p>"));
    }
}
