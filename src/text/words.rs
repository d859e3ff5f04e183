//! Words of a text, as hashes with the bytes they stand at.

use unicode_normalization_alignments::UnicodeNormalization;

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
pub struct Words {
    words: Vec<Word>,
    /// One past each turn's last word.
    ends: Vec<usize>,
}

impl Words {
    /// Empties it and keeps the buffers.
    pub fn clear(&mut self) {
        self.words.clear();
        self.ends.clear();
    }

    /// Adds the next turn.
    pub fn push(&mut self, text: &str) {
        words_of(text, &mut self.words);
        self.ends.push(self.words.len());
    }

    /// The words of a turn; none for a turn that was not added.
    pub fn turn(&self, at: usize) -> &[Word] {
        let start = at
            .checked_sub(1)
            .map_or(0, |before| self.ends.get(before).copied().unwrap_or(0));
        self.ends.get(at).map_or(&[], |end| &self.words[start..*end])
    }

    /// The words of all turns.
    pub fn all(&self) -> &[Word] {
        &self.words
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

/// Start of the hash of a word, and what a byte of it is multiplied with: FNV-1a.
const START: u64 = 0xCBF2_9CE4_8422_2325;
const PRIME: u64 = 0x0000_0100_0000_01B3;

/// Appends the words of a text.
pub fn words_of(text: &str, out: &mut Vec<Word>) {
    let bytes = text.as_bytes();
    let (mut hash, mut start) = (START, None);
    let close = |hash: &mut u64, start: &mut Option<usize>, end: usize, out: &mut Vec<Word>| {
        if let Some(from) = start.take() {
            out.push(word(*hash, from, end));
            *hash = START;
        }
    };
    let mut at = 0;
    while at < bytes.len() {
        let byte = bytes[at];
        if byte < 0x80 {
            if byte.is_ascii_alphanumeric() {
                start.get_or_insert(at);
                hash = (hash ^ u64::from(byte.to_ascii_lowercase())).wrapping_mul(PRIME);
            } else {
                close(&mut hash, &mut start, at, out);
            }
            at += 1;
            continue;
        }
        let c = text[at..].chars().next().expect("a character starts here");
        let end = at + c.len_utf8();
        if stands_alone(c) {
            close(&mut hash, &mut start, at, out);
            out.push(word((START ^ u64::from(u32::from(c))).wrapping_mul(PRIME), at, end));
        } else if ('\u{300}'..='\u{36F}').contains(&c) {
            // An accent after its letter is left out like one that is part of it.
        } else if c.is_alphanumeric() {
            start.get_or_insert(at);
            for plain in plain(c).to_lowercase() {
                hash = (hash ^ u64::from(u32::from(plain))).wrapping_mul(PRIME);
            }
        } else {
            close(&mut hash, &mut start, at, out);
        }
        at = end;
    }
    close(&mut hash, &mut start, at, out);
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a text of 4 GiB is above the limit of a row"
)]
fn word(hash: u64, start: usize, end: usize) -> Word {
    // The last step of MurmurHash3, so that every bit of the word reaches every bit of the hash.
    let hash = (hash ^ (hash >> 33)).wrapping_mul(0xFF51_AFD7_ED55_8CCD);
    Word {
        hash: hash ^ (hash >> 33),
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
    matches!(c,
        '\u{3040}'..='\u{30FF}'
        | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{323AF}')
        && c.is_alphanumeric()
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
        assert_eq!(hash("word"), 0x6F98_B9B8_0D54_D1D2);
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
