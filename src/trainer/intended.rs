//! The mask people mean when no trainer is named: answers are trained, nothing else.
//!
//! Tokens are those of the whole sequence. A conversation is rendered by the chat template; an
//! answer is an assistant turn's text, the calls of tools in it, and the end-of-turn token right after it.

use std::borrow::Cow;
use std::cell::RefCell;
use std::sync::Arc;

use crate::encode::fit;
use crate::encode::frame::Frame;
use crate::encode::kit::{Chat, Conversation, Kit, Message};
use crate::encode::locate::{locate, locate_with, offset, parts};
use crate::encode::probe;
use crate::encode::tokenizer::Detail;
use crate::model::encoded::{EncodeError, Encoded, IGNORE, Part, What};
use crate::model::example::{Branch, Example, Shape, Turn};
use crate::model::record::Record;
use crate::model::value::Value;

use super::{Encode, Pool};

/// Encodes rows with the intended mask.
pub struct Intended {
    kit: Arc<Kit>,
    max_length: Option<usize>,
    /// Ids that may end an answer: special tokens.
    enders: Vec<u32>,
    /// Of conversations without tools, and with.
    frames: [Frame; 2],
}

#[derive(Default)]
struct Scratch {
    chat: Chat,
    found: Vec<Option<(u32, u32)>>,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

impl Intended {
    pub fn new(kit: Arc<Kit>, max_length: Option<usize>) -> Self {
        let mut enders: Vec<u32> = kit.facts().specials.iter().map(|(_, id)| *id).collect();
        enders.sort_unstable();
        let frames = [false, true].map(|has_tools| Frame::of(&kit, has_tools));
        Self {
            kit,
            max_length,
            enders,
            frames,
        }
    }

    /// One sequence of the row: all its turns, or those of one side after the prompt.
    fn sequence(
        &self,
        example: &Example<'_>,
        side: &'static str,
        wanted: impl Fn(&Turn<'_>) -> bool + Copy,
        scratch: &mut Scratch,
        out: &mut Encoded,
    ) -> Result<(), EncodeError> {
        out.side = side;
        let turns = || example.turns.iter().filter(move |turn| wanted(turn));
        let chat = self.kit.has_template() && (example.conversational || example.shape == Shape::Alpaca);
        if chat {
            let messages: Vec<Message<'_>> = turns().map(|turn| as_message(turn, example.shape)).collect();
            let tools = tools(example);
            let conversation = Conversation {
                messages: &messages,
                tools: tools.as_deref(),
                kwargs: example.template_kwargs,
                add_generation_prompt: false,
            };
            self.kit.render(None, conversation, &mut scratch.chat.rendered)?;
            std::mem::swap(&mut out.text, &mut scratch.chat.rendered.text);
            locate(&out.text, turns(), &mut scratch.found);
            let asked: Vec<&Turn<'_>> = turns().collect();
            if let Some(starts) = probe::starts(&self.kit, conversation, &asked, &out.text, &scratch.found) {
                locate_with(&out.text, turns(), &starts, &mut scratch.found);
            }
            let frame = &self.frames[usize::from(tools.is_some())];
            frame.with_thoughts(&out.text, turns(), &mut scratch.found);
            frame.with_calls(&out.text, turns(), &mut scratch.found);
        } else {
            scratch.found.clear();
            for (at, turn) in turns().enumerate() {
                // Prompt and completion are one text; turns without a template stand on lines.
                if at > 0 && turn.branch == Branch::Main {
                    out.text.push('\n');
                }
                let start = offset(out.text.len());
                out.text.push_str(&turn.text);
                scratch.found.push(Some((start, offset(out.text.len()))));
            }
        }
        parts(out.text.len(), &scratch.found, &mut out.parts);
        // Parts name turns by their number among those wanted; make it their number in the example.
        let numbers: Vec<u16> = (0u16..=u16::MAX)
            .zip(&example.turns)
            .filter(|(_, turn)| wanted(turn))
            .map(|(at, _)| at)
            .collect();
        for part in &mut out.parts {
            if let What::Turn(at) = part.what {
                part.what = What::Turn(numbers.get(usize::from(at)).copied().unwrap_or(u16::MAX));
            }
        }
        let tokens = &mut scratch.chat.tokens;
        self.kit.encode(&out.text, !chat, Detail::Extents, tokens)?;
        std::mem::swap(&mut out.input_ids, &mut tokens.ids);
        std::mem::swap(&mut out.offsets, &mut tokens.extents);
        self.label(example, out);
        Ok(())
    }

    /// Labels the tokens of trained turns, and the special token right after each.
    fn label(&self, example: &Example<'_>, out: &mut Encoded) {
        out.labels.resize(out.input_ids.len(), IGNORE);
        let mut token = 0;
        let mut start = 0;
        for Part { end, what } in out.parts.iter().copied() {
            let trained = match what {
                What::Template => false,
                What::Turn(at) => example
                    .turns
                    .get(usize::from(at))
                    .is_none_or(|turn| turn.train.unwrap_or(example.shape == Shape::Text || turn.is_answer())),
            };
            while token < out.offsets.len() && out.offsets[token].1 <= start {
                token += 1;
            }
            let first = token;
            while token < out.offsets.len() && out.offsets[token].0 < end {
                if trained {
                    out.labels[token] = label(out.input_ids[token]);
                }
                token += 1;
            }
            // An answer without a token of its own is said by the one it shares with the prompt.
            if trained && token == first && first > 0 && out.offsets[first - 1].1 > start {
                out.labels[first - 1] = label(out.input_ids[first - 1]);
            }
            if trained && token < out.input_ids.len() && self.enders.binary_search(&out.input_ids[token]).is_ok() {
                out.labels[token] = label(out.input_ids[token]);
            }
            start = end;
        }
    }
}

/// An id as a label. Vocabularies are far below 2^31.
pub fn label(id: u32) -> i32 {
    i32::try_from(id).unwrap_or(i32::MAX)
}

/// The message a template is given: the row's own where it has role and content, or stands among such as have; else
/// one made.
fn as_message<'t>(turn: &'t Turn<'_>, shape: Shape) -> Message<'t> {
    match turn.raw {
        Some(raw) if turn.key == "content" || shape == Shape::Messages => Message::Raw(raw),
        _ => Message::Said {
            role: turn.role.name(),
            content: &turn.text,
        },
    }
}

/// The tools as a list, out of a string of JSON where the column is one, as the trainers read it that
/// know such columns; none where it is no list. An empty list is handed on as such, as transformers does.
fn tools<'e>(example: &'e Example<'_>) -> Option<Cow<'e, Value<'e>>> {
    let tools = match example.tools.filter(|_| example.conversational)? {
        Value::Str(text) => Cow::Owned(Value::from_json(text).ok()?),
        tools => Cow::Borrowed(tools),
    };
    tools.as_array().is_some().then_some(tools)
}

/// A row that was tokenised before, as it stands.
fn tokenised(record: &Record<'_>, out: &mut Encoded) {
    let list = |name: &str| record.value.get(name).and_then(Value::as_array);
    let number = |value: &Value<'_>| value.as_bool().map_or(value.as_i64().unwrap_or(0), i64::from);
    let ids = list("input_ids").unwrap_or_default();
    out.input_ids
        .extend(ids.iter().map(|id| u32::try_from(number(id)).unwrap_or(u32::MAX)));
    match list("labels") {
        Some(labels) => out
            .labels
            .extend(labels.iter().map(|id| i32::try_from(number(id)).unwrap_or(IGNORE))),
        None => out.labels.extend(out.input_ids.iter().map(|id| label(*id))),
    }
    for mask in ["completion_mask", "assistant_masks"].into_iter().filter_map(list) {
        for (kept, slot) in mask.iter().zip(&mut out.labels) {
            if number(kept) == 0 {
                *slot = IGNORE;
            }
        }
    }
}

impl Encode for Intended {
    fn encode(&self, record: &Record<'_>, example: &Example<'_>, pool: &mut Pool) -> Result<(), EncodeError> {
        SCRATCH.with_borrow_mut(|scratch| {
            match example.shape {
                Shape::Tokenised => tokenised(record, pool.add()),
                Shape::Preference => {
                    for (side, branch) in [("chosen", Branch::Chosen), ("rejected", Branch::Rejected)] {
                        let wanted = |turn: &Turn<'_>| turn.branch == Branch::Prompt || turn.branch == branch;
                        self.sequence(example, side, wanted, scratch, pool.add())?;
                    }
                }
                _ => self.sequence(example, "", |_| true, scratch, pool.add())?,
            }
            for out in pool.sequences_mut() {
                fit::keep_start(out, self.max_length);
            }
            Ok(())
        })
    }
}
