//! What of each batch is padding, and what packing would leave.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::encode::pack::{Batches, BestFit};
use crate::plan::outlook::DROPPED;

/// Share of the tokens in all batches that is padding, 0 to 1, when each batch is padded to its longest row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Padding {
    pub batch_size: usize,
    /// Rows in the order of the files.
    pub unsorted: f64,
    /// Rows sorted by length: the best that grouping by length can do.
    pub grouped: f64,
}

/// Packing rows into sequences of `max_length`: as the run packs them, or best fit decreasing per 1,000 rows if it packs
/// none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Packed {
    pub capacity: u32,
    pub sequences: u64,
    /// Share of the sequences' tokens that are tokens of rows, 0 to 1.
    pub efficiency: f64,
}

/// Of rows cut to `most` tokens; `None` for a batch of one row, which is never padded.
pub(super) fn padding(lengths: &[u32], batch_size: usize, most: u32) -> Option<Padding> {
    let kept = || {
        let kept = lengths.iter().filter(|length| **length != DROPPED);
        kept.map(|length| (*length).min(most))
    };
    if batch_size < 2 || kept().next().is_none() {
        return None;
    }
    // Sorted by counting, for a copy of all lengths to sort could be too large.
    let mut counts: BTreeMap<u32, usize> = BTreeMap::new();
    for length in kept() {
        *counts.entry(length).or_default() += 1;
    }
    let sorted = counts
        .iter()
        .flat_map(|(length, rows)| std::iter::repeat_n(*length, *rows));
    Some(Padding {
        batch_size,
        unsorted: waste(kept(), batch_size),
        grouped: waste(sorted, batch_size),
    })
}

#[expect(clippy::cast_precision_loss, reason = "a share is a float")]
fn waste(mut lengths: impl Iterator<Item = u32>, batch_size: usize) -> f64 {
    let (mut used, mut padded) = (0u64, 0u64);
    loop {
        let (mut rows, mut longest) = (0u64, 0);
        for length in lengths.by_ref().take(batch_size) {
            rows += 1;
            longest = longest.max(length);
            used += u64::from(length);
        }
        if rows == 0 {
            break;
        }
        padded += u64::from(longest) * rows;
    }
    if padded == 0 {
        0.0
    } else {
        1.0 - used as f64 / padded as f64
    }
}

#[expect(clippy::cast_precision_loss, reason = "a share is a float")]
pub(super) fn packed(lengths: &[u32], capacity: u32) -> Option<Packed> {
    if capacity == 0 {
        return None;
    }
    let (mut sequences, mut used) = (0u64, 0u64);
    // A batch at a time, to hold no more than one packed batch.
    for rows in lengths.chunks(Batches::default().rows as usize) {
        // Rows without tokens make no sequence, whatever the trainer does about them.
        let kept: Vec<u32> = rows.iter().copied().filter(|length| *length != DROPPED).collect();
        let packing = BestFit::new(capacity).pack(&kept).unwrap_or_default();
        sequences += packing.len() as u64;
        used += packing.tokens();
    }
    (sequences > 0).then(|| Packed {
        capacity,
        sequences,
        efficiency: used as f64 / (sequences * u64::from(capacity)) as f64,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_is_what_rows_lack_to_their_batch() {
        let padding = padding(&[8, 2, 8, DROPPED, 2], 2, 8).expect("two rows a batch");
        assert!((padding.unsorted - (1.0 - 20.0 / 32.0)).abs() < 1e-12);
        assert!(padding.grouped.abs() < 1e-12);
    }

    #[test]
    fn packing_counts_sequences() {
        let packed = packed(&[5, 4, 3, 3], 8).expect("rows");
        assert_eq!((packed.sequences, packed.capacity), (2, 8));
        assert!((packed.efficiency - 15.0 / 16.0).abs() < 1e-12);
    }
}
