//! The training rows as the trainer batches them, which a run is planned with.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::Xxh3;

use crate::model::budget::Budget;
use crate::model::encoded::{Encoded, are_pieces};
use crate::model::setup::Setup;
use crate::plan::outlook::{DROPPED, Fed, Times, outlook, packed, times_seen};
use crate::rule::Row;
use crate::sketch::Merge;
use crate::sketch::column::Column;

use super::lengths::estimated;
use super::padding::{self, Packed};
use super::sets;

/// Sequences of a preference row.
const SIDES: usize = 2;

/// Two columns, 8 bytes a row; of preference rows a third, for of those the longer side counts, and the tokens and the
/// trained ones of both. A row that the trainer cuts up has a value for each piece.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct FedRows {
    /// Tokens after truncation; [`DROPPED`] for a row that is left out.
    tokens: Column<u32>,
    trained: Column<u32>,
    /// Tokens of both sides of preference rows; of one left out, 0.
    both: Column<u32>,
    /// 8 bytes a row more where the trainer drops rows that are the same.
    keys: Column<u64>,
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
        if are_pieces(row.encoded) {
            for piece in row.encoded {
                self.keys(row, std::slice::from_ref(piece));
                let left_out = piece.dropped.is_some();
                let (tokens, trained) = if left_out {
                    (DROPPED, 0)
                } else {
                    (small(piece.len()), small(piece.trained()))
                };
                self.tokens.push(&row.place, tokens);
                self.trained.push(&row.place, trained);
            }
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
        self.keys(row, row.encoded);
        if row.encoded.len() == SIDES {
            self.both.push(&row.place, small(both));
        }
    }

    /// What tells the row from others to a trainer that drops those of the same tokens and labels.
    fn keys(&mut self, row: &Row<'_>, encoded: &[Encoded]) {
        if row.setup.run.arrival.deduplicated.is_none() || row.setup.trainer.is_none() || row.setup.has_pairs() {
            return;
        }
        let mut hash = Xxh3::new();
        for encoded in encoded {
            let labels = encoded.labels.iter().flat_map(|label| label.to_le_bytes());
            let ids = encoded.input_ids.iter().flat_map(|id| id.to_le_bytes());
            let bytes: Vec<u8> = ids.chain(labels).collect();
            hash.update(&bytes);
        }
        self.keys.push(&row.place, hash.digest());
    }

    /// Source and number of the rows that the planned run never sees, in order, and why.
    ///
    /// # Errors
    ///
    /// Why that cannot be told.
    pub(super) fn never_seen(&self, setup: &Setup) -> Result<Vec<(u32, u64, Never)>, String> {
        let (mut tokens, mut trained, mut both) = (self.tokens.clone(), self.trained.clone(), self.both.clone());
        let mut keys = self.keys.clone();
        tokens.sort();
        trained.sort();
        both.sort();
        keys.sort();
        let places: Vec<(u32, u64)> = tokens.iter().map(|(source, row, _)| (source, row)).collect();
        let rows = FedColumns::new(tokens, trained, both, keys);
        let Times { times, held_out } = times_seen(setup, rows.fed(setup, &sets::of(&rows.of_source, setup)))?;
        let why = |at: usize| {
            if held_out.binary_search_by(|held| (*held as usize).cmp(&at)).is_ok() {
                Some(Never::HeldOut)
            } else if rows.tokens[at] == DROPPED {
                Some(Never::LeftOut)
            } else {
                (times[at] == 0).then_some(Never::NotDrawn)
            }
        };
        let (mut never, mut end) = (Vec::new(), 0);
        for pieces in places.chunk_by(|one, next| one == next) {
            let start = end;
            end += pieces.len();
            let (source, row) = pieces[0];
            // Of a row that is cut up one piece is enough.
            if let Some(first) = why(start)
                && (start + 1..end).all(|at| why(at).is_some())
            {
                never.push((source, row, first));
            }
        }
        Ok(never)
    }

    /// The columns in row order.
    pub(super) fn into_columns(self) -> FedColumns {
        FedColumns::new(self.tokens, self.trained, self.both, self.keys)
    }
}

impl Merge for FedRows {
    fn merge(&mut self, other: Self) {
        self.tokens.merge(other.tokens);
        self.trained.merge(other.trained);
        self.both.merge(other.both);
        self.keys.merge(other.keys);
    }
}

/// The columns of [`FedRows`], in row order.
pub(super) struct FedColumns {
    /// Rows of the data; fewer than there are values where the trainer cuts some up.
    of_data: usize,
    /// Values of each source, in order.
    of_source: BTreeMap<u32, u32>,
    pub(super) tokens: Vec<u32>,
    pub(super) trained: Vec<u32>,
    both: Vec<u32>,
    keys: Vec<u64>,
}

impl FedColumns {
    fn new(mut tokens: Column<u32>, trained: Column<u32>, both: Column<u32>, keys: Column<u64>) -> Self {
        tokens.sort();
        let mut of_source = BTreeMap::new();
        let (mut rows, mut last) = (0, None);
        for (source, row, _) in tokens.iter() {
            *of_source.entry(source).or_default() += 1;
            rows += usize::from(last != Some((source, row)));
            last = Some((source, row));
        }
        Self {
            of_data: rows,
            of_source,
            tokens: tokens.into_values(),
            trained: trained.into_values(),
            both: both.into_values(),
            keys: keys.into_values(),
        }
    }

    fn fed<'a>(&'a self, setup: &Setup, sets: &'a [u32]) -> Fed<'a> {
        Fed {
            sets,
            tokens: &self.tokens,
            trained: &self.trained,
            // Of rows of several kinds nobody makes a batch.
            both: (!self.both.is_empty() && self.both.len() == self.tokens.len()).then_some(&self.both),
            keys: (self.keys.len() == self.tokens.len()).then_some(&self.keys),
            counted: setup.tokenizer.is_some(),
        }
    }

    /// What the rows are packed into by the run, or could be.
    pub(super) fn packed(&self, setup: &Setup, budget: Option<&Budget>) -> Option<Packed> {
        let limit = setup.max_length.as_ref().filter(|_| !setup.has_pairs())?;
        if setup.packing.is_none() {
            return padding::packed(&self.tokens, small(limit.value));
        }
        let planned = budget.and_then(|budget| budget.packed.clone());
        let sequences = planned.or_else(|| packed(setup, self.fed(setup, &sets::of(&self.of_source, setup))))?;
        Some(Packed {
            capacity: u32::try_from(sequences.capacity).unwrap_or(u32::MAX),
            sequences: sequences.sequences,
            efficiency: sequences.efficiency,
        })
    }

    /// The run planned over these rows; `None` where none is planned, or there is no row.
    pub(super) fn budget(&self, setup: &Setup) -> Option<Budget> {
        if !setup.planned() || self.tokens.is_empty() {
            return None;
        }
        let mut budget = outlook(setup, self.fed(setup, &sets::of(&self.of_source, setup)));
        if self.of_data < self.tokens.len() {
            let (rows, pieces) = (self.of_data, self.tokens.len());
            budget.notes.insert(
                0,
                format!("long texts are cut into rows of max_length: the {rows} rows of the data are {pieces} to the trainer"),
            );
        }
        Some(budget)
    }
}

fn small(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX).min(DROPPED - 1)
}
