//! Rows joined into clusters by pairs that are alike.

/// A proven pair: the later row, the earlier one, their similarity.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Link {
    pub one: u32,
    pub other: u32,
    pub similarity: f64,
}

/// Rows, each in the cluster of all it is linked with over others.
pub struct Forest {
    /// By row, one before it in its cluster, or itself for the first.
    parent: Vec<u32>,
    /// Those that joined two clusters.
    links: Vec<Link>,
}

impl Forest {
    /// So many rows, each by itself.
    pub fn new(rows: usize) -> Self {
        Self {
            parent: (0u32..).take(rows).collect(),
            links: Vec::new(),
        }
    }

    /// The first row of the cluster that a row is in.
    pub fn first_of(&self, row: u32) -> u32 {
        let mut at = row;
        while self.parent[at as usize] != at {
            at = self.parent[at as usize];
        }
        at
    }

    /// The same, and the way there is shortened.
    fn root(&mut self, row: u32) -> u32 {
        let mut at = row;
        while self.parent[at as usize] != at {
            let next = self.parent[self.parent[at as usize] as usize];
            self.parent[at as usize] = next;
            at = next;
        }
        at
    }

    /// Makes the clusters of two rows one.
    pub fn join(&mut self, link: Link) {
        let (left, right) = (self.root(link.one), self.root(link.other));
        if left != right {
            self.parent[left.max(right) as usize] = left.min(right);
            self.links.push(link);
        }
    }

    /// The clusters of two rows or more, each with its rows in order and, for all but the first, the row it
    /// was proven to be alike with on the way there.
    pub fn clusters(mut self) -> Vec<Vec<(u32, Option<Link>)>> {
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
