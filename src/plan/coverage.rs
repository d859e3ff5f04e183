//! Which rows a run sees, and how often.

use std::collections::BTreeMap;

use crate::encode::pack::Packing;

use super::sampler::Order;
use super::{Plan, float};

/// Rows drawn beyond which an exact answer is not worth the wait (some 10 s for each thousand million).
const MOST_DRAWS: u64 = 1 << 32;

/// How many rows are seen how often.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Rows by the number of times each is seen.
    times: BTreeMap<u64, u64>,
}

impl Seen {
    /// From how often each row is seen.
    pub fn of(times_seen: &[u32]) -> Self {
        let mut times = BTreeMap::new();
        for seen in times_seen {
            *times.entry(u64::from(*seen)).or_default() += 1;
        }
        Self { times }
    }

    /// Rows seen so many times.
    pub fn rows(&self, times: u64) -> u64 {
        self.times.get(&times).copied().unwrap_or(0)
    }

    /// Rows by the number of times each is seen, the least seen first.
    pub fn iter(&self) -> impl Iterator<Item = (u64, u64)> {
        self.times.iter().map(|(times, rows)| (*times, *rows))
    }

    /// Share of the rows seen at least once, 0 to 1; 0 of no rows.
    pub fn share(&self) -> f64 {
        let all: u64 = self.times.values().sum();
        if all == 0 {
            return 0.0;
        }
        float(all - self.rows(0)) / float(all)
    }
}

impl Plan {
    /// How many rows are seen how often, where the order of the rows makes no difference to it: where an epoch has
    /// each row once, or the run ends within its first.
    pub fn seen(&self) -> Option<Seen> {
        let rows = self.feed.rows;
        let (epochs, rest) = self.reached(self.steps);
        let again = self.feed.places(&(0..rest)).end;
        let in_an_epoch = self.feed.places(&(0..self.rhythm.fetched)).end;
        if epochs == 1 && again == 0 && in_an_epoch < rows {
            let times = [(0, rows - in_an_epoch), (1, in_an_epoch)];
            return Some(Seen {
                times: times.into_iter().collect(),
            });
        }
        let each_once = in_an_epoch == rows;
        // Places beyond the rows are rows of the same epoch a second time.
        if !(each_once || epochs == 0 && again <= rows) {
            return None;
        }
        let times = [(epochs, rows - again), (epochs + 1, again)];
        let times = times.into_iter().filter(|(_, rows)| *rows > 0).collect();
        Some(Seen { times })
    }

    /// How often each row is seen, where that is as often for all of them in whatever order they come.
    pub(super) fn times_of_all(&self) -> Option<Vec<u32>> {
        let seen = self.seen()?;
        let mut times = seen.iter();
        let (Some((each, rows)), None) = (times.next(), times.next()) else {
            return None;
        };
        Some(vec![u32::try_from(each).ok()?; usize::try_from(rows).ok()?])
    }

    /// How often each row is seen, in the very order of the run.
    ///
    /// `None` where more would have to be drawn than is worth the wait: epochs by the thousand that each leave
    /// out or repeat some rows.
    pub fn times_seen(&self, order: &Order<'_>) -> Option<Vec<u32>> {
        let rows = u32::try_from(self.feed.rows).ok()?;
        let (epochs, rest) = self.reached(self.steps);
        let in_an_epoch = self.feed.places(&(0..self.rhythm.fetched)).end;
        let mut times = vec![0u32; rows as usize];
        if in_an_epoch == self.feed.rows {
            times.fill(u32::try_from(epochs).ok()?);
        } else if *order == Order::AsTheyStand {
            self.count(order, 0, in_an_epoch, &mut times);
            let epochs = u32::try_from(epochs).ok()?;
            for times in &mut times {
                *times = times.saturating_mul(epochs);
            }
        } else if epochs.saturating_mul(self.feed.rows) > MOST_DRAWS {
            return None;
        } else {
            (0..epochs).for_each(|epoch| self.count(order, epoch, in_an_epoch, &mut times));
        }
        self.count(order, epochs, self.feed.places(&(0..rest)).end, &mut times);
        Some(times)
    }

    /// Counts the rows in the first places of an epoch.
    fn count(&self, order: &Order<'_>, epoch: u64, places: u64, times: &mut [u32]) {
        if places == 0 {
            return;
        }
        let drawn = self.draw(order, epoch, places);
        let places = usize::try_from(places).expect("no more than some rows and a round of batches");
        for row in drawn.iter().cycle().take(places) {
            times[*row as usize] += 1;
        }
    }

    /// The rows in the first places of an epoch; where there are more places than rows, all rows.
    pub(super) fn draw(&self, order: &Order<'_>, epoch: u64, places: u64) -> Vec<u32> {
        let rows = u32::try_from(self.feed.rows).expect("checked by the caller");
        order.draw(rows, epoch, u32::try_from(places).unwrap_or(u32::MAX))
    }

    /// The step, counted from 1, after which every row has been seen; `None` if that is after the run's end, or too
    /// far off to look for.
    pub fn all_seen_at(&self, order: &Order<'_>) -> Option<u64> {
        let in_an_epoch = self.feed.places(&(0..self.rhythm.fetched)).end;
        let batches = if in_an_epoch >= self.feed.rows {
            self.batches_to(self.feed.rows - 1)
        } else {
            self.batches_to_all(order, in_an_epoch)?
        };
        // The first step by which so many batches have been used.
        let (mut too_few, mut enough) = (0, self.steps);
        if self.rhythm.used(enough) < batches {
            return None;
        }
        while too_few + 1 < enough {
            let middle = u64::midpoint(too_few, enough);
            if self.rhythm.used(middle) < batches {
                too_few = middle;
            } else {
                enough = middle;
            }
        }
        Some(enough)
    }

    /// Batches up to and with the one that a place of an epoch is in.
    fn batches_to(&self, place: u64) -> u64 {
        place / (self.feed.batch * self.feed.world) + 1
    }

    /// Batches of the stream until every row has been drawn, where each epoch leaves some out.
    fn batches_to_all(&self, order: &Order<'_>, in_an_epoch: u64) -> Option<u64> {
        let rows = u32::try_from(self.feed.rows).ok()?;
        if *order == Order::AsTheyStand {
            return None;
        }
        let (epochs, _) = self.reached(self.steps);
        let mut new = vec![true; rows as usize];
        let mut missing = rows;
        for epoch in 0..=epochs.min(MOST_DRAWS / u64::from(rows)) {
            for (place, row) in (0u64..).zip(self.draw(order, epoch, in_an_epoch)) {
                if std::mem::replace(&mut new[row as usize], false) {
                    missing -= 1;
                    if missing == 0 {
                        return Some(epoch * self.rhythm.fetched + self.batches_to(place));
                    }
                }
            }
        }
        None
    }
}

/// How often each of `rows` rows is seen, given how often each sequence they are packed in is. A row that is in
/// several sequences counts as often as the one seen most; one in no sequence is never seen.
///
/// # Panics
///
/// If there are fewer sequences than `times_seen` has, or the packing names a row beyond `rows`.
pub fn of_packed_rows(packing: &Packing, times_seen: &[u32], rows: usize) -> Vec<u32> {
    let mut times = vec![0; rows];
    for (pieces, seen) in packing.iter().zip(times_seen) {
        for piece in pieces {
            let row: &mut u32 = &mut times[piece.row as usize];
            *row = (*row).max(*seen);
        }
    }
    times
}
