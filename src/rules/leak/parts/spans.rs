//! Stretches of words that two texts share.

use std::ops::Range;

use crate::text::{Word, gram, rolling};

/// Words that must agree in a row for a stretch to count as shared.
pub(in super::super) const GRAM: usize = 8;

/// Words of the runs that are looked for first, and how far apart: whatever stretch of [`GRAM`] words is
/// shared has one of them in it.
const FIRST: usize = 4;
const APART: usize = GRAM - FIRST + 1;

/// Where each stretch of [`GRAM`] words of the given texts starts; the buffers are kept from row to row.
#[derive(Default)]
pub(in super::super) struct Spans {
    /// Words of the given turns, each turn followed by a word that is in no text.
    given: Vec<u64>,
    /// A bit for each run of [`FIRST`] words in them, which other runs may share.
    first: Vec<u64>,
    /// Open addressing: one past a start in `given`, 0 for nothing.
    slots: Vec<u32>,
    mask: usize,
}

/// What of an answer is shared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct Shared {
    /// Words of the answer that stand in a shared stretch.
    pub covered: usize,
    /// The longest shared stretch, in words of the answer.
    pub longest: Range<usize>,
}

impl Spans {
    /// Empties it, for a row of so many words.
    pub(in super::super) fn clear(&mut self, words: usize) {
        self.given.clear();
        self.first.clear();
        // Sixteen bits a word: of runs that were not given one in sixteen, or fewer, meets one that was.
        self.first.resize((words / 4).next_power_of_two(), 0);
    }

    /// Whether nothing was given.
    pub(in super::super) fn is_empty(&self) -> bool {
        self.given.is_empty()
    }

    pub(in super::super) fn give(&mut self, words: &[Word]) {
        let first = &mut self.first;
        rolling(words, FIRST, |run| {
            let (word, bit) = place(first, run);
            first[word] |= bit;
        });
        self.given.extend(words.iter().map(|word| word.hash));
        // The hash of no word: the last step of hashing turns only 0 into 0.
        self.given.push(0);
    }

    /// Indexes what was given.
    pub(in super::super) fn index(&mut self) {
        let starts = (self.given.len() + 1).saturating_sub(GRAM);
        let size = (2 * starts + 2).next_power_of_two();
        self.slots.clear();
        self.slots.resize(size, 0);
        self.mask = size - 1;
        for start in 0..starts {
            let run = &self.given[start..start + GRAM];
            let mut slot = self.slot(run.iter().copied());
            while self.slots[slot] != 0 && self.at(self.slots[slot]) != run {
                slot = (slot + 1) & self.mask;
            }
            // Of several places the first is kept: it does not matter which is shown.
            if self.slots[slot] == 0 {
                self.slots[slot] = u32::try_from(start + 1).expect("a row has fewer words than 2^32");
            }
        }
    }

    /// The most words of an answer that [`Self::shared`] can find covered; costs a fraction of it, and needs
    /// no index.
    pub(in super::super) fn at_most(&self, words: &[Word]) -> usize {
        let starts = (GRAM - FIRST..(words.len() + 1).saturating_sub(FIRST)).step_by(APART);
        let met = starts.filter(|start| {
            let (word, bit) = place(
                &self.first,
                gram(words[*start..*start + FIRST].iter().map(|word| word.hash)),
            );
            self.first[word] & bit != 0
        });
        // A stretch with the run in it reaches so far to either side.
        met.count() * (2 * GRAM - FIRST)
    }

    fn at(&self, slot: u32) -> &[u64] {
        let start = slot as usize - 1;
        &self.given[start..start + GRAM]
    }

    /// The slot at which a stretch of words with these hashes is looked for first.
    #[expect(clippy::cast_possible_truncation, reason = "the low bits choose a slot")]
    fn slot(&self, words: impl Iterator<Item = u64>) -> usize {
        gram(words) as usize & self.mask
    }

    fn has(&self, run: &[Word]) -> bool {
        let mut slot = self.slot(run.iter().map(|word| word.hash));
        while self.slots[slot] != 0 {
            if self
                .at(self.slots[slot])
                .iter()
                .zip(run)
                .all(|(given, word)| *given == word.hash)
            {
                return true;
            }
            slot = (slot + 1) & self.mask;
        }
        false
    }

    /// What of these words stands in what was given, in stretches of at least [`GRAM`].
    pub(in super::super) fn shared(&self, words: &[Word]) -> Shared {
        let mut shared = Shared {
            covered: 0,
            longest: 0..0,
        };
        let mut run: Range<usize> = 0..0;
        for (start, stretch) in words.windows(GRAM).enumerate() {
            if !self.has(stretch) {
                continue;
            }
            let end = start + GRAM;
            shared.covered += end - start.max(run.end);
            run = if start <= run.end.saturating_sub(GRAM - 1) && !run.is_empty() {
                run.start..end
            } else {
                start..end
            };
            if run.len() > shared.longest.len() {
                shared.longest = run.clone();
            }
        }
        shared
    }
}

/// A run's bit.
fn place(bits: &[u64], run: u64) -> (usize, u64) {
    ((run >> 6) as usize & (bits.len() - 1), 1 << (run & 63))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::words_of;

    fn words(text: &str) -> Vec<Word> {
        let mut words = Vec::new();
        words_of(text, &mut words);
        words
    }

    #[test]
    fn stretches_are_counted_once_and_the_longest_is_told() {
        let mut spans = Spans::default();
        spans.clear(20);
        spans.give(&words("a b c d e f g h i j k"));
        spans.give(&words("1 2 3 4 5 6 7 8"));
        spans.index();
        let shared = spans.shared(&words("x a b c d e f g h i y 1 2 3 4 5 6 7 8 z"));
        assert_eq!((shared.covered, shared.longest), (17, 1..10));
        assert_eq!(spans.at_most(&words("l m n o p q r s t u v w x y z")), 0);
        for before in ["", "1 ", "1 2 ", "1 2 3 ", "1 2 3 4 "] {
            let answer = words(&format!("{before}x a b c d e f g h i y"));
            assert!(spans.at_most(&answer) >= spans.shared(&answer).covered && !answer.is_empty());
            assert!(spans.shared(&answer).covered == 9);
        }
        assert_eq!(
            spans.shared(&words("h i j k 1 2 3 4")).covered,
            0,
            "a stretch does not reach over turns"
        );
        assert_eq!(spans.shared(&words("a b c")).covered, 0);
        spans.clear(0);
        spans.index();
        assert_eq!(spans.shared(&words("a b c d e f g h")).covered, 0);
    }
}
