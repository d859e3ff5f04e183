//! The SentencePiece tokenizers of Llama 2, Mistral and Phi-3
//! (`modules/transforms/tokenizers/_sentencepiece.py`, `_utils.py`,
//! `tokenize_messages_no_special_tokens`, `models/phi3/_tokenizer.py`).
//!
//! SentencePiece puts a space before every text. Where a message goes on, the text is encoded
//! behind a line break, whose tokens are left out again.

use crate::encode::tokenizer::Tokens;
use crate::model::encoded::{EncodeError, Encoded};
use crate::trainer::failure::{key_error, raises, unsupported};

use super::encoder::Encoder;
use super::message::{Item, Message};
use super::prompt::Template;
use super::sink::{Cut, Sink, Specials, fill};

const PREFIX: &str = "\n";

/// `PHI3_SPECIAL_TOKENS`, those the format is made of.
const PHI_3: [(&str, u32); 5] = [
    ("<|endoftext|>", 32_000),
    ("<|assistant|>", 32_001),
    ("<|system|>", 32_006),
    ("<|end|>", 32_007),
    ("<|user|>", 32_010),
];

pub(super) struct Spaced {
    encoder: Encoder,
    bos: u32,
    eos: u32,
    pub(super) pad: u32,
    template: Option<Template>,
    max_seq_len: Option<usize>,
    /// Tokens of [`PREFIX`].
    prefix: Vec<u32>,
    /// Phi-3's special tokens; the others have none.
    phi: Option<Specials>,
}

impl Spaced {
    pub(super) fn new(
        encoder: Encoder,
        template: Option<Template>,
        max_seq_len: Option<usize>,
        phi: Option<Option<Vec<(String, u32)>>>,
    ) -> Result<Self, EncodeError> {
        let id = |token: &str| {
            encoder
                .id_of(token)
                .ok_or_else(|| unsupported(format!("a vocabulary without {token}")))
        };
        let (bos, eos) = (id("<s>")?, id("</s>")?);
        let own = || PHI_3.iter().map(|(text, id)| ((*text).to_owned(), *id)).collect();
        let phi = phi.map(|given| Specials::new(given.unwrap_or_else(own)));
        if let Some(phi) = &phi {
            for (name, _) in PHI_3 {
                phi.id_of(name).ok_or_else(|| key_error(name))?;
            }
        }
        let mut tokens = Tokens::default();
        encoder.encode(PREFIX, &mut tokens)?;
        // Llama 2 and Mistral set it to 0, Phi-3 to its end of text.
        let pad = phi.as_ref().and_then(|phi| phi.id_of("<|endoftext|>")).unwrap_or(0);
        Ok(Self {
            encoder,
            bos,
            eos,
            pad,
            template,
            max_seq_len,
            prefix: tokens.ids.clone(),
            phi,
        })
    }

    pub(super) fn encode(&self, messages: Vec<Message<'_>>, out: &mut Encoded) -> Result<(), EncodeError> {
        let messages = match &self.template {
            Some(template) => template.apply(messages)?,
            None => messages,
        };
        fill(out, |sink| match &self.phi {
            Some(phi) => self.phi(phi, &messages, sink),
            None => self.plain(&messages, sink),
        })
    }

    /// `tokenize_messages_no_special_tokens`.
    fn plain(&self, messages: &[Message<'_>], sink: &mut Sink<'_>) -> Result<Cut, EncodeError> {
        let mut starts = true;
        let mut after_space = false;
        // The message at which torchtune stops, whose mask the last token gets.
        let mut stopped = None;
        for Message { role, items, masked } in messages {
            if starts {
                sink.special(self.bos, "<s>", *masked);
            }
            let trims = !starts && !after_space;
            for item in items {
                self.item(item, trims, *masked, sink)?;
            }
            let last = items.last().ok_or_else(|| {
                raises(
                    "UnboundLocalError",
                    "cannot access local variable 'item' where it is not associated with a value",
                )
            })?;
            after_space = last.text.ends_with(' ');
            starts = role == "assistant";
            if starts {
                sink.special(self.eos, "</s>", *masked);
            }
            if stopped.is_none() && self.max_seq_len.is_some_and(|most| sink.len() >= most) {
                stopped = Some(*masked);
            }
        }
        let masked = stopped
            .or(messages.last().map(|message| message.masked))
            .unwrap_or(false);
        Ok(Cut {
            at: self.max_seq_len,
            last: Some((self.eos, masked)),
        })
    }

    /// `Phi3MiniTokenizer.tokenize_messages`: no EOS, and a cut leaves the last token alone.
    fn phi(&self, phi: &Specials, messages: &[Message<'_>], sink: &mut Sink<'_>) -> Result<Cut, EncodeError> {
        let special = |sink: &mut Sink<'_>, name: &str, masked: bool| {
            sink.special(phi.id_of(name).expect("looked for when it was made"), name, masked);
        };
        for (index, Message { role, items, masked }) in messages.iter().enumerate() {
            if index == 0 {
                sink.special(self.bos, "<s>", *masked);
            }
            let name = match &**role {
                "user" => "<|user|>",
                "assistant" => "<|assistant|>",
                "system" => "<|system|>",
                role => return Err(raises("ValueError", format!("Unknown role '{role}'"))),
            };
            special(sink, name, *masked);
            sink.text(&self.encoder, PREFIX, *masked)?;
            for item in items {
                self.item(item, true, *masked, sink)?;
            }
            special(sink, "<|end|>", *masked);
            sink.text(&self.encoder, PREFIX, *masked)?;
        }
        Ok(Cut {
            at: self.max_seq_len.filter(|most| *most > 0),
            last: None,
        })
    }

    fn item(&self, item: &Item<'_>, trims: bool, masked: bool, sink: &mut Sink<'_>) -> Result<(), EncodeError> {
        let start = sink.text_len();
        let text = item.text.trim_end_matches(' ');
        if trims {
            sink.text_behind(&self.encoder, PREFIX, self.prefix.len(), text, masked)?;
        } else {
            sink.text(&self.encoder, text, masked)?;
        }
        sink.mark_all(item, start);
        Ok(())
    }
}
