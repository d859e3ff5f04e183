use serde::Deserialize;
use xxhash_rust::xxh3::xxh3_128;

use crate::finding::{Clusters, Findings};
use crate::model::setup::Setup;
use crate::place::Place;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};
use crate::sketch::Merge;

rule_meta! {
    /// ## What it finds
    /// Rows, or documents of packed rows, that a dump has more than once.
    ///
    /// ## Why it matters
    /// Within an epoch a loader yields each row once. Repeats mean a sampler that starts over, ranks that are given the same
    /// rows (no DistributedSampler, a seed for each), a generator that is started anew by each worker, or rows that the data
    /// repeats.
    ///
    /// ## Example
    /// ```jsonl
    /// {"input_ids": [[5, 6, 7, 2]], "labels": [[5, 6, 7, 2]]}
    /// {"input_ids": [[5, 6, 7, 2]], "labels": [[5, 6, 7, 2]]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"input_ids": [[5, 6, 7, 2]], "labels": [[5, 6, 7, 2]]}
    /// {"input_ids": [[5, 6, 8, 2]], "labels": [[5, 6, 8, 2]]}
    /// ```
    ///
    /// ## Fix
    /// Look for them in the data first (`gonogo DATA --select dup`); where they are not there, look at the sampler, and in an
    /// iterable set split the rows by `get_worker_info()` and rank.
    "batch/rows-repeated", Warning, above 0.05 => Error, needs [Batches]
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RowsRepeated {}

/// Tokens below which a document says too little to be a repeat.
const SHORTEST: usize = 4;

/// The hash of each document, its row, and the rank that yielded it.
#[derive(Default, serde::Serialize, Deserialize)]
pub(crate) struct Seen {
    keys: Vec<(u128, Place, u64)>,
    #[serde(skip)]
    bytes: Vec<u8>,
}

impl Merge for Seen {
    fn merge(&mut self, other: Self) {
        self.keys.extend(other.keys);
    }
}

impl Rule for RowsRepeated {
    const META: RuleMeta = META;
    type State = Seen;

    fn check(&self, row: &Row<'_>, seen: &mut Seen, _: &mut Findings) {
        let Some(dumped) = row.dumped else { return };
        for document in dumped.documents() {
            if document.len() < SHORTEST {
                continue;
            }
            seen.bytes.clear();
            let ids = dumped.ids[document].iter();
            seen.bytes.extend(ids.flat_map(|id| id.to_le_bytes()));
            seen.keys.push((xxh3_128(&seen.bytes), row.place, dumped.rank));
        }
    }

    fn finish(&self, mut seen: Seen, _: &Setup, out: &mut Findings) {
        seen.keys.sort_unstable();
        let mut clusters = Clusters {
            all: seen.keys.len() as u64,
            ..Clusters::default()
        };
        let mut repeats = Vec::new();
        for group in seen
            .keys
            .chunk_by(|left, right| left.0 == right.0)
            .filter(|group| group.len() > 1)
        {
            clusters.add(group.iter().map(|(_, place, _)| *place));
            let (_, first, first_rank) = group[0];
            repeats.extend(
                group[1..]
                    .iter()
                    .map(|(_, place, rank)| (*place, first, *rank != first_rank, group.len())),
            );
        }
        repeats.sort_unstable();
        for (place, first, other_rank, times) in repeats {
            let rank = if other_rank { ", of another rank" } else { "" };
            out.pair(&place, first, || {
                format!("one of {times} times the same tokens{rank}, first")
            });
        }
        if clusters.groups > 0 {
            out.clusters = Some(clusters);
        }
    }
}
