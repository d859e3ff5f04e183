use std::collections::BTreeMap;

use serde::Deserialize;

use crate::finding::Findings;
use crate::model::setup::Setup;
use crate::place::Place;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};
use crate::sketch::Merge;

rule_meta! {
    /// ## What it finds
    /// Batches with fewer rows than the others, and batches whose number no file of the dump has.
    ///
    /// ## Why it matters
    /// The last batch of an epoch may be so. Where the loss is a mean over the batch, its rows count for more; where
    /// there are several, the loader or its batch sampler drops rows. A batch whose
    /// file is lost is one that nobody looks at.
    ///
    /// ## Example
    /// ```jsonl
    /// {"input_ids": [[5, 2], [6, 2]], "labels": [[5, 2], [6, 2]]}
    /// {"input_ids": [[7, 2]], "labels": [[7, 2]]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"input_ids": [[5, 2], [6, 2]], "labels": [[5, 2], [6, 2]]}
    /// {"input_ids": [[7, 2], [8, 2]], "labels": [[7, 2], [8, 2]]}
    /// ```
    ///
    /// ## Fix
    /// Nothing, where it is the last of an epoch; `dataloader_drop_last=True` leaves it out. Dump again, or copy
    /// all of the dump, where files are lost.
    "batch/incomplete", Note, needs [Batches]
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Incomplete {}

/// Rows of a batch, and where its first stands.
#[derive(Default, serde::Serialize, Deserialize)]
pub(crate) struct Size(u64, Place);

impl Merge for Size {
    fn merge(&mut self, other: Self) {
        // A batch is seen by one worker, whole.
        if other.0 > 0 {
            *self = other;
        }
    }
}

impl Rule for Incomplete {
    const META: RuleMeta = META;
    type State = BTreeMap<u64, Size>;

    fn check(&self, row: &Row<'_>, sizes: &mut BTreeMap<u64, Size>, _: &mut Findings) {
        let Some(dumped) = row.dumped.filter(|dumped| dumped.row == 0) else {
            return;
        };
        sizes.insert(dumped.batch, Size(dumped.rows, row.place));
    }

    fn finish(&self, sizes: BTreeMap<u64, Size>, setup: &Setup, out: &mut Findings) {
        let most = sizes.values().map(|size| size.0).max().unwrap_or(0);
        let last = sizes.keys().next_back().copied();
        for (batch, Size(rows, place)) in sizes.iter().filter(|(_, size)| size.0 < most) {
            let which = if Some(*batch) == last {
                ", the last of the dump,"
            } else {
                ""
            };
            out.row(place, || format!("batch {batch}{which} has {rows} of {most} rows"));
        }
        let lost = setup.dump.iter().flat_map(|dump| &dump.lost);
        for (Size(_, place), lost) in lost.filter_map(|(batch, lost)| Some((sizes.get(batch)?, lost))) {
            let before = if *lost == 1 { "batch" } else { "batches" };
            out.row(place, || {
                format!("{lost} {before} before this one, by the numbers of the files, not in the dump")
            });
        }
    }
}
