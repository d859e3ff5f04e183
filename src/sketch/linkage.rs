//! Which rows are alike, of those that share a run.

use std::io;
use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;

use super::forest::{Forest, Link};
use super::groups::Groups;
use super::jaccard::{least_shared, similarity};
use super::rarest::{Decides, undecided};
use super::sets::Sets;

/// Rows before it that a row is compared with: those it shares most of its rarest runs with. Where there are more, as
/// in rows made from a template, the others are taken for unlike.
const MOST: usize = 512;
/// Rows before it with one and the same run that are counted, the nearest.
const NEAREST: usize = 1024;
/// Members of groups that are held before they are looked at, 20 bytes each.
const MEMBERS: usize = if cfg!(test) { 40 } else { 24 << 20 };
/// Rows that are looked at together before their pairs are joined: the first, and at most. A row is compared with no
/// other of a cluster that it is proven to belong to, so that large clusters are cheap once they are known.
const FIRST: usize = 512;
const LARGEST: usize = 32_768;

/// Rows, which are numbered in order of their places.
pub struct Linkage<'s> {
    sets: &'s Sets,
    /// Index of each row's set.
    order: &'s [u32],
    threshold: f64,
    /// What rows share, as far as it was not looked at.
    groups: Groups,
    /// Whether nothing was looked at before all was known.
    whole: bool,
    forest: Forest,
}

/// What a thread keeps from row to row.
struct Scratch {
    /// By row, how many runs it shares with the one that is looked at; 0 in between.
    shared: Vec<u16>,
    met: Vec<u32>,
    /// Rows met, the most promising first: what is left of a run count to its maximum, then of the row's number.
    ranked: Vec<u64>,
    /// Clusters that the row belongs to.
    clusters: Vec<u32>,
    buffers: [Vec<u32>; 2],
}

impl Scratch {
    fn new(rows: usize) -> Self {
        Self {
            shared: vec![0; rows],
            met: Vec::new(),
            ranked: Vec::new(),
            clusters: Vec::new(),
            buffers: [Vec::new(), Vec::new()],
        }
    }
}

impl<'s> Linkage<'s> {
    pub fn new(sets: &'s Sets, order: &'s [u32], threshold: f64) -> Self {
        Self {
            sets,
            order,
            threshold,
            groups: Groups::default(),
            whole: true,
            forest: Forest::new(order.len()),
        }
    }

    /// Adds runs that decide with their rows, in buckets and sorted there; a run is added with all its rows.
    ///
    /// # Errors
    ///
    /// If a set cannot be read back from disk.
    pub fn add(&mut self, runs: &[Vec<Decides>]) -> io::Result<()> {
        self.groups.add(runs);
        if self.groups.len() > MEMBERS {
            self.join_alike(false)?;
        }
        Ok(())
    }

    /// Joins those rows that are alike of those that share a run.
    ///
    /// # Errors
    ///
    /// If a set cannot be read back from disk.
    pub fn join(mut self) -> io::Result<Forest> {
        self.join_alike(self.whole)?;
        Ok(self.forest)
    }

    /// The same of the runs added so far, which are forgotten; whether they are all that decide.
    fn join_alike(&mut self, all: bool) -> io::Result<()> {
        let groups = std::mem::take(&mut self.groups);
        self.whole = all;
        // Each row with its places in groups where rows stand before it: the row in the high half.
        let mut places = groups.later();
        places.par_sort_unstable();
        let rows: Vec<&[u64]> = places.chunk_by(|left, right| left >> 32 == right >> 32).collect();
        let spare: Mutex<Vec<Scratch>> = Mutex::default();
        let (mut done, mut together) = (0, FIRST);
        while done < rows.len() {
            let some = &rows[done..rows.len().min(done + together)];
            let this = &*self;
            let parts = some.par_chunks(some.len().div_ceil(8 * rayon::current_num_threads()));
            let found = parts.map(|rows| {
                let taken = spare.lock().unwrap_or_else(PoisonError::into_inner).pop();
                let mut scratch = taken.unwrap_or_else(|| Scratch::new(this.order.len()));
                let mut links = Vec::new();
                for places in rows {
                    this.alike((&groups, all), places, &mut scratch, &mut links)?;
                }
                spare.lock().unwrap_or_else(PoisonError::into_inner).push(scratch);
                Ok(links)
            });
            let found: Vec<Vec<Link>> = found.collect::<io::Result<_>>()?;
            for link in found.into_iter().flatten() {
                self.forest.join(link);
            }
            done += some.len();
            together = LARGEST.min(2 * together);
        }
        Ok(())
    }

    /// Adds links from a row to rows before it that it is like, one for each cluster of them.
    fn alike(
        &self,
        (groups, all): (&Groups, bool),
        places: &[u64],
        scratch: &mut Scratch,
        links: &mut Vec<Link>,
    ) -> io::Result<()> {
        #[expect(clippy::cast_possible_truncation, reason = "half of a number")]
        let (one, at) = ((places[0] >> 32) as u32, |place: u64| place as u32 as usize);
        // Runs that a row before it may have although it is not counted.
        let mut uncounted = 0;
        for place in places {
            let (before, runs) = groups.before(at(*place));
            uncounted += if before.len() > NEAREST { runs as usize } else { 0 };
            let runs = u16::try_from(runs).unwrap_or(u16::MAX);
            for row in before.iter().rev().take(NEAREST).map(|member| member.row) {
                let shared = &mut scratch.shared[row as usize];
                if *shared == 0 {
                    scratch.met.push(row);
                }
                *shared = shared.saturating_add(runs);
            }
        }
        scratch.ranked.clear();
        for row in scratch.met.drain(..) {
            let shared = std::mem::take(&mut scratch.shared[row as usize]);
            if all && shared < u16::MAX && !self.can_be_alike(one, row, usize::from(shared) + uncounted) {
                continue;
            }
            scratch
                .ranked
                .push(u64::from(u16::MAX - shared) << 32 | u64::from(u32::MAX - row));
        }
        if scratch.ranked.len() > MOST {
            scratch.ranked.select_nth_unstable(MOST);
            scratch.ranked.truncate(MOST);
        }
        scratch.ranked.sort_unstable();
        let [first, second] = &mut scratch.buffers;
        let own = self.sets.get(self.order[one as usize] as usize, first)?;
        scratch.clusters.clear();
        scratch.clusters.push(self.forest.first_of(one));
        for ranked in &scratch.ranked {
            #[expect(clippy::cast_possible_truncation, reason = "the low half is the row's")]
            let other = u32::MAX - *ranked as u32;
            let cluster = self.forest.first_of(other);
            if scratch.clusters.contains(&cluster) {
                continue;
            }
            let set = self.sets.get(self.order[other as usize] as usize, second)?;
            if let Some(similarity) = similarity(own, set, self.threshold) {
                links.push(Link { one, other, similarity });
                scratch.clusters.push(cluster);
            }
        }
        Ok(())
    }

    /// Whether two rows can be alike that share so many of the runs that decide about both.
    ///
    /// The last of the deciding runs of the one stands before that of the other, or is the same; a run that is in both
    /// then decides about both, or is one of those that decide nothing about the one.
    fn can_be_alike(&self, one: u32, other: u32, shared: usize) -> bool {
        let size = |row: u32| self.sets.size(self.order[row as usize] as usize);
        let (one, other) = (size(one), size(other));
        let most = shared + undecided(one, self.threshold).max(undecided(other, self.threshold));
        least_shared(one, other, self.threshold).is_some_and(|least| least <= most)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::sketch::rarest::by_element;

    proptest! {
        /// The clusters are those of comparing every row with every other, however few runs are looked at together.
        #[test]
        fn clusters_are_those_of_all_pairs_that_are_alike(
            families in prop::collection::vec(prop::collection::btree_set(0u32..400, 1..40), 1..4),
            rows in prop::collection::vec((0usize..4, prop::collection::vec(0u32..400, 0..8)), 1..40),
            threshold in 0.3f64..1.0,
            most in prop::sample::select(vec![1, 20, 100_000]),
        ) {
            let folder = tempfile::tempdir().expect("a temporary folder");
            let mut sets = Sets::default();
            let mut all: Vec<Vec<u32>> = Vec::new();
            for (family, changed) in &rows {
                let mut set = families[family % families.len()].clone();
                for element in changed {
                    if !set.remove(element) {
                        set.insert(*element);
                    }
                }
                let set: Vec<u32> = set.into_iter().map(|element| element.wrapping_mul(0x9E37_79B1)).collect();
                all.push(set.into_iter().collect::<std::collections::BTreeSet<_>>().into_iter().collect());
                sets.push(all.last().expect("a set"), folder.path(), usize::MAX);
            }
            let order: Vec<u32> = (0u32..).take(all.len()).collect();
            let mut linkage = Linkage::new(&sets, &order, threshold);
            let number = |at: usize| u32::try_from(at).ok();
            by_element(&sets, number, threshold, most, &mut |runs| linkage.add(runs)).expect("readable");
            let found: Vec<Vec<u32>> = linkage
                .join()
                .expect("readable")
                .clusters()
                .iter()
                .map(|cluster| cluster.iter().map(|(row, _)| *row).collect())
                .collect();
            let mut first: Vec<usize> = (0..all.len()).collect();
            for _ in 0..all.len() {
                for one in 0..all.len() {
                    for other in 0..all.len() {
                        if similarity(&all[one], &all[other], threshold).is_some() {
                            first[one] = first[one].min(first[other]);
                        }
                    }
                }
            }
            let mut expected: Vec<Vec<u32>> = Vec::new();
            for start in 0..all.len() {
                let cluster: Vec<u32> = order.iter().copied().filter(|row| first[*row as usize] == start).collect();
                if cluster.len() > 1 {
                    expected.push(cluster);
                }
            }
            prop_assert_eq!(found, expected);
        }
    }
}
