//! Which characters may stand side by side in a token.
//!
//! A merge makes a token of the vocabulary, so no merge reaches across two characters that stand
//! side by side in none: a word can be cut there, and its parts merged and kept by themselves.
//! That is what makes languages without spaces fast, whose words are whole clauses.

use crate::encode::tokenizer::vocabulary::Vocabulary;

/// log2 of the bits that tell which characters may stand side by side.
const PAIR_BITS: u32 = 21;

#[derive(Debug)]
pub(super) struct Joins {
    /// For each ASCII character those that stand after it in some token.
    ascii: [u128; 128],
    /// The pairs of other characters, by hash: there may be too many, never too few.
    pairs: Box<[u64]>,
    /// By last byte before and first byte after: whether a token with a part of a character at
    /// either side reaches across.
    parts: Box<[u64]>,
}

impl Joins {
    /// Looks through the tokens. `spell` gives the bytes a token stands for, and whether it stands
    /// for any.
    pub(super) fn new(vocabulary: &Vocabulary, mut spell: impl FnMut(&str, &mut Vec<u8>) -> bool) -> Self {
        let mut made = Self {
            ascii: [0; 128],
            pairs: vec![0; 1 << (PAIR_BITS - 6)].into_boxed_slice(),
            parts: vec![0; 1 << (16 - 6)].into_boxed_slice(),
        };
        let mut bytes = Vec::new();
        for (token, _) in vocabulary.iter() {
            bytes.clear();
            if spell(token, &mut bytes) {
                made.token(&bytes);
            }
        }
        made
    }

    fn token(&mut self, bytes: &[u8]) {
        let mut before: Option<char> = None;
        let mut at = 0;
        while at < bytes.len() {
            let width = width(bytes[at]).min(bytes.len() - at);
            let char = std::str::from_utf8(&bytes[at..at + width])
                .ok()
                .and_then(|text| text.chars().next());
            match (before, char) {
                (Some(before), Some(char)) if before.is_ascii() && char.is_ascii() => {
                    self.ascii[before as usize] |= 1 << u32::from(char);
                }
                (Some(before), Some(char)) => {
                    let (word, bit) = pair(before, char);
                    self.pairs[word] |= bit;
                }
                _ if at > 0 => {
                    let (word, bit) = part(bytes[at - 1], bytes[at]);
                    self.parts[word] |= bit;
                }
                _ => {}
            }
            before = char;
            // What is no character is gone through byte by byte.
            at += if char.is_some() { width } else { 1 };
        }
    }

    /// Whether a merge may reach across; in doubt, true.
    #[inline]
    pub(super) fn may(&self, before: char, after: char) -> bool {
        if before.is_ascii() && after.is_ascii() {
            return self.ascii[before as usize] >> u32::from(after) & 1 == 1;
        }
        let (word, bit) = pair(before, after);
        if self.pairs[word] & bit != 0 {
            return true;
        }
        let (word, bit) = part(last_byte(before), first_byte(after));
        self.parts[word] & bit != 0
    }

    /// Calls `each` with the bounds of the parts of a word.
    pub(super) fn parts(&self, text: &str, start: usize, end: usize, mut each: impl FnMut(usize, usize)) {
        let mut from = start;
        let mut before = None;
        for (at, char) in text[start..end].char_indices() {
            if before.is_some_and(|before| !self.may(before, char)) {
                each(from, start + at);
                from = start + at;
            }
            before = Some(char);
        }
        each(from, end);
    }
}

/// Bytes of the character that starts with this byte.
fn width(first: u8) -> usize {
    match first {
        0xC2..=0xDF => 2,
        0xE0..=0xEF => 3,
        0xF0..=0xF4 => 4,
        _ => 1,
    }
}

#[inline]
fn first_byte(char: char) -> u8 {
    let mut buffer = [0; 4];
    char.encode_utf8(&mut buffer).as_bytes()[0]
}

#[inline]
fn last_byte(char: char) -> u8 {
    if char.is_ascii() {
        char as u8
    } else {
        0x80 | (char as u32 & 0x3F) as u8
    }
}

#[inline]
fn pair(before: char, after: char) -> (usize, u64) {
    let key = u64::from(before as u32) << 21 | u64::from(after as u32);
    let hash = key.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (u64::BITS - PAIR_BITS);
    ((hash >> 6) as usize, 1 << (hash & 63))
}

#[inline]
fn part(before: u8, after: u8) -> (usize, u64) {
    let at = usize::from(before) << 8 | usize::from(after);
    (at >> 6, 1 << (at & 63))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joins(tokens: &[&[u8]]) -> Joins {
        let vocabulary: Vec<String> = (0..tokens.len()).map(|at| at.to_string()).collect();
        let vocabulary = Vocabulary::new(
            vocabulary
                .iter()
                .map(String::as_str)
                .zip(0..)
                .collect::<Vec<_>>()
                .into_iter(),
        );
        let vocabulary = vocabulary.expect("a vocabulary");
        Joins::new(&vocabulary, |token, bytes| {
            let at: usize = token.parse().expect("a number");
            bytes.extend_from_slice(tokens[at]);
            true
        })
    }

    fn parts(joins: &Joins, word: &str) -> Vec<String> {
        let mut found = Vec::new();
        joins.parts(word, 0, word.len(), |start, end| {
            found.push(word[start..end].to_owned());
        });
        found
    }

    #[test]
    fn cuts_where_no_token_reaches() {
        let made = joins(&["ab".as_bytes(), "中文".as_bytes(), "é".as_bytes()]);
        assert_eq!(parts(&made, "abba"), ["ab", "b", "a"]);
        assert_eq!(parts(&made, "中文中"), ["中文", "中"]);
        assert_eq!(parts(&made, "aé"), ["a", "é"]);
    }

    #[test]
    fn a_token_with_half_a_character_keeps_both_sides_together() {
        // The last byte of 中 (E4 B8 AD) and the first of 文 (E6 96 87).
        let made = joins(&[&[0xAD, 0xE6]]);
        assert_eq!(parts(&made, "中文"), ["中文"]);
        assert_eq!(parts(&made, "文中"), ["文", "中"]);
        let made = joins(&[&[b' ', 0xE4]]);
        assert_eq!(parts(&made, " 中"), [" 中"]);
        assert_eq!(parts(&made, " 文"), [" ", "文"]);
        let made = joins(&[&[0xAD, 0xE6, 0x96]]);
        assert_eq!(parts(&made, "中文"), ["中文"]);
    }
}
