//! Packing: which rows share a sequence.
//!
//! Rows are given by their lengths, so that a plan can pack a hundred million of them without
//! their tokens. Source: TRL 1.16.0 `data_utils.py`, `_pack_bfd` and `_pack_wrapped`.

use std::collections::{BTreeMap, VecDeque};

/// Best fit decreasing, as TRL packs a batch of rows: longest first (equal lengths in row order),
/// each into the open bin with the smallest sufficient free space, the oldest of equals, else into
/// a new one. Rows longer than `capacity` count as `capacity`; empty rows are left out.
///
/// Returns for each bin the indices of its rows, bins in the order they were opened.
pub fn best_fit_decreasing(lengths: &[u32], capacity: u32) -> Vec<Vec<u32>> {
    let mut order: Vec<u32> = (0u32..)
        .take(lengths.len())
        .filter(|at| lengths[*at as usize] > 0)
        .collect();
    order.sort_by_key(|at| std::cmp::Reverse(lengths[*at as usize].min(capacity)));
    let mut bins: Vec<Vec<u32>> = Vec::new();
    // Open bins by free space, the oldest first.
    let mut open: BTreeMap<u32, VecDeque<usize>> = BTreeMap::new();
    for at in order {
        let length = lengths[at as usize].min(capacity);
        let fitting = open.range(length..).next().map(|(space, _)| *space);
        let (bin, space) = if let Some(space) = fitting {
            let queue = open.get_mut(&space).expect("the space was just found");
            let bin = queue.pop_front().expect("emptied queues are removed");
            if queue.is_empty() {
                open.remove(&space);
            }
            (bin, space)
        } else {
            bins.push(Vec::new());
            (bins.len() - 1, capacity)
        };
        bins[bin].push(at);
        if space > length {
            open.entry(space - length).or_default().push_back(bin);
        }
    }
    bins
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tightest_open_bin_wins_and_the_oldest_of_equals() {
        assert_eq!(
            best_fit_decreasing(&[5, 4, 3, 3, 0, 9], 8),
            [vec![5], vec![0, 2], vec![1, 3]]
        );
        assert_eq!(best_fit_decreasing(&[5, 5, 3, 3], 8), [vec![0, 2], vec![1, 3]]);
    }
}
