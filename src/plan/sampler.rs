//! The order in which an epoch draws its rows.
//!
//! Sources: torch 2.15.0 `ATen/native/TensorFactories.cpp` `randperm_cpu`; accelerate 1.15.0
//! `data_loader.py` `SeedableRandomSampler`; transformers 5.23.0 `trainer.py` `_get_train_sampler`,
//! `trainer_pt_utils.py` `get_length_grouped_indices`; torch `utils/data/distributed.py`.

use std::cmp::Reverse;
use std::collections::HashMap;

use super::mersenne::Mersenne;

/// From this many rows on, torch draws its permutations in another way (`UINT32_MAX / 20`).
const MANY_ROWS: u32 = u32::MAX / 20;

/// Where fewer than one row in so many is wanted, the others are not written down.
const SPARSE: u32 = 16;

/// The order of an epoch's rows. What is drawn are rows, or packed sequences if the rows are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order<'a> {
    /// As they stand: `train_sampling_strategy="sequential"`, LLaMA-Factory's `disable_shuffling`,
    /// axolotl's `curriculum_sampling`, streamed data.
    AsTheyStand,
    /// Shuffled anew for each epoch: `Trainer`'s default, where accelerate's `SeedableRandomSampler` draws
    /// `torch.randperm` from `seed + epoch`; `seed` is `data_seed`, or `seed` (42) where that is not set.
    /// torchtune's `DistributedSampler` does the same with seed 0.
    Shuffled { seed: u64 },
    /// `group_by_length` (v4) or `train_sampling_strategy="group_by_length"` (v5).
    ///
    /// `Trainer` draws the permutation it starts from with torch's global generator, whose state then depends
    /// on what was made at random before, the model first of all. Nobody can tell that order beforehand; the
    /// lengths that meet in a batch are the same in kind for any seed.
    GroupedByLength {
        seed: u64,
        /// Tokens of each row.
        lengths: &'a [u32],
        /// Rows per device and update: `train_batch_size * gradient_accumulation_steps`.
        batch: u32,
    },
}

impl Order<'_> {
    /// The first `wanted` rows that epoch `epoch`, counted from 0, draws of `rows`; all, if there are fewer.
    ///
    /// Takes 4 bytes a row, or some 40 for each of those wanted if they are few, and about 10 ns for each of those wanted.
    pub fn draw(&self, rows: u32, epoch: u64, wanted: u32) -> Vec<u32> {
        let wanted = wanted.min(rows);
        let mut drawn = match self {
            Self::AsTheyStand => (0..wanted).collect(),
            Self::Shuffled { seed } => permutation(rows, seed.wrapping_add(epoch), wanted),
            Self::GroupedByLength { seed, lengths, batch } => {
                let order = permutation(rows, seed.wrapping_add(epoch), rows);
                group_by_length(order, lengths, (*batch).max(1) as usize)
            }
        };
        drawn.truncate(wanted as usize);
        drawn
    }
}

/// `torch.randperm(rows)` with a generator seeded with `seed`, as far as the first `wanted` go.
fn permutation(rows: u32, seed: u64, wanted: u32) -> Vec<u32> {
    let mut generator = Mersenne::new(seed);
    if rows >= MANY_ROWS {
        return permutation_of_many(rows, &mut generator);
    }
    if wanted < rows / SPARSE {
        return first_of_permutation(rows, &mut generator, wanted);
    }
    let mut order: Vec<u32> = (0..rows).collect();
    // The last row has no other to change places with, and torch draws no number for it.
    for at in 0..wanted.min(rows.saturating_sub(1)) {
        let other = at + generator.next() % (rows - at);
        order.swap(at as usize, other as usize);
    }
    order
}

/// The same where only few rows are wanted: of all the others only those that changed places are remembered.
fn first_of_permutation(rows: u32, generator: &mut Mersenne, wanted: u32) -> Vec<u32> {
    let mut moved: HashMap<u32, u32> = HashMap::new();
    let draw = |at| {
        let other = at + generator.next() % (rows - at);
        let own = moved.get(&at).copied().unwrap_or(at);
        // What stands before `at` is settled and never looked at again.
        if other == at {
            own
        } else {
            moved.insert(other, own).unwrap_or(other)
        }
    };
    (0..wanted).map(draw).collect()
}

/// Every row moves whatever stands before it, so there are no first ones without the rest.
fn permutation_of_many(rows: u32, generator: &mut Mersenne) -> Vec<u32> {
    let mut order = vec![0; rows as usize];
    for at in 0..rows {
        let other = generator.next_64() % (u64::from(at) + 1);
        let other = usize::try_from(other).expect("not beyond `at`, which is an index");
        order[at as usize] = order[other];
        order[other] = at;
    }
    order
}

/// Sorts stretches of 50 batches (fewer where there are few rows) by falling length, then swaps the longest
/// row of all to the very first place, so that memory runs out at once if it does.
///
/// # Panics
///
/// If a row of `order` has no length.
fn group_by_length(mut order: Vec<u32>, lengths: &[u32], batch: usize) -> Vec<u32> {
    let stretch = batch.saturating_mul((order.len() / batch.saturating_mul(4)).clamp(1, 50));
    let length = |row: u32| lengths[row as usize];
    for rows in order.chunks_mut(stretch) {
        rows.sort_by_key(|row| Reverse(length(*row)));
    }
    // The first of the longest ones: `max_by_key` would give the last.
    let longest = (0..order.len())
        .step_by(stretch)
        .min_by_key(|at| Reverse(length(order[*at])));
    if let Some(longest) = longest {
        order.swap(0, longest);
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_drawn_once() {
        for rows in [0, 1, 2, 7, 1000] {
            for order in [Order::AsTheyStand, Order::Shuffled { seed: 42 }] {
                let mut drawn = order.draw(rows, 3, rows);
                drawn.sort_unstable();
                assert!(drawn.into_iter().eq(0..rows));
            }
        }
    }

    #[test]
    fn rows_are_drawn_as_torch_draws_them() {
        let order = Order::Shuffled { seed: 42 };
        assert_eq!(order.draw(11, 0, 11), [6, 8, 9, 2, 1, 10, 0, 7, 3, 5, 4]);
        assert_eq!(order.draw(11, 1, 11), [3, 9, 4, 2, 8, 7, 6, 10, 1, 5, 0]);
        let drawn = order.draw(1000, 0, 1000);
        assert_eq!(drawn[..5], [542, 618, 816, 68, 94]);
        assert_eq!(drawn[997..], [638, 96, 455]);
        let drawn = order.draw(100_000, 3, 100_000);
        assert_eq!(drawn[..5], [72_107, 87_126, 23_819, 69_751, 55_300]);
        assert_eq!(drawn[99_997..], [97_156, 31_796, 56_969]);
    }

    #[test]
    fn the_first_rows_need_no_others() {
        let order = Order::Shuffled { seed: 7 };
        let all = order.draw(1000, 2, 1000);
        assert_eq!(order.draw(1000, 2, 10), all[..10]);
        assert_eq!(order.draw(1000, 2, 61), all[..61]);
        assert_eq!(order.draw(1000, 2, 63), all[..63]);
        assert_ne!(order.draw(1000, 3, 10), all[..10]);
        assert_eq!(order.draw(3, 0, 10).len(), 3);
    }

    #[test]
    fn many_rows_are_drawn_the_other_way() {
        let mut order = permutation_of_many(1000, &mut Mersenne::new(1));
        assert_ne!(order, permutation(1000, 1, 1000));
        order.sort_unstable();
        assert!(order.into_iter().eq(0..1000));
        // `randperm` of the inside-out kind by hand: z = 64 random bits % (i + 1).
        let mut generator = Mersenne::new(9);
        let draws: Vec<u64> = (1..=3u64).map(|n| generator.next_64() % n).collect();
        let mut expected = vec![0u32; 3];
        for (at, other) in (0u32..).zip(&draws) {
            let other = usize::try_from(*other).expect("small");
            expected[at as usize] = expected[other];
            expected[other] = at;
        }
        assert_eq!(permutation_of_many(3, &mut Mersenne::new(9)), expected);
    }

    #[test]
    fn stretches_fall_in_length_and_the_longest_row_comes_first() {
        let lengths: Vec<u32> = (0..1000).map(|row| row * 37 % 501).collect();
        let order = Order::GroupedByLength {
            seed: 42,
            lengths: &lengths,
            batch: 4,
        }
        .draw(1000, 0, 1000);
        let drawn: Vec<u32> = order.iter().map(|row| lengths[*row as usize]).collect();
        assert_eq!(drawn[0], 500);
        // 1000 / 16 batches are more than 50, so a stretch is 200 rows; swapped rows stand at their starts.
        for stretch in drawn.chunks(200) {
            assert!(stretch[1..].is_sorted_by(|left, right| left >= right));
        }
    }
}
