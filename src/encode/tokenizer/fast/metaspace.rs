//! Text to words for the models that came from SentencePiece, which write a space as `▁`.
//!
//! These models have no words of their own: a whole text is merged at once. It is cut here where
//! no merge can reach across (see [`Joins`]), so that the parts can be kept for the next time.
//!
//! A space stands for `▁` throughout. Texts that hold a `▁` themselves are left to the reference,
//! so that a token's length in the text is known from the token alone.

use std::collections::HashMap;

use super::joins::Joins;
use crate::encode::tokenizer::vocabulary::Vocabulary;

/// What a space becomes.
pub(in crate::encode::tokenizer) const SPACE: char = '\u{2581}';
/// No token.
const NONE: u32 = u32::MAX;

/// When a text gets a space before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::encode::tokenizer) enum Prefix {
    Never,
    /// Always (normalizer `Prepend`).
    Always,
    /// Unless it starts with one (`Metaspace`, `prepend_scheme` `always`).
    UnlessThere,
    /// The same, for the piece at the very start of the text (`first`).
    FirstUnlessThere,
}

impl Prefix {
    /// Whether the piece that starts at `start` gets one.
    pub(in crate::encode::tokenizer) fn applies(self, piece: &str, start: usize) -> bool {
        match self {
            Self::Never => false,
            Self::Always => true,
            Self::UnlessThere => !piece.starts_with(' '),
            Self::FirstUnlessThere => start == 0 && !piece.starts_with(' '),
        }
    }
}

#[derive(Debug)]
pub(super) struct Metaspace {
    pub(super) prefix: Prefix,
    /// Whether every space starts a word of its own (`split`).
    split: bool,
    /// Ids of the characters of the Basic Multilingual Plane, and of the others.
    plane: Box<[u32]>,
    beyond: HashMap<char, u32>,
    /// Ids of `<0x00>` to `<0xFF>`.
    bytes: [u32; 256],
    joins: Joins,
}

impl Metaspace {
    /// Tables for a vocabulary, or why it is not of this kind.
    pub(super) fn new(vocabulary: &Vocabulary, prefix: Prefix, split: bool) -> Result<Self, String> {
        let mut made = Self {
            prefix,
            split,
            plane: vec![NONE; 0x1_0000].into_boxed_slice(),
            beyond: HashMap::new(),
            bytes: [NONE; 256],
            joins: Joins::new(vocabulary, |token, bytes| {
                bytes.extend(token.replace(SPACE, " ").into_bytes());
                true
            }),
        };
        for (byte, id) in (0..=u8::MAX).zip(made.bytes.iter_mut()) {
            let token = format!("<0x{byte:02X}>");
            *id = vocabulary.id_of(&token).ok_or_else(|| format!("no token {token}"))?;
        }
        for (token, id) in vocabulary.iter() {
            let mut chars = token.chars();
            if let (Some(first), None) = (chars.next(), chars.next()) {
                match made.plane.get_mut(first as usize) {
                    Some(slot) => *slot = id,
                    None => {
                        made.beyond.insert(first, id);
                    }
                }
            }
        }
        if made.id_of(SPACE).is_none() {
            return Err(format!("no token {SPACE}"));
        }
        Ok(made)
    }

    pub(super) fn byte_ids(&self) -> &[u32; 256] {
        &self.bytes
    }

    /// Calls `each` with the bounds of every word. `prefixed` says that a space comes before the
    /// text, which then belongs to the first word.
    pub(super) fn words(&self, text: &str, start: usize, prefixed: bool, mut each: impl FnMut(usize, usize)) {
        let mut from = start;
        let mut before = if prefixed { Some(' ') } else { None };
        for (at, char) in text[start..].char_indices() {
            let at = start + at;
            let cut = before.is_some_and(|before| self.split && char == ' ' || !self.joins.may(before, char));
            // A space that nothing joins is a word by itself even where it is not in the text.
            if cut && (at > from || prefixed && at == start) {
                each(from, at);
                from = at;
            }
            before = Some(char);
        }
        each(from, text.len());
    }

    /// The symbols a word starts from.
    pub(super) fn symbols(&self, word: &str, ids: &mut Vec<u32>) {
        for char in word.chars() {
            let char = if char == ' ' { SPACE } else { char };
            if let Some(id) = self.id_of(char) {
                ids.push(id);
            } else {
                let mut buffer = [0; 4];
                let bytes = char.encode_utf8(&mut buffer).bytes();
                ids.extend(bytes.map(|byte| self.bytes[byte as usize]));
            }
        }
    }

    fn id_of(&self, char: char) -> Option<u32> {
        match self.plane.get(char as usize) {
            Some(&NONE) => None,
            Some(id) => Some(*id),
            None => self.beyond.get(&char).copied(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metaspace(tokens: &[&str], split: bool) -> Metaspace {
        let bytes: Vec<String> = (0..=255).map(|byte| format!("<0x{byte:02X}>")).collect();
        let all: Vec<(&str, u32)> = bytes
            .iter()
            .map(String::as_str)
            .chain(tokens.iter().copied())
            .zip(0..)
            .collect();
        let vocabulary = Vocabulary::new(all.into_iter()).expect("a vocabulary");
        Metaspace::new(&vocabulary, Prefix::Always, split).expect("tables")
    }

    fn words(made: &Metaspace, text: &str, prefixed: bool) -> Vec<String> {
        let mut found = Vec::new();
        made.words(text, 0, prefixed, |start, end| found.push(text[start..end].to_owned()));
        found
    }

    #[test]
    fn cuts_only_where_no_token_reaches() {
        let made = metaspace(&["▁", "a", "b", "▁a", "ab", "é", "▁▁"], false);
        assert_eq!(words(&made, "ab ab", true), ["ab", " ab"]);
        assert_eq!(words(&made, "b  ab", true), ["", "b", "  ab"]);
        assert_eq!(words(&made, "ba", false), ["b", "a"]);
        assert_eq!(words(&made, "aéé", false), ["a", "é", "é"]);
        assert_eq!(
            words(&metaspace(&["▁", "a", "▁▁"], true), "a  a", false),
            ["a", " ", " ", "a"]
        );
    }

    #[test]
    fn a_token_that_holds_a_space_inside_keeps_its_ends_together() {
        let made = metaspace(&["▁", "a", "a▁", "▁b", "b"], false);
        assert_eq!(words(&made, "a b", false), ["a b"]);
    }

    #[test]
    fn what_is_not_in_the_vocabulary_becomes_bytes() {
        let made = metaspace(&["▁", "a"], false);
        let mut ids = Vec::new();
        made.symbols(" aé", &mut ids);
        assert_eq!(ids, [256, 257, 0xC3, 0xA9]);
        let empty = Vocabulary::new(std::iter::empty()).expect("empty");
        assert!(Metaspace::new(&empty, Prefix::Never, false).is_err());
    }
}
