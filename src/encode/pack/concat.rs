//! Rows end to end, cut every so many tokens.
//!
//! Sources: TRL 1.16.0 `data_utils.py` `_pack_wrapped` (0.15: `pack_examples`); LLaMA-Factory 0.9.5
//! `data/processor/pretrain.py`.

use super::{Batches, PackError, Packing};

/// The rows of a batch end to end, cut every `capacity` tokens without regard to where rows end.
///
/// TRL 1.0 to 1.13 pack the batch's number of tokens but take them from the start of the Arrow
/// buffer the batch is a slice of; that is the batch itself wherever the rows were mapped in
/// batches of the same size before, as `SFTTrainer` does with rows it tokenises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Concat {
    /// Tokens of a sequence.
    pub capacity: u32,
    /// Whether what is left at the end of a batch is a shorter sequence, or dropped.
    pub keeps_rest: bool,
    pub batches: Batches,
}

impl Concat {
    /// TRL's `packing_strategy="wrapped"`.
    pub fn wrapped(capacity: u32) -> Self {
        Self {
            capacity,
            keeps_rest: true,
            batches: Batches::default(),
        }
    }

    /// LLaMA-Factory's `stage: pt` with packing: `capacity` is `cutoff_len`, `batches.rows` is
    /// `preprocessing_batch_size`. Lengths include the EOS it appends to every text.
    pub fn blocks(capacity: u32, batches: Batches) -> Self {
        Self {
            capacity,
            keeps_rest: false,
            batches,
        }
    }

    /// # Errors
    ///
    /// If the capacity is 0.
    pub fn pack(&self, lengths: &[u32]) -> Result<Packing, PackError> {
        if self.capacity == 0 {
            return Err(PackError::NoCapacity);
        }
        let mut packing = Packing::default();
        for rows in self.batches.of(lengths.len())? {
            let mut blocks = Blocks::new(self.capacity);
            for row in rows {
                blocks.add(row, lengths[row as usize], &mut packing);
            }
            if self.keeps_rest {
                packing.close();
            } else {
                packing.abandon();
            }
        }
        Ok(packing)
    }
}

/// Cuts a stream of rows into sequences of one length.
pub(super) struct Blocks {
    capacity: u32,
    /// Tokens in the sequence being filled.
    filled: u32,
}

impl Blocks {
    pub(super) fn new(capacity: u32) -> Self {
        Self { capacity, filled: 0 }
    }

    pub(super) fn add(&mut self, row: u32, length: u32, packing: &mut Packing) {
        let mut start = 0;
        while start < length {
            let end = start + (self.capacity - self.filled).min(length - start);
            packing.push(row, start..end);
            self.filled += end - start;
            if self.filled == self.capacity {
                packing.close();
                self.filled = 0;
            }
            start = end;
        }
    }
}
