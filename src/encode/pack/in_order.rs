//! torchtune's `PackedDataset`: rows in order, a new sequence when the next does not fit.
//!
//! Source: torchtune 0.6.1 `datasets/_packed.py`.

use super::concat::Blocks;
use super::{PackError, Packing};

/// Rows in order, all in one go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InOrder {
    /// `max_seq_len`: tokens of a sequence.
    pub capacity: u32,
    /// `split_across_pack`: a row that does not fit goes on in the next sequence. Else it opens the
    /// next, and one longer than the capacity ends the run.
    pub splits: bool,
    /// `max_packs`: no more sequences than this.
    pub at_most: Option<usize>,
}

impl InOrder {
    /// # Errors
    ///
    /// If the capacity is 0, or rows are not split and one is longer than the capacity.
    pub fn pack(&self, lengths: &[u32]) -> Result<Packing, PackError> {
        if self.capacity == 0 {
            return Err(PackError::NoCapacity);
        }
        u32::try_from(lengths.len()).map_err(|_| PackError::TooManyRows(lengths.len()))?;
        let at_most = self.at_most.unwrap_or(usize::MAX);
        let mut packing = Packing::default();
        if self.splits {
            let mut blocks = Blocks::new(self.capacity);
            for (row, length) in (0u32..).zip(lengths) {
                if packing.len() >= at_most {
                    break;
                }
                blocks.add(row, *length, &mut packing);
            }
            packing.close();
            packing.truncate(at_most);
            return Ok(packing);
        }
        let mut filled = 0u32;
        for (row, length) in (0u32..).zip(lengths) {
            if *length > self.capacity {
                return Err(PackError::TooLong {
                    row,
                    length: *length,
                    capacity: self.capacity,
                });
            }
            if *length > self.capacity - filled {
                packing.close();
                filled = 0;
                if packing.len() >= at_most {
                    return Ok(packing);
                }
            }
            if *length > 0 {
                packing.push(row, 0..*length);
                filled += length;
            }
        }
        packing.close();
        packing.truncate(at_most);
        Ok(packing)
    }
}
