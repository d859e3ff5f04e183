//! Runs that the same rows share, taken together.
//!
//! A stretch of text that stands in several rows gives them many runs in common, each with the same rows: they are
//! gone through once, and count as often as they are.

use rayon::prelude::*;

use super::rarest::Decides;

/// A row among those that share some runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Member {
    pub(super) row: u32,
    /// How many rows of the group stand before it.
    before: u32,
    /// How many runs the group shares.
    runs: u32,
}

/// Rows that share runs, a group after the other.
#[derive(Default)]
pub(super) struct Groups {
    members: Vec<Member>,
}

impl Groups {
    /// Members of all groups.
    pub(super) fn len(&self) -> usize {
        self.members.len()
    }

    /// Adds the groups of runs with their rows, sorted, in buckets; of runs that a single row has there is none.
    pub(super) fn add(&mut self, buckets: &[Vec<Decides>]) {
        let mut found: Vec<(u64, u32, u32)> = buckets
            .par_iter()
            .enumerate()
            .flat_map_iter(|(number, bucket)| {
                let number = u32::try_from(number).expect("few buckets");
                let runs = bucket.chunk_by(|left, right| left.element() == right.element());
                runs.scan(0, move |at, rows| {
                    let start = *at;
                    *at += u32::try_from(rows.len()).expect("fewer than 2^32 at a time");
                    Some((start, rows))
                })
                .filter(|(_, rows)| rows.len() > 1)
                .map(move |(start, rows)| (hash(rows), number, start))
            })
            .collect();
        found.par_sort_unstable();
        for same in found.chunk_by(|left, right| left.0 == right.0) {
            let (_, bucket, start) = same[0];
            let rest = &buckets[bucket as usize][start as usize..];
            let rows = rest.iter().take_while(|pair| pair.element() == rest[0].element());
            let runs = u32::try_from(same.len()).expect("fewer than 2^32 at a time");
            self.members.extend((0..).zip(rows).map(|(before, pair)| Member {
                row: pair.set(),
                before,
                runs,
            }));
        }
    }

    /// The rows that others of a group stand before, each in the high half over its place among the members.
    pub(super) fn later(&self) -> Vec<u64> {
        let members = (0u64..).zip(&self.members);
        let later = members.filter(|(_, member)| member.before > 0);
        later.map(|(at, member)| u64::from(member.row) << 32 | at).collect()
    }

    /// The members of a group before one of it, and how many runs they share.
    pub(super) fn before(&self, at: usize) -> (&[Member], u32) {
        let member = self.members[at];
        (&self.members[at - member.before as usize..at], member.runs)
    }
}

/// A hash of the rows of a run, of 64 bits: runs with the same one are taken for runs of the same rows.
#[expect(clippy::cast_possible_truncation, reason = "both halves are taken")]
fn hash(rows: &[Decides]) -> u64 {
    rows.iter().fold(0xCBF2_9CE4_8422_2325, |sum: u64, pair| {
        let wide = u128::from(sum ^ u64::from(pair.set())) * 0x9E37_79B9_7F4A_7C15;
        (wide >> 64) as u64 ^ wide as u64
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_of_the_same_rows_are_one_group_that_counts_as_often() {
        let runs: [(u32, &[u32]); 6] = [
            (10, &[0, 4, 9]),
            (11, &[2]),
            (12, &[4, 9]),
            (13, &[0, 4, 9]),
            (14, &[]),
            (15, &[0, 4, 9]),
        ];
        let pairs = runs
            .iter()
            .flat_map(|(run, rows)| rows.iter().map(|row| Decides::new(*run, *row)));
        let mut groups = Groups::default();
        groups.add(&[pairs.collect(), Vec::new()]);
        let mut found: Vec<(u32, Vec<u32>, u32)> = groups
            .later()
            .iter()
            .map(|later| {
                let (before, runs) = groups.before(usize::try_from(later & 0xFFFF_FFFF).expect("small"));
                let rows = before.iter().map(|member| member.row).collect();
                (u32::try_from(later >> 32).expect("half"), rows, runs)
            })
            .collect();
        found.sort_unstable();
        let expected: [(u32, &[u32], u32); 3] = [(4, &[0], 3), (9, &[0, 4], 3), (9, &[4], 1)];
        assert!(
            found
                .iter()
                .map(|(row, before, runs)| (*row, before.as_slice(), *runs))
                .eq(expected)
        );
    }
}
