use rayon::slice::ParallelSliceMut;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::Xxh3;

use crate::finding::Findings;
use crate::model::setup::Setup;
use crate::place::Place;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};
use crate::sketch::column::Column;

rule_meta! {
    /// ## What it finds
    /// Rows that say the same as an earlier row: the same turns by the same roles, whatever their ids and
    /// other columns.
    ///
    /// ## Why it matters
    /// A repeated row is trained on more often than the others, unasked, and is memorised first.
    ///
    /// ## Example
    /// ```jsonl
    /// {"id": 1, "text": "all the world's a stage"}
    /// {"id": 2, "text": "all the world's a stage"}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"id": 1, "text": "all the world's a stage"}
    /// {"id": 2, "text": "and all the men and women merely players"}
    /// ```
    ///
    /// ## Fix
    /// Keep one of each; where the repeats are meant as weights, say so with `--ignore dup/exact`.
    "dup/exact", Warning, above 0.2 => Error
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Exact {}

/// 20 bytes a row: a hash of what it says, in four words, and by how much its line is ahead of its
/// row, which is 1 where no line is blank.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Said {
    hash: [u32; 4],
    lines_ahead: u32,
}

impl Rule for Exact {
    const META: RuleMeta = META;
    type State = Column<Said>;

    fn check(&self, row: &Row<'_>, seen: &mut Self::State, _: &mut Findings) {
        let Some(example) = row.example.filter(|example| !example.turns.is_empty()) else {
            return;
        };
        let mut hash = Xxh3::new();
        for turn in &example.turns {
            hash.update(turn.role_text.as_bytes());
            hash.update(&[0xFF, turn.branch as u8]);
            hash.update(turn.text.as_bytes());
            hash.update(&[0xFE]);
        }
        let digest = hash.digest128().to_le_bytes();
        let word = |at: usize| u32::from_le_bytes(digest[at..at + 4].try_into().expect("four bytes"));
        let lines_ahead = u32::try_from(row.place.line.saturating_sub(row.place.row)).unwrap_or(u32::MAX);
        seen.push(
            &row.place,
            Said {
                hash: [word(0), word(4), word(8), word(12)],
                lines_ahead,
            },
        );
    }

    fn finish(&self, mut seen: Self::State, _: &Setup, out: &mut Findings) {
        seen.sort();
        let mut rows: Vec<(u32, u64, Said)> = seen.iter().map(|(source, row, said)| (source, row, *said)).collect();
        // By hash; rows of one hash stay in row order, since the sort is stable.
        rows.par_sort_by_key(|(_, _, said)| said.hash);
        for group in rows
            .chunk_by(|left, right| left.2.hash == right.2.hash)
            .filter(|group| group.len() > 1)
        {
            for repeated in &group[1..] {
                out.pair(&place(repeated), place(&group[0]), || {
                    format!("one of {} rows that say the same, first", group.len())
                });
            }
        }
    }
}

fn place(&(source, row, said): &(u32, u64, Said)) -> Place {
    let line = if said.lines_ahead == 0 {
        0
    } else {
        row + u64::from(said.lines_ahead)
    };
    Place {
        source,
        row,
        line,
        offset: 0,
    }
}
