//! Packing: which rows, and which parts of them, share a sequence.
//!
//! Rows are given by their lengths, so that a plan can pack a hundred million of them without their
//! tokens, and a trainer can apply the same result to the tokens. One file per algorithm; each is
//! the trainer's own, order and ties included, because the order of the sequences decides which of
//! them share a batch.

mod best_fit;
mod concat;
mod constant_length;
mod in_order;
mod knapsack;
mod multipack;

use std::ops::Range;

use thiserror::Error;

pub use best_fit::{BestFit, Overflow};
pub use concat::Concat;
pub use constant_length::ConstantLength;
pub use in_order::InOrder;
pub use knapsack::Knapsack;
pub use multipack::Multipack;

/// Tokens `start..end` of row `row`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    pub row: u32,
    pub start: u32,
    pub end: u32,
}

impl Piece {
    /// In tokens.
    pub fn len(self) -> u32 {
        self.end - self.start
    }

    pub fn is_empty(self) -> bool {
        self.start == self.end
    }
}

/// Sequences made of pieces of rows, in the order the trainer stores them.
///
/// 12 bytes for each piece and 8 for each sequence.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Packing {
    pieces: Vec<Piece>,
    /// Where each sequence's pieces end.
    ends: Vec<usize>,
}

impl Packing {
    /// Sequences.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The pieces of a sequence, in the order of its tokens.
    ///
    /// # Panics
    ///
    /// If there are no more than `at` sequences.
    pub fn sequence(&self, at: usize) -> &[Piece] {
        let start = if at == 0 { 0 } else { self.ends[at - 1] };
        &self.pieces[start..self.ends[at]]
    }

    pub fn iter(&self) -> impl ExactSizeIterator<Item = &[Piece]> {
        (0..self.len()).map(|at| self.sequence(at))
    }

    /// Tokens of rows in all sequences, padding not counted.
    pub fn tokens(&self) -> u64 {
        self.pieces.iter().map(|piece| u64::from(piece.len())).sum()
    }

    fn push(&mut self, row: u32, range: Range<u32>) {
        self.pieces.push(Piece {
            row,
            start: range.start,
            end: range.end,
        });
    }

    /// Ends the sequence that the pieces pushed since the last one make, if there are any.
    fn close(&mut self) {
        if self.pieces.len() > self.ends.last().copied().unwrap_or(0) {
            self.ends.push(self.pieces.len());
        }
    }

    /// Forgets the pieces pushed since the last sequence ended.
    fn abandon(&mut self) {
        self.pieces.truncate(self.ends.last().copied().unwrap_or(0));
    }

    fn truncate(&mut self, sequences: usize) {
        self.ends.truncate(sequences);
        self.abandon();
    }

    /// Adds sequences from pieces and the sequence each is in, numbered from 0 in order of opening.
    /// Pieces of a sequence keep their order.
    fn extend(&mut self, pieces: &[Piece], sequence_of: &[u32], sequences: usize) {
        let mut next = vec![0usize; sequences];
        for sequence in sequence_of {
            next[*sequence as usize] += 1;
        }
        let mut end = self.pieces.len();
        for count in &mut next {
            let start = end;
            end += *count;
            *count = start;
            self.ends.push(end);
        }
        self.pieces.resize(
            end,
            Piece {
                row: 0,
                start: 0,
                end: 0,
            },
        );
        for (piece, sequence) in pieces.iter().zip(sequence_of) {
            let at = &mut next[*sequence as usize];
            self.pieces[*at] = *piece;
            *at += 1;
        }
    }
}

/// Why a trainer would not pack the rows.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PackError {
    #[error("packing needs a sequence length of at least 1 token")]
    NoCapacity,
    /// TRL 0.19 to 0.26: `AssertionError` in `_SegmentTree.search`.
    #[error("row {row} has no tokens, on which this trainer aborts when it packs")]
    EmptyRow { row: u32 },
    /// TRL from 0.27: pyarrow raises on a table of no rows.
    #[error("rows {first} to {last} have no tokens, on which this trainer aborts when it packs them")]
    NoTokens { first: u32, last: u32 },
    /// torchtune: `ValueError` in `PackedDataset._pack`.
    #[error(
        "row {row} has {length} tokens, more than the {capacity} of a packed sequence, on which this trainer aborts"
    )]
    TooLong { row: u32, length: u32, capacity: u32 },
    #[error("{0} rows are more than can be packed here ({max})", max = u32::MAX)]
    TooManyRows(usize),
}

/// Rows that are packed together; none of a batch shares a sequence with a row of another.
///
/// `datasets.map(batched=True)`, which trainers pack with, calls its function with 1,000 rows at a
/// time, and with `num_proc` first divides the rows among its processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Batches {
    /// Rows in a batch.
    pub rows: u32,
    /// `num_proc`: contiguous parts of nearly equal size, the first ones one row larger.
    pub shards: u32,
}

impl Default for Batches {
    fn default() -> Self {
        Self { rows: 1000, shards: 1 }
    }
}

impl Batches {
    /// The rows of each batch, in order.
    ///
    /// # Errors
    ///
    /// If there are more rows than fit 32 bits.
    pub fn of(self, rows: usize) -> Result<impl Iterator<Item = Range<u32>>, PackError> {
        let all = u32::try_from(rows).map_err(|_| PackError::TooManyRows(rows))?;
        // More processes than rows are as many as rows.
        let shards = self.shards.clamp(1, all.max(1));
        let (size, larger) = (all / shards, all % shards);
        let rows = self.rows.max(1);
        Ok((0..shards).flat_map(move |shard| {
            let start = shard * size + shard.min(larger);
            let end = start + size + u32::from(shard < larger);
            (start..end)
                .step_by(rows as usize)
                .map(move |from| from..from.saturating_add(rows).min(end))
        }))
    }
}

/// A trainer's way to pack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packer {
    BestFit(BestFit),
    Concat(Concat),
    Multipack(Multipack),
    Knapsack(Knapsack),
    InOrder(InOrder),
}

impl Packer {
    /// What TRL's `packing_strategy` of this name does in version `(major, minor)`; `None` where
    /// that version has no such strategy.
    ///
    /// Up to 0.14 packing was [`ConstantLength`]. 0.15 to 0.18 cut the rows end to end and had no
    /// strategies to choose from. 0.27 and 0.28 called `bfd` what 0.29 called `bfd-requeue` and 1.0
    /// `bfd_split`: long rows were not cut but went on in another sequence.
    pub fn trl(name: &str, version: (u32, u32), capacity: u32) -> Option<Self> {
        let best_fit = |overflow| {
            Self::BestFit(BestFit {
                capacity,
                overflow,
                passes_over_small_gaps: version < (0, 22),
                refuses_empty: version < (0, 27),
                batches: Batches::default(),
            })
        };
        match (name, version) {
            ("wrapped", (0, 15..) | (1.., _)) => Some(Self::Concat(Concat::wrapped(capacity))),
            ("ffd", (0, 19)) | ("bfd", (0, 20..27 | 29..) | (1.., _)) => Some(best_fit(Overflow::Cut)),
            ("bfd", (0, 27 | 28)) | ("bfd-requeue", (0, 29..)) | ("bfd_split", (1.., _)) => {
                Some(best_fit(Overflow::Split))
            }
            _ => None,
        }
    }

    /// Whether rows longer than a sequence are cut, their ends lost.
    pub fn cuts(&self) -> bool {
        matches!(self, Self::BestFit(strategy) if strategy.overflow == Overflow::Cut)
    }

    /// Packs rows of the given lengths, in tokens, [`Multipack`] in the order of the rows.
    ///
    /// # Errors
    ///
    /// If the trainer would abort.
    pub fn pack(&self, lengths: &[u32]) -> Result<Packing, PackError> {
        match self {
            Self::BestFit(strategy) => strategy.pack(lengths),
            Self::Concat(strategy) => strategy.pack(lengths),
            Self::Multipack(strategy) => strategy.pack(lengths),
            Self::Knapsack(strategy) => strategy.pack(lengths),
            Self::InOrder(strategy) => strategy.pack(lengths),
        }
    }
}

#[cfg(test)]
mod tests;
