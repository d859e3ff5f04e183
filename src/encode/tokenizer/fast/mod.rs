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

use super::alphabet;
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

/// Words that are looked up together.
const QUEUE: usize = 32;

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
                self.extents(first, piece.start, piece.end, out);
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

    /// Appends where the tokens from `first` on stand that were made of `text[start..end]`.
    fn extents(&self, first: usize, start: usize, end: usize, out: &mut Tokens) {
        let mut from = small(start);
        for id in &out.ids[first..] {
            let to = from + u32::from(self.lengths[*id as usize]);
            out.extents.push((from, to));
            from = to;
        }
        debug_assert_eq!(from as usize, end, "tokens stand for the whole text");
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
            self.word::<EXTENTS>(&word, 0, word.len(), start, out);
            if EXTENTS {
                let mut shift = 0;
                for (start, end) in &mut out.extents[from..] {
                    *start -= shift;
                    shift = 1;
                    *end -= shift;
                }
            }
            out.scratch.word = word;
        });
        self.flush::<EXTENTS>(text, out);
    }

    /// Puts a word in the queue of those that are looked up together.
    #[inline]
    fn queue<const EXTENTS: bool>(&self, text: &str, start: usize, end: usize, out: &mut Tokens) {
        let queue = &mut out.scratch.queue;
        match Key::new(text.as_bytes(), start, end) {
            Some(key) => {
                queue.push((key, small(start), small(end)));
                if queue.len() == QUEUE {
                    self.flush::<EXTENTS>(text, out);
                }
            }
            None => {
                self.flush::<EXTENTS>(text, out);
                self.several::<EXTENTS>(text, start, end, start, out);
            }
        }
    }

    /// Appends the tokens of the words in the queue.
    fn flush<const EXTENTS: bool>(&self, text: &str, out: &mut Tokens) {
        let mut queue = std::mem::take(&mut out.scratch.queue);
        let touched = queue
            .iter()
            .fold(0, |sum, (key, ..)| sum ^ out.scratch.words.touch(*key));
        std::hint::black_box(touched);
        for &(key, start, end) in &queue {
            if let Some(id) = out.scratch.words.single(key) {
                out.ids.push(id);
                if EXTENTS {
                    out.extents.push((start, end));
                }
            } else {
                self.several::<EXTENTS>(text, start as usize, end as usize, start as usize, out);
            }
        }
        queue.clear();
        out.scratch.queue = queue;
    }

    /// The tokens of the word `text[start..end]`, which stands at `at` in the text asked about.
    #[inline]
    fn word<const EXTENTS: bool>(&self, text: &str, start: usize, end: usize, at: usize, out: &mut Tokens) {
        let key = Key::new(text.as_bytes(), start, end);
        if let Some(id) = key.and_then(|key| out.scratch.words.single(key)) {
            out.ids.push(id);
            if EXTENTS {
                out.extents.push((small(at), small(at + end - start)));
            }
            return;
        }
        self.several::<EXTENTS>(text, start, end, at, out);
    }

    /// The same for a word of several tokens, or one not seen before.
    #[inline(never)]
    fn several<const EXTENTS: bool>(&self, text: &str, start: usize, end: usize, at: usize, out: &mut Tokens) {
        let first = out.ids.len();
        let key = Key::new(text.as_bytes(), start, end);
        match key.map(|key| (key, out.scratch.words.get(key))) {
            Some((_, Ok(ids))) => out.ids.extend_from_slice(ids),
            Some((key, Err(slot))) => self.fresh(text, start, end, Some((key, slot)), out),
            None => self.fresh(text, start, end, None, out),
        }
        if EXTENTS {
            self.extents(first, at, at + end - start, out);
        }
    }

    /// Appends the ids of a word that is long, or was not seen before.
    #[cold]
    fn fresh(&self, text: &str, start: usize, end: usize, place: Option<(Key, usize)>, out: &mut Tokens) {
        let Kind::Bytes { joins, .. } = &self.kind else {
            return self.part(&text[start..end], place, false, out);
        };
        joins.parts(text, start, end, |from, to| {
            if (from, to) == (start, end) {
                return self.part(&text[start..end], place, false, out);
            }
            // A word that is a token is not merged, a part of a word that looks like one is: the two are kept apart.
            let key = Key::new(text.as_bytes(), from, to);
            let key = key.map(|key| if self.whole.is_some() { key.of_part() } else { key });
            let place = match key.map(|key| (key, out.scratch.words.get(key))) {
                Some((_, Ok(ids))) => return out.ids.extend_from_slice(ids),
                Some((key, Err(slot))) => Some((key, slot)),
                None => None,
            };
            self.part(&text[from..to], place, true, out);
        });
    }

    /// Appends the ids of a word, or of a part that was cut out of one, merging it where it was not seen before.
    fn part(&self, word: &str, place: Option<(Key, usize)>, is_cut: bool, out: &mut Tokens) {
        let first = out.ids.len();
        match place {
            Some((key, slot)) => {
                self.merge(word, is_cut, &mut out.ids);
                out.scratch.words.put(key, slot, &out.ids[first..]);
            }
            // Long parts are few where the two must be kept apart.
            None if is_cut && self.whole.is_some() => self.merge(word, is_cut, &mut out.ids),
            None => {
                if let Some(ids) = out.scratch.words.get_long(word.as_bytes()) {
                    out.ids.extend_from_slice(ids);
                } else {
                    self.merge(word, is_cut, &mut out.ids);
                    out.scratch.words.put_long(word.as_bytes(), &out.ids[first..]);
                }
            }
        }
    }

    /// Appends the ids of a word, or of a part that was cut out of one, merging it.
    fn merge(&self, word: &str, is_cut: bool, ids: &mut Vec<u32>) {
        if let Some(whole) = self.whole.as_ref().filter(|_| !is_cut) {
            let spelt: String = word.bytes().map(alphabet::char_of).collect();
            if let Some(id) = whole.id_of(&spelt) {
                return ids.push(id);
            }
        }
        let first = ids.len();
        match &self.kind {
            Kind::Bytes { ids: bytes, .. } => ids.extend(word.bytes().map(|byte| bytes[byte as usize])),
            Kind::Spaces { metaspace, .. } => metaspace.symbols(word, ids),
        }
        self.merges.apply(ids, first);
    }
}

/// A position in a text, which was found to be shorter than 4 GiB.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "texts of 4 GiB are not taken")]
fn small(at: usize) -> u32 {
    at as u32
}
