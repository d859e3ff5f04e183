//! Whether a row speaks of something: words looked for in its turns.

use std::sync::OnceLock;

use aho_corasick::AhoCorasick;

use crate::model::example::Turn;

/// Words in lower case, found in any case, and with any ending.
pub(in super::super) struct Spoken {
    /// With `|` between them.
    words: &'static str,
    finder: OnceLock<AhoCorasick>,
}

impl Spoken {
    pub(in super::super) const fn of(words: &'static str) -> Self {
        Self {
            words,
            finder: OnceLock::new(),
        }
    }

    /// Whether one of the words stands in any of the turns.
    pub(in super::super) fn among<'t>(&self, mut turns: impl Iterator<Item = &'t Turn<'t>>) -> bool {
        turns.any(|turn| self.stands_in(&turn.text))
    }

    /// Whether one of the words stands where the turns say what is asked: in the first or last line of long ones, between
    /// which stands what it is asked of.
    pub(in super::super) fn asked_by<'t>(&self, mut turns: impl Iterator<Item = &'t Turn<'t>>) -> bool {
        turns.any(|turn| self.asked_in(&turn.text))
    }

    fn asked_in(&self, text: &str) -> bool {
        /// Bytes at either end.
        const ENDS: usize = 240;
        if text.len() <= 2 * ENDS {
            return self.stands_in(text);
        }
        let start = &text[..text.floor_char_boundary(ENDS)];
        let end = &text[text.ceil_char_boundary(text.len() - ENDS)..];
        let lines = [start.lines().next(), end.lines().next_back()];
        lines.into_iter().flatten().any(|line| self.stands_in(line))
    }

    /// Whether one of the words stands in a text.
    pub(in super::super) fn stands_in(&self, text: &str) -> bool {
        let finder = self.finder.get_or_init(|| {
            // Beyond ASCII the finder knows no case: words as they stand in a sentence, at its start, and in capitals.
            let forms = self.words.split('|').flat_map(|word| {
                let mut letters = word.chars();
                let first = letters.next().into_iter().flat_map(char::to_uppercase);
                [word.to_owned(), first.chain(letters).collect(), word.to_uppercase()]
            });
            let mut finder = AhoCorasick::builder();
            let finder = finder.ascii_case_insensitive(true).build(forms);
            finder.expect("a few short words are within the limits")
        });
        finder
            .find_overlapping_iter(text)
            .any(|found| begins_a_word(text, found.start()))
    }
}

/// Whether no word goes on at a place: `edit` does not stand in `credit`. Other scripts join words, or have none apart.
fn begins_a_word(text: &str, at: usize) -> bool {
    /// Letters from here on are of scripts without blanks.
    const UNSPACED: char = '\u{2E80}';
    let is_letter = text.as_bytes()[at].is_ascii_alphabetic();
    !(is_letter && text[..at].ends_with(|before: char| before.is_alphabetic() && before < UNSPACED))
}

#[cfg(test)]
mod tests {
    use super::Spoken;

    #[test]
    fn words_are_found_in_any_case() {
        static ASKED: Spoken = Spoken::of("translat|übersetz|перевед|译|q:");
        for text in [
            "Translate it",
            "ÜBERSETZE es",
            "Übersetze es",
            "übersetze",
            "Переведи",
            "переведи",
            "请译",
            "\nQ: why",
        ] {
            assert!(ASKED.stands_in(text), "{text}");
        }
        assert!(!ASKED.stands_in("transfer über перед"));
        assert!(!ASKED.stands_in("retranslation faq: none"));
        assert!(ASKED.stands_in("mistranslated, so translate"));
        assert!(ASKED.stands_in("请translate"));
    }
}
