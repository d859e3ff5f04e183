//! What the stages share: the messages of a row with where they stand in it, and buffers.

use crate::encode::kit::Kit;
use crate::encode::locate::offset;
use crate::encode::tokenizer::Tokens;
use crate::model::encoded::{EncodeError, Encoded, What};
use crate::model::example::{Example, Turn};

use super::align::{Aligned, Message, Origin};
use super::raise::{raise, unsupported};
use super::slots::{Draft, NO_TOKEN, Run};
use super::table::Media;
use super::template::{Content, Opening, Said};

/// Buffers of one worker.
#[derive(Default)]
pub(super) struct Scratch {
    pub tokens: Tokens,
    pub first: Run,
    pub second: Run,
    /// Tokens at the end of each message.
    pub ends: Vec<usize>,
}

/// A draft that writes a sequence's text and parts, and its tokens to a buffer.
pub(super) fn draft<'d>(kit: &'d Kit, out: &'d mut Encoded, run: &'d mut Run, tokens: &'d mut Tokens) -> Draft<'d> {
    Draft {
        kit,
        text: &mut out.text,
        parts: &mut out.parts,
        run,
        tokens,
    }
}

/// Appends a token nothing in the text stands for; its own text is added, for showing.
pub(super) fn push_token(draft: &mut Draft<'_>, text: &str, id: u32) {
    let start = offset(draft.text.len());
    draft.push(text, What::Template);
    draft.run.ids.push(id);
    draft.run.offsets.push((start, offset(draft.text.len())));
}

/// What the collator raises where an id is `None` ([`NO_TOKEN`]).
pub(super) fn check_tokens(out: &Encoded) -> Result<(), EncodeError> {
    let Some(at) = out.input_ids.iter().position(|id| *id == NO_TOKEN) else {
        return Ok(());
    };
    let (start, end) = out.offsets[at];
    let token = out.text.get(start as usize..end as usize).unwrap_or_default();
    let message = format!("type of None unknown: the tokenizer has no token {token}, which the template needs");
    Err(raise("ValueError", message))
}

/// Finds the turns of the example among a row's messages, which come in the same order.
pub(super) struct Turns<'e> {
    example: &'e Example<'e>,
    /// The first turn not yet passed.
    next: usize,
}

impl<'e> Turns<'e> {
    pub(super) fn new(example: &'e Example<'e>) -> Self {
        Self { example, next: 0 }
    }

    /// The message as the turn it is.
    pub(super) fn said<'m>(&mut self, message: &'m Message<'_>) -> Said<'m> {
        Said {
            role: message.role,
            content: Content::from(&message.content),
            what: self.find(message.origin),
        }
    }

    /// The turn that stands at a place of the row. Where one is missing the set is laid out in
    /// another way than the example, and no more are looked for.
    fn find(&mut self, origin: Origin<'_>) -> What {
        if origin == Origin::Nowhere {
            return What::Template;
        }
        let rest = self.example.turns.get(self.next..).unwrap_or_default();
        if let Some(at) = rest.iter().position(|turn| stands_at(turn, origin)) {
            let found = self.next + at;
            self.next = found + 1;
            u16::try_from(found).map_or(What::Template, What::Turn)
        } else {
            self.next = self.example.turns.len();
            What::Template
        }
    }
}

/// What comes before a row's first message.
pub(super) fn opening<'m>(row: &'m Aligned<'_>, example: &Example<'_>) -> Opening<'m> {
    let first = example.turns.first();
    Opening {
        system: &row.system,
        system_what: match first {
            Some(turn) if stands_at(turn, row.system_origin) => What::Turn(0),
            _ => What::Template,
        },
        tools: &row.tools,
    }
}

fn stands_at(turn: &Turn<'_>, origin: Origin<'_>) -> bool {
    match origin {
        Origin::Nowhere => false,
        Origin::Column(column) => turn.field == column && turn.index.is_none(),
        Origin::Element(column, at) => turn.field == column && turn.index == Some(at),
    }
}

/// Why a row is passed over as invalid.
pub(super) fn invalid(row: &Aligned<'_>, answers: usize) -> String {
    if let Some(broken) = &row.broken {
        return broken.clone();
    }
    match row.response.len() {
        0 => "no answer".to_owned(),
        got if got != answers => format!("{got} answers, where this stage takes {answers}"),
        _ => format!("{} turns before the answer, not an odd number", row.prompt.len()),
    }
}

/// Refuses rows with pictures, videos or sounds, and what LLaMA-Factory refuses of others.
///
/// Source: `MMPluginMixin._validate_input` and `_validate_messages` of `data/mm_plugin.py`.
pub(super) fn check_media<'m>(
    row: &Aligned<'_>,
    messages: impl Iterator<Item = &'m Message<'m>>,
    media: Option<&Media>,
    has_processor: bool,
) -> Result<(), EncodeError> {
    let Some(media) = media else {
        if row.media {
            let message =
                "This model does not support image input. Please check whether the correct `template` is used.";
            return Err(raise("ValueError", message));
        }
        return Ok(());
    };
    if !has_processor {
        let message = "Processor was not found, please check and update your model file.";
        return Err(raise("ValueError", message));
    }
    if row.media {
        return Err(unsupported(format!(
            "rows with pictures, videos or sounds ({})",
            media.plugin
        )));
    }
    for message in messages {
        let Some(text) = message.content.as_str() else {
            return Err(raise("AttributeError", "the content has no attribute 'count'"));
        };
        if let Some(mark) = ["<image>", "<video>", "<audio>"]
            .into_iter()
            .find(|mark| text.contains(mark))
        {
            let message = format!("the number of {mark} in the messages is not that of the row's media");
            return Err(raise("ValueError", message));
        }
    }
    Ok(())
}
