//! LLaMA-Factory's greedy knapsack: each sequence takes the longest row that fits until none does.
//!
//! Source: LLaMA-Factory 0.9.5 `data/processor/processor_utils.py` `greedy_knapsack`,
//! `data/processor/supervised.py` `PackedSupervisedDatasetProcessor`.

use super::{Batches, PackError, Packing, Piece};

/// One sequence after the other, each filled with the longest rows that still fit. Of rows of equal
/// length the last comes first. Rows longer than the capacity are dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Knapsack {
    /// `cutoff_len` less 1 where `packing` is set in the config: one token is kept for padding.
    pub capacity: u32,
    /// `preprocessing_batch_size` (1,000) and `preprocessing_num_workers`.
    pub batches: Batches,
}

impl Knapsack {
    /// # Errors
    ///
    /// If there are more rows than fit 32 bits.
    pub fn pack(&self, lengths: &[u32]) -> Result<Packing, PackError> {
        let mut packing = Packing::default();
        let mut batch = Batch::default();
        for rows in self.batches.of(lengths.len())? {
            batch.rows.clear();
            batch.rows.extend(
                rows.map(|row| (lengths[row as usize], row))
                    .filter(|(length, _)| *length <= self.capacity),
            );
            batch.pack(self.capacity, &mut packing);
        }
        Ok(packing)
    }
}

/// The rows of a batch by length, and which of them are still there.
#[derive(Default)]
struct Batch {
    rows: Vec<(u32, u32)>,
    /// For each place, counted from 1, the last place up to it whose row is still there, or one from
    /// which to look further; 0 if there is none.
    before: Vec<u32>,
}

impl Batch {
    fn pack(&mut self, capacity: u32, packing: &mut Packing) {
        // Unlike a stable sort by length, this needs no second buffer; rows differ in their number.
        self.rows.sort_unstable();
        let places = u32::try_from(self.rows.len()).expect("a batch has no more rows than its set");
        self.before.clear();
        self.before.extend(0..=places);
        let mut left = places;
        while left > 0 {
            let mut room = capacity;
            loop {
                let fitting = self.rows.partition_point(|(length, _)| *length <= room);
                let place = self.last(u32::try_from(fitting).expect("no more than there are places"));
                if place == 0 {
                    break;
                }
                let (length, row) = self.rows[place as usize - 1];
                self.before[place as usize] = place - 1;
                packing.pieces.push(Piece {
                    row,
                    start: 0,
                    end: length,
                });
                room -= length;
                left -= 1;
            }
            packing.close();
        }
    }

    /// The last place up to `place` whose row is still there; 0 if there is none.
    fn last(&mut self, place: u32) -> u32 {
        let mut found = place;
        while self.before[found as usize] != found {
            found = self.before[found as usize];
        }
        // What was walked now leads straight to the answer, or finding the last of many would walk them all again.
        let mut walked = place;
        while self.before[walked as usize] != found {
            walked = std::mem::replace(&mut self.before[walked as usize], found);
        }
        found
    }
}
