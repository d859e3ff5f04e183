//! The thoughts of an answer: between tags, or in `reasoning_content`.

use crate::model::example::{Example, Role, Turn};
use crate::model::value::{Object, Value};
use crate::rule::clip;
use crate::search;

use super::odd_thoughts::{Odd, are_hollow};

const OPEN: &str = "<think>";
const CLOSE: &str = "</think>";
const APART: &str = "reasoning_content";

/// Where the thoughts of an answer stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Thoughts {
    /// Behind `<think>`, with which the answer opens.
    Tagged,
    /// In `reasoning_content`.
    Apart,
    /// In a form that has a rule of its own: not opened, escaped, under another key, no text.
    Elsewhere,
    None,
}

/// The thoughts of an answer, and what is odd about them. Tags are looked for where they can be.
pub(in super::super) fn of(turn: &Turn<'_>, tags: bool) -> (Thoughts, Option<Odd>) {
    let text = turn.text.trim_start();
    let apart = turn.raw.and_then(|raw| raw.get(APART));
    match apart {
        Some(Value::Str(thoughts)) if !thoughts.trim().is_empty() => {
            let thoughts = thoughts.trim();
            let odd = if thoughts.starts_with(OPEN) || thoughts.ends_with(CLOSE) {
                Some(Odd::Tags)
            } else if thoughts == text.trim_end() {
                Some(Odd::Same)
            } else {
                are_hollow(thoughts).then_some(Odd::Hollow)
            };
            return (Thoughts::Apart, odd);
        }
        Some(Value::Str(_) | Value::Null) => {}
        Some(_) => return (Thoughts::Elsewhere, None),
        None if has_key_alike(turn) => return (Thoughts::Elsewhere, None),
        None => {}
    }
    let Some(inner) = text.strip_prefix(OPEN) else {
        let elsewhere = text.starts_with("&lt;") || tags && search::find(text, CLOSE).is_some();
        let thoughts = if elsewhere { Thoughts::Elsewhere } else { Thoughts::None };
        return (thoughts, None);
    };
    let Some(end) = search::find(inner, CLOSE) else {
        return (Thoughts::Tagged, None);
    };
    let (thoughts, rest) = (inner[..end].trim(), inner[end + CLOSE.len()..].trim_start());
    let odd = if thoughts.is_empty() {
        Some(Odd::Empty)
    } else if are_hollow(thoughts) {
        Some(Odd::Hollow)
    } else if thoughts.starts_with(OPEN) {
        Some(Odd::Doubled)
    } else {
        rest.starts_with(OPEN).then_some(Odd::Again)
    };
    (Thoughts::Tagged, odd)
}

/// What the thoughts say, where they stand as [`of`] has found.
pub(in super::super) fn said<'t>(turn: &'t Turn<'_>, found: Thoughts) -> Option<&'t str> {
    if found == Thoughts::Apart {
        return turn.raw?.get(APART)?.as_str();
    }
    let inner = turn.text.trim_start().strip_prefix(OPEN)?;
    search::find(inner, CLOSE).map(|end| &inner[..end])
}

/// Whether a message has a key that may be meant for its thoughts.
fn has_key_alike(turn: &Turn<'_>) -> bool {
    let keys = turn.raw.and_then(Value::as_object).into_iter().flat_map(Object::keys);
    { keys }.any(|key| key.contains("reason") || key.contains("think") || key.contains("thought"))
}

/// Where thoughts stand.
pub(in super::super) fn pointer(turn: &Turn<'_>, thoughts: Thoughts) -> String {
    match thoughts {
        Thoughts::Apart => format!("{}/{APART}", turn.message_pointer()),
        _ => turn.pointer(),
    }
}

/// Whether thoughts stand beside what people and tools say.
pub(in super::super) fn are_misplaced(turn: &Turn<'_>) -> bool {
    let thoughts = || turn.raw.and_then(|raw| raw.get(APART)?.as_str()).unwrap_or_default();
    !matches!(turn.role, Role::Assistant | Role::Other) && !thoughts().trim().is_empty()
}

/// Whether a row asks for an answer without thoughts, as Qwen's templates are told.
pub(in super::super) fn are_unwanted(example: &Example<'_>) -> bool {
    let off = |kwargs: &Value<'_>| kwargs.get("enable_thinking")?.as_bool();
    example.template_kwargs.and_then(off) == Some(false)
        || example
            .turns
            .iter()
            .any(|turn| turn.role != Role::Assistant && search::find(&turn.text, "/no_think").is_some())
}

/// How an answer opens that has no thoughts: its tag, where it has one.
pub(in super::super) fn opening(turn: &Turn<'_>) -> String {
    let text = turn.text.trim_start();
    let name = |tag: &&str| {
        tag[1..]
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    let tag = text.split_inclusive('>').next().and_then(|tag| tag.strip_suffix('>'));
    match tag.filter(|tag| tag.starts_with('<') && tag.len() > 1).filter(name) {
        Some(tag) => format!("the answer opens with `{}>`", clip(tag)),
        None => "the answer has no thoughts".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;
    use crate::model::example::{Branch, Content};

    fn turn<'t>(text: &'t str, raw: Option<&'t Value<'t>>) -> Turn<'t> {
        Turn {
            role: Role::Assistant,
            role_text: Cow::Borrowed("assistant"),
            text: Cow::Borrowed(text),
            content: Content::Text,
            branch: Branch::Main,
            field: "messages",
            index: Some(1),
            key: "content",
            raw,
            train: None,
        }
    }

    #[test]
    fn thoughts_are_told_by_their_tags() {
        for (text, thoughts, odd) in [
            ("<think>\nSo.\n</think>\n4", Thoughts::Tagged, None),
            ("<think>\n\n</think>\n\n4", Thoughts::Tagged, Some(Odd::Empty)),
            ("<think>\nNone\n</think>\n4", Thoughts::Tagged, Some(Odd::Hollow)),
            ("<think><think>So.</think>4", Thoughts::Tagged, Some(Odd::Doubled)),
            (
                "<think>So.</think>\n<think>So.</think>4",
                Thoughts::Tagged,
                Some(Odd::Again),
            ),
            (
                "<think>Is it `<think>`?</think>`<think>` it is.",
                Thoughts::Tagged,
                None,
            ),
            ("So.</think>4", Thoughts::Elsewhere, None),
            ("&lt;think&gt;So.&lt;/think&gt;4", Thoughts::Elsewhere, None),
            ("<thought>So.</thought>4", Thoughts::None, None),
            ("4 < 5", Thoughts::None, None),
        ] {
            assert_eq!(of(&turn(text, None), true), (thoughts, odd), "{text}");
        }
        assert_eq!(
            opening(&turn("<thought>So.</thought>", None)),
            "the answer opens with `<thought>`"
        );
        assert_eq!(
            opening(&turn("<p class=\"a\">So.</p>", None)),
            "the answer has no thoughts"
        );
    }

    #[test]
    fn thoughts_are_told_by_their_key() {
        for (raw, thoughts, odd) in [
            ("{\"reasoning_content\": \"So.\"}", Thoughts::Apart, None),
            (
                "{\"reasoning_content\": \"<think>So.</think>\"}",
                Thoughts::Apart,
                Some(Odd::Tags),
            ),
            ("{\"reasoning_content\": \"4\\n\"}", Thoughts::Apart, Some(Odd::Same)),
            ("{\"reasoning_content\": \" \"}", Thoughts::None, None),
            ("{\"reasoning_content\": null}", Thoughts::None, None),
            ("{\"reasoning_content\": 7}", Thoughts::Elsewhere, None),
            ("{\"reasoning_contents\": \"So.\"}", Thoughts::Elsewhere, None),
            ("{\"content\": \"4\"}", Thoughts::None, None),
        ] {
            let value = Value::from_json(raw).expect("JSON");
            assert_eq!(of(&turn("4", Some(&value)), true), (thoughts, odd), "{raw}");
        }
    }
}
