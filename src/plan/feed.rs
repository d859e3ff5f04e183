//! How an epoch's rows are dealt out: to how many batches on how many ranks, which of them twice, which not.
//!
//! Sources: accelerate 1.15.0 `data_loader.py` `BatchSamplerShard`, `DataLoaderDispatcher`; torch
//! `utils/data/distributed.py` `DistributedSampler`; torchtune 0.6.1 `recipes/full_finetune_distributed.py`.

use std::ops::Range;

/// An epoch's batches. Its order, lengthened by its own beginning or cut at the end, is dealt out in
/// rounds: one batch for each rank, the ranks taking turns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Feed {
    /// Rows of the set; packed sequences, if the rows are packed.
    pub rows: u64,
    /// Rows of a batch: `per_device_train_batch_size`, times the devices of one process if there are several.
    pub batch: u64,
    /// Ranks.
    pub world: u64,
    /// Batches of an epoch on a rank; on the first rank, where they differ.
    pub batches: u64,
    /// Rows of an epoch on all ranks. Beyond [`Self::rows`] are rows fed again to fill the last batches;
    /// what it lacks to them is dropped.
    pub fed: u64,
    /// Whether ranks take turns row by row (torch's `DistributedSampler`) rather than batch by batch.
    pub by_row: bool,
}

impl Feed {
    /// Batches as accelerate deals them out (`split_batches` false).
    ///
    /// One rank gets a short last batch, or with `drop_last` does without. Several ranks get as many
    /// batches each, the missing rows taken from the epoch's beginning, unless `even_batches` is unset:
    /// then the last ranks may have a batch less.
    ///
    /// # Panics
    ///
    /// If `batch` or `world` is 0.
    pub fn accelerate(rows: u64, batch: u64, world: u64, drop_last: bool, even_batches: bool) -> Self {
        let round = batch * world;
        let (batches, fed) = if drop_last {
            let batches = rows / round;
            (batches, batches * round)
        } else {
            let batches = rows.div_ceil(batch).div_ceil(world);
            let evened = world > 1 && even_batches;
            (batches, if evened { batches * round } else { rows })
        };
        Self {
            rows,
            batch,
            world,
            batches,
            fed,
            by_row: false,
        }
    }

    /// Batches as torchtune deals them out: as many rows to each rank, missing ones taken from the epoch's
    /// beginning, and then no batch that is not full.
    ///
    /// # Panics
    ///
    /// If `batch` or `world` is 0.
    pub fn distributed(rows: u64, batch: u64, world: u64) -> Self {
        let batches = rows.div_ceil(world) / batch;
        Self {
            rows,
            batch,
            world,
            batches,
            fed: batches * batch * world,
            by_row: true,
        }
    }

    /// Rows that all ranks together are fed in these batches of an epoch, as places in its lengthened order.
    pub fn places(&self, batches: &Range<u64>) -> Range<u64> {
        let place = |batch: u64| (batch * self.batch * self.world).min(self.fed);
        place(batches.start)..place(batches.end)
    }

    /// The places in the lengthened order of the rows in one rank's batch of an epoch.
    pub fn batch(&self, batch: u64, rank: u64) -> impl Iterator<Item = u64> + use<> {
        let round = batch * self.batch * self.world;
        let (first, apart) = if self.by_row {
            (round + rank, self.world)
        } else {
            (round + rank * self.batch, 1)
        };
        let fed = self.fed;
        (0..self.batch)
            .map(move |row| first + row * apart)
            .take_while(move |place| *place < fed)
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;
    use crate::plan::sampler::Order;

    /// `fixtures/plan/world.json`: accelerate's `BatchSamplerShard` over `torch.randperm(n)`, seed 42.
    #[derive(Deserialize)]
    struct Case {
        rows: u32,
        batch: u64,
        world: u64,
        drop_last: bool,
        even_batches: bool,
        /// By rank, by batch.
        ranks: Vec<Vec<Vec<u32>>>,
    }

    fn dealt(feed: &Feed, order: &[u32], rank: u64) -> Vec<Vec<u32>> {
        let row = |place: u64| order[usize::try_from(place % feed.rows).expect("small")];
        let batches = (0..feed.batches).map(|batch| feed.batch(batch, rank).map(row).collect());
        batches.filter(|batch: &Vec<u32>| !batch.is_empty()).collect()
    }

    #[test]
    fn ranks_get_what_accelerate_deals_them() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/plan/world.json");
        let cases: Vec<Case> = serde_json::from_str(&std::fs::read_to_string(file).expect("the cases")).expect("cases");
        assert!(cases.len() > 100);
        for case in cases {
            let feed = Feed::accelerate(
                u64::from(case.rows),
                case.batch,
                case.world,
                case.drop_last,
                case.even_batches,
            );
            let order = Order::Shuffled { seed: 42 }.draw(case.rows, 0, case.rows);
            for (rank, expected) in (0..).zip(&case.ranks) {
                assert_eq!(dealt(&feed, &order, rank), *expected, "rank {rank} of {feed:?}");
            }
            assert_eq!(feed.batches, case.ranks[0].len() as u64);
        }
    }

    #[test]
    fn ranks_of_torchtune_take_turns_row_by_row() {
        let feed = Feed::distributed(11, 2, 2);
        let order: Vec<u32> = (0..11).collect();
        assert_eq!(dealt(&feed, &order, 0), [[0, 2], [4, 6], [8, 10]]);
        assert_eq!(dealt(&feed, &order, 1), [[1, 3], [5, 7], [9, 0]]);
        assert_eq!(feed.fed, 12);
        assert_eq!(Feed::distributed(3, 2, 2).batches, 1);
    }
}
