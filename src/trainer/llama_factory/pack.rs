//! Which rows share a sequence.
//!
//! Source: `greedy_knapsack` of `data/processor/processor_utils.py`, `PackedSupervisedDatasetProcessor`
//! and `PretrainDatasetProcessor` (0.9.5).

use std::collections::BTreeMap;

use crate::model::batch::Sequence;
use crate::model::encoded::IGNORE;

/// The rows of each sequence: the longest that fits, and again, until none does. Of rows of the
/// same length the later ones come first.
///
/// No row is longer than `capacity`.
pub(super) fn greedy_knapsack(lengths: &[usize], capacity: usize) -> Vec<Vec<usize>> {
    let mut by_length: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (row, length) in lengths.iter().enumerate() {
        debug_assert!(*length <= capacity, "a row longer than a sequence");
        by_length.entry(*length).or_default().push(row);
    }
    let mut sequences = Vec::new();
    while !by_length.is_empty() {
        let mut sequence = Vec::new();
        let mut room = capacity;
        while let Some((&length, rows)) = by_length.range_mut(..=room).next_back() {
            sequence.push(rows.pop().expect("emptied lengths are removed"));
            if rows.is_empty() {
                by_length.remove(&length);
            }
            room -= length;
        }
        sequences.push(sequence);
    }
    sequences
}

/// Packs rows of one batch into sequences of `capacity + 1` tokens.
pub(super) fn packed(rows: &[Sequence], capacity: usize, pad: u32) -> Vec<Sequence> {
    let lengths: Vec<usize> = rows.iter().map(|row| row.input_ids.len()).collect();
    let filled = greedy_knapsack(&lengths, capacity).into_iter().map(|members| {
        let mut sequence = Sequence::default();
        let mut positions = Vec::with_capacity(capacity + 1);
        for row in members.into_iter().map(|at| &rows[at]) {
            sequence.rows.extend(&row.rows);
            sequence.input_ids.extend(&row.input_ids);
            sequence.labels.extend(&row.labels);
            let length = u32::try_from(row.input_ids.len()).expect("a row has fewer than 2^32 tokens");
            sequence.seq_lengths.push(length);
            positions.extend(0..length);
        }
        // There is always some, so that attention masks are not thought to be without use.
        sequence.input_ids.resize(capacity + 1, pad);
        sequence.labels.resize(capacity + 1, IGNORE);
        positions.resize(capacity + 1, 0);
        sequence.position_ids = Some(positions);
        sequence
    });
    filled.collect()
}

/// Joins the texts of one batch and cuts them into blocks; what is left over is dropped.
pub(super) fn blocks(rows: &[Sequence], block: usize, bos: Option<u32>) -> Vec<Sequence> {
    let total: usize = rows.iter().map(|row| row.input_ids.len()).sum();
    let mut out = Vec::with_capacity(total / block);
    let mut sequence = Sequence::default();
    for row in rows {
        let mut at = 0;
        while at < row.input_ids.len() {
            let end = row.input_ids.len().min(at + block - sequence.input_ids.len());
            sequence.rows.extend(&row.rows);
            sequence.input_ids.extend(&row.input_ids[at..end]);
            sequence.labels.extend(&row.labels[at..end]);
            at = end;
            if sequence.input_ids.len() == block {
                if let Some(bos) = bos {
                    sequence.input_ids[0] = bos;
                }
                out.push(std::mem::take(&mut sequence));
            }
        }
    }
    out
}

/// Where rows are dealt to workers and each worker goes through its share in batches: the batch of
/// a row, numbered from 0 over all workers.
///
/// Source: `Dataset.map` and `Dataset.shard(contiguous=True)` of datasets.
pub(super) struct Batches {
    pub rows: u64,
    pub workers: u64,
    pub size: u64,
}

impl Batches {
    pub(super) fn of(&self, row: u64) -> (u64, u64) {
        let workers = self.workers.clamp(1, self.rows.max(1));
        let (share, larger) = (self.rows / workers, self.rows % workers);
        // The first `larger` workers have one row more.
        let border = larger * (share + 1);
        let (worker, start) = if row < border {
            (row / (share + 1), row / (share + 1) * (share + 1))
        } else {
            let worker = larger + (row - border) / share.max(1);
            (worker, border + (worker - larger) * share)
        };
        (worker, (row - start) / self.size)
    }

    /// All batches, in order.
    pub(super) fn all(&self) -> impl Iterator<Item = (u64, u64)> {
        let workers = self.workers.clamp(1, self.rows.max(1));
        let (share, larger) = (self.rows / workers, self.rows % workers);
        (0..workers).flat_map(move |worker| {
            let rows = share + u64::from(worker < larger);
            (0..rows.div_ceil(self.size)).map(move |batch| (worker, batch))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_that_fits_comes_first_and_the_later_of_equals() {
        assert_eq!(
            greedy_knapsack(&[5, 3, 3, 8, 2, 5], 8),
            [vec![3], vec![5, 2], vec![0, 1], vec![4]]
        );
        assert_eq!(greedy_knapsack(&[0, 1], 1), [[1, 0]]);
    }

    #[test]
    fn packed_rows_are_padded_by_at_least_one() {
        let row = |number, ids: &[u32]| Sequence {
            rows: vec![number],
            input_ids: ids.to_vec(),
            labels: vec![1; ids.len()],
            ..Sequence::default()
        };
        let packed = packed(&[row(0, &[5, 6]), row(1, &[7])], 3, 9);
        assert_eq!(packed.len(), 1);
        assert_eq!(packed[0].input_ids, [5, 6, 7, 9]);
        assert_eq!(packed[0].labels, [1, 1, 1, IGNORE]);
        assert_eq!(packed[0].position_ids.as_deref(), Some(&[0, 1, 0, 0][..]));
        assert_eq!(
            (&packed[0].rows[..], &packed[0].seq_lengths[..]),
            (&[0, 1][..], &[2, 1][..])
        );
    }

    #[test]
    fn blocks_run_over_texts_and_the_rest_is_dropped() {
        let row = |number, ids: &[u32]| Sequence {
            rows: vec![number],
            input_ids: ids.to_vec(),
            labels: vec![2; ids.len()],
            ..Sequence::default()
        };
        let cut = blocks(&[row(0, &[1, 2, 3, 4, 5]), row(1, &[6, 7])], 3, Some(0));
        let ids: Vec<_> = cut.iter().map(|block| &block.input_ids[..]).collect();
        assert_eq!(ids, [[0, 2, 3], [0, 5, 6]]);
        assert_eq!(cut[1].rows, [0, 1]);
    }

    #[test]
    fn shares_are_even_and_the_first_are_larger() {
        let batches = Batches {
            rows: 10,
            workers: 3,
            size: 2,
        };
        let of: Vec<_> = (0..10).map(|row| batches.of(row)).collect();
        assert_eq!(
            of,
            [
                (0, 0),
                (0, 0),
                (0, 1),
                (0, 1),
                (1, 0),
                (1, 0),
                (1, 1),
                (2, 0),
                (2, 0),
                (2, 1)
            ]
        );
        let mut distinct = of;
        distinct.dedup();
        assert_eq!(batches.all().collect::<Vec<_>>(), distinct);
        let more_workers_than_rows = Batches {
            rows: 2,
            workers: 8,
            size: 2,
        };
        assert_eq!(more_workers_than_rows.of(1), (1, 0));
    }
}
