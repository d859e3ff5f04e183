//! Rows joined into clusters by candidates that prove to be alike.

use std::io;

use rayon::prelude::*;

use crate::sketch::jaccard::similarity;
use crate::sketch::sets::Sets;

/// Rows before it that a row is compared with: those it shares most of its rarest runs with. Where there are more, as
/// in rows made from a template, the others are taken for unlike.
const MOST: usize = 512;
/// Rows before it that a row is proven to be like, after which it is compared with no more.
const ENOUGH: usize = 64;
/// Rows before it with one and the same run that are counted, the nearest.
const NEAREST: usize = 1024;

/// A proven pair: the later row, the earlier one, their similarity.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Link {
    pub one: u32,
    pub other: u32,
    pub similarity: f64,
}

/// Joins rows, which are numbered in order of their places.
pub(super) struct Linkage<'s> {
    sets: &'s Sets,
    /// Index of each row's set.
    order: &'s [u32],
    threshold: f64,
    parent: Vec<u32>,
    links: Vec<Link>,
}

/// What a thread keeps from row to row.
struct Scratch {
    /// By row, how many runs it shares with the one that is looked at; 0 in between.
    shared: Vec<u16>,
    met: Vec<u32>,
    /// Rows met, the most promising first: what is left of a run count to its maximum, then of the row's number.
    ranked: Vec<u64>,
    buffers: [Vec<u32>; 2],
}

impl<'s> Linkage<'s> {
    pub(super) fn new(sets: &'s Sets, order: &'s [u32], threshold: f64) -> Self {
        Self {
            sets,
            order,
            threshold,
            parent: (0u32..).take(order.len()).collect(),
            links: Vec::new(),
        }
    }

    fn root(&mut self, row: u32) -> u32 {
        let mut at = row;
        while self.parent[at as usize] != at {
            let next = self.parent[self.parent[at as usize] as usize];
            self.parent[at as usize] = next;
            at = next;
        }
        at
    }

    /// Joins those rows that are alike of those that share a run: runs with their rows, sorted.
    pub(super) fn join_alike(&mut self, list: &[(u32, u32)]) -> io::Result<()> {
        // Each row with the places in the list where rows stand before it.
        let mut places: Vec<(u32, u32)> = Vec::new();
        for (at, pair) in (1u32..).zip(list.windows(2)) {
            if pair[0].0 == pair[1].0 {
                places.push((pair[1].1, at));
            }
        }
        places.par_sort_unstable();
        let rows: Vec<&[(u32, u32)]> = places.chunk_by(|left, right| left.0 == right.0).collect();
        let (this, count) = (&*self, self.order.len());
        let scratch = || Scratch {
            shared: vec![0; count],
            met: Vec::new(),
            ranked: Vec::new(),
            buffers: [Vec::new(), Vec::new()],
        };
        let found = rows.par_iter().with_min_len(1024);
        let found: Vec<Vec<Link>> = found
            .map_init(scratch, |scratch, places| this.alike(list, places, scratch))
            .collect::<io::Result<_>>()?;
        for link in found.into_iter().flatten() {
            let (left, right) = (self.root(link.one), self.root(link.other));
            if left != right {
                // The root of a cluster is its first row.
                self.parent[left.max(right) as usize] = left.min(right);
                self.links.push(link);
            }
        }
        Ok(())
    }

    /// The rows before a row that it is like.
    fn alike(&self, list: &[(u32, u32)], places: &[(u32, u32)], scratch: &mut Scratch) -> io::Result<Vec<Link>> {
        let one = places[0].0;
        for (_, at) in places {
            let (run, _) = list[*at as usize];
            let before = list[..*at as usize].iter().rev().take(NEAREST);
            for (_, row) in before.take_while(|(other, _)| *other == run) {
                let shared = &mut scratch.shared[*row as usize];
                if *shared == 0 {
                    scratch.met.push(*row);
                }
                *shared = shared.saturating_add(1);
            }
        }
        scratch.ranked.clear();
        for row in scratch.met.drain(..) {
            let shared = std::mem::take(&mut scratch.shared[row as usize]);
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
        let mut links = Vec::new();
        for ranked in &scratch.ranked {
            #[expect(clippy::cast_possible_truncation, reason = "the low half is the row's")]
            let other = u32::MAX - *ranked as u32;
            let set = self.sets.get(self.order[other as usize] as usize, second)?;
            if let Some(similarity) = similarity(own, set, self.threshold) {
                links.push(Link { one, other, similarity });
                if links.len() == ENOUGH {
                    break;
                }
            }
        }
        Ok(links)
    }

    /// The clusters of two rows or more, each with its rows in order and, for all but the first, the row it
    /// was proven to be alike with on the way there.
    pub(super) fn clusters(mut self) -> Vec<Vec<(u32, Option<Link>)>> {
        let mut rows: Vec<(u32, u32)> = Vec::new();
        for row in self.links.clone().iter().flat_map(|link| [link.one, link.other]) {
            rows.push((self.root(row), row));
        }
        rows.sort_unstable();
        rows.dedup();
        // Links both ways, by row: a cluster's links are a tree, walked from its first row.
        let mut both: Vec<Link> = self.links.clone();
        both.extend(self.links.iter().map(|link| Link {
            one: link.other,
            other: link.one,
            similarity: link.similarity,
        }));
        both.sort_unstable_by_key(|link| (link.one, link.other));
        let neighbours = |row: u32| {
            let start = both.partition_point(|link| link.one < row);
            both[start..].iter().take_while(move |link| link.one == row)
        };
        let mut clusters = Vec::new();
        for cluster in rows.chunk_by(|left, right| left.0 == right.0) {
            let first = cluster[0].1;
            let mut reached = vec![(first, None)];
            let mut at = 0;
            while at < reached.len() {
                let (row, from) = reached[at];
                let came: Option<u32> = from.map(|link: Link| link.other);
                for link in neighbours(row).filter(|link| Some(link.other) != came) {
                    let back = Link {
                        one: link.other,
                        other: row,
                        similarity: link.similarity,
                    };
                    reached.push((link.other, Some(back)));
                }
                at += 1;
            }
            reached.sort_unstable_by_key(|(row, _)| *row);
            clusters.push(reached);
        }
        clusters
    }
}
