//! Tools and calls that are written into texts: JSON between tags, as Hermes and Qwen write them, and LLaMA-Factory's turns
//! that are a call. Others write XML between the tags, which is not looked at.

use std::borrow::Cow;

use crate::model::example::{Example, Role, Turn};
use crate::model::value::Value;
use crate::search;

use super::tools::{self, Call};

const OPEN: &str = "<tool_call>";
const CLOSE: &str = "</tool_call>";

/// The tools a row offers: its column, or what its system prompt lists between `<tools>` and its end.
pub(in super::super) fn offered<'e>(example: &Example<'e>, tags: bool) -> Option<Cow<'e, Value<'e>>> {
    if let Some(tools) = tools::column(example) {
        return Some(Cow::Borrowed(tools));
    }
    let listed = list(example, tags)?;
    Some(Cow::Owned(read(listed.1).ok()?))
}

/// The turn whose text lists tools, and their JSON.
pub(in super::super) fn list<'t>(example: &'t Example<'_>, tags: bool) -> Option<(&'t Turn<'t>, &'t str)> {
    let asked = example.turns.iter().filter(|turn| tags && turn.role == Role::System);
    { asked }.find_map(|turn| {
        // The tags are explained first.
        let inner = turn.text.split("<tools>").skip(1).map(str::trim_start);
        let inner = { inner }.find(|inner| inner.starts_with(['[', '{']))?;
        Some((turn, inner.split("</tools>").next().unwrap_or_default()))
    })
}

/// Tools in JSON, as a list or one after the other.
///
/// # Errors
///
/// What is wrong with the JSON.
pub(in super::super) fn read(text: &str) -> Result<Value<'static>, String> {
    let values = serde_json::Deserializer::from_str(text).into_iter::<serde_json::Value>();
    let values: Vec<Value<'_>> = values
        .map(|value| value.map(Value::from).map_err(|error| tools::plain(&error)))
        .collect::<Result<_, _>>()?;
    match <[Value<'_>; 1]>::try_from(values) {
        Ok([list @ Value::Array(_)]) => Ok(list),
        Ok([tool]) => Ok(Value::Array(vec![tool])),
        Err(tools) => Ok(Value::Array(tools)),
    }
}

/// Whether a turn of its own is a call, in JSON: `function_call`, which is what LLaMA-Factory 0.9.5 calls its `function_tag`
/// unless it is told otherwise.
pub(in super::super) fn is_call(turn: &Turn<'_>) -> bool {
    turn.role_text == "function_call"
}

/// The JSON of a turn that is a call, behind the thoughts that may stand before it.
pub(in super::super) fn json<'t>(turn: &'t Turn<'_>) -> &'t str {
    turn.text.rsplit("</think>").next().unwrap_or_default()
}

/// Shows every call of a turn, in `tool_calls` or written into its text. Those between tags are looked for where these can
/// be.
pub(in super::super) fn each_call(turn: &Turn<'_>, tags: bool, show: &mut dyn FnMut(&Call<'_>)) {
    if turn.has_tool_calls() {
        tools::calls(turn).unwrap_or_default().iter().for_each(show);
        return;
    }
    if is_call(turn) {
        match Value::from_json(json(turn)) {
            Ok(Value::Array(calls)) => calls.iter().for_each(|call| show(&tools::written(turn, call))),
            Ok(call) => show(&tools::written(turn, &call)),
            Err(_) => {}
        }
        return;
    }
    if turn.role != Role::Assistant || !tags {
        return;
    }
    for inner in between(&turn.text) {
        if let Some(Ok(value)) = inner.map(Value::from_json) {
            show(&tools::written(turn, &value));
        }
    }
}

/// Whether a row makes any call.
pub(in super::super) fn calls_any(example: &Example<'_>, tags: bool) -> bool {
    let written = |turn: &Turn<'_>| tags && turn.role == Role::Assistant && search::contains(&turn.text, OPEN);
    example
        .turns
        .iter()
        .any(|turn| turn.has_tool_calls() || is_call(turn) || written(turn))
}

/// The JSON of the calls that are written into a text; `None` for the last, where it does not end.
pub(in super::super) fn between(text: &str) -> impl Iterator<Item = Option<&str>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        loop {
            let at = search::find(rest, OPEN)?;
            rest = &rest[at + OPEN.len()..];
            if !rest.trim_start().starts_with('{') {
                continue;
            }
            let Some(end) = search::find(rest, CLOSE) else {
                rest = "";
                return Some(None);
            };
            let inner = &rest[..end];
            rest = &rest[end..];
            return Some(Some(inner));
        }
    })
}

/// Whether a call ends here that did not begin.
pub(in super::super) fn is_unopened(text: &str) -> bool {
    search::find(text, CLOSE).is_some_and(|end| {
        let before = &text[..end];
        before.trim_end().ends_with('}') && !search::contains(before, OPEN)
    })
}

/// Whether the result of a call stands behind it in the same text.
pub(in super::super) fn is_answered(text: &str) -> bool {
    let mut after = text.split(CLOSE).skip(1);
    after.any(|after| after.trim_start().starts_with("<tool_response>"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tools_are_listed_or_follow_each_other() {
        let names = |text| tools::declared(&read(text).expect("JSON")).map(|names| names.join(" "));
        assert_eq!(names("[{\"name\": \"a\"}, {\"name\": \"b\"}]").as_deref(), Ok("a b"));
        assert_eq!(names("{\"name\": \"a\"}\n{\"name\": \"b\"}\n").as_deref(), Ok("a b"));
        assert_eq!(names("{\"name\": \"a\"}").as_deref(), Ok("a"));
        assert!(read("[{\"name\": \"a\"}, {\"na").is_err());
    }

    #[test]
    fn calls_are_told_from_xml() {
        let calls = |text| between(text).collect::<Vec<_>>();
        let two = "So:<tool_call>{1}</tool_call>\n<tool_call>\n{2}\n</tool_call>";
        assert_eq!(calls(two), [Some("{1}"), Some("\n{2}\n")]);
        assert_eq!(calls("<tool_call>{1}"), [None]);
        assert!(calls("<tool_call><f/></tool_call>").is_empty());
        assert!(is_unopened("{1}\n</tool_call>"));
        assert!(!is_unopened(two) && !is_unopened("it ends with </tool_call>"));
    }
}
