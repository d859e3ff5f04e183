//! The letters of a text: how many, of which kind, and how it begins.

use crate::rule::row::Chars;

/// The letters of a text of Latin script.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in super::super) struct Letters {
    pub small: u64,
    pub large: u64,
    /// Letters beyond ASCII, which have accents mostly.
    pub accented: u64,
}

impl Letters {
    pub(in super::super) fn of(text: &str, chars: Chars) -> Self {
        Self {
            small: count(text, |byte| byte.is_ascii_lowercase()),
            large: count(text, |byte| byte.is_ascii_uppercase()),
            // The lead bytes of Latin letters, of combining marks, and of the letters of Vietnamese with two.
            accented: if chars.beyond_ascii() {
                count(text, |byte| matches!(byte, 0xC3..=0xC9 | 0xCC | 0xCD | 0xE1))
            } else {
                0
            },
        }
    }

    pub(in super::super) fn all(self) -> u64 {
        self.small + self.large + self.accented
    }

    /// Whether all are capitals, most of a text of so many bytes, and not of an abbreviation or two.
    pub(in super::super) fn are_capitals(self, bytes: usize) -> bool {
        const LEAST: u64 = 32;
        self.small == 0 && self.large >= LEAST && self.large * 2 >= bytes as u64
    }
}

/// Bytes of a kind, counted in bytes, so that many are counted at once.
fn count(text: &str, of: impl Fn(u8) -> bool + Copy) -> u64 {
    let few = |bytes: &[u8]| bytes.iter().map(|byte| u8::from(of(*byte))).sum::<u8>();
    text.as_bytes().chunks(128).map(|bytes| u64::from(few(bytes))).sum()
}

/// Whether a text of some words begins with a letter or a digit, and with a small letter of a word.
pub(in super::super) fn begins(text: &str) -> Option<bool> {
    const LEAST: usize = 24;
    const NEAR: usize = 48;
    let first = text.chars().next()?;
    let cased = first.is_uppercase() || first.is_lowercase() || first.is_ascii_digit();
    if !cased || text.len() < LEAST || !text.contains(' ') {
        return None;
    }
    if !first.is_lowercase() {
        return Some(false);
    }
    let line = text.lines().next().unwrap_or(text);
    let word = line.split(' ').next().unwrap_or(line);
    let plain = |c: char| c.is_lowercase() || matches!(c, '\'' | '’' | '-');
    let code = |c: char| "=(){}<>[]\\_|`$/#@+*\"“^~".contains(c);
    let near = &line[..line.floor_char_boundary(NEAR)];
    let is_word = word.trim_end_matches([',', '.', ';']).chars().all(plain);
    let listed = word.ends_with(['.', ')']) || !text.ends_with(['.', '!', '?', ')', '…', ']']);
    let listed = listed || line.split(' ').take(3).all(|word| word.ends_with(','));
    Some(is_word && !listed && !near.contains(code) && !text.contains(['{', '`']) && line.contains(' '))
}

/// Digits of full width in a text of no script that is written with them.
pub(in super::super) fn wide_digits(text: &str) -> Option<&str> {
    const LEAST: usize = 3;
    let is_wide = |c: char| ('\u{FF10}'..='\u{FF19}').contains(&c);
    let first = text.find(is_wide)?;
    let digits = text.chars().filter(|c| is_wide(*c)).count();
    let others = text.chars().filter(|c| *c > '\u{2E7F}').count() - digits;
    (digits >= LEAST && others * 4 <= digits).then(|| &text[text.floor_char_boundary(first.saturating_sub(16))..])
}

#[cfg(test)]
mod tests {
    use super::{begins, wide_digits};

    #[test]
    fn beginnings_inside_a_word_are_told_from_code_and_names() {
        for text in [
            "ernal transfer fee is half of it.",
            "s complex calculations are, it is fast.",
            "ý định tại khoản 1 là như sau:\nHai.",
        ] {
            assert_eq!(begins(text), Some(true), "{text}");
        }
        for text in [
            "The transfer fee is half of it.",
            "x = 5 and then y is 6 or so",
            "iPhone sales are up again this year",
            "12 of them are there, I think",
        ] {
            assert_eq!(begins(text), Some(false), "{text}");
        }
        for text in ["ok then", "“So it is,” said the one with the hat."] {
            assert_eq!(begins(text), None, "{text}");
        }
    }

    #[test]
    fn wide_digits_stand_in_wide_text() {
        assert!(wide_digits("４ students * ５ books = ２０ books").is_some());
        assert_eq!(wide_digits("共有４個學生，每人５本書，２０本"), None);
    }
}
