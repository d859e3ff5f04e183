//! Words of a text, as hashes with the bytes they stand at.

use unicode_normalization_alignments::UnicodeNormalization;

use super::ideograph::ideograph;
use super::turns::Turns;

/// A word: letters and digits, without case and without the accents of Latin letters, full-width forms as
/// the plain ones. A character of Han or Kana is a word of its own, since no blanks stand
/// between words there; in other such scripts (Thai, Khmer) a phrase is one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word {
    /// The same for the same word in every run and on every machine.
    pub hash: u64,
    /// Bytes in the text of its turn.
    pub start: u32,
    pub end: u32,
}

/// Words of a row's turns, one turn after the other.
#[derive(Debug, Default)]
pub struct Words(Turns<Word>);

impl Words {
    /// Empties it and keeps the buffers.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// Adds the next turn.
    pub fn push(&mut self, text: &str) {
        self.0.push(|words| words_of(text, words));
    }

    /// The words of a turn; none for a turn that was not added.
    pub fn turn(&self, at: usize) -> &[Word] {
        self.0.turn(at)
    }

    /// The words of all turns.
    pub fn all(&self) -> &[Word] {
        self.0.all()
    }
}

/// The hashes of some words, sorted, to look words up in.
pub fn hashes_of(words: &[&str]) -> Vec<u64> {
    let mut found = Vec::new();
    for word in words {
        words_of(word, &mut found);
    }
    let mut hashes: Vec<u64> = found.iter().map(|word| word.hash).collect();
    hashes.sort_unstable();
    hashes
}

/// The hash of a word: its letters and digits as UTF-8, eight bytes at a time, the last of them filled up
/// with zeros.
struct Hash {
    /// Of the parts that are whole.
    sum: u64,
    part: u64,
    /// Bits of `part` that are filled.
    bits: u32,
}

const START: u64 = 0xCBF2_9CE4_8422_2325;

impl Hash {
    fn new() -> Self {
        Self {
            sum: START,
            part: 0,
            bits: 0,
        }
    }

    fn byte(&mut self, byte: u8) {
        self.part |= u64::from(byte) << self.bits;
        self.bits += 8;
        if self.bits == 64 {
            self.sum = add(self.sum, self.part);
            (self.part, self.bits) = (0, 0);
        }
    }

    fn char(&mut self, c: char) {
        for byte in c.encode_utf8(&mut [0; 4]).bytes() {
            self.byte(byte);
        }
    }

    fn end(&self) -> u64 {
        finish(if self.bits == 0 {
            self.sum
        } else {
            add(self.sum, self.part)
        })
    }
}

fn add(hash: u64, part: u64) -> u64 {
    (hash ^ part).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(29)
}

/// The last step of MurmurHash3, so that every bit of the word reaches every bit of the hash.
fn finish(hash: u64) -> u64 {
    let hash = (hash ^ (hash >> 33)).wrapping_mul(0xFF51_AFD7_ED55_8CCD);
    hash ^ (hash >> 33)
}

/// Appends the words of a text.
pub fn words_of(text: &str, out: &mut Vec<Word>) {
    let bytes = text.as_bytes();
    let mut at = 0;
    // From here on the text is taken to be all of ASCII.
    let mut plain = 0;
    while let Some(byte) = bytes.get(at) {
        if byte.is_ascii() {
            let end = if at >= plain {
                ascii_words(bytes, at, out)
            } else {
                ascii_word(bytes, at, out)
            };
            if end > at {
                at = end;
                continue;
            }
            // A word that goes on with other letters.
            at = any_words(text, at, out);
        } else if let Some(three) = ideograph(&bytes[at..]) {
            let [first, second, third] = three.map(u64::from);
            let hash = finish(add(START, first | second << 8 | third << 16));
            out.push(word(hash, at, at + 3));
            at += 3;
        } else {
            at = any_words(text, at, out);
        }
        plain = at + MIXED;
    }
}

/// After a character that is not of ASCII, so many bytes are gone through word by word: others are likely to follow.
const MIXED: usize = 64;

/// The highest bit of each byte.
const HIGH: u64 = 0x8080_8080_8080_8080;
const ONES: u64 = 0x0101_0101_0101_0101;

/// Appends words of ASCII from here on, and gives where the first character stands that is not of it, or the word that
/// it is part of.
fn ascii_words(bytes: &[u8], start: usize, out: &mut Vec<Word>) -> usize {
    let mut block = start;
    'blocks: while block < bytes.len() {
        let (mut letters, beyond) = kinds(bytes, block);
        let ascii = beyond.trailing_zeros();
        letters &= !u64::MAX.checked_shl(ascii).unwrap_or_default();
        while letters != 0 {
            let first = letters.trailing_zeros();
            let length = (letters >> first).trailing_ones();
            let (from, last) = (block + first as usize, first + length);
            let mut end = from + length as usize;
            if last == u64::BITS {
                // It may go on behind the block.
                end += bytes[end..]
                    .iter()
                    .take_while(|byte| byte.is_ascii_alphanumeric())
                    .count();
                if bytes.get(end).is_none_or(u8::is_ascii) {
                    out.push(word(hash_of(bytes, from, end - from), from, end));
                    block = end;
                    continue 'blocks;
                }
            }
            // The character that is not of ASCII may be part of it.
            if last == ascii || last == u64::BITS {
                return from;
            }
            out.push(word(hash_of(bytes, from, end - from), from, end));
            letters &= u64::MAX << last;
        }
        if ascii < u64::BITS {
            return block + ascii as usize;
        }
        block += 64;
    }
    bytes.len()
}

/// Appends the word of ASCII that starts here, if one does, and gives where to go on: here if it goes on with other
/// letters.
fn ascii_word(bytes: &[u8], start: usize, out: &mut Vec<Word>) -> usize {
    let (mut hash, mut at) = (START, start);
    loop {
        let eight = eight(bytes, at);
        let length = (!alphanumeric(eight) & HIGH).trailing_zeros() / 8;
        if length > 0 {
            hash = add(hash, lower(eight) & u64::MAX >> (64 - 8 * length));
        }
        at += length as usize;
        if length < 8 {
            break;
        }
    }
    if at == start {
        return start + 1;
    }
    if !bytes.get(at).is_none_or(u8::is_ascii) {
        return start;
    }
    out.push(word(finish(hash), start, at));
    // One byte on, since what ends a word of ASCII is no part of any.
    at + 1
}

/// Of 64 bytes, a bit each: which are letters and digits of ASCII, and which are not of ASCII. Behind the end is
/// nothing.
fn kinds(bytes: &[u8], start: usize) -> (u64, u64) {
    let mut rest = [0; 64];
    let block = bytes[start..].first_chunk().unwrap_or_else(|| {
        rest[..bytes.len() - start].copy_from_slice(&bytes[start..]);
        &rest
    });
    let (mut letters, mut beyond) = (0, 0);
    for (at, eight) in block.as_chunks().0.iter().enumerate() {
        let eight = u64::from_le_bytes(*eight);
        // The highest bits of the bytes, side by side.
        let bits = |marks: u64| (marks >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56 << (8 * at);
        letters |= bits(alphanumeric(eight));
        beyond |= bits(eight & HIGH);
    }
    (letters, beyond)
}

/// The highest bit of each of eight bytes that is a letter or digit of ASCII.
fn alphanumeric(eight: u64) -> u64 {
    // Bytes at a time: adding 0x80 - x lifts those of x and above to the highest bit.
    let from = |seven: u64, least: u8| seven + u64::from(0x80 - least) * ONES;
    let (seven, lower) = (eight & !HIGH, (eight | (0x20 * ONES)) & !HIGH);
    let letters = from(lower, b'a') & !from(lower, b'z' + 1);
    let digits = from(seven, b'0') & !from(seven, b'9' + 1);
    (letters | digits) & HIGH & !eight
}

/// Eight bytes; nothing behind the end.
fn eight(bytes: &[u8], at: usize) -> u64 {
    let eight = bytes.get(at..).unwrap_or_default();
    let eight = eight.first_chunk().copied().unwrap_or_else(|| {
        let mut padded = [0; 8];
        padded[..eight.len()].copy_from_slice(eight);
        padded
    });
    u64::from_le_bytes(eight)
}

/// Letters and digits in lower case.
fn lower(eight: u64) -> u64 {
    eight | (0x20 * ONES)
}

/// The hash of so many letters and digits of ASCII, one or more.
fn hash_of(bytes: &[u8], mut at: usize, mut length: usize) -> u64 {
    let mut hash = START;
    while length > 8 {
        hash = add(hash, lower(eight(bytes, at)));
        at += 8;
        length -= 8;
    }
    finish(add(hash, lower(eight(bytes, at)) & u64::MAX >> (64 - 8 * length)))
}

/// Words of any script, up to and with the first character of ASCII that is part of none, or the last word.
fn any_words(text: &str, start: usize, out: &mut Vec<Word>) -> usize {
    let mut open: Option<(usize, Hash)> = None;
    for (at, c) in text[start..].char_indices() {
        let at = start + at;
        if stands_alone(c) {
            if let Some((start, hash)) = open.take() {
                out.push(word(hash.end(), start, at));
            }
            let mut hash = Hash::new();
            hash.char(c);
            out.push(word(hash.end(), at, at + c.len_utf8()));
        } else if ('\u{300}'..='\u{36F}').contains(&c) {
            // An accent after its letter is left out like one that is part of it.
        } else if c.is_alphanumeric() {
            let (_, hash) = open.get_or_insert_with(|| (at, Hash::new()));
            if c.is_ascii() {
                hash.byte(c.to_ascii_lowercase() as u8);
            } else {
                plain(c).to_lowercase().for_each(|plain| hash.char(plain));
            }
        } else {
            if let Some((start, hash)) = open.take() {
                out.push(word(hash.end(), start, at));
            }
            if c.is_ascii() {
                return at + 1;
            }
        }
    }
    if let Some((start, hash)) = open {
        out.push(word(hash.end(), start, text.len()));
    }
    text.len()
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a text of 4 GiB is above the limit of a row"
)]
fn word(hash: u64, start: usize, end: usize) -> Word {
    Word {
        hash,
        start: start as u32,
        end: end as u32,
    }
}

/// A Latin letter without its accents, a full-width letter or digit as the plain one; others as they are.
fn plain(c: char) -> char {
    match c {
        '\u{C0}'..='\u{24F}' | '\u{1E00}'..='\u{1EFF}' | '\u{FF10}'..='\u{FF5A}' => {
            std::iter::once(c).nfkd().next().map_or(c, |(first, _)| first)
        }
        c => c,
    }
}

/// Whether a character is of a script that puts no blanks between words.
fn stands_alone(c: char) -> bool {
    match c {
        // All letters: their tables are slow to look into.
        '\u{4E00}'..='\u{9FFF}' => true,
        '\u{3040}'..='\u{30FF}' | '\u{3400}'..='\u{4DBF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{323AF}' => {
            c.is_alphanumeric()
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spans(text: &str) -> Vec<&str> {
        let mut words = Vec::new();
        words_of(text, &mut words);
        words
            .iter()
            .map(|word| &text[word.start as usize..word.end as usize])
            .collect()
    }

    #[test]
    fn words_are_letters_and_digits_and_single_han() {
        assert_eq!(
            spans("Don't stop: 3.5 café-bars"),
            ["Don", "t", "stop", "3", "5", "café", "bars"]
        );
        assert_eq!(spans("是的abc。x"), ["是", "的", "abc", "x"]);
        assert_eq!(spans("Привет, мир"), ["Привет", "мир"]);
        assert_eq!(spans(" .,"), [""; 0]);
    }

    #[test]
    fn case_does_not_count_and_order_of_letters_does() {
        let hash = |text: &str| {
            let mut words = Vec::new();
            words_of(text, &mut words);
            words[0].hash
        };
        assert_eq!(hash("ÉCOLE"), hash("école"));
        assert_eq!(hash("e\u{301}cole"), hash("école"));
        assert_eq!(hash("ｗｏｒｄ"), hash("word"));
        assert_ne!(hash("ab"), hash("ba"));
        // Pinned: what is saved in parts must mean the same in every version.
        assert_eq!(hash("word"), 0xCB3E_7C3E_D488_54A8);
    }

    #[test]
    fn blocks_at_a_time_give_the_same_words() {
        const PIECES: &[&str] = &[
            "a",
            "Zz",
            "09",
            "@[`{/:",
            " ",
            "-",
            "longword",
            "ABCDEFGHIJK",
            "é",
            "e\u{301}",
            "\u{301}",
            "я",
            "是",
            "ｗ",
            "\u{7f}",
            "AWordOfSixtyFourLettersAndDigits00000000000000000000000000000000",
            "a word that ends where the block of sixty-four bytes ends, it is",
        ];
        let mut state = 3u64;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            usize::try_from(state >> 33).expect("small") % PIECES.len()
        };
        for _ in 0..20_000 {
            let text: String = (0..3 * next()).map(|_| PIECES[next()]).collect();
            let (mut words, mut slowly, mut at) = (Vec::new(), Vec::new(), 0);
            words_of(&text, &mut words);
            while at < text.len() {
                at = any_words(&text, at, &mut slowly);
            }
            assert_eq!(words, slowly, "{text:?}");
        }
    }

    #[test]
    fn turns_have_their_own_words() {
        let mut words = Words::default();
        words.push("one two");
        words.push("");
        words.push("three");
        assert_eq!(
            (
                words.turn(0).len(),
                words.turn(1).len(),
                words.turn(2).len(),
                words.turn(3).len()
            ),
            (2, 0, 1, 0)
        );
        assert_eq!(words.all().len(), 3);
    }
}
