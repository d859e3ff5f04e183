//! Rows joined into clusters by candidates that prove to be alike.

use std::io;

use crate::sketch::jaccard::similarity;
use crate::sketch::sets::Sets;

/// Rows of one cluster that a row of another is compared with, in one group.
const TRIES: usize = 16;
/// Comparisons of a row in one group: beyond them rows of a template are taken for unlike.
const MOST: usize = 128;
/// Pairs known to be unlike; the memory of a lossy table.
const REMEMBERED: usize = 1 << 18;

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
    unlike: Vec<u64>,
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
            unlike: vec![u64::MAX; REMEMBERED],
            buffers: [Vec::new(), Vec::new()],
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

    /// Joins those rows that are alike of each group: rows with what they share, sorted.
    pub(super) fn join_alike(&mut self, rows: &[(u32, u32)]) -> io::Result<()> {
        for group in rows.chunk_by(|left, right| left.0 == right.0) {
            match group {
                [] | [_] => {}
                // Most groups: nothing is to be remembered of them.
                [(_, one), (_, other)] => {
                    if self.root(*one) != self.root(*other)
                        && let Some(similarity) = self.alike(*other, *one)?
                    {
                        self.join(*other, *one, similarity);
                    }
                }
                group => self.group(group)?,
            }
        }
        Ok(())
    }

    fn group(&mut self, rows: &[(u32, u32)]) -> io::Result<()> {
        // Rows that are alike share many runs, and are joined by the first of them.
        let own = self.root(rows[0].1);
        if rows.iter().all(|(_, row)| self.root(*row) == own) {
            return Ok(());
        }
        // Clusters in this group, each with the rows a newcomer is compared with.
        let mut clusters: Vec<(u32, Vec<u32>)> = Vec::new();
        for (_, row) in rows {
            let mut tries = MOST;
            let mut own = self.root(*row);
            for (_, members) in &clusters {
                // Roots change as clusters are joined.
                if self.root(members[0]) == own {
                    continue;
                }
                for member in members {
                    if tries == 0 {
                        break;
                    }
                    tries -= 1;
                    if let Some(similarity) = self.alike(*row, *member)? {
                        self.join(*row, *member, similarity);
                        own = self.root(*row);
                        break;
                    }
                }
            }
            let known = clusters.iter_mut().find(|(_, members)| {
                let first = members[0];
                self.root(first) == own
            });
            match known {
                Some((_, members)) if members.len() < TRIES => members.push(*row),
                Some(_) => {}
                None => clusters.push((own, vec![*row])),
            }
        }
        Ok(())
    }

    fn alike(&mut self, one: u32, other: u32) -> io::Result<Option<f64>> {
        let pair = u64::from(one) << 32 | u64::from(other);
        let slot = (pair.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 46) as usize;
        if self.unlike[slot] == pair {
            return Ok(None);
        }
        let [first, second] = &mut self.buffers;
        let one = self.sets.get(self.order[one as usize] as usize, first)?;
        let other = self.sets.get(self.order[other as usize] as usize, second)?;
        let found = similarity(one, other, self.threshold);
        if found.is_none() {
            self.unlike[slot] = pair;
        }
        Ok(found)
    }

    fn join(&mut self, one: u32, other: u32, similarity: f64) {
        let (left, right) = (self.root(one), self.root(other));
        // The root of a cluster is its first row.
        self.parent[left.max(right) as usize] = left.min(right);
        self.links.push(Link { one, other, similarity });
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
