//! The fast engine: exact on the tokenizers it takes, and it takes only those it is proven on.
//!
//! It covers byte-pair models over bytes (GPT-2, Llama 3, Qwen, Mistral Nemo, gpt-oss …) and those
//! that came from SentencePiece (Llama 2, Mistral, Gemma …). A text goes through the same steps as
//! in the reference: added tokens are cut out, what is left is cut into words, and the words are
//! merged. Three things make it fast: the splitting expression is a table, not a regular expression
//! engine; a word seen before is looked up; and nothing is kept but ids and where they stand.
//!
//! Why an engine of our own: the reference encodes 4 MB a second; `fastokens` 0.3.5, the fastest
//! published, 150, but it takes 0.65 s to load Qwen2.5 and 2 s to load Gemma, starts threads inside
//! our workers, knows no offsets and brings a C library. Loading is most of a run over a few MB.

mod added;
mod composed;
mod joins;
mod lookup;
mod merges;
mod metaspace;
mod nfc;
mod offsets;
mod pattern;
pub(super) mod plan;
mod split;
mod stretches;
mod words;

use std::sync::Arc;

use super::engine::{EncodeError, Engine};
use super::post::Post;
use super::tokens::{Detail, Tokens};
use super::vocabulary::Vocabulary;
use added::{Added, Piece};
use composed::Composed;
use joins::Joins;
use merges::Merges;
use metaspace::Metaspace;
pub(super) use metaspace::{Prefix, SPACE};
use split::{Pieces, Splitter};
use stretches::Stretches;
use words::{Key, Words};

/// The engine for one tokenizer.
#[derive(Debug)]
pub(super) struct Fast {
    /// Tells this engine's words in a [`Scratch`] from those of another.
    number: u64,
    added: Added,
    kind: Kind,
    merges: Arc<Merges>,
    /// By id: the bytes of a text that a token stands for, with a space where it holds `▁`.
    lengths: Arc<[u16]>,
    /// The tokens, where a word that is one is not merged (`ignore_merges`).
    whole: Option<Arc<Vocabulary>>,
    post: Post,
    /// Of a model over bytes.
    stretches: Stretches,
}

/// The two kinds of models.
#[derive(Debug)]
enum Kind {
    /// Words of bytes; whether texts are composed (NFC) first; the id of each byte.
    Bytes {
        splitter: Splitter,
        composed: bool,
        ids: Box<[u32; 256]>,
        joins: Arc<Joins>,
    },
    /// No words; spaces are `▁`. Texts that hold one of `unless` go to the reference.
    Spaces {
        metaspace: Box<Metaspace>,
        unless: Option<aho_corasick::AhoCorasick>,
    },
}

/// What a worker keeps from one text to the next.
#[derive(Default)]
pub(super) struct Scratch {
    /// The engine the words belong to.
    number: u64,
    words: Words,
    /// Words not looked up yet, and their bounds.
    queue: Vec<(Key, u32, u32)>,
    pieces: Vec<Piece>,
    between: (Pieces, Pieces),
    /// Indices of the tokens that are added ones.
    added: Vec<u32>,
    /// A word with a space before it.
    word: String,
}

impl Engine for Fast {
    fn encode(&self, text: &str, add_special: bool, detail: Detail, out: &mut Tokens) -> Result<bool, EncodeError> {
        out.clear();
        if u32::try_from(text.len()).is_err() || !self.is_proven(text) {
            return Ok(false);
        }
        if out.scratch.number != self.number {
            out.scratch = Scratch {
                number: self.number,
                ..Scratch::default()
            };
        }
        let composed = self.pieces(text, &mut out.scratch.pieces);
        let text = composed.as_ref().map_or(text, |composed| &composed.text);
        if u32::try_from(text.len()).is_err() {
            return Ok(false);
        }
        if add_special {
            out.ids.extend_from_slice(&self.post.before);
            out.extents.resize(out.ids.len(), (0, 0));
        }
        if detail == Detail::Ids {
            self.tokens::<false>(text, out);
            out.extents.clear();
        } else {
            self.tokens::<true>(text, out);
        }
        let end = out.ids.len();
        if add_special {
            out.ids.extend_from_slice(&self.post.after);
        }
        if detail >= Detail::Extents {
            out.extents.resize(out.ids.len(), (0, 0));
        }
        if detail == Detail::Offsets || detail == Detail::Extents && composed.is_some() {
            let start = if add_special { self.post.before.len() } else { 0 };
            self.offsets(text, composed.as_ref(), start..end, out);
        }
        if detail >= Detail::Extents && composed.is_some() {
            out.extents.clone_from(&out.offsets);
        }
        if detail == Detail::Extents {
            out.offsets.clear();
        }
        Ok(true)
    }
}

impl Fast {
    /// Whether the text is one of those the engine is exact on.
    fn is_proven(&self, text: &str) -> bool {
        match &self.kind {
            // A token that takes white space with it may take what NFC changes: the reference sees no change then.
            Kind::Bytes { composed, .. } => !composed || !self.added.strips_normalized() || nfc::leaves_alone(text),
            Kind::Spaces { unless, .. } => unless.as_ref().is_none_or(|unless| !unless.is_match(text)),
        }
    }

    /// Cuts the text into added tokens and what lies between them: where NFC changes it the text it becomes, which is
    /// given back.
    fn pieces(&self, text: &str, pieces: &mut Vec<Piece>) -> Option<Composed> {
        if matches!(self.kind, Kind::Bytes { composed: true, .. }) && !nfc::leaves_alone(text) {
            self.added.split_raw(text, pieces);
            if let Some(composed) = Composed::new(text, pieces) {
                self.added.split_normalized(&composed.text, pieces);
                return Some(composed);
            }
        }
        self.added.split(text, pieces);
        None
    }

    /// Appends the tokens of a text that is cut into pieces, and where they stand if asked to.
    fn tokens<const EXTENTS: bool>(&self, text: &str, out: &mut Tokens) {
        let pieces = std::mem::take(&mut out.scratch.pieces);
        out.scratch.added.clear();
        for piece in &pieces {
            if let Some(id) = piece.id {
                if EXTENTS {
                    out.scratch.added.push(small(out.ids.len()));
                    out.extents.push((small(piece.start), small(piece.end)));
                }
                out.ids.push(id);
                continue;
            }
            match &self.kind {
                Kind::Bytes { splitter, .. } => self.stretch::<EXTENTS>(splitter, text, *piece, out),
                Kind::Spaces { metaspace, .. } => self.spaced::<EXTENTS>(metaspace, text, *piece, out),
            }
        }
        out.scratch.pieces = pieces;
    }

    /// The tokens of a piece that is cut into words.
    fn stretch<const EXTENTS: bool>(&self, splitter: &Splitter, text: &str, piece: Piece, out: &mut Tokens) {
        let first = out.ids.len();
        let key = stretches::Key::new(&text[piece.start..piece.end]);
        if key.is_some_and(|key| self.stretches.get(key, &mut out.ids)) {
            if EXTENTS {
                self.extents(first, (small(piece.start), small(piece.end)), out);
            }
            return;
        }
        let mut between = std::mem::take(&mut out.scratch.between);
        splitter.words(text, (piece.start, piece.end), &mut between, |start, end| {
            self.queue::<EXTENTS>(text, start, end, out);
        });
        self.flush::<EXTENTS>(text, out);
        out.scratch.between = between;
        if let Some(key) = key {
            self.stretches.put(key, &out.ids[first..]);
        }
    }

    /// The tokens of a piece without words of its own.
    fn spaced<const EXTENTS: bool>(&self, metaspace: &Metaspace, text: &str, piece: Piece, out: &mut Tokens) {
        let mut prefixed = metaspace.prefix.applies(&text[piece.start..piece.end], piece.start);
        metaspace.words(&text[..piece.end], piece.start, prefixed, |start, end| {
            if !std::mem::take(&mut prefixed) {
                return self.queue::<EXTENTS>(text, start, end, out);
            }
            // The first word with the space the text does not have: one byte too many to count.
            let mut word = std::mem::take(&mut out.scratch.word);
            word.clear();
            word.push(' ');
            word.push_str(&text[start..end]);
            let from = out.extents.len();
            self.queue::<EXTENTS>(&word, 0, word.len(), out);
            self.flush::<EXTENTS>(&word, out);
            if EXTENTS {
                let mut shift = 0;
                for place in &mut out.extents[from..] {
                    *place = (small(start) + place.0 - shift, small(start) + place.1 - 1);
                    shift = 1;
                }
            }
            out.scratch.word = word;
        });
        self.flush::<EXTENTS>(text, out);
    }
}

/// A position in a text, which was found to be shorter than 4 GiB.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "texts of 4 GiB are not taken")]
fn small(at: usize) -> u32 {
    at as u32
}
