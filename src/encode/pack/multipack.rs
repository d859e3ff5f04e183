//! axolotl's multipack sampler: first fit in the sampler's order, or next fit.
//!
//! Source: axolotl 0.19.0 `utils/samplers/multipack.py` `pack_group`, `allocate_sequentially`,
//! `MultipackBatchSampler.generate_batches`.

use super::{PackError, Packing, Piece};

/// Rows in the order of the sampler, each into the first bin that has room. Not decreasing, in spite
/// of what the functions are called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Multipack {
    /// Tokens of a bin: `micro_batch_size * sequence_len` where the attention can tell rows of a
    /// sequence apart, else (and with `multipack_real_batches`) `sequence_len`.
    pub capacity: u32,
    /// `sample_packing_bin_size` (200): rows of a bin; 0 is as many as `capacity`.
    pub bin_rows: u32,
    /// `sample_packing_group_size` (100,000): rows packed together; bins are never filled by rows of
    /// another group.
    pub group: u32,
    /// `sample_packing_sequentially`: next fit instead, through all rows and any number to a bin.
    pub sequential: bool,
    /// Bins of a batch: 1, or `micro_batch_size` with real batches. The last batch is dropped if it
    /// is not full.
    pub bins_per_batch: u32,
}

impl Multipack {
    /// The defaults of axolotl.
    pub fn new(capacity: u32) -> Self {
        Self {
            capacity,
            bin_rows: 200,
            group: 100_000,
            sequential: false,
            bins_per_batch: 1,
        }
    }

    /// Packs rows in their own order (`curriculum_sampling`).
    ///
    /// # Errors
    ///
    /// If there are more rows than fit 32 bits.
    pub fn pack(&self, lengths: &[u32]) -> Result<Packing, PackError> {
        let rows = u32::try_from(lengths.len()).map_err(|_| PackError::TooManyRows(lengths.len()))?;
        Ok(self.pack_in(lengths, 0..rows))
    }

    /// Packs the rows of `order`, which a sampler draws anew for each epoch.
    ///
    /// axolotl draws it from torch's global generator, whose state at that point is not known here;
    /// the number of bins hardly depends on it.
    ///
    /// # Panics
    ///
    /// If `order` names a row that has no length.
    pub fn pack_in(&self, lengths: &[u32], order: impl IntoIterator<Item = u32>) -> Packing {
        let whole = |row: u32| Piece {
            row,
            start: 0,
            end: lengths[row as usize],
        };
        let mut rows = order.into_iter().map(whole);
        let mut packing = Packing::default();
        if self.sequential {
            self.next_fit(rows, &mut packing);
        } else {
            let mut group: Vec<Piece> = Vec::new();
            loop {
                group.clear();
                group.extend(rows.by_ref().take(self.group.max(1) as usize));
                if group.is_empty() {
                    break;
                }
                self.first_fit(&group, &mut packing);
            }
        }
        let batches = packing.len() / self.bins_per_batch.max(1) as usize;
        packing.truncate(batches * self.bins_per_batch.max(1) as usize);
        packing
    }

    fn next_fit(&self, rows: impl Iterator<Item = Piece>, packing: &mut Packing) {
        // A row longer than a bin leaves less than no room.
        let mut room = i64::from(self.capacity);
        for row in rows {
            let length = i64::from(row.len());
            if length > room {
                packing.close();
                room = i64::from(self.capacity);
            }
            packing.pieces.push(row);
            room -= length;
        }
        packing.close();
    }

    fn first_fit(&self, group: &[Piece], packing: &mut Packing) {
        let most = if self.bin_rows == 0 {
            self.capacity
        } else {
            self.bin_rows
        };
        let mut bins = Bins::new(group.len());
        let mut rows_of: Vec<u32> = Vec::new();
        let mut bin_of: Vec<u32> = Vec::with_capacity(group.len());
        for row in group {
            let length = u64::from(row.len());
            let (bin, room) = bins.first(length).unwrap_or_else(|| {
                rows_of.push(0);
                (rows_of.len() - 1, u64::from(self.capacity))
            });
            rows_of[bin] += 1;
            bins.set(bin, room.checked_sub(length).filter(|_| rows_of[bin] < most));
            bin_of.push(u32::try_from(bin).expect("no more bins than rows"));
        }
        packing.extend(group, &bin_of, rows_of.len());
    }
}

/// A tree of maxima over the room of each bin, to find the first that is large enough.
struct Bins {
    /// Room plus 1, so that a bin that is closed or not yet open, 0, takes not even an empty row.
    tree: Vec<u64>,
    leaves: usize,
}

impl Bins {
    fn new(at_most: usize) -> Self {
        let leaves = at_most.next_power_of_two();
        Self {
            tree: vec![0; 2 * leaves],
            leaves,
        }
    }

    /// The first bin with room for `length` tokens, and its room.
    fn first(&self, length: u64) -> Option<(usize, u64)> {
        if self.tree[1] <= length {
            return None;
        }
        let mut at = 1;
        while at < self.leaves {
            at *= 2;
            at += usize::from(self.tree[at] <= length);
        }
        Some((at - self.leaves, self.tree[at] - 1))
    }

    fn set(&mut self, bin: usize, room: Option<u64>) {
        let mut at = self.leaves + bin;
        self.tree[at] = room.map_or(0, |room| room + 1);
        while at > 1 {
            at /= 2;
            let most = self.tree[2 * at].max(self.tree[2 * at + 1]);
            if self.tree[at] == most {
                break;
            }
            self.tree[at] = most;
        }
    }
}
