//! Qwen2 and Qwen2.5 (`models/qwen2/_tokenizer.py`, `models/qwen2_5/_tokenizer.py`).
//!
//! Every token of a message, header and end too, has the mask of the message. The last answer has
//! no end of its own: the EOS, which is the same token, stands in for it, and is never trained
//! where `max_seq_len` is set, because cutting overwrites the last mask.

use crate::model::encoded::{EncodeError, Encoded};
use crate::trainer::failure::{key_error, raises};

use super::encoder::{Encoder, composed};
use super::message::Message;
use super::prompt::Template;
use super::sink::{Cut, Sink, Specials, fill};

const IM_START: &str = "<|im_start|>";
const IM_END: &str = "<|im_end|>";
const ENDOFTEXT: &str = "<|endoftext|>";

/// `QWEN2_SPECIAL_TOKENS`.
const QWEN_2: &[(&str, u32)] = &[(ENDOFTEXT, 151_643), (IM_START, 151_644), (IM_END, 151_645)];

/// `QWEN2_5_SPECIAL_TOKENS`, besides those of Qwen2.
const QWEN_2_5: &[(&str, u32)] = &[
    ("<|object_ref_start|>", 151_646),
    ("<|object_ref_end|>", 151_647),
    ("<|box_start|>", 151_648),
    ("<|box_end|>", 151_649),
    ("<|quad_start|>", 151_650),
    ("<|quad_end|>", 151_651),
    ("<|vision_start|>", 151_652),
    ("<|vision_end|>", 151_653),
    ("<|vision_pad|>", 151_654),
    ("<|image_pad|>", 151_655),
    ("<|video_pad|>", 151_656),
    ("<tool_call>", 151_657),
    ("</tool_call>", 151_658),
    ("<|fim_prefix|>", 151_659),
    ("<|fim_middle|>", 151_660),
    ("<|fim_suffix|>", 151_661),
    ("<|fim_pad|>", 151_662),
    ("<|repo_name|>", 151_663),
    ("<|file_sep|>", 151_664),
];

pub(super) struct Qwen {
    encoder: Encoder,
    specials: Specials,
    im_start: u32,
    im_end: u32,
    pub(super) pad: u32,
    template: Option<Template>,
    max_seq_len: Option<usize>,
    /// Qwen2.5 gives tool responses to the user.
    wraps_tools: bool,
}

impl Qwen {
    /// `specials` are those of a `tokenizer.json`; `None` takes the ones in torchtune's code. They are looked at
    /// before the vocabulary is put to use, which `encoder` does.
    pub(super) fn new(
        encoder: impl FnOnce() -> Result<Encoder, EncodeError>,
        specials: Option<Vec<(String, u32)>>,
        template: Option<Template>,
        max_seq_len: Option<usize>,
        is_2_5: bool,
    ) -> Result<Self, EncodeError> {
        let own = QWEN_2.iter().chain(QWEN_2_5.iter().filter(|_| is_2_5));
        let own = || own.clone().map(|(text, id)| ((*text).to_owned(), *id)).collect();
        let specials = Specials::new(specials.unwrap_or_else(own));
        let id = |token: &str| specials.id_of(token).ok_or_else(|| key_error(token));
        let (im_end, pad, im_start) = (id(IM_END)?, id(ENDOFTEXT)?, id(IM_START)?);
        if is_2_5 {
            id("<tool_call>")?;
            id("</tool_call>")?;
        }
        let max_seq_len = max_seq_len.filter(|most| *most > 0);
        Ok(Self {
            encoder: encoder()?,
            im_start,
            im_end,
            pad,
            specials,
            template,
            max_seq_len,
            wraps_tools: is_2_5,
        })
    }

    pub(super) fn encode(&self, messages: Vec<Message<'_>>, out: &mut Encoded) -> Result<(), EncodeError> {
        if matches!(self.template, Some(Template::ChatMl)) {
            return Err(raises(
                "AssertionError",
                "Using ChatMLTemplate with tokenize_messages will result in multiple <|im_*|> tokens wrapping each message.",
            ));
        }
        let given = messages.len();
        let messages = match &self.template {
            Some(template) => template.apply(messages)?,
            None => messages,
        };
        fill(out, |sink| {
            // Qwen2 counts the messages before the template, Qwen2.5 those after.
            let count = if self.wraps_tools { messages.len() } else { given };
            for (index, message) in messages.iter().enumerate() {
                self.header(&messages, index, sink)?;
                for item in &message.items {
                    sink.item(&self.encoder, &self.specials, item, message.masked)?;
                }
                self.footer(&messages, index, count, sink)?;
            }
            sink.special(self.im_end, IM_END, sink.last_mask());
            Ok(Cut {
                at: self.max_seq_len,
                last: Some((self.im_end, true)),
            })
        })
    }

    fn header(&self, messages: &[Message<'_>], index: usize, sink: &mut Sink<'_>) -> Result<(), EncodeError> {
        let Message { role, masked, .. } = &messages[index];
        if role != "ipython" {
            return self.start(role, *masked, sink);
        }
        if !self.wraps_tools {
            return Ok(());
        }
        let first = index == 0 || messages[index - 1].role != "ipython";
        if first {
            self.start("user", *masked, sink)?;
        }
        let opening = if first {
            "<tool_response>\n"
        } else {
            "\n<tool_response>\n"
        };
        sink.pieces(&self.encoder, &self.specials, opening, *masked)
    }

    fn footer(
        &self,
        messages: &[Message<'_>],
        index: usize,
        count: usize,
        sink: &mut Sink<'_>,
    ) -> Result<(), EncodeError> {
        let Message { role, masked, .. } = &messages[index];
        if role == "ipython" {
            if !self.wraps_tools {
                return Ok(());
            }
            sink.pieces(&self.encoder, &self.specials, "\n</tool_response>", *masked)?;
            if messages.get(index + 1).is_some_and(|next| next.role == "ipython") {
                return Ok(());
            }
        } else if role == "assistant" && index + 1 == count {
            return Ok(());
        }
        sink.special(self.im_end, IM_END, *masked);
        sink.pieces(&self.encoder, &self.specials, "\n", *masked)
    }

    fn start(&self, role: &str, masked: bool, sink: &mut Sink<'_>) -> Result<(), EncodeError> {
        sink.special(self.im_start, IM_START, masked);
        let header = format!("{role}\n");
        sink.pieces(
            &self.encoder,
            &self.specials,
            composed(&header).as_deref().unwrap_or(&header),
            masked,
        )
    }
}
