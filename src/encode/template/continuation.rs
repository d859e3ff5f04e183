//! `continue_final_message`: the text ends inside the last message, for the model to go on with.
//!
//! Source: `render_jinja_template` of transformers `utils/chat_template_utils.py`. Version 5 marks the
//! end of the message with a tag and cuts the rendered text there; version 4 looks for the message in
//! the rendered text.

use std::borrow::Cow;

use super::error::{PyClass, TemplateError};
use super::python::text::{Ends, is_space, strip};
use crate::model::value::{Object, Value};

const TAG: &str = "CONTINUE_FINAL_MESSAGE_TAG ";

/// Names of a message's reasoning, each of which a template may read.
const REASONING: [&str; 3] = ["reasoning_content", "thinking", "reasoning"];

/// The last message with its end marked, and what it said; as transformers 5 does.
///
/// # Errors
///
/// As transformers: if the message has nothing under `field`, if `source`, the template, does not
/// name the field, or if what stands there is no text.
pub fn mark(last: &Value<'_>, field: &str, source: &str) -> Result<(Value<'static>, String), TemplateError> {
    let Value::Object(given) = last else {
        let message = format!("a message is a {}, which has no attribute 'items'", last.kind());
        return Err(TemplateError::python(PyClass::AttributeError, message));
    };
    let mut message = Object::with_capacity(given.len() + 3);
    for (key, value) in given.iter().filter(|(_, value)| !value.is_null()) {
        message.push(Cow::Owned(key.to_owned()), value.clone().into_owned());
    }
    alias(&mut message);
    let Some(said) = message.get(field).cloned() else {
        return Err(value_error(format!("the final message has no `{field}` to continue")));
    };
    let fields: Vec<&str> = if REASONING.contains(&field) {
        let same = |name: &&str| message.get(name) == Some(&said);
        REASONING.into_iter().filter(same).collect()
    } else {
        vec![field]
    };
    if !fields.iter().any(|field| source.contains(field)) {
        return Err(value_error(format!("the chat template does not read `{field}`")));
    }
    match said {
        Value::Str(text) => {
            for field in fields {
                message.insert(Cow::Owned(field.to_owned()), tagged(&text));
            }
            Ok((Value::Object(message), text.into_owned()))
        }
        Value::Array(mut blocks) => {
            let text = mark_block(&mut blocks)?;
            message.insert(Cow::Owned(field.to_owned()), Value::Array(blocks));
            Ok((Value::Object(message), text))
        }
        other => Err(type_error(&other)),
    }
}

/// The aliases of `_alias_reasoning_fields`, for finding and marking each copy. Rendering puts them
/// in order.
fn alias(message: &mut Object<'static>) {
    let Some(reasoning) = REASONING.iter().find_map(|name| message.get(name)).cloned() else {
        return;
    };
    if !message.contains_key("thinking") {
        message.push(Cow::Borrowed("thinking"), reasoning.clone());
    }
    message.insert(Cow::Borrowed("reasoning_content"), reasoning);
}

/// Marks the last block with a text, and says what it said.
fn mark_block(blocks: &mut [Value<'static>]) -> Result<String, TemplateError> {
    for block in blocks.iter_mut().rev() {
        match block {
            Value::Object(object) => match object.get("text").cloned() {
                None => {}
                Some(Value::Str(text)) => {
                    object.insert(Cow::Borrowed("text"), tagged(&text));
                    return Ok(text.into_owned());
                }
                Some(other) => return Err(type_error(&other)),
            },
            // Python's `in` looks into texts and lists as well, and then finds no key in them.
            Value::Str(text) if !text.contains("text") => {}
            Value::Array(items) if !items.iter().any(|item| item.as_str() == Some("text")) => {}
            other => return Err(type_error(other)),
        }
    }
    Err(value_error("the final message has no text to continue".to_owned()))
}

fn tagged(text: &str) -> Value<'static> {
    Value::Str(Cow::Owned(format!("{text}{TAG}")))
}

/// Cuts a rendered text where the tag stands. `said` is what [`mark`] gave.
///
/// # Errors
///
/// If the template dropped the message, or its end.
pub fn cut_at_mark(text: &mut String, said: &str) -> Result<(), TemplateError> {
    let at = text.rfind(TAG.trim_end());
    let (Some(at), true) = (at, text.contains(strip(said, None, Ends::Both))) else {
        return Err(lost());
    };
    let keeps_space = text[at..].starts_with(TAG);
    text.truncate(at);
    if !keeps_space {
        text.truncate(text.trim_end_matches(is_space).len());
    }
    Ok(())
}

/// Cuts a rendered text after the last place where the last message stands, as transformers 4 does.
///
/// # Errors
///
/// As transformers: if the message has no text, or the template dropped it.
pub fn cut_after(text: &mut String, last: &Value<'_>) -> Result<(), TemplateError> {
    let said = match last.get("content") {
        None => return Err(TemplateError::python(PyClass::KeyError, "'content'")),
        Some(Value::Str(text)) => text,
        Some(Value::Array(blocks)) => last_text(blocks)?,
        Some(other) => {
            let message = format!("a {} has no attribute 'strip'", other.kind());
            return Err(TemplateError::python(PyClass::AttributeError, message));
        }
    };
    let inner = strip(said, None, Ends::Both);
    let Some(at) = text.rfind(inner) else {
        return Err(lost());
    };
    let with_end = strip(said, None, Ends::Left);
    // What is compared is as long as the message without the space before it, and must equal all of it.
    let kept = with_end == said && text[at..].starts_with(with_end);
    let end = at + if kept { with_end.len() } else { inner.len() };
    text.truncate(end);
    Ok(())
}

fn last_text<'b>(blocks: &'b [Value<'_>]) -> Result<&'b str, TemplateError> {
    for block in blocks.iter().rev() {
        match block {
            Value::Object(object) => match object.get("text") {
                None => {}
                Some(Value::Str(text)) => return Ok(text),
                Some(other) => {
                    let message = format!("a {} has no attribute 'strip'", other.kind());
                    return Err(TemplateError::python(PyClass::AttributeError, message));
                }
            },
            Value::Str(text) if !text.contains("text") => {}
            other => return Err(type_error(other)),
        }
    }
    Err(value_error("the final message has no text to continue".to_owned()))
}

fn value_error(what: String) -> TemplateError {
    TemplateError::python(
        PyClass::ValueError,
        format!("continue_final_message is set, but {what}"),
    )
}

fn lost() -> TemplateError {
    value_error("the final message does not appear in the rendered chat".to_owned())
}

fn type_error(value: &Value<'_>) -> TemplateError {
    let message = format!("a {} is no text to continue", value.kind());
    TemplateError::python(PyClass::TypeError, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(json: &str) -> Value<'static> {
        Value::from_json(json).expect("JSON")
    }

    fn class(error: &TemplateError) -> &'static str {
        error.python_class().expect("a class")
    }

    #[test]
    fn the_tag_marks_the_end_and_is_cut_with_what_follows() {
        let (last, said) = mark(
            &message(r#"{"role": "assistant", "content": "so "}"#),
            "content",
            "m.content",
        )
        .expect("marked");
        assert_eq!(
            last.get("content").and_then(Value::as_str),
            Some("so CONTINUE_FINAL_MESSAGE_TAG ")
        );
        let mut text = format!(
            "<a>{}</a>",
            last.get("content").and_then(Value::as_str).expect("a text")
        );
        cut_at_mark(&mut text, &said).expect("cut");
        assert_eq!(text, "<a>so ");
        // A template that trims loses the space behind the tag, and then the one before it is cut as well.
        let mut text = "<a>so CONTINUE_FINAL_MESSAGE_TAG</a>".to_owned();
        cut_at_mark(&mut text, &said).expect("cut");
        assert_eq!(text, "<a>so");
        let mut text = "<a></a>".to_owned();
        assert_eq!(class(&cut_at_mark(&mut text, &said).expect_err("lost")), "ValueError");
    }

    #[test]
    fn every_copy_of_the_reasoning_is_marked() {
        let last = message(r#"{"role": "assistant", "reasoning": "why", "content": null}"#);
        let (marked, said) = mark(&last, "thinking", "m.reasoning_content").expect("marked");
        assert_eq!(said, "why");
        for name in REASONING {
            assert_eq!(marked.get(name), Some(&tagged("why")), "{name}");
        }
        assert_eq!(
            class(&mark(&last, "content", "m.content").expect_err("null")),
            "ValueError"
        );
        assert_eq!(
            class(&mark(&last, "thinking", "m.content").expect_err("not read")),
            "ValueError"
        );
    }

    #[test]
    fn the_last_block_with_a_text_is_continued() {
        let last = message(r#"{"content": [{"type": "text", "text": "a"}, {"type": "image"}]}"#);
        let (marked, said) = mark(&last, "content", "content").expect("marked");
        assert_eq!(said, "a");
        let blocks = marked.get("content").and_then(Value::as_array).expect("blocks");
        assert_eq!(blocks[0].get("text"), Some(&tagged("a")));
        let none = message(r#"{"content": [{"type": "image"}]}"#);
        assert_eq!(
            class(&mark(&none, "content", "content").expect_err("no text")),
            "ValueError"
        );
        let number = message(r#"{"content": 5}"#);
        assert_eq!(
            class(&mark(&number, "content", "content").expect_err("a number")),
            "TypeError"
        );
    }

    #[test]
    fn version_4_looks_for_the_message() {
        let cut = |text: &str, content: &str| {
            let mut text = text.to_owned();
            let mut last = Object::new();
            last.push(Cow::Borrowed("content"), Value::Str(Cow::Owned(content.to_owned())));
            cut_after(&mut text, &Value::Object(last)).map(|()| text)
        };
        assert_eq!(cut("<a>hi</a>", "hi").expect("cut"), "<a>hi");
        assert_eq!(cut("<a>hi </a>", "hi ").expect("cut"), "<a>hi ");
        assert_eq!(cut("<a>hi</a>", "hi ").expect("cut"), "<a>hi");
        // With space before it the comparison can never hold, and the end goes too.
        assert_eq!(cut("<a> hi </a>", " hi ").expect("cut"), "<a> hi");
        assert_eq!(class(&cut("<a></a>", "hi").expect_err("lost")), "ValueError");
        assert_eq!(
            class(&cut_after(&mut String::new(), &message("{}")).expect_err("missing")),
            "KeyError"
        );
    }
}
