use serde::Deserialize;

use crate::finding::Findings;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};

rule_meta! {
    /// ## What it finds
    /// Batches whose width is no multiple of the pad_to_multiple_of that was set.
    ///
    /// ## Why it matters
    /// The setting is there for tensor cores, or for sequence parallelism, which cannot split another width. Something
    /// between the collator and the model undoes it.
    ///
    /// ## Example
    /// ```jsonl
    /// {"gonogo_dump": {"pad_to_multiple_of": 4}}
    /// {"input_ids": [[5, 6, 7, 8, 2]], "labels": [[5, 6, 7, 8, 2]]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"gonogo_dump": {"pad_to_multiple_of": 4}}
    /// {"input_ids": [[5, 6, 7, 2]], "labels": [[5, 6, 7, 2]]}
    /// ```
    ///
    /// ## Fix
    /// Set `pad_to_multiple_of` on the collator that is really used.
    "batch/odd-width", Warning, needs [Batches]
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct OddWidth {}

impl Rule for OddWidth {
    const META: RuleMeta = META;
    type State = ();

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        let Some(dumped) = row.dumped.filter(|dumped| dumped.row == 0) else {
            return;
        };
        let of = row
            .setup
            .dump
            .as_ref()
            .and_then(|dump| dump.pad_to_multiple_of.as_ref());
        let Some(of) = of.filter(|of| of.value > 1) else { return };
        let width = dumped.ids.len() as u64;
        if !width.is_multiple_of(of.value) {
            out.row(&row.place, || {
                format!(
                    "batch {} is {width} tokens wide, no multiple of {} ({})",
                    dumped.batch, of.value, of.origin
                )
            });
        }
    }
}
