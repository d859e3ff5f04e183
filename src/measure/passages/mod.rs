//! Long passages that many rows have in common: system prompts, prompt formats, closing phrases.
//!
//! They are looked for in the text of some rows, drawn by a hash of their places until they come to 2 MiB. A smaller
//! set is read whole and its figures are exact; of a larger one they are estimates, and said to be.

mod find;
mod windows;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::encoded::What;
use crate::model::example::Role;
use crate::model::setup::Setup;
use crate::model::stretch::stretches;
use crate::place::Place;
use crate::rule::Row;
use crate::sketch::Merge;
use crate::sketch::sample::Sample;

/// Bytes of text that are kept.
const BUDGET: u64 = 2 << 20;
/// Bytes kept of a row, from its start.
const ROW: usize = 64 << 10;
/// Words of the shortest passage.
pub const WORDS: usize = 12;
/// A passage stands in this share of the rows at least...
const SHARE: f64 = 0.01;
/// ...and in as many rows that are not the same.
const ROWS: usize = 3;

/// The texts of some training rows.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct Passages {
    rows: Sample<Kept, BUDGET>,
}

/// What is kept of a row.
#[derive(Serialize, Deserialize)]
struct Kept {
    turns: Vec<Said>,
    /// Whether the row is longer.
    cut: bool,
}

/// A turn, or its start.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
struct Said {
    role: Role,
    text: String,
    /// Tokens the trainer is fed of it; 0 where there is no tokenizer.
    tokens: u32,
}

/// The section of the report: passages of 12 words or more that stand in 1 % of the rows or more.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PassageSection {
    /// Training rows that were looked at. Figures are exact where this is all of them, else estimates.
    pub looked_at: u64,
    /// Training rows.
    pub rows: u64,
    pub exact: bool,
    /// Share of the text that such passages take, 0 to 1.
    pub share_of_text: f64,
    /// Share of the tokens of turns, where they were counted: a passage has its turn's tokens by its share of bytes.
    pub share_of_tokens: Option<f64>,
    /// How many such passages there are.
    pub found: u64,
    /// Those that take most of the text, the largest first.
    pub largest: Vec<Passage>,
}

/// A passage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Passage {
    /// Rows that have it, of all training rows.
    pub rows: u64,
    pub words: u64,
    pub share_of_text: f64,
    pub share_of_tokens: Option<f64>,
    /// Whose turn it stands in.
    pub role: Role,
    /// How it starts.
    pub text: String,
    /// The first of the rows looked at that have it: index into the report's sources, row from 0, line from 1
    /// where the format has lines.
    pub source: u32,
    pub row: u64,
    pub line: Option<u64>,
}

impl Passages {
    pub(super) fn see(&mut self, row: &Row<'_>) {
        let Some(example) = row
            .example
            .filter(|example| !example.turns.is_empty() && !row.setup.is_eval(row.place.source))
        else {
            return;
        };
        self.rows.offer(&row.place, || {
            let mut tokens = vec![0u32; example.turns.len()];
            for stretch in row.encoded.iter().flat_map(stretches) {
                if let What::Turn(at) = stretch.what
                    && let Some(tokens) = tokens.get_mut(usize::from(at))
                {
                    *tokens += u32::try_from(stretch.tokens.len()).unwrap_or(u32::MAX);
                }
            }
            let (mut room, mut cut) = (ROW, false);
            let said = |(turn, tokens): (&crate::model::example::Turn<'_>, u32)| {
                let kept = &turn.text[..turn.text.floor_char_boundary(room)];
                let all = turn.text.len();
                cut |= kept.len() < all;
                room -= kept.len();
                let tokens = u64::from(tokens) * kept.len() as u64 / all.max(1) as u64;
                Said {
                    role: turn.role,
                    text: kept.to_owned(),
                    tokens: u32::try_from(tokens).unwrap_or(u32::MAX),
                }
            };
            let turns: Vec<Said> = example.turns.iter().zip(tokens).map(said).collect();
            let weight = turns.iter().map(|turn| turn.text.len() as u64 + 1).sum();
            (Kept { turns, cut }, weight)
        });
    }

    /// The passages; `None` where there are none.
    pub(super) fn finish(self, setup: &Setup) -> Option<PassageSection> {
        let rows = self.rows.offered();
        let drawn: Vec<(Place, Kept)> = self.rows.into_rows();
        let exact = drawn.len() as u64 == rows && !drawn.iter().any(|(_, kept)| kept.cut);
        find::section(&drawn, rows, exact, setup.tokenizer.is_some())
    }
}

impl Merge for Passages {
    fn merge(&mut self, other: Self) {
        self.rows.merge(other.rows);
    }
}
