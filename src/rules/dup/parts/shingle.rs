//! What the runs are of by which rows are compared.

use serde::Deserialize;

use crate::model::example::Role;
use crate::rule::Row;
use crate::text::{char_shingles, pieces, shingles};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(in super::super) enum Shingle {
    /// Of words and signs, over all turns; 5 unless said.
    Words,
    /// Of characters of the normal form, turn by turn; 9 unless said, as for documents in Leskovec, Rajaraman and
    /// Ullman, "Mining of Massive Datasets", 3.2.
    Chars,
}

impl Shingle {
    /// The set of a row's runs; an empty one for a row that says nothing. System prompts, which the rows of a set share
    /// or draw from a few, are left out.
    pub(in super::super) fn of_row(self, row: &Row<'_>, size: Option<usize>, words: &mut Vec<u64>, set: &mut Vec<u32>) {
        set.clear();
        let turns = row.example.map_or(&[][..], |example| &example.turns);
        if self == Self::Words {
            words.clear();
            for (at, turn) in turns.iter().enumerate().filter(|(_, turn)| turn.role != Role::System) {
                pieces(&turn.text, row.words.turn(at), words);
            }
            return shingles(words, size.unwrap_or(5), set);
        }
        for (at, _) in turns.iter().enumerate().filter(|(_, turn)| turn.role != Role::System) {
            char_shingles(row.forms.turn(at), size.unwrap_or(9), set);
        }
        set.sort_unstable();
        set.dedup();
    }
}
