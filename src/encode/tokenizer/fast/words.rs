//! Words seen before, and the ids they became. One per worker; bounded.

use std::collections::HashMap;

use super::merges::MOST_IDS;

/// Bytes of a word that fit a key.
const KEY: usize = 15;
/// Ids kept beside the key; more stand apart.
const INLINE: usize = 3;
/// Ids of short words stand in as many bits, and the rest of 32 holds the bytes they stand for.
const ID_BITS: u32 = 24;
const _: () = assert!(MOST_IDS <= 1 << ID_BITS);
/// Marks a slot whose ids stand apart.
const APART: u32 = u32::MAX;
/// log2 of the slots at the start, and at most: 8 MiB.
const FIRST_BITS: u32 = 11;
const LAST_BITS: u32 = 18;
/// Words longer than a key are kept up to this length, and up to this many of them: some 6 MiB.
const LONGEST: usize = 128;
const MOST_LONG: usize = 32_768;

/// By length: the bits of a word, and its length in the highest byte.
const MASKS: [(u128, u128); 16] = {
    let mut masks = [(0, 0); 16];
    let mut length = 0;
    while length < 16 {
        masks[length] = ((1 << (length * 8)) - 1, (length as u128) << 120);
        length += 1;
    }
    masks
};

/// A word of up to 15 bytes, its length in the highest byte: unique and never zero.
#[derive(Clone, Copy)]
pub(super) struct Key(u128);

impl Key {
    /// The key of `bytes[start..end]`, which is not empty; `None` where the word is too long.
    #[inline]
    pub(super) fn new(bytes: &[u8], start: usize, end: usize) -> Option<Self> {
        let length = end - start;
        if length > KEY {
            return None;
        }
        // Sixteen bytes are read at once where there are as many, and those behind the word put out.
        let (keep, mark) = MASKS[length % 16];
        if let Some(Ok(sixteen)) = bytes.get(start..start + 16).map(TryInto::try_into) {
            return Some(Self(u128::from_le_bytes(sixteen) & keep | mark));
        }
        let mut sixteen = [0; 16];
        sixteen[..length].copy_from_slice(&bytes[start..end]);
        Some(Self(u128::from_le_bytes(sixteen) | mark))
    }

    /// The key of the same bytes as a part of a longer word.
    #[inline]
    pub(super) fn of_part(self) -> Self {
        Self(self.0 | 1 << 127)
    }

    /// Whether it is such a part.
    #[inline]
    pub(super) fn is_part(self) -> bool {
        self.0 >> 127 == 1
    }

    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "the halves are mixed")]
    fn hash(self) -> u64 {
        let (low, high) = (self.0 as u64, (self.0 >> 64) as u64);
        (low ^ high.rotate_left(29) ^ low >> 32).wrapping_mul(0x9E37_79B9_7F4A_7C15)
    }
}

/// A token of a short word: its id, and how many bytes of the word it stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token(u32);

impl Token {
    #[inline]
    pub(super) fn new(id: u32, length: u16) -> Self {
        debug_assert!(
            (id as usize) < MOST_IDS && usize::from(length) <= KEY,
            "{id} of {length} bytes"
        );
        Self(u32::from(length) << ID_BITS | id)
    }

    #[inline]
    pub(super) fn id(self) -> u32 {
        self.0 & ((1 << ID_BITS) - 1)
    }

    #[inline]
    pub(super) fn length(self) -> u32 {
        self.0 >> ID_BITS
    }
}

#[derive(Clone, Copy)]
struct Slot {
    /// 0 where empty.
    key: u128,
    /// Where there are more, the first two are the bounds of those that stand apart.
    tokens: [Token; INLINE],
    count: u32,
}

const EMPTY: Slot = Slot {
    key: 0,
    tokens: [Token(0); INLINE],
    count: 0,
};

pub(super) struct Words {
    slots: Vec<Slot>,
    /// How far to shift a hash to get a slot.
    shift: u32,
    used: usize,
    apart: Vec<Token>,
    long: HashMap<Box<[u8]>, Box<[u32]>, ahash::RandomState>,
}

impl Default for Words {
    fn default() -> Self {
        Self {
            slots: vec![EMPTY; 1 << FIRST_BITS],
            shift: u64::BITS - FIRST_BITS,
            used: 0,
            apart: Vec::new(),
            long: HashMap::default(),
        }
    }
}

impl Words {
    /// The slot of a short word, or the empty one where it would be.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "the shift leaves the bits of an index")]
    fn slot(&self, key: Key) -> usize {
        let mask = self.slots.len() - 1;
        let mut at = (key.hash() >> self.shift) as usize;
        loop {
            let found = self.slots[at & mask].key;
            if found == key.0 || found == 0 {
                return at & mask;
            }
            at += 1;
        }
    }

    /// Reads where the search for a short word starts. Reads of several words that are in no cache wait for each other
    /// less than the searches would; the value is only there for the read to be made.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "the shift leaves the bits of an index")]
    pub(super) fn touch(&self, key: Key) -> u32 {
        self.slots[(key.hash() >> self.shift) as usize & (self.slots.len() - 1)].count
    }

    /// The id of a short word that is one token.
    #[inline]
    pub(super) fn single(&self, key: Key) -> Option<u32> {
        let slot = &self.slots[self.slot(key)];
        (slot.count == 1).then(|| slot.tokens[0].id())
    }

    /// The tokens of a short word, or the slot to put them in.
    pub(super) fn get(&self, key: Key) -> Result<&[Token], usize> {
        let at = self.slot(key);
        let slot = &self.slots[at];
        if slot.key == 0 {
            return Err(at);
        }
        Ok(if slot.count == APART {
            &self.apart[slot.tokens[0].0 as usize..slot.tokens[1].0 as usize]
        } else {
            &slot.tokens[..slot.count as usize]
        })
    }

    /// Keeps the tokens of a short word in the slot [`Self::get`] gave.
    #[expect(clippy::cast_possible_truncation, reason = "a word of 15 bytes has no more tokens")]
    pub(super) fn put(&mut self, key: Key, mut at: usize, tokens: impl ExactSizeIterator<Item = Token>) {
        if (self.used + 1) * 4 > self.slots.len() * 3 {
            self.grow();
            match self.get(key) {
                Ok(_) => return,
                Err(vacant) => at = vacant,
            }
        }
        let mut slot = Slot { key: key.0, ..EMPTY };
        if tokens.len() <= INLINE {
            slot.count = tokens.len() as u32;
            slot.tokens
                .iter_mut()
                .zip(tokens)
                .for_each(|(place, token)| *place = token);
        } else {
            let start = self.apart.len() as u32;
            self.apart.extend(tokens);
            slot.tokens = [Token(start), Token(self.apart.len() as u32), Token(0)];
            slot.count = APART;
        }
        self.slots[at] = slot;
        self.used += 1;
    }

    /// Doubles the table, or empties it where it is as large as it may be.
    fn grow(&mut self) {
        if self.slots.len() >= 1 << LAST_BITS {
            self.slots.fill(EMPTY);
            self.apart.clear();
            self.used = 0;
            return;
        }
        let size = self.slots.len() * 2;
        self.shift -= 1;
        let before = std::mem::replace(&mut self.slots, vec![EMPTY; size]);
        for slot in before {
            if slot.key != 0 {
                let at = self.slot(Key(slot.key));
                self.slots[at] = slot;
            }
        }
    }

    /// The ids of a word too long for a key.
    pub(super) fn get_long(&self, word: &[u8]) -> Option<&[u32]> {
        if word.len() > LONGEST {
            return None;
        }
        self.long.get(word).map(|ids| &**ids)
    }

    pub(super) fn put_long(&mut self, word: &[u8], ids: &[u32]) {
        if word.len() > LONGEST {
            return;
        }
        if self.long.len() >= MOST_LONG {
            self.long.clear();
        }
        self.long.insert(word.into(), ids.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(word: &str) -> Key {
        Key::new(word.as_bytes(), 0, word.len()).expect("a short word")
    }

    #[test]
    fn keys_tell_words_apart_wherever_they_stand() {
        let text = b"ab\0ab then fifteen bytes more";
        let find = |start, end| Key::new(text, start, end).map(|key| key.0);
        assert_eq!(find(0, 2), find(3, 5));
        assert_ne!(find(0, 2), find(0, 3));
        assert_eq!(find(25, 29), Key::new(b"more", 0, 4).map(|key| key.0));
        assert!(find(0, 16).is_none());
        assert!(find(0, 15).is_some());
    }

    #[test]
    fn finds_what_was_put_and_stays_bounded() {
        let mut words = Words::default();
        for number in 0u32..300_000 {
            let word = format!("w{number}");
            let tokens = (0..number % 6).map(|at| Token::new(number + at, 1));
            let tokens: Vec<Token> = tokens.collect();
            match words.get(key(&word)) {
                Ok(found) => panic!("{word} was never put, yet {found:?}"),
                Err(at) => words.put(key(&word), at, tokens.iter().copied()),
            }
            assert_eq!(words.get(key(&word)), Ok(tokens.as_slice()));
        }
        assert_eq!(words.slots.len(), 1 << LAST_BITS);
        assert!(words.apart.len() < 6 << LAST_BITS);
        for number in 0u32..40_000 {
            words.put_long(format!("a word longer than a key {number}").as_bytes(), &[number]);
        }
        assert!(words.long.len() <= MOST_LONG);
        assert_eq!(
            words.get_long(b"a word longer than a key 39999"),
            Some([39_999].as_slice())
        );
    }
}
