//! Runs of 13 words of held-out rows, as decontamination looks for them.
//!
//! 13-grams are those of GPT-3 (Brown et al. 2020, appendix C): words in lower case without punctuation, any
//! overlap counts, and a run in more than ten rows is taken for a phrase of the format, not of a row. So is one that
//! lies mostly in what a row begins or ends with like the row before it: an instruction, and a word or two of the row.

use crate::text::{Word, rolling};

/// Words of a run.
pub const N: usize = 13;
/// Held-out rows with a run beyond which it is the format's; or a hundredth of the rows, if that is more.
const COMMON: usize = 10;
/// Words of a run that are a row's own, at least, where the others are what it begins or ends with like the row before.
const OWN: usize = 8;
/// Bits of the filter before the list, as a power of two: 2 MiB.
const FILTER: u32 = 24;

/// Runs, each with the rows it stands in.
#[derive(Default)]
pub(super) struct Grams {
    list: Vec<(u64, u32)>,
    filter: Vec<u64>,
    /// Different runs of each row that count.
    of: Vec<u32>,
    /// The words of the row before, by turn.
    before: Vec<Vec<u64>>,
}

impl Grams {
    /// Adds the words of a row's turn; whether it has runs that may count.
    pub(super) fn add(&mut self, words: &[Word], turn: usize, row: u32) -> bool {
        if self.before.len() <= turn {
            self.before.resize_with(turn + 1, Vec::new);
        }
        let before = &mut self.before[turn];
        let alike = |pairs: &mut dyn Iterator<Item = (&u64, &Word)>| {
            pairs.take_while(|(one, other)| **one == other.hash).count()
        };
        let start = alike(&mut before.iter().zip(words));
        // The same row again is no format.
        let end = words.len() - alike(&mut before.iter().rev().zip(words.iter().rev()));
        let (start, end) = if start == words.len() {
            (0, words.len())
        } else {
            (start, end.max(start))
        };
        before.clear();
        before.extend(words.iter().map(|word| word.hash));
        let (mut at, mut any) = (0, false);
        rolling(words, N, |gram| {
            let own = (at + N).min(end).saturating_sub(at.max(start));
            if own >= OWN {
                self.list.push((gram, row));
                any = true;
            }
            at += 1;
        });
        any
    }

    /// Sorts the runs and drops those of the format.
    pub(super) fn index(&mut self, rows: usize) {
        self.list.sort_unstable();
        self.list.dedup();
        let most = COMMON.max(rows / 100);
        let mut kept = Vec::with_capacity(self.list.len());
        for gram in self.list.chunk_by(|left, right| left.0 == right.0) {
            if gram.len() <= most {
                kept.extend_from_slice(gram);
            }
        }
        self.list = kept;
        self.filter = if self.list.is_empty() {
            Vec::new()
        } else {
            vec![0; 1 << (FILTER - 6)]
        };
        self.of = vec![0; rows];
        for (gram, row) in &self.list {
            let (word, bit) = slot(*gram);
            self.filter[word] |= bit;
            self.of[*row as usize] += 1;
        }
    }

    /// The held-out row that shares most runs with these words, how many, and how many it has.
    pub(super) fn look<'w>(
        &self,
        turns: impl Iterator<Item = &'w [Word]>,
        found: &mut Vec<u32>,
    ) -> Option<(u32, u32, u32)> {
        if self.filter.is_empty() {
            return None;
        }
        let mut seen: Vec<u64> = Vec::new();
        for words in turns {
            rolling(words, N, |gram| {
                let (word, bit) = slot(gram);
                if self.filter[word] & bit != 0 {
                    seen.push(gram);
                }
            });
        }
        seen.sort_unstable();
        seen.dedup();
        found.clear();
        for gram in seen {
            let at = self.list.partition_point(|(other, _)| *other < gram);
            let same = self.list[at..].iter().take_while(|(other, _)| *other == gram);
            found.extend(same.map(|(_, row)| *row));
        }
        found.sort_unstable();
        let rows = found.chunk_by(|left, right| left == right);
        let most = rows.max_by_key(|rows| (rows.len(), std::cmp::Reverse(rows[0])))?;
        let shared = u32::try_from(most.len()).expect("a row has fewer runs than 2^32");
        Some((most[0], shared, self.of[most[0] as usize]))
    }
}

fn slot(gram: u64) -> (usize, u64) {
    let at = gram >> (64 - FILTER);
    ((at >> 6) as usize, 1 << (at & 63))
}
