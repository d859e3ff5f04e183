//! Words to ids: looked up where they were seen before, merged where they were not.
//!
//! Words wait in a queue and are looked up together: the table is larger than the caches near the processor, and reads
//! that do not depend on each other wait for memory at the same time.

use super::words::{Key, Token};
use super::{Fast, Kind, small};
use crate::encode::tokenizer::alphabet;
use crate::encode::tokenizer::tokens::Tokens;

/// Words that are looked up together.
const QUEUE: usize = 32;

impl Fast {
    /// Appends the tokens of the word `text[start..end]`, now or at the next [`Self::flush`].
    #[inline]
    pub(super) fn queue<const EXTENTS: bool>(&self, text: &str, start: usize, end: usize, out: &mut Tokens) {
        match Key::new(text.as_bytes(), start, end) {
            Some(key) => self.wait::<EXTENTS>(text, key, start, end, out),
            None => self.long::<EXTENTS>(text, start, end, out),
        }
    }

    #[inline]
    fn wait<const EXTENTS: bool>(&self, text: &str, key: Key, start: usize, end: usize, out: &mut Tokens) {
        let queue = &mut out.scratch.queue;
        queue.push((key, small(start), small(end)));
        if queue.len() == QUEUE {
            self.flush::<EXTENTS>(text, out);
        }
    }

    /// Appends the tokens of the words in the queue, which are words of this text.
    pub(super) fn flush<const EXTENTS: bool>(&self, text: &str, out: &mut Tokens) {
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
                self.several::<EXTENTS>(text, key, (start, end), out);
            }
        }
        queue.clear();
        out.scratch.queue = queue;
    }

    /// Appends the tokens of a word of several, or of one not seen before.
    #[inline(never)]
    fn several<const EXTENTS: bool>(&self, text: &str, key: Key, place: (u32, u32), out: &mut Tokens) {
        let Tokens {
            ids, extents, scratch, ..
        } = out;
        match scratch.words.get(key) {
            Ok(tokens) if EXTENTS => {
                let mut from = place.0;
                for token in tokens {
                    ids.push(token.id());
                    let to = from + token.length();
                    extents.push((from, to));
                    from = to;
                }
                debug_assert_eq!(from, place.1, "tokens stand for the whole word");
            }
            Ok(tokens) => ids.extend(tokens.iter().map(|token| token.id())),
            Err(slot) => {
                let first = ids.len();
                self.fresh(text, (key, slot), place, out);
                if EXTENTS {
                    self.extents(first, place, out);
                }
            }
        }
    }

    /// Appends where the tokens from `first` on stand that were made of the bytes from `start` to `end`.
    pub(super) fn extents(&self, first: usize, (start, end): (u32, u32), out: &mut Tokens) {
        let mut from = start;
        for id in &out.ids[first..] {
            let to = from + u32::from(self.lengths[*id as usize]);
            out.extents.push((from, to));
            from = to;
        }
        debug_assert_eq!(from, end, "tokens stand for the whole text");
    }

    /// Appends the ids of a short word that was not seen before; the slot is the one its tokens belong in.
    #[cold]
    fn fresh(&self, text: &str, (key, slot): (Key, usize), (start, end): (u32, u32), out: &mut Tokens) {
        let (start, end) = (start as usize, end as usize);
        let joins = match &self.kind {
            Kind::Bytes { joins, .. } if !key.is_part() => joins,
            _ => return self.keep(&text[start..end], (key, slot), out),
        };
        joins.parts(text, start, end, |from, to| {
            if (from, to) == (start, end) {
                return self.keep(&text[start..end], (key, slot), out);
            }
            let part = Key::new(text.as_bytes(), from, to).expect("a part is shorter than its word");
            let part = self.key_of_part(part);
            match out.scratch.words.get(part) {
                Ok(tokens) => out.ids.extend(tokens.iter().map(|token| token.id())),
                Err(slot) => self.keep(&text[from..to], (part, slot), out),
            }
        });
    }

    /// A word that is a token may be taken whole, a part that looks like one is merged: the two are kept apart then.
    #[inline]
    fn key_of_part(&self, key: Key) -> Key {
        if self.whole.is_some() { key.of_part() } else { key }
    }

    /// Merges a word, or a part that was cut out of one, and keeps its tokens.
    fn keep(&self, word: &str, (key, slot): (Key, usize), out: &mut Tokens) {
        let first = out.ids.len();
        self.merge(word, key.is_part(), &mut out.ids);
        let tokens = out.ids[first..]
            .iter()
            .map(|id| Token::new(*id, self.lengths[*id as usize]));
        out.scratch.words.put(key, slot, tokens);
    }

    /// Appends the tokens of a word too long for a key: those of its parts, where it can be cut.
    #[inline(never)]
    fn long<const EXTENTS: bool>(&self, text: &str, start: usize, end: usize, out: &mut Tokens) {
        let Kind::Bytes { joins, .. } = &self.kind else {
            return self.apart::<EXTENTS>(text, (start, end), false, out);
        };
        joins.parts(text, start, end, |from, to| match Key::new(text.as_bytes(), from, to) {
            Some(key) => self.wait::<EXTENTS>(text, self.key_of_part(key), from, to, out),
            None => self.apart::<EXTENTS>(text, (from, to), (from, to) != (start, end), out),
        });
    }

    /// Appends the tokens of a word, or of a part that was cut out of one, that is too long for a key.
    fn apart<const EXTENTS: bool>(&self, text: &str, (start, end): (usize, usize), is_cut: bool, out: &mut Tokens) {
        self.flush::<EXTENTS>(text, out);
        let first = out.ids.len();
        let word = &text[start..end];
        if is_cut && self.whole.is_some() {
            // Few where the two must be kept apart.
            self.merge(word, is_cut, &mut out.ids);
        } else if let Some(ids) = out.scratch.words.get_long(word.as_bytes()) {
            out.ids.extend_from_slice(ids);
        } else {
            self.merge(word, is_cut, &mut out.ids);
            out.scratch.words.put_long(word.as_bytes(), &out.ids[first..]);
        }
        if EXTENTS {
            self.extents(first, (small(start), small(end)), out);
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
            Kind::Bytes { ids: byte_ids, .. } => {
                let bytes = word.as_bytes();
                ids.extend(bytes.iter().map(|byte| byte_ids[*byte as usize]));
                self.merges
                    .apply(ids, first, |at, _| self.merges.of_bytes(bytes[at], bytes[at + 1]));
            }
            Kind::Spaces { metaspace, .. } => {
                metaspace.symbols(word, ids);
                self.merges
                    .apply(ids, first, |at, symbols| self.merges.get(symbols[at], symbols[at + 1]));
            }
        }
    }
}
