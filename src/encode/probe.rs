//! Where short texts stand that the rendered conversation holds more than once.
//!
//! An answer of one letter also stands in `<|im_start|>`, and a question may repeat the system prompt. Where a text
//! could stand in several places, the conversation is rendered again with a mark in its place: what is the same in
//! both renderings is the template's.

use std::borrow::Cow;

use crate::model::example::{Content, Turn};
use crate::model::value::{Object, Value};
use crate::search;

use super::kit::{Conversation, Kit, Message};
use super::template::Rendered;

/// Bytes of a text up to which it may stand anywhere; a longer one is doubled by the template, or said again.
const SHORT: usize = 24;
/// Bytes behind a place in which it is looked for again: what a template writes before a turn is shorter, and a row of a
/// million turns is not gone through a million times.
const REACH: usize = 16 << 10;

/// The bytes at which texts begin that are there several times, by turn; `None` where all places are certain, or the
/// template does not tell. `turns` are those of the conversation's messages, one by one, and `found` their places.
pub fn starts(
    kit: &Kit,
    conversation: Conversation<'_>,
    turns: &[&Turn<'_>],
    text: &str,
    found: &[Option<(u32, u32)>],
) -> Option<Vec<Option<usize>>> {
    let uncertain: Vec<usize> = (0..turns.len())
        .filter(|at| is_uncertain(*at, turns[*at], text, found))
        .collect();
    if uncertain.is_empty() || search::find(text, MARK).is_some() {
        return None;
    }
    let mut marked: Vec<(usize, String, Value<'_>)> = Vec::new();
    for at in uncertain {
        let mark = format!("{MARK}{at}x7zq");
        if let Some(message) = with_mark(turns[at], &conversation.messages[at], &mark) {
            marked.push((at, mark, message));
        }
    }
    let mut messages = conversation.messages.to_vec();
    for (at, _, message) in &marked {
        messages[*at] = Message::Raw(message);
    }
    let mut rendered = Rendered::default();
    let asked = Conversation {
        messages: &messages,
        ..conversation
    };
    kit.render(None, asked, &mut rendered).ok()?;
    let marks = marked
        .iter()
        .map(|(at, mark, _)| (*at, mark.as_str(), turns[*at].trimmed()));
    compare(text, &rendered.text, turns.len(), marks)
}

/// No template and next to no text has it.
const MARK: &str = "qz7x";

/// Whether the text of a turn stands in the rendered text again, behind its place.
fn is_uncertain(at: usize, turn: &Turn<'_>, text: &str, found: &[Option<(u32, u32)>]) -> bool {
    let Some((_, end)) = found[at] else { return false };
    let wanted = turn.trimmed();
    let next = found[at + 1..].iter().flatten().next();
    let until = match next {
        Some((start, _)) if wanted.len() > SHORT => *start as usize,
        _ => text.floor_char_boundary(text.len().min(end as usize + REACH)),
    };
    text.get(end as usize..until)
        .is_some_and(|rest| search::find(rest, wanted).is_some())
}

/// A turn's message with a mark in place of its text; `None` where that is no single text.
fn with_mark<'v>(turn: &Turn<'_>, message: &Message<'v>, mark: &str) -> Option<Value<'v>> {
    let lead = turn.text.len() - turn.text.trim_start().len();
    let trail = turn.text.trim_end().len();
    let text = || {
        Value::Str(Cow::Owned(format!(
            "{}{mark}{}",
            &turn.text[..lead],
            &turn.text[trail..]
        )))
    };
    let object = |value: &Value<'v>, key: &str| {
        let mut object = value.as_object()?.clone();
        object.insert(Cow::Owned(key.to_owned()), text());
        Some(Value::Object(object))
    };
    match message {
        Message::Said { role, .. } => {
            let said = [("role", Value::Str(Cow::Borrowed(*role))), ("content", text())];
            let entries = said
                .into_iter()
                .map(|(key, value)| (Cow::Borrowed(key), value))
                .collect();
            Some(Value::Object(Object::from_entries(entries).0))
        }
        Message::Raw(raw) => match turn.content {
            Content::Text => object(raw, turn.key),
            Content::Parts => {
                let [part] = raw.get(turn.key)?.as_array()? else {
                    return None;
                };
                let mut message = raw.as_object()?.clone();
                let part = object(part, "text").filter(|_| part.get("text").is_some())?;
                message.insert(Cow::Owned(turn.key.to_owned()), Value::Array(vec![part]));
                Some(Value::Object(message))
            }
            _ => None,
        },
    }
}

/// Where the texts begin whose marks stand in the other rendering; `None` where the two differ in more than that.
fn compare<'m>(
    text: &str,
    marked: &str,
    turns: usize,
    marks: impl Iterator<Item = (usize, &'m str, &'m str)>,
) -> Option<Vec<Option<usize>>> {
    let mut starts = vec![None; turns];
    let (mut rest, mut marked) = (text, marked);
    for (turn, mark, wanted) in marks {
        let at = search::find(marked, mark)?;
        rest = rest.strip_prefix(&marked[..at])?;
        starts[turn] = Some(text.len() - rest.len());
        rest = rest.strip_prefix(wanted)?;
        marked = &marked[at + mark.len()..];
    }
    (rest == marked).then_some(starts)
}

#[cfg(test)]
mod tests {
    use super::compare;

    #[test]
    fn only_marks_may_differ() {
        let ask = |text, marked, marks: &[(usize, &'static str, &'static str)]| {
            compare(text, marked, 2, marks.iter().copied())
        };
        let marks = [(0, "Q0", "a"), (1, "Q1", "s")];
        assert_eq!(
            ask("<start>a<assistant>s", "<start>Q0<assistant>Q1", &marks),
            Some(vec![Some(7), Some(19)])
        );
        assert_eq!(ask("<start>a<start>a", "<start>Q0<start>Q0", &marks[..1]), None);
        assert_eq!(ask("<start>a", "<start>Q0!", &marks[..1]), None);
    }
}
