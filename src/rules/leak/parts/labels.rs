//! The few answers of a set that classifies.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::example::Role;
use crate::rule::Row;
use crate::sketch::Merge;
use crate::text::Word;

use super::answers;

/// More different answers than this are no labels.
const MOST: usize = 20;
/// The longest label, in words.
const WORDS: usize = 5;

/// Rows by label. Once there are too many labels, nothing more is counted.
#[derive(Default, Serialize, Deserialize)]
pub(in super::super) struct Labels {
    rows: BTreeMap<u64, u64>,
    too_many: bool,
}

impl Labels {
    /// Counts a row; its label and the words of its prompt, while the set still may be one that classifies.
    pub(in super::super) fn see<'r>(&mut self, row: &'r Row<'_>) -> Option<(u64, &'r [Word], &'r [Word])> {
        if self.too_many {
            return None;
        }
        let example = row.example?;
        let (at, _) = answers::taught(example).last()?;
        let answer = row.words.turn(at);
        let (asked, _) = answers::given(example, at, Role::User)
            .next()
            .filter(|_| !answer.is_empty())?;
        if answer.len() > WORDS {
            self.give_up();
            return None;
        }
        let label = label(answer);
        *self.rows.entry(label).or_default() += 1;
        if self.rows.len() > MOST {
            self.give_up();
            return None;
        }
        Some((label, answer, row.words.turn(asked)))
    }

    fn give_up(&mut self) {
        self.rows.clear();
        self.too_many = true;
    }

    /// Whether the set is none that classifies.
    pub(in super::super) fn too_many(&self) -> bool {
        self.too_many
    }

    /// Rows, and those of the most frequent label; `None` where it is no set that classifies.
    pub(in super::super) fn totals(&self) -> Option<(u64, u64)> {
        let most = *self.rows.values().max()?;
        (!self.too_many && self.rows.len() > 1).then(|| (self.rows.values().sum(), most))
    }
}

impl Merge for Labels {
    fn merge(&mut self, other: Self) {
        if self.too_many || other.too_many {
            return self.give_up();
        }
        Merge::merge(&mut self.rows, other.rows);
        if self.rows.len() > MOST {
            self.give_up();
        }
    }
}

fn label(words: &[Word]) -> u64 {
    words.iter().fold(0, |hash, word| {
        hash.rotate_left(5).wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ word.hash
    })
}
