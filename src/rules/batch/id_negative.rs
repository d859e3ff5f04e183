use serde::Deserialize;

use crate::finding::Findings;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};

rule_meta! {
    /// ## What it finds
    /// Rows with a negative number among their input_ids.
    ///
    /// ## Why it matters
    /// The embedding has no such row: on a GPU the step ends with a device-side assert that names nothing. Usually ids
    /// were padded with the -100 that is meant for labels.
    ///
    /// ## Example
    /// ```jsonl
    /// {"input_ids": [[5, 6, 2, -100]], "labels": [[5, 6, 2, -100]]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"input_ids": [[5, 6, 2, 0]], "labels": [[5, 6, 2, -100]]}
    /// ```
    ///
    /// ## Fix
    /// Pad input_ids with `tokenizer.pad_token_id`, and only labels with -100.
    "batch/id-negative", Error, needs [Batches]
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct IdNegative {}

impl Rule for IdNegative {
    const META: RuleMeta = META;
    type State = ();

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        let Some(dumped) = row.dumped else { return };
        let negative = || dumped.ids.iter().enumerate().filter(|(_, id)| **id < 0);
        let Some((at, id)) = negative().next() else { return };
        out.field(
            &row.place,
            || format!("/input_ids/{at}"),
            || {
                format!(
                    "{} of {} ids are negative, the first {id}",
                    negative().count(),
                    dumped.ids.len()
                )
            },
        );
    }
}
