//! Llama 3 and its successors (`models/llama3/_tokenizer.py`,
//! `modules/transforms/tokenizers/_tiktoken.py`).
//!
//! Special tokens in a text are text. BOS and EOS are never trained; header and end of an answer
//! are.

use crate::model::encoded::{EncodeError, Encoded};
use crate::trainer::failure::key_error;
use crate::trainer::python::{is_space, strip};

use super::encoder::Encoder;
use super::message::Message;
use super::prompt::Template;
use super::sink::{Cut, Sink, Specials, fill};

/// Characters encoded at a time, and characters of white space or of none in a row: longer
/// stretches are encoded in pieces.
const MOST_CHARS: usize = 400_000;
const MOST_IN_A_ROW: usize = 25_000;

/// The tokens the format is made of.
const NAMES: [&str; 7] = [
    "<|begin_of_text|>",
    "<|end_of_text|>",
    "<|finetune_right_pad_id|>",
    "<|start_header_id|>",
    "<|end_header_id|>",
    "<|eot_id|>",
    "<|eom_id|>",
];

pub(super) struct Llama3 {
    encoder: Encoder,
    bos: u32,
    eos: u32,
    pub(super) pad: u32,
    start_header: u32,
    end_header: u32,
    eot: u32,
    template: Option<Template>,
    max_seq_len: Option<usize>,
}

impl Llama3 {
    /// `specials` are those of a `tokenizer.json`; `None` takes the ones in torchtune's code.
    pub(super) fn new(
        encoder: Encoder,
        specials: Option<Vec<(String, u32)>>,
        template: Option<Template>,
        max_seq_len: Option<usize>,
    ) -> Result<Self, EncodeError> {
        // `SPECIAL_TOKENS`.
        let own = [128_000, 128_001, 128_004, 128_006, 128_007, 128_009, 128_008];
        let own = || {
            NAMES
                .iter()
                .zip(own)
                .map(|(name, id)| ((*name).to_owned(), id))
                .collect()
        };
        let specials = Specials::new(specials.unwrap_or_else(own));
        let id = |name: &str| specials.id_of(name).ok_or_else(|| key_error(name));
        let [bos, eos, pad, start_header, end_header, eot, _] = NAMES.map(id);
        Ok(Self {
            bos: bos?,
            eos: eos?,
            pad: pad?,
            start_header: start_header?,
            end_header: end_header?,
            eot: eot?,
            encoder,
            template,
            max_seq_len: max_seq_len.filter(|most| *most > 0),
        })
    }

    pub(super) fn encode(&self, messages: Vec<Message<'_>>, out: &mut Encoded) -> Result<(), EncodeError> {
        let messages = match &self.template {
            Some(template) => template.apply(messages)?,
            None => messages,
        };
        fill(out, |sink| {
            sink.special(self.bos, NAMES[0], true);
            for Message { role, items, masked } in &messages {
                sink.special(self.start_header, NAMES[3], *masked);
                self.text(strip(role), *masked, sink)?;
                sink.special(self.end_header, NAMES[4], *masked);
                self.text("\n\n", *masked, sink)?;
                for item in items {
                    let start = sink.text_len();
                    let words = strip(&item.text);
                    self.text(words, *masked, sink)?;
                    sink.mark_all(item, start);
                }
                sink.special(self.eot, NAMES[5], *masked);
            }
            sink.special(self.eos, NAMES[1], true);
            Ok(Cut {
                at: self.max_seq_len,
                last: Some((self.eos, true)),
            })
        })
    }

    /// `TikTokenBaseTokenizer.encode`.
    fn text(&self, text: &str, masked: bool, sink: &mut Sink<'_>) -> Result<(), EncodeError> {
        if text.is_empty() {
            return Ok(());
        }
        // A text with fewer bytes has fewer characters.
        if text.len() <= MOST_IN_A_ROW {
            return sink.text(&self.encoder, text, masked);
        }
        slices(text)
            .into_iter()
            .try_for_each(|piece| sink.text(&self.encoder, piece, masked))
    }
}

/// The text in pieces of at most [`MOST_CHARS`], and of at most [`MOST_IN_A_ROW`] of one kind.
fn slices(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let (mut start, mut chars, mut run) = (0, 0, 0);
    let mut last: Option<bool> = None;
    for (at, char) in text.char_indices() {
        if chars == MOST_CHARS {
            pieces.push(&text[start..at]);
            (start, chars, run, last) = (at, 0, 0, None);
        }
        let space = is_space(char);
        if last == Some(space) || last.is_none() {
            run += 1;
            if run > MOST_IN_A_ROW {
                pieces.push(&text[start..at]);
                start = at;
                run = 1;
            }
        } else {
            run = 1;
        }
        last = Some(space);
        chars += 1;
    }
    pieces.push(&text[start..]);
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_stretches_of_one_kind_are_cut() {
        let text = format!("{} {}", "a".repeat(MOST_IN_A_ROW), "é".repeat(2 * MOST_IN_A_ROW + 1));
        let lengths: Vec<usize> = slices(&text).iter().map(|piece| piece.chars().count()).collect();
        assert_eq!(lengths, [2 * MOST_IN_A_ROW + 1, MOST_IN_A_ROW, 1]);
        let words = "a ".repeat(MOST_CHARS / 2 + 3);
        let lengths: Vec<usize> = slices(&words).iter().map(|piece| piece.len()).collect();
        assert_eq!(lengths, [MOST_CHARS, 6]);
    }
}
