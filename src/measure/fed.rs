//! The training rows as the trainer batches them, which a run is planned with.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::budget::Budget;
use crate::model::setup::Setup;
use crate::plan::outlook::{DROPPED, Fed, Times, outlook, times_seen};
use crate::rule::Row;
use crate::sketch::Merge;
use crate::sketch::column::Column;

use super::lengths::estimated;
use super::sets;

/// Sequences of a preference row.
const SIDES: usize = 2;

/// Two columns, 8 bytes a row; of preference rows a third, for of those the longer side counts, and the tokens and the
/// trained ones of both.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct FedRows {
    /// Tokens after truncation; [`DROPPED`] for a row that is left out.
    tokens: Column<u32>,
    trained: Column<u32>,
    /// Tokens of both sides of preference rows; of one left out, 0.
    both: Column<u32>,
}

/// Why a run never sees a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Never {
    LeftOut,
    HeldOut,
    NotDrawn,
}

impl FedRows {
    pub(super) fn see(&mut self, row: &Row<'_>) {
        if row.setup.is_eval(row.place.source) {
            return;
        }
        let (mut tokens, mut trained, mut both) = (None, 0, 0);
        for encoded in row.encoded.iter().filter(|encoded| encoded.dropped.is_none()) {
            tokens = tokens.max(Some(encoded.len()));
            both += encoded.len();
            trained += encoded.trained();
        }
        let tokens = match (tokens, row.example) {
            (Some(tokens), _) => small(tokens),
            (None, _) if !row.encoded.is_empty() => DROPPED,
            // Of no shape known here, or not encoded: the trainer would raise on it, and there is no run.
            (None, None) => return,
            (None, Some(_)) if row.setup.tokenizer.is_some() => return,
            (None, Some(example)) => {
                let limit = row.setup.max_length.as_ref().map_or(usize::MAX, |limit| limit.value);
                let tokens = usize::try_from(estimated(example)).unwrap_or(usize::MAX);
                small(tokens.min(limit))
            }
        };
        self.tokens.push(&row.place, tokens);
        self.trained.push(&row.place, small(trained));
        if row.encoded.len() == SIDES {
            self.both.push(&row.place, small(both));
        }
    }

    /// Source and number of the rows that the planned run never sees, in order, and why.
    ///
    /// # Errors
    ///
    /// Why that cannot be told.
    pub(super) fn never_seen(&self, setup: &Setup) -> Result<Vec<(u32, u64, Never)>, String> {
        let (mut tokens, mut trained, mut both) = (self.tokens.clone(), self.trained.clone(), self.both.clone());
        tokens.sort();
        trained.sort();
        both.sort();
        let places: Vec<(u32, u64)> = tokens.iter().map(|(source, row, _)| (source, row)).collect();
        let rows = FedColumns {
            of_source: of_source(&tokens),
            tokens: tokens.into_values(),
            trained: trained.into_values(),
            both: both.into_values(),
        };
        let Times { times, held_out } = times_seen(setup, rows.fed(setup, &sets::of(&rows.of_source, setup)))?;
        let mut never = Vec::new();
        for (at, (source, row)) in (0..).zip(places) {
            let why = if held_out.binary_search(&at).is_ok() {
                Never::HeldOut
            } else if rows.tokens[at as usize] == DROPPED {
                Never::LeftOut
            } else if times[at as usize] == 0 {
                Never::NotDrawn
            } else {
                continue;
            };
            never.push((source, row, why));
        }
        Ok(never)
    }

    /// The columns in row order.
    pub(super) fn into_columns(self) -> FedColumns {
        FedColumns {
            of_source: of_source(&self.tokens),
            tokens: self.tokens.into_values(),
            trained: self.trained.into_values(),
            both: self.both.into_values(),
        }
    }
}

impl Merge for FedRows {
    fn merge(&mut self, other: Self) {
        self.tokens.merge(other.tokens);
        self.trained.merge(other.trained);
        self.both.merge(other.both);
    }
}

/// The columns of [`FedRows`], in row order.
pub(super) struct FedColumns {
    /// Rows of each source, in order.
    of_source: BTreeMap<u32, u32>,
    pub(super) tokens: Vec<u32>,
    pub(super) trained: Vec<u32>,
    both: Vec<u32>,
}

impl FedColumns {
    fn fed<'a>(&'a self, setup: &Setup, sets: &'a [u32]) -> Fed<'a> {
        Fed {
            sets,
            tokens: &self.tokens,
            trained: &self.trained,
            // Of rows of several kinds nobody makes a batch.
            both: (!self.both.is_empty() && self.both.len() == self.tokens.len()).then_some(&self.both),
            counted: setup.tokenizer.is_some(),
        }
    }

    /// The run planned over these rows; `None` where none is planned, or there is no row.
    pub(super) fn budget(&self, setup: &Setup) -> Option<Budget> {
        (setup.planned() && !self.tokens.is_empty())
            .then(|| outlook(setup, self.fed(setup, &sets::of(&self.of_source, setup))))
    }
}

fn of_source(rows: &Column<u32>) -> BTreeMap<u32, u32> {
    let mut of_source = BTreeMap::new();
    for (source, ..) in rows.iter() {
        *of_source.entry(source).or_default() += 1;
    }
    of_source
}

fn small(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX).min(DROPPED - 1)
}
