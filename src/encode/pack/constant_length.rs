//! TRL's `ConstantLengthDataset`: buffers of rows, each cut into sequences of one length.
//!
//! Source: TRL 0.14.0 and 0.19.1 `trainer/utils.py` `ConstantLengthDataset.__iter__`.

use super::concat::Blocks;
use super::{PackError, Packing};

/// Rows fill a buffer until it holds enough characters; its tokens are then cut every `capacity`
/// tokens, and what is left of each buffer is dropped.
///
/// `SFTTrainer` packs this way up to 0.14, and any version up to 0.19 a data set made so by the
/// user. Rows of a buffer, and then its sequences, are shuffled with Python's global generator, whose
/// state is not known here: how many sequences there are and how many tokens are dropped is exact,
/// but which rows meet in a sequence is that of the rows in order.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ConstantLength {
    /// `seq_length`: tokens of a sequence.
    pub capacity: u32,
    /// `num_of_sequences`: sequences a buffer is to hold.
    pub buffered: u32,
    /// `chars_per_token`; 1 where the rows come with `input_ids`, whose buffer counts tokens.
    pub chars_per_token: f64,
}

impl ConstantLength {
    /// The defaults of `ConstantLengthDataset`.
    pub fn new(capacity: u32) -> Self {
        Self {
            capacity,
            buffered: 1024,
            chars_per_token: 3.6,
        }
    }

    /// Packs rows given by their tokens, the EOS that is appended to each included, and their size
    /// in characters (in tokens, where they come with `input_ids`).
    ///
    /// # Errors
    ///
    /// If the capacity is 0.
    pub fn pack(&self, rows: &[(u32, u32)]) -> Result<Packing, PackError> {
        if self.capacity == 0 {
            return Err(PackError::NoCapacity);
        }
        u32::try_from(rows.len()).map_err(|_| PackError::TooManyRows(rows.len()))?;
        let enough = f64::from(self.capacity) * self.chars_per_token * f64::from(self.buffered);
        let mut packing = Packing::default();
        let (mut blocks, mut held) = (Blocks::new(self.capacity), 0.0);
        for (row, (tokens, size)) in (0u32..).zip(rows) {
            if held >= enough {
                packing.abandon();
                (blocks, held) = (Blocks::new(self.capacity), 0.0);
            }
            blocks.add(row, *tokens, &mut packing);
            held += f64::from(*size);
        }
        packing.abandon();
        Ok(packing)
    }
}
