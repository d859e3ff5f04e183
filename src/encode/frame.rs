//! What a template writes around an answer, and where the calls in it stand.

use crate::model::example::{Role, Turn};
use crate::model::value::Value;
use crate::search;

use super::kit::{Conversation, Kit, Message};
use super::locate::offset;
use super::template::{REASONING, Rendered};

/// What a template writes before an answer and after it; empty where it writes nothing there, or cannot be asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frame {
    /// The prompt for an answer, else what stands between a question and an answer. Without a thought it begins.
    opening: String,
    closing: String,
}

/// Texts that no template writes by itself.
const QUESTION: &str = "a question of 7 words to answer";
const ANSWER: &str = "an answer of 5 words";

impl Frame {
    /// Of the template for conversations with tools, or without.
    pub fn of(kit: &Kit, has_tools: bool) -> Self {
        Self::ask(kit, has_tools).unwrap_or_default()
    }

    fn ask(kit: &Kit, has_tools: bool) -> Option<Self> {
        let template = kit.template(has_tools).ok()?;
        let said = |role, content| Message::Said { role, content };
        let messages = [said("user", QUESTION), said("assistant", ANSWER)];
        let render = |messages: &[Message<'_>], add_generation_prompt| {
            let mut rendered = Rendered::default();
            let conversation = Conversation {
                messages,
                tools: None,
                kwargs: None,
                add_generation_prompt,
            };
            kit.render(Some(template), conversation, &mut rendered).ok()?;
            Some(rendered.text)
        };
        let whole = render(&messages, false)?;
        let (before, closing) = whole.split_once(ANSWER)?;
        let (_, between) = before.split_once(QUESTION)?;
        let prompted = render(&messages[..1], false).zip(render(&messages[..1], true));
        let prompt = prompted.and_then(|(without, with)| with.strip_prefix(&without).map(str::to_owned));
        let opening = prompt.filter(|prompt| !prompt.is_empty()).unwrap_or(between.to_owned());
        Some(Self {
            opening: opening.split("<think>").next().unwrap_or_default().to_owned(),
            closing: closing.trim().to_owned(),
        })
    }

    /// Adds the thoughts that stand beside an answer to its place: what is said there from the prompt for the answer on.
    pub fn with_thoughts<'t>(
        &self,
        text: &str,
        turns: impl Iterator<Item = &'t Turn<'t>>,
        found: &mut [Option<(u32, u32)>],
    ) {
        extend(
            text,
            turns,
            found,
            |turn| thought(turn).is_some(),
            |text, cursor, turn, said| {
                let thought = thought(turn)?;
                let until = said.map_or(text.len(), |(start, _)| start as usize);
                let thought_at = cursor + search::find(text.get(cursor..until)?, thought)?;
                let start = self.begin(&text[..thought_at], cursor).unwrap_or(thought_at);
                let end = said.map_or(offset(thought_at + thought.len()), |(_, end)| end);
                Some((offset(start), end))
            },
        );
    }

    /// Where an answer begins, behind the prompt for it.
    fn begin(&self, text: &str, cursor: usize) -> Option<usize> {
        let opening = self.opening.trim();
        let after = cursor + search::find(&text[cursor..], opening)? + opening.len();
        let white = &self.opening[self.opening.trim_end().len()..];
        Some(after + text[after..].strip_prefix(white).map_or(0, |_| white.len()))
    }

    /// Adds the calls of tools to the places of turns: from the prompt for the answer, or from its text where that has a
    /// place, to the end of the turn. They are found by the names of the functions.
    pub fn with_calls<'t>(
        &self,
        text: &str,
        turns: impl Iterator<Item = &'t Turn<'t>>,
        found: &mut [Option<(u32, u32)>],
    ) {
        extend(text, turns, found, Turn::has_tool_calls, |text, cursor, turn, said| {
            self.calls(text, cursor, turn, said)
        });
    }

    fn calls(&self, text: &str, cursor: usize, turn: &Turn<'_>, said: Option<(u32, u32)>) -> Option<(u32, u32)> {
        let start = if let Some((start, _)) = said {
            start as usize
        } else {
            self.begin(text, cursor)?
        };
        let from = said.map_or(start, |(_, end)| end as usize);
        let mut end = from;
        for name in called(turn.raw?) {
            end += search::find(&text[end..], name)? + name.len();
        }
        if end == from {
            return None;
        }
        let closing = search::find(&text[end..], &self.closing).filter(|_| !self.closing.is_empty());
        Some((offset(start), closing.map_or(offset(text.len()), |at| offset(end + at))))
    }
}

/// Asks for new places of the turns that are `wanted`, given the text up to the next turn, where the turn before ends and
/// the place so far.
fn extend<'t>(
    text: &str,
    turns: impl Iterator<Item = &'t Turn<'t>>,
    found: &mut [Option<(u32, u32)>],
    wanted: impl Fn(&'t Turn<'t>) -> bool,
    place: impl Fn(&str, usize, &'t Turn<'t>, Option<(u32, u32)>) -> Option<(u32, u32)>,
) {
    let mut cursor = 0;
    for (at, turn) in turns.enumerate() {
        if wanted(turn) {
            let next = found[at + 1..].iter().flatten().next();
            let until = next.map_or(text.len(), |(start, _)| *start as usize);
            if let Some(extended) = place(&text[..until], cursor, turn, found[at]) {
                found[at] = Some(extended);
            }
        }
        cursor = found[at].map_or(cursor, |(_, end)| end as usize);
    }
}

/// What a turn thinks beside what it says.
fn thought<'t>(turn: &'t Turn<'t>) -> Option<&'t str> {
    // The keys of a role and a text are two.
    let raw = turn
        .raw
        .filter(|raw| raw.as_object().is_some_and(|raw| raw.len() > 2))?;
    let thought = REASONING.iter().find_map(|key| raw.get(key)?.as_str())?.trim();
    (turn.role == Role::Assistant && !thought.is_empty()).then_some(thought)
}

/// The names of the functions that a message calls, in order.
fn called<'v>(message: &'v Value<'v>) -> impl Iterator<Item = &'v str> {
    let calls = message.get("tool_calls").and_then(Value::as_array).unwrap_or_default();
    let name = |call: &'v Value<'v>| call.get("function").unwrap_or(call).get("name").and_then(Value::as_str);
    let single = message
        .get("function_call")
        .and_then(|call| call.get("name"))
        .and_then(Value::as_str);
    calls.iter().filter_map(name).chain(single)
}
