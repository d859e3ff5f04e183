//! An answer that calls tools, from the JSON it stands in to the tool format's own words.
//!
//! Source: `FunctionFormatter.apply` of `data/formatter.py` (0.9.5).

use std::borrow::Cow;

use crate::model::encoded::EncodeError;

use super::python;
use super::raise::raise;
use super::thought::between;
use super::tools::{Call, Format};

/// What may stand beside the JSON: a thought before it, or words around it.
pub(super) struct Words<'w> {
    pub thought: &'w [String; 2],
    pub tool_call: &'w [String; 2],
}

/// The answer's text. Without words, all of the content is JSON.
pub(super) fn written(content: &str, format: &Format, words: Option<&Words<'_>>) -> Result<String, EncodeError> {
    let call = words.and_then(|words| between(content, words.tool_call));
    let thought = words.and_then(|words| between(content, words.thought));
    let (before, json) = match (call, thought) {
        (Some(call), _) => (Cow::Owned(content.replace(call.whole, "")), Cow::Borrowed(call.inner)),
        (None, Some(thought)) => (
            Cow::Borrowed(thought.whole),
            Cow::Owned(content.replace(thought.whole, "")),
        ),
        (None, None) => (Cow::Borrowed(""), Cow::Borrowed(content)),
    };
    let Some(calls) = python::loads(&json)? else {
        let message = format!("Invalid JSON format in function message: {content}.");
        return Err(raise("RuntimeError", message));
    };
    let written = format.call(&Call::read(&calls)?)?;
    Ok(before.into_owned() + &written)
}
