//! The training rows as the trainer batches them, which a run is planned with.

use serde::{Deserialize, Serialize};

use crate::model::budget::Budget;
use crate::model::setup::Setup;
use crate::plan::outlook::{DROPPED, Fed, outlook, times_seen};
use crate::rule::Row;
use crate::sketch::Merge;
use crate::sketch::column::Column;

use super::lengths::estimated;

/// Two columns, 8 bytes a row. Of a preference row the longer side counts, and the trained tokens of both.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct FedRows {
    /// Tokens after truncation; [`DROPPED`] for a row that is left out.
    tokens: Column<u32>,
    trained: Column<u32>,
}

impl FedRows {
    pub(super) fn see(&mut self, row: &Row<'_>) {
        if row.setup.is_eval(row.place.source) {
            return;
        }
        let (mut tokens, mut trained) = (None, 0);
        for encoded in row.encoded.iter().filter(|encoded| encoded.dropped.is_none()) {
            tokens = tokens.max(Some(encoded.len()));
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
    }

    /// Source and number of the rows that the planned run never sees, in order; whether the trainer leaves it out.
    ///
    /// # Errors
    ///
    /// Why that cannot be told.
    pub(super) fn never_seen(&self, setup: &Setup) -> Result<Vec<(u32, u64, bool)>, String> {
        let (mut tokens, mut trained) = (self.tokens.clone(), self.trained.clone());
        tokens.sort();
        trained.sort();
        let places: Vec<(u32, u64)> = tokens.iter().map(|(source, row, _)| (source, row)).collect();
        let rows = Rows {
            tokens: tokens.into_values(),
            trained: trained.into_values(),
        };
        let fed = Fed {
            tokens: &rows.tokens,
            trained: &rows.trained,
            counted: setup.tokenizer.is_some(),
        };
        let times = times_seen(setup, fed)?;
        let never = places
            .iter()
            .zip(&rows.tokens)
            .zip(times)
            .filter(|(_, times)| *times == 0);
        Ok(never
            .map(|(((source, row), tokens), _)| (*source, *row, *tokens == DROPPED))
            .collect())
    }

    /// The columns in row order.
    pub(super) fn into_rows(self) -> Rows {
        Rows {
            tokens: self.tokens.into_values(),
            trained: self.trained.into_values(),
        }
    }
}

impl Merge for FedRows {
    fn merge(&mut self, other: Self) {
        self.tokens.merge(other.tokens);
        self.trained.merge(other.trained);
    }
}

/// The columns of [`FedRows`], in row order.
pub(super) struct Rows {
    pub(super) tokens: Vec<u32>,
    pub(super) trained: Vec<u32>,
}

impl Rows {
    /// The run planned over these rows; `None` where none is planned, or there is no row.
    pub(super) fn budget(&self, setup: &Setup) -> Option<Budget> {
        let fed = Fed {
            tokens: &self.tokens,
            trained: &self.trained,
            counted: setup.tokenizer.is_some(),
        };
        (setup.planned() && !self.tokens.is_empty()).then(|| outlook(setup, fed))
    }
}

fn small(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX).min(DROPPED - 1)
}
