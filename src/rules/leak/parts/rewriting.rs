//! Whether a set rewrites texts: corrects, punctuates, glosses or translates into signs what its prompts say.

use serde::{Deserialize, Serialize};

use crate::model::example::Role;
use crate::rule::Row;
use crate::sketch::Merge;

use super::answers;

/// Answers of a set, and of some of them whether they say the words of their prompts again.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Rewriting {
    answers: u64,
    compared: u64,
    same: u64,
    /// Answers that begin with the word that their prompts begin with.
    alike: u64,
}

/// Of so many rows the answers of one are compared.
const ONE_OF: u64 = 8;
/// Words of an answer that are compared, at most, and those it has at least.
const MOST: usize = 256;
const LEAST: usize = 4;
/// Findings of so many answers are one: fewer are texts in which there was nothing to change.
const PER: u64 = 20;

impl Rewriting {
    pub(in super::super) fn see(&mut self, row: &Row<'_>) {
        let Some(example) = row.example else { return };
        for (at, _) in answers::taught(example) {
            self.answers += 1;
            if !row.place.row.is_multiple_of(ONE_OF) {
                continue;
            }
            let words = row.words.turn(at);
            let Some((asked, _)) = answers::given(example, at, Role::User).next() else {
                continue;
            };
            // Answers from a document take their words from it, too.
            let given = row.words.turn(asked);
            self.compared += 1;
            if words.len() < LEAST || given.is_empty() || given.len() > 3 * words.len() {
                continue;
            }
            self.alike += u64::from(given[0].hash == words[0].hash);
            let mut known: Vec<u64> = given.iter().map(|word| word.hash).collect();
            known.sort_unstable();
            let words = &words[..words.len().min(MOST)];
            let again = words
                .iter()
                .filter(|word| known.binary_search(&word.hash).is_ok())
                .count();
            self.same += u64::from(again * 5 >= words.len() * 4);
        }
    }

    /// Whether to rewrite whole prompts is the task, so that a few answers that change nothing, in so many rows, are right.
    pub(in super::super) fn allows_whole(&self, rows: u64) -> bool {
        self.allows(rows) && self.alike * PER >= self.compared
    }

    /// Whether to rewrite is the task, so that a few answers that change nothing, in so many rows, are right.
    pub(in super::super) fn allows(&self, rows: u64) -> bool {
        self.same * 2 >= self.compared && self.same > 0 && rows * PER <= self.answers
    }
}

impl Merge for Rewriting {
    fn merge(&mut self, other: Self) {
        self.answers += other.answers;
        self.compared += other.compared;
        self.same += other.same;
        self.alike += other.alike;
    }
}
