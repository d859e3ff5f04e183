//! TRL's `ffd`, `bfd` and `bfd_split`: longest first, each into the fullest sequence that has room.
//!
//! Source: TRL 0.19.1 `data_utils.py` `_pack_ffd`; 1.16.0 `_pack_bfd`. Both are best fit; 0.19 only
//! called it first fit.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::{Batches, PackError, Packing, Piece};

/// What becomes of the tokens a row has beyond the capacity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overflow {
    /// They are gone (`ffd`; `bfd` but in 0.27 and 0.28).
    Cut,
    /// They are packed as rows of their own (`bfd_split`, `bfd-requeue`; `bfd` in 0.27 and 0.28).
    Split,
}

/// Rows of a batch in order of falling length, equal ones in row order, each into the open sequence
/// with the smallest sufficient room, the one that has had this room longest, else into a new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BestFit {
    /// `max_length`: tokens of a sequence.
    pub capacity: u32,
    pub overflow: Overflow,
    /// Up to TRL 0.21. The tree that finds the room is a heap over `capacity` leaves and walks down
    /// to its leftmost sufficient one. Where `capacity` is no power of two, the leaves of the
    /// `next_power_of_two - capacity` smallest rooms stand to the right of the leaf of a new
    /// sequence, which suffices for any row: they are never found, and packing is looser for it.
    pub passes_over_small_gaps: bool,
    /// Up to TRL 0.26 an empty row ends the run; later it is left out, and ends the run only where a batch has no
    /// other.
    pub refuses_empty: bool,
    pub batches: Batches,
}

impl BestFit {
    /// `bfd` of current TRL.
    pub fn new(capacity: u32) -> Self {
        Self {
            capacity,
            overflow: Overflow::Cut,
            passes_over_small_gaps: false,
            refuses_empty: false,
            batches: Batches::default(),
        }
    }

    /// # Errors
    ///
    /// If the capacity is 0, if no row of a batch has tokens, or on any empty row if this version refuses it.
    pub fn pack(&self, lengths: &[u32]) -> Result<Packing, PackError> {
        if self.capacity == 0 {
            return Err(PackError::NoCapacity);
        }
        let mut packing = Packing::default();
        let mut batch = Batch::default();
        for rows in self.batches.of(lengths.len())? {
            batch.pieces.clear();
            for row in rows.clone() {
                let length = lengths[row as usize];
                if length == 0 && self.refuses_empty {
                    return Err(PackError::EmptyRow { row });
                }
                self.add(row, length, &mut batch.pieces);
            }
            if batch.pieces.is_empty() {
                return Err(PackError::NoTokens {
                    first: rows.start,
                    last: rows.end - 1,
                });
            }
            batch.pack(self.capacity, self.smallest_gap());
            packing.extend(&batch.pieces, &batch.sequence_of, batch.sequences as usize);
        }
        Ok(packing)
    }

    fn add(&self, row: u32, length: u32, pieces: &mut Vec<Piece>) {
        let mut start = 0;
        while start < length {
            let end = start.saturating_add(self.capacity).min(length);
            pieces.push(Piece { row, start, end });
            if self.overflow == Overflow::Cut {
                break;
            }
            start = end;
        }
    }

    /// The smallest room that is ever filled.
    fn smallest_gap(&self) -> u32 {
        match self.capacity.checked_next_power_of_two() {
            Some(power) if self.passes_over_small_gaps => power - self.capacity + 1,
            _ => 1,
        }
    }
}

/// One batch being packed; its buffers serve for the next.
#[derive(Default)]
struct Batch {
    pieces: Vec<Piece>,
    /// For each piece, in the order they are packed.
    sequence_of: Vec<u32>,
    sequences: u32,
    /// Sequences with room: the room, since when, which.
    open: BTreeSet<(u32, u32, u32)>,
}

impl Batch {
    fn pack(&mut self, capacity: u32, smallest_gap: u32) {
        self.pieces.sort_by_key(|piece| Reverse(piece.len()));
        self.sequence_of.clear();
        self.sequences = 0;
        self.open.clear();
        for (turn, piece) in (0u32..).zip(&self.pieces) {
            let wanted = piece.len().max(smallest_gap);
            let found = self.open.range((wanted, 0, 0)..).next().copied();
            let (room, sequence) = if let Some(found) = found {
                self.open.remove(&found);
                (found.0, found.2)
            } else {
                self.sequences += 1;
                (capacity, self.sequences - 1)
            };
            self.sequence_of.push(sequence);
            let left = room - piece.len();
            if left >= smallest_gap {
                self.open.insert((left, turn, sequence));
            }
        }
    }
}
