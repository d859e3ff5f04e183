//! Tokens of texts kept from run to run, so that no text is tokenized twice while its data stands.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use xxhash_rust::xxh3::xxh3_128_with_seed;

use crate::cache::Texts;

use super::tokenizer::{Detail, Tokens};

/// A length of one byte that says that the extent is not written as one.
const APART: u8 = u8::MAX;

/// A store of tokens, for one tokenizer; there may be none, and then every text is tokenized.
#[derive(Clone, Default)]
pub struct Kept {
    texts: Arc<OnceLock<Texts>>,
    /// Texts that were not in the store.
    missed: Arc<AtomicU64>,
    /// Told apart from other tokenizers of the same store by this.
    tokenizer: u64,
}

impl Kept {
    /// The same store for another tokenizer, whose tokens of a text are others.
    #[must_use]
    pub fn apart(&self, tokenizer: u64) -> Self {
        Self {
            texts: Arc::clone(&self.texts),
            missed: Arc::clone(&self.missed),
            tokenizer,
        }
    }

    /// Looks into a store from now on, or writes into it.
    pub fn keep(&self, texts: Texts) {
        // The first stays: a run has one.
        let _ = self.texts.set(texts);
    }

    /// The store, if there is one.
    pub fn texts(&self) -> Option<&Texts> {
        self.texts.get()
    }

    /// Texts that had to be tokenized although an earlier run kept its tokens; `None` where none did.
    pub fn missed(&self) -> Option<u64> {
        let reads = self.texts().is_some_and(|texts| !texts.takes());
        reads.then(|| self.missed.load(Ordering::Relaxed))
    }

    /// A text's tokens from the store, else from `encode`; whether special tokens are added and how much is asked
    /// stand beside the text.
    ///
    /// # Errors
    ///
    /// What `encode` says.
    pub fn tokens<E>(
        &self,
        (text, special, detail): (&str, bool, Detail),
        out: &mut Tokens,
        encode: impl FnOnce(&mut Tokens) -> Result<(), E>,
    ) -> Result<(), E> {
        let Some(texts) = self.texts.get() else {
            return encode(out);
        };
        let seed = self.tokenizer << 8 | u64::from(special) << 4 | detail as u64;
        let hash = xxh3_128_with_seed(text.as_bytes(), seed);
        let mut body = std::mem::take(&mut out.kept);
        let found = texts.get(hash, &mut body) && read(&body, detail, out).is_some();
        let encoded = if found {
            Ok(())
        } else {
            self.missed.fetch_add(1, Ordering::Relaxed);
            encode(out)
        };
        if encoded.is_ok() && texts.takes() {
            body.clear();
            write(out, detail, &mut body);
            texts.put(hash, &body);
        }
        out.kept = body;
        encoded
    }
}

fn write(tokens: &Tokens, detail: Detail, body: &mut Vec<u8>) {
    // Room for nearly all rows, so that few have to move.
    body.reserve(4 * tokens.ids.len() + 16);
    number(tokens.ids.len() as u64, body);
    for id in &tokens.ids {
        number(u64::from(*id), body);
    }
    if detail >= Detail::Extents {
        write_stretches(&tokens.extents, body);
    }
    if detail >= Detail::Offsets {
        write_stretches(&tokens.offsets, body);
    }
}

/// One byte for a stretch that begins where the last one ends, as nearly all do.
fn write_stretches(stretches: &[(u32, u32)], body: &mut Vec<u8>) {
    let mut last = 0;
    for (from, to) in stretches {
        match u8::try_from(to.wrapping_sub(*from)) {
            Ok(length) if length != APART && *from == last => body.push(length),
            _ => {
                body.push(APART);
                number(u64::from(*from), body);
                number(u64::from(*to), body);
            }
        }
        last = *to;
    }
}

/// Seven bits a byte, the low ones first.
#[expect(clippy::cast_possible_truncation, reason = "the low bits are what is written")]
fn number(mut number: u64, body: &mut Vec<u8>) {
    // Most ids take two bytes.
    if (0x80..0x4000).contains(&number) {
        body.extend_from_slice(&[number as u8 | 0x80, (number >> 7) as u8]);
        return;
    }
    while number >= 0x80 {
        body.push(number as u8 | 0x80);
        number >>= 7;
    }
    body.push(number as u8);
}

/// `None` where the bytes are not what [`write()`] writes.
fn read(body: &[u8], detail: Detail, tokens: &mut Tokens) -> Option<()> {
    tokens.clear();
    let mut bytes = body.iter();
    let count = next(&mut bytes)? as usize;
    if count > body.len() {
        return None;
    }
    tokens.ids.reserve(count);
    for _ in 0..count {
        tokens.ids.push(next(&mut bytes)?);
    }
    if detail >= Detail::Extents {
        read_stretches(&mut bytes, count, &mut tokens.extents)?;
    }
    if detail >= Detail::Offsets {
        read_stretches(&mut bytes, count, &mut tokens.offsets)?;
    }
    bytes.as_slice().is_empty().then_some(())
}

fn read_stretches(bytes: &mut std::slice::Iter<'_, u8>, count: usize, out: &mut Vec<(u32, u32)>) -> Option<()> {
    out.reserve(count);
    let mut last = 0u32;
    for _ in 0..count {
        let stretch = match *bytes.next()? {
            APART => (next(bytes)?, next(bytes)?),
            length => (last, last.checked_add(u32::from(length))?),
        };
        out.push(stretch);
        last = stretch.1;
    }
    Some(())
}

fn next(bytes: &mut std::slice::Iter<'_, u8>) -> Option<u32> {
    let mut number = 0;
    for shift in (0..35).step_by(7) {
        let byte = *bytes.next()?;
        number |= u64::from(byte & 0x7F) << shift;
        if byte < 0x80 {
            return u32::try_from(number).ok();
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::{Cache, KeyOf};

    fn tokens(ids: &[u32], extents: &[(u32, u32)], offsets: &[(u32, u32)]) -> Tokens {
        let mut tokens = Tokens::new();
        tokens.ids.extend_from_slice(ids);
        tokens.extents.extend_from_slice(extents);
        tokens.offsets.extend_from_slice(offsets);
        tokens
    }

    fn parts(tokens: &Tokens) -> (&[u32], &[(u32, u32)], &[(u32, u32)]) {
        (&tokens.ids, &tokens.extents, &tokens.offsets)
    }

    #[test]
    fn tokens_are_read_as_they_were_written() {
        let ids = [0, 127, 128, 16_383, 16_384, 151_643, u32::MAX];
        let extents = [(0, 0), (0, 1), (1, 255), (255, 510), (510, 764), (0, 0), (700, 70_000)];
        let offsets = [(0, 0), (0, 1), (2, 3), (2, 3), (3, 3), (5, 4), (u32::MAX - 1, u32::MAX)];
        for detail in [Detail::Ids, Detail::Extents, Detail::Offsets] {
            let given = tokens(
                &ids,
                if detail >= Detail::Extents { &extents } else { &[] },
                if detail >= Detail::Offsets { &offsets } else { &[] },
            );
            let mut body = Vec::new();
            write(&given, detail, &mut body);
            let mut back = tokens(&[9], &[(9, 9)], &[(9, 9)]);
            assert_eq!(read(&body, detail, &mut back), Some(()));
            assert_eq!(parts(&back), parts(&given));
            // Nothing that was cut or added to is taken for what it was.
            for end in 0..body.len() {
                assert_eq!(read(&body[..end], detail, &mut back), None, "{end} of {}", body.len());
            }
            body.push(0);
            assert_eq!(read(&body, detail, &mut back), None);
        }
    }

    #[test]
    fn a_text_is_tokenized_once_for_each_tokenizer_and_way() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (cache, key) = (Cache::at(folder.path().to_owned()), KeyOf::default().key());
        let mut out = Tokens::new();
        let ask = |kept: &Kept, ask: (&str, bool, Detail), out: &mut Tokens| {
            let mut made = false;
            let encode = |out: &mut Tokens| {
                made = true;
                out.clear();
                out.ids.extend(ask.0.bytes().map(u32::from));
                out.ids.push(u32::from(ask.1));
                Ok::<(), ()>(())
            };
            kept.tokens(ask, out, encode).expect("encoded");
            made
        };
        let asks = [("ab", false), ("ab", true), ("c", false)];

        let first = Kept::default();
        assert!(ask(&first, ("ab", false, Detail::Ids), &mut out));
        first.keep(cache.new_texts(key).expect("made"));
        for (text, special) in asks {
            assert!(ask(&first, (text, special, Detail::Ids), &mut out));
        }
        first.texts().expect("kept").finish().expect("written");

        let second = Kept::default();
        second.keep(cache.texts(key).expect("sound").expect("there"));
        for (text, special) in asks {
            assert!(!ask(&second, (text, special, Detail::Ids), &mut out));
            let wanted: Vec<u32> = text.bytes().map(u32::from).chain([u32::from(special)]).collect();
            assert_eq!(out.ids, wanted);
        }
        assert_eq!((first.missed(), second.missed()), (None, Some(0)));
        assert!(ask(&second, ("d", false, Detail::Ids), &mut out));
        assert!(ask(&second, ("ab", false, Detail::Extents), &mut out));
        assert!(ask(&second.apart(1), ("ab", false, Detail::Ids), &mut out));
        assert_eq!(second.missed(), Some(3));
    }
}
