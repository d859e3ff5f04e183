//! Where messages become tokens: pieces put end to end, each with the mask of its message.

use std::cell::RefCell;

use crate::encode::locate::offset;
use crate::encode::tokenizer::Tokens;
use crate::model::encoded::{EncodeError, Encoded, IGNORE};
use crate::trainer::intended::label;
use crate::trainer::parts::{close, mark};

use super::encoder::{Encoder, composed};
use super::message::Item;

#[derive(Default)]
struct Scratch {
    tokens: Tokens,
    masks: Vec<bool>,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

/// A sequence in the making.
pub(super) struct Sink<'s> {
    out: &'s mut Encoded,
    tokens: &'s mut Tokens,
    /// For each token, whether it carries no loss.
    masks: &'s mut Vec<bool>,
}

/// How a sequence is cut (`data/_utils.py`, `truncate`).
#[derive(Clone, Copy)]
pub(super) struct Cut {
    /// Tokens; `None` for no cut.
    pub(super) at: Option<usize>,
    /// What the last token is made, and whether it then carries no loss.
    pub(super) last: Option<(u32, bool)>,
}

/// Makes a sequence into `out`.
pub(super) fn fill(
    out: &mut Encoded,
    make: impl FnOnce(&mut Sink<'_>) -> Result<Cut, EncodeError>,
) -> Result<(), EncodeError> {
    SCRATCH.with_borrow_mut(|scratch| {
        scratch.masks.clear();
        let mut sink = Sink {
            out,
            tokens: &mut scratch.tokens,
            masks: &mut scratch.masks,
        };
        let cut = make(&mut sink)?;
        sink.finish(cut);
        Ok(())
    })
}

impl Sink<'_> {
    /// Tokens so far.
    pub(super) fn len(&self) -> usize {
        self.out.input_ids.len()
    }

    /// A special token, which stands in the text by its name.
    pub(super) fn special(&mut self, id: u32, name: &str, masked: bool) {
        let start = offset(self.out.text.len());
        self.out.text.push_str(name);
        self.out.input_ids.push(id);
        self.out.offsets.push((start, offset(self.out.text.len())));
        self.masks.push(masked);
    }

    /// The mask of the last token.
    pub(super) fn last_mask(&self) -> bool {
        self.masks.last().copied().unwrap_or(false)
    }

    /// Bytes of text so far.
    pub(super) fn text_len(&self) -> usize {
        self.out.text.len()
    }

    /// Text as it stands.
    pub(super) fn text(&mut self, encoder: &Encoder, text: &str, masked: bool) -> Result<(), EncodeError> {
        let start = offset(self.out.text.len());
        self.out.text.push_str(text);
        encoder.encode(text, self.tokens)?;
        self.take(0, start, 0, masked);
        Ok(())
    }

    /// Text behind a prefix that is tokenised with it and left out again.
    pub(super) fn text_behind(
        &mut self,
        encoder: &Encoder,
        prefix: &str,
        skipped: usize,
        text: &str,
        masked: bool,
    ) -> Result<(), EncodeError> {
        let start = offset(self.out.text.len());
        self.out.text.push_str(text);
        encoder.encode(&format!("{prefix}{text}"), self.tokens)?;
        self.take(skipped, start, offset(prefix.len()), masked);
        Ok(())
    }

    /// Takes the tokens encoded last, but the first ones. Their extents count from `from`.
    fn take(&mut self, skipped: usize, start: u32, from: u32, masked: bool) {
        let ids = self.tokens.ids.get(skipped..).unwrap_or_default();
        self.out.input_ids.extend_from_slice(ids);
        let extents = self.tokens.extents.get(skipped..).unwrap_or_default();
        let place = |at: u32| at.saturating_sub(from) + start;
        self.out
            .offsets
            .extend(extents.iter().map(|(first, last)| (place(*first), place(*last))));
        self.masks.resize(self.out.input_ids.len(), masked);
    }

    /// A piece of a message: text in which special tokens are found, after it is composed.
    pub(super) fn item(
        &mut self,
        encoder: &Encoder,
        specials: &Specials,
        item: &Item<'_>,
        masked: bool,
    ) -> Result<(), EncodeError> {
        let start = self.out.text.len();
        let changed = composed(&item.text);
        self.pieces(encoder, specials, changed.as_deref().unwrap_or(&item.text), masked)?;
        self.mark(item, start, changed.is_some());
        Ok(())
    }

    /// Text of the format, in which special tokens are found.
    pub(super) fn pieces(
        &mut self,
        encoder: &Encoder,
        specials: &Specials,
        text: &str,
        masked: bool,
    ) -> Result<(), EncodeError> {
        let mut rest = text;
        while let Some((at, length, id)) = specials.first(rest) {
            if at > 0 {
                self.text(encoder, &rest[..at], masked)?;
            }
            self.special(id, &rest[at..at + length], masked);
            rest = &rest[at + length..];
        }
        if !rest.is_empty() {
            self.text(encoder, rest, masked)?;
        }
        Ok(())
    }

    /// Notes whose text a piece that starts at `start` is. In a text that was changed, what is all
    /// of one turn is still known.
    pub(super) fn mark(&mut self, item: &Item<'_>, start: usize, changed: bool) {
        let end = self.out.text.len();
        for (range, turn) in &item.marks {
            let stretch = match (changed, *range == (0..item.text.len())) {
                (false, _) => start + range.start..(start + range.end).min(end),
                (true, true) => start..end,
                (true, false) => continue,
            };
            mark(&mut self.out.parts, stretch, Some(*turn));
        }
    }

    /// Notes whose text a piece from `start` on is, of which the ends may have been stripped.
    pub(super) fn mark_all(&mut self, item: &Item<'_>, start: usize) {
        let lead = item.text.len() - item.text.trim_start().len();
        let kept = self.out.text.len() - start;
        let whole = kept == item.text.len();
        for (range, turn) in &item.marks {
            let from = if whole {
                range.start
            } else {
                range.start.saturating_sub(lead)
            };
            let to = if whole {
                range.end
            } else {
                range.end.saturating_sub(lead).min(kept)
            };
            mark(&mut self.out.parts, start + from..start + to.max(from), Some(*turn));
        }
    }

    /// Cuts the sequence and labels it.
    fn finish(self, cut: Cut) {
        let Self { out, masks, .. } = self;
        close(&mut out.parts, out.text.len());
        out.full_len = out.input_ids.len();
        out.full_trained = masks.iter().skip(1).filter(|masked| !**masked).count();
        if let Some(limit) = cut.at {
            let overlong = out.full_len > limit;
            out.input_ids.truncate(limit);
            out.offsets.truncate(limit);
            masks.truncate(limit);
            if let (Some((id, masked)), Some(last)) = (cut.last, out.input_ids.last_mut()) {
                if *last != id {
                    *last = id;
                    if let Some(offsets) = out.offsets.last_mut() {
                        offsets.1 = offsets.0;
                    }
                }
                if let Some(mask) = masks.last_mut() {
                    *mask = masked;
                }
            }
            out.answer_lost = overlong && out.full_trained > 0 && !masks.iter().skip(1).any(|masked| !masked);
        }
        let labels = out.input_ids.iter().zip(masks.iter());
        out.labels
            .extend(labels.map(|(id, masked)| if *masked { IGNORE } else { label(*id) }));
    }
}

/// Special tokens that are found in text, the longest of those that start at one place.
#[derive(Clone, Debug, Default)]
pub(super) struct Specials {
    /// Text and id, the longest first.
    tokens: Vec<(String, u32)>,
    /// Whether a token starts with the byte.
    starts: Vec<bool>,
}

impl Specials {
    pub(super) fn new(mut tokens: Vec<(String, u32)>) -> Self {
        tokens.retain(|(text, _)| !text.is_empty());
        tokens.sort_by_key(|(text, _)| std::cmp::Reverse(text.len()));
        let mut starts = vec![false; 256];
        for (text, _) in &tokens {
            starts[usize::from(text.as_bytes()[0])] = true;
        }
        Self { tokens, starts }
    }

    pub(super) fn id_of(&self, token: &str) -> Option<u32> {
        self.tokens.iter().find(|(text, _)| text == token).map(|(_, id)| *id)
    }

    /// The first of them in a text: where, how long, and its id.
    fn first(&self, text: &str) -> Option<(usize, usize, u32)> {
        let bytes = text.as_bytes();
        bytes
            .iter()
            .enumerate()
            .filter(|(_, byte)| self.starts[usize::from(**byte)])
            .find_map(|(at, _)| {
                let found = self
                    .tokens
                    .iter()
                    .find(|(token, _)| bytes[at..].starts_with(token.as_bytes()));
                found.map(|(token, id)| (at, token.len(), *id))
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_and_longest_special_token_is_found() {
        let specials = Specials::new(vec![
            ("<a>".to_owned(), 1),
            ("<a>b".to_owned(), 2),
            ("<c>".to_owned(), 3),
        ]);
        assert_eq!(specials.first("x<<a>bc<c>"), Some((2, 4, 2)));
        assert_eq!(specials.first("é<a"), None);
        assert_eq!(specials.id_of("<c>"), Some(3));
    }
}
