//! `messages` as OpenAI's API takes them, with `tool_calls`.

use std::borrow::Cow;

use super::sharegpt::out_of_turn;
use super::{Aligned, Given, Message, Messages, Origin, Role, Row, divide, is_tag, key, no_role, role_of, wrong_count};
use crate::model::encoded::EncodeError;
use crate::model::value::Value;
use crate::trainer::llama_factory::python;
use crate::trainer::llama_factory::raise::{type_error, unsupported};

/// What is said to the model where no tools are given.
const NOT_THINKING: &str = "detailed thinking off";

pub(super) fn align(row: Row<'_>) -> Result<Aligned<'_>, EncodeError> {
    let columns = &row.attr().columns;
    let (messages, (system, system_origin)) = row.messages(|row| row.text_if_there(columns.system.as_ref()))?;
    let turns = turns(row, messages)?;
    let is_answer = |turn: &Message<'_>| matches!(turn.role, Role::Assistant | Role::Function);
    let is_question = |turn: &Message<'_>| matches!(turn.role, Role::User | Role::Observation);
    let wrong = turns.iter().enumerate().find(|(at, turn)| match at % 2 {
        0 => !is_question(turn),
        _ => !is_answer(turn),
    });
    let broken = wrong
        .map(|(at, turn)| out_of_turn(at, &Value::Str(Cow::Borrowed(turn.role.name()))))
        .or_else(|| wrong_count(row, turns.len()));
    let (prompt, response) = match broken {
        Some(_) => Default::default(),
        None => divide(row, turns)?,
    };
    let tools = match row.text_if_there(columns.tools.as_ref())? {
        Given::Value(list @ (Value::Array(_) | Value::Object(_))) => Given::Text(Cow::Owned(python::dumps(list))),
        other => other,
    };
    Ok(Aligned {
        prompt,
        response,
        system: told_not_to_think(system, tools.truth())?,
        system_origin,
        tools,
        media: false,
        broken,
    })
}

/// The turns, with what tools said in a row as one of them. What they say last, with no answer
/// after it, is lost.
fn turns<'r>(row: Row<'r>, messages: Messages<'r>) -> Result<Vec<Message<'r>>, EncodeError> {
    let tags = &row.attr().tags;
    let mut turns = Vec::with_capacity(messages.items.len());
    let mut said: Vec<(Origin<'r>, &'r Value<'r>)> = Vec::new();
    for (origin, message) in messages.iter() {
        let role = key(message, &tags.role_tag)?;
        let content = key(message, &tags.content_tag)?;
        let answers = is_tag(role, tags.assistant_tag.as_ref()) || is_tag(role, tags.function_tag.as_ref());
        let calls = if answers { calls(message)? } else { None };
        // Calls are said under the function's tag, and that may be the tag of tools.
        let as_tool = match &calls {
            Some(_) => tags.function_tag == tags.observation_tag,
            None => is_tag(role, tags.observation_tag.as_ref()),
        };
        if as_tool {
            if calls.is_some() {
                return Err(unsupported("one tag for functions and for what they return"));
            }
            said.push((origin, content));
            continue;
        }
        if !said.is_empty() {
            turns.push(observation(&said)?);
            said.clear();
        }
        turns.push(match calls {
            Some(calls) => Message {
                // The function's tag may also be the system's, which would count.
                role: function_role(row)?,
                content: Given::Text(Cow::Owned(calls)),
                origin,
            },
            None => Message {
                role: role_of(row, role).ok_or_else(|| no_role(role))?,
                content: Given::from(content),
                origin,
            },
        });
    }
    Ok(turns)
}

fn function_role(row: Row<'_>) -> Result<Role, EncodeError> {
    let tags = &row.attr().tags;
    if tags.function_tag == tags.system_tag {
        return Err(unsupported("one tag for functions and the system prompt"));
    }
    Ok(Role::Function)
}

/// The JSON of a message's tool calls, if it has any.
fn calls(message: &Value<'_>) -> Result<Option<String>, EncodeError> {
    let Some(calls) = python::dict(message, "get")?.get("tool_calls") else {
        return Ok(None);
    };
    if !python::truth(calls) {
        return Ok(None);
    }
    let Some(calls) = calls.as_array() else {
        return Err(type_error(format!("tool_calls are a {}", python::class(calls))));
    };
    let mut out = String::from("[");
    for (at, call) in calls.iter().enumerate() {
        if at > 0 {
            out.push_str(", ");
        }
        out.push_str(&python::dumps(python::item(call, "function")?));
    }
    out.push(']');
    Ok(Some(out))
}

fn observation<'r>(said: &[(Origin<'r>, &'r Value<'r>)]) -> Result<Message<'r>, EncodeError> {
    let mut texts = said.iter().map(|(_, value)| match value {
        Value::Str(text) => Ok(text.as_ref()),
        other => Err(type_error(format!(
            "expected str instance, {} found",
            python::class(other)
        ))),
    });
    let mut content = Cow::Borrowed(texts.next().transpose()?.unwrap_or_default());
    for text in texts {
        let content = content.to_mut();
        content.push_str("\n</tool_response>\n<tool_response>\n");
        content.push_str(text?);
    }
    Ok(Message {
        role: Role::Observation,
        content: Given::Text(content),
        origin: said.first().map_or(Origin::Nowhere, |(origin, _)| *origin),
    })
}

/// Whatever the set is about, a system prompt of this format is told not to think, unless it says
/// something about that or tools are given.
fn told_not_to_think(system: Given<'_>, tools: bool) -> Result<Given<'_>, EncodeError> {
    if !system.truth() {
        return Ok(if tools {
            system
        } else {
            Given::Text(Cow::Borrowed(NOT_THINKING))
        });
    }
    let Given::Text(mut text) = system else {
        return Err(unsupported("a system prompt that is no text"));
    };
    if tools {
        text.to_mut().push('\n');
    } else if !text.contains("detailed thinking on") && !text.contains(NOT_THINKING) {
        let text = text.to_mut();
        text.push('\n');
        text.push_str(NOT_THINKING);
    }
    Ok(Given::Text(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(system: &str, tools: bool) -> String {
        let given = told_not_to_think(Given::Text(system.into()), tools).expect("a text");
        given.as_str().expect("a text").to_owned()
    }

    #[test]
    fn system_prompts_are_told_not_to_think() {
        assert_eq!(told("", false), "detailed thinking off");
        assert_eq!(told("Be.", false), "Be.\ndetailed thinking off");
        assert_eq!(told("detailed thinking on", false), "detailed thinking on");
        assert_eq!(told("Be.", true), "Be.\n");
        assert_eq!(told("", true), "");
    }
}
