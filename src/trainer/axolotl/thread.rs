//! The turns of a row, as axolotl hands them to the template
//! (`prompt_strategies/chat_template.py`, `get_conversation_thread`, `transform_message`).

use std::borrow::Cow;

use crate::model::encoded::EncodeError;
use crate::model::value::{Object, Value};

use super::options::Dataset;
use crate::trainer::failure::{key_error, raises, unsupported};
use crate::trainer::python::{has_nulls, loads, lstrip, reborrow, strip, truthy, type_name, without_nulls};
use crate::trainer::row::Row;

/// The keys under which the flags of a turn stand beside its own.
pub(super) const TRAINING: &str = "training";
pub(super) const DETAIL: &str = "training_detail";
pub(super) const REASONING_DETAIL: &str = "reasoning_training_detail";

/// How messages become turns.
pub(super) struct Threads {
    field_messages: String,
    /// Property of the turn, and the key it is read from.
    mappings: Vec<(String, String)>,
    /// The key a message's role is read from.
    role_key: String,
    /// Role in the data, and role in the template.
    roles: Vec<(String, String)>,
    /// Unmapped properties the template asks for.
    asked: Vec<String>,
    pub(super) thinking_key: String,
    field_training: Option<String>,
    field_detail: Option<String>,
    split_thinking: bool,
    drop_system: bool,
}

/// `ChatTemplatePrompter.__init__`.
const ROLES: &[(&str, &str)] = &[
    ("human", "user"),
    ("user", "user"),
    ("assistant", "assistant"),
    ("gpt", "assistant"),
    ("system", "system"),
    ("tool", "tool"),
];

const THINKING: &[(&str, &str)] = &[
    ("<think>", "</think>"),
    ("<reasoning>", "</reasoning>"),
    ("<|begin_of_thought|>", "<|end_of_thought|>"),
];
const SOLUTION: (&str, &str) = ("<|begin_of_solution|>", "<|end_of_solution|>");

impl Threads {
    /// `asked` are the properties the template names on `message`.
    pub(super) fn new(dataset: &Dataset, mut asked: Vec<String>) -> Result<Self, EncodeError> {
        let mappings = mappings(dataset)?;
        asked.retain(|key| !mappings.iter().any(|(_, source)| source == key));
        let role = mappings.iter().find(|(key, _)| key == "role");
        let role_key = role.expect("role is always mapped").1.clone();
        Ok(Self {
            field_messages: field_messages(dataset).to_owned(),
            mappings,
            role_key,
            roles: roles(dataset)?,
            asked,
            thinking_key: dataset
                .template_thinking_key
                .clone()
                .filter(|key| !key.is_empty())
                .unwrap_or_else(|| "reasoning_content".to_owned()),
            field_training: dataset.message_field_training.clone(),
            field_detail: dataset.message_field_training_detail.clone(),
            split_thinking: dataset.split_thinking.unwrap_or(false),
            drop_system: dataset.drop_system_message.unwrap_or(false),
        })
    }

    /// The role a role of the data has in the template.
    pub(super) fn role<'n>(&'n self, name: &'n str) -> &'n str {
        self.roles
            .iter()
            .find(|(source, _)| source == name)
            .map_or(name, |(_, target)| target)
    }

    /// The messages of a row, which may stand in it as JSON in a string.
    pub(super) fn messages<'r>(&self, row: Row<'r>) -> Result<Cow<'r, [Value<'r>]>, EncodeError> {
        match row.get(&self.field_messages) {
            None => Err(raises("ValueError", "Messages is null. Please check `field_messages`.")),
            Some(Value::Array(items)) if items.iter().any(has_nulls) => {
                Ok(Cow::Owned(items.iter().map(without_nulls).collect()))
            }
            Some(Value::Array(items)) => Ok(Cow::Borrowed(items)),
            Some(Value::Str(text)) => {
                let Value::Array(items) = loads(text)? else {
                    return Err(raises(
                        "AssertionError",
                        "the turns must be saved in a list of dictionaries",
                    ));
                };
                if items.iter().any(|item| item.as_object().is_none()) {
                    return Err(raises("AssertionError", "each turn must be saved in a dictionary"));
                }
                Ok(Cow::Owned(items))
            }
            // Axolotl then takes the column of the whole batch for one conversation.
            Some(Value::Object(_)) => Err(raises("TypeError", "object of type 'int' has no len()")),
            Some(other) => Err(no_get(other)),
        }
    }

    /// The turns of a row.
    pub(super) fn turns<'r>(&'r self, row: Row<'r>, messages: &'r [Value<'_>]) -> Result<Vec<Value<'r>>, EncodeError> {
        let first = messages
            .first()
            .ok_or_else(|| raises("IndexError", "list index out of range"))?;
        let mut turns = Vec::with_capacity(messages.len() + 1);
        let first = self.transform(first)?;
        let role = first.get("role").ok_or_else(|| key_error("role"))?;
        if let Some(system) = row.get("system").filter(|_| role.as_str() != Some("system")) {
            turns.push(plain("system", reborrow(system)));
        }
        for message in messages {
            turns.push(self.turn(message)?);
        }
        if self.drop_system {
            let role = turns[0].get("role").ok_or_else(|| key_error("role"))?;
            if role.as_str() == Some("system") {
                turns.remove(0);
            }
        }
        Ok(turns)
    }

    fn turn<'r>(&'r self, message: &'r Value<'_>) -> Result<Value<'r>, EncodeError> {
        let mut turn = self.transform(message)?;
        let flags = [(&self.field_training, TRAINING), (&self.field_detail, DETAIL)];
        for (field, key) in flags {
            let Some(field) = field else { continue };
            if let Some(value) = message.get(field).filter(|value| !value.is_null()) {
                turn.insert(Cow::Borrowed(key), reborrow(value));
            }
        }
        if let Some((text, detail)) = turn.get("content").map(parts).transpose()?.flatten() {
            turn.insert("content".into(), Value::Str(text.into()));
            if let Some(detail) = detail {
                turn.insert(DETAIL.into(), detail);
            }
        }
        if let Some((text, detail)) = turn.get(&self.thinking_key).map(parts).transpose()?.flatten() {
            turn.insert(Cow::Borrowed(&self.thinking_key), Value::Str(text.into()));
            if let Some(detail) = detail {
                turn.insert(REASONING_DETAIL.into(), detail);
            }
        }
        Ok(Value::Object(turn))
    }

    /// `transform_message`.
    fn transform<'r>(&'r self, message: &'r Value<'_>) -> Result<Object<'r>, EncodeError> {
        let Value::Object(message) = message else {
            return Err(no_get(message));
        };
        let mut turn = Object::with_capacity(self.mappings.len() + 1);
        let present = |key: &str| message.get(key).filter(|value| !value.is_null());
        for (key, source) in &self.mappings {
            if let Some(value) = present(source) {
                turn.insert(Cow::Borrowed(key), reborrow(value));
            }
        }
        if let Some(role) = present(&self.role_key) {
            if matches!(role, Value::Array(_) | Value::Object(_)) {
                return Err(raises("TypeError", format!("unhashable type: '{}'", type_name(role))));
            }
            if let Some(name) = role.as_str() {
                turn.insert("role".into(), Value::Str(Cow::Borrowed(self.role(name))));
            }
        }
        if self.split_thinking {
            self.split(&mut turn)?;
        }
        for key in &self.asked {
            if let Some(value) = present(key) {
                turn.insert(Cow::Borrowed(key), reborrow(value));
            }
        }
        if turn.get("tool_calls").is_some_and(|calls| truthy(Some(calls))) {
            parse_arguments(&mut turn)?;
        }
        Ok(turn)
    }

    /// Moves what stands in thinking tags out of an assistant's content.
    fn split(&self, turn: &mut Object<'_>) -> Result<(), EncodeError> {
        let role = turn.get("role").ok_or_else(|| key_error("role"))?;
        if role.as_str() != Some("assistant") {
            return Ok(());
        }
        let content = match turn.get("content").ok_or_else(|| key_error("content"))? {
            Value::Str(text) => text.clone().into_owned(),
            // `in` looks for the tag among the elements, where it is not.
            Value::Array(_) | Value::Object(_) => return Ok(()),
            other => {
                let name = type_name(other);
                return Err(raises(
                    "TypeError",
                    format!("argument of type '{name}' is not iterable"),
                ));
            }
        };
        let places = |text: &str, (open, close): (&str, &str)| {
            let (start, end) = (text.find(open)? + open.len(), text.find(close)?);
            // A slice that ends before it starts is empty.
            Some((start.min(end), end, end + close.len()))
        };
        let Some((start, end, after)) = THINKING.iter().find_map(|pair| places(&content, *pair)) else {
            return Ok(());
        };
        let thought = strip(&content[start..end]).to_owned();
        turn.insert(Cow::Owned(self.thinking_key.clone()), Value::Str(thought.into()));
        let remainder = lstrip(&content[after..]);
        let kept = match places(remainder, SOLUTION) {
            Some((start, end, _)) => strip(&remainder[start..end]),
            None => remainder,
        };
        turn.insert("content".into(), Value::Str(kept.to_owned().into()));
        Ok(())
    }
}

pub(super) fn field_messages(dataset: &Dataset) -> &str {
    dataset.field_messages.as_deref().unwrap_or("messages")
}

/// A turn of a role and a content.
pub(super) fn plain<'t>(role: &'t str, content: Value<'t>) -> Value<'t> {
    let mut turn = Object::with_capacity(2);
    turn.push("role".into(), Value::Str(Cow::Borrowed(role)));
    turn.push("content".into(), content);
    Value::Object(turn)
}

fn no_get(value: &Value<'_>) -> EncodeError {
    let name = type_name(value);
    raises("AttributeError", format!("'{name}' object has no attribute 'get'"))
}

/// `handle_legacy_message_fields_logic` (`utils/schemas/utils.py`): role and content are always
/// mapped.
fn mappings(dataset: &Dataset) -> Result<Vec<(String, String)>, EncodeError> {
    let mut mappings = Vec::new();
    for (key, source) in dataset.message_property_mappings.iter().flatten() {
        let source = source.as_str().ok_or_else(|| {
            raises(
                "ValidationError",
                format!("message_property_mappings.{key} is not a string"),
            )
        })?;
        mappings.push((key.clone(), source.to_owned()));
    }
    let legacy = [
        ("role", &dataset.message_field_role),
        ("content", &dataset.message_field_content),
    ];
    for (key, given) in legacy {
        let mapped = mappings
            .iter()
            .find(|(known, _)| known == key)
            .map(|(_, source)| source);
        match (mapped, given) {
            (Some(source), Some(given)) if source != given => {
                return Err(raises(
                    "ValidationError",
                    format!("message_field_{key} {given} conflicts with message_property_mappings.{key} {source}"),
                ));
            }
            (Some(_), _) => {}
            (None, given) => {
                let source = given.clone().filter(|source| !source.is_empty());
                mappings.push((key.to_owned(), source.unwrap_or_else(|| key.to_owned())));
            }
        }
    }
    Ok(mappings)
}

fn roles(dataset: &Dataset) -> Result<Vec<(String, String)>, EncodeError> {
    let Some(given) = dataset.roles.as_ref().filter(|roles| !roles.is_empty()) else {
        return Ok(ROLES.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect());
    };
    let mut roles = Vec::new();
    for (target, sources) in given {
        let list = sources
            .as_array()
            .map(|items| items.iter().map(serde_json::Value::as_str));
        let names: Option<Vec<&str>> = list.and_then(Iterator::collect);
        let names =
            names.ok_or_else(|| raises("ValidationError", format!("roles.{target} is not a list of strings")))?;
        for source in names {
            // As in a Python dict, the last word on a role counts.
            roles.retain(|(known, _): &(String, String)| known != source);
            roles.push((source.to_owned(), target.clone()));
        }
    }
    Ok(roles)
}

/// Reads the arguments of tool calls that are JSON in a string.
fn parse_arguments(turn: &mut Object<'_>) -> Result<(), EncodeError> {
    let parsed = match turn.get("tool_calls") {
        Some(Value::Array(calls)) if !calls.iter().any(|call| is_text(call, "arguments")) => return Ok(()),
        Some(Value::Array(calls)) => {
            let calls: Result<Vec<_>, _> = calls.iter().map(|call| with_parsed(call, "arguments")).collect();
            calls?
        }
        // A string or an object would be walked by character or key, none of which is a call.
        _ => return Err(unsupported("tool_calls that is not a list")),
    };
    // What was borrowed from the turn goes back into it owned.
    let parsed = parsed.into_iter().map(Value::into_owned).collect();
    turn.insert("tool_calls".into(), Value::Array(parsed));
    Ok(())
}

/// Whether a field of a call's or a tool's function is a string.
pub(super) fn is_text(item: &Value<'_>, field: &str) -> bool {
    field_text(item, field).is_some()
}

fn field_text<'v>(item: &'v Value<'_>, field: &str) -> Option<&'v str> {
    item.get("function")?.get(field)?.as_str()
}

/// A call or a tool with a field of its function read as JSON, if that is a string.
pub(super) fn with_parsed<'v>(item: &'v Value<'_>, field: &str) -> Result<Value<'v>, EncodeError> {
    let Some(text) = field_text(item, field) else {
        return Ok(reborrow(item));
    };
    let value = loads(text)?;
    let mut kept = Object::new();
    for (key, inner) in item.as_object().into_iter().flat_map(Object::iter) {
        if key != "function" {
            kept.push(Cow::Borrowed(key), reborrow(inner));
            continue;
        }
        let mut function = Object::new();
        for (key, inner) in inner.as_object().into_iter().flat_map(Object::iter) {
            let inner = if key == field { value.clone() } else { reborrow(inner) };
            function.push(Cow::Borrowed(key), inner);
        }
        kept.push("function".into(), Value::Object(function));
    }
    Ok(Value::Object(kept))
}

/// `_convert_content_parts`: a list of parts as one text, and which stretches of it are trained
/// where the parts say so. `None` where it is no list.
fn parts(content: &Value<'_>) -> Result<Option<(String, Option<Value<'static>>)>, EncodeError> {
    let Value::Array(items) = content else { return Ok(None) };
    let mut text = String::new();
    let mut details = Vec::new();
    let mut explicit = false;
    let mut offset = 0i64;
    for part in items.iter().filter(|part| part.as_object().is_some()) {
        let given = ["text", "content", "value"]
            .iter()
            .find_map(|key| part.get(key).filter(|value| truthy(Some(value))));
        let piece = match given {
            None => "",
            Some(Value::Str(piece)) => piece,
            Some(other) => {
                let name = type_name(other);
                return Err(raises("TypeError", format!("expected str instance, {name} found")));
            }
        };
        text.push_str(piece);
        let present = |key: &str| part.get(key).filter(|value| !value.is_null());
        let train = match (present("train"), present("weight")) {
            (Some(train), _) => Some(truthy(Some(train))),
            (None, Some(weight)) => Some(weight.as_f64() != Some(0.0) && weight.as_bool() != Some(false)),
            (None, None) => None,
        };
        explicit |= train.is_some();
        if !piece.is_empty() {
            let length = i64::try_from(piece.chars().count()).unwrap_or(i64::MAX);
            let mut detail = Object::with_capacity(3);
            detail.push("begin_offset".into(), Value::Int(offset));
            detail.push("end_offset".into(), Value::Int(offset + length - 1));
            detail.push("train".into(), Value::Bool(train.unwrap_or(true)));
            details.push(Value::Object(detail));
            offset += length;
        }
    }
    Ok(Some((text, explicit.then_some(Value::Array(details)))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turns(dataset: &str, asked: &[&str], row: &str) -> Result<String, EncodeError> {
        let dataset: Dataset = serde_json::from_str(dataset).expect("a dataset");
        let threads = Threads::new(&dataset, asked.iter().map(|key| (*key).to_owned()).collect())?;
        let row = loads(row)?;
        let row = Row {
            value: &row,
            columns: &[],
        };
        let messages = threads.messages(row)?;
        Ok(format!("{:?}", threads.turns(row, &messages)?))
    }

    fn same(dataset: &str, asked: &[&str], row: &str, wanted: &str) {
        let Value::Array(wanted) = loads(wanted).expect("JSON") else {
            panic!("a list")
        };
        assert_eq!(turns(dataset, asked, row).expect("turns"), format!("{wanted:?}"));
    }

    #[test]
    fn only_what_is_mapped_or_asked_for_is_kept() {
        same(
            r#"{"message_field_role": "from", "message_field_content": "value"}"#,
            &["name", "role", "from"],
            r#"{"messages": [{"from": "gpt", "value": "a", "name": "n", "x": 1, "role": null}]}"#,
            r#"[{"role": "assistant", "content": "a", "name": "n"}]"#,
        );
    }

    #[test]
    fn the_system_column_comes_first_even_where_it_is_null() {
        same(
            "{}",
            &[],
            r#"{"messages": [{"role": "user", "content": "a"}], "system": null}"#,
            r#"[{"role": "system", "content": null}, {"role": "user", "content": "a"}]"#,
        );
    }

    #[test]
    fn thinking_is_split_off() {
        same(
            r#"{"split_thinking": true}"#,
            &[],
            r#"{"messages": [{"role": "gpt", "content": "<think> t </think>\n<|begin_of_solution|> s <|end_of_solution|>."}]}"#,
            r#"[{"role": "assistant", "content": "s", "reasoning_content": "t"}]"#,
        );
    }

    #[test]
    fn parts_are_joined_and_their_flags_become_stretches() {
        same(
            "{}",
            &[],
            r#"{"messages": [{"role": "user", "content": [{"text": "é"}, {"value": "b", "weight": 0}, "skipped"]}]}"#,
            r#"[{"role": "user", "content": "éb", "training_detail": [
                {"begin_offset": 0, "end_offset": 0, "train": true},
                {"begin_offset": 1, "end_offset": 1, "train": false}]}]"#,
        );
    }

    #[test]
    fn arguments_that_are_strings_are_read() {
        same(
            "{}",
            &["tool_calls"],
            r#"{"messages": [{"role": "assistant", "tool_calls": [{"id": null, "function": {"arguments": "{\"a\": 1}"}}]}]}"#,
            r#"[{"role": "assistant", "tool_calls": [{"function": {"arguments": {"a": 1}}}]}]"#,
        );
    }

    #[test]
    fn rows_axolotl_stops_at() {
        let class = |row| turns("{}", &[], row).expect_err("an exception").class;
        assert_eq!(class("{}"), "ValueError");
        assert_eq!(class(r#"{"messages": null}"#), "AttributeError");
        assert_eq!(class(r#"{"messages": []}"#), "IndexError");
        assert_eq!(class(r#"{"messages": ["a"]}"#), "AttributeError");
        assert_eq!(class(r#"{"messages": "{}"}"#), "AssertionError");
        assert_eq!(class(r#"{"messages": [{"content": "a"}]}"#), "KeyError");
    }
}
