use serde::Deserialize;

use crate::finding::Findings;
use crate::model::encoded::IGNORE;
use crate::rule::{Row, Rule, RuleMeta, plural, rule_meta};

rule_meta! {
    /// ## What it finds
    /// Packed rows in which the first token of a document carries loss.
    ///
    /// ## Why it matters
    /// It is predicted from the last token of the document before, which says nothing about it. It is a little
    /// noise in the loss; some trainers do so by default.
    ///
    /// ## Example
    /// ```jsonl
    /// {"input_ids": [[5, 6, 2, 7, 8, 2]], "labels": [[5, 6, 2, 7, 8, 2]], "position_ids": [[0, 1, 2, 0, 1, 2]]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"input_ids": [[5, 6, 2, 7, 8, 2]], "labels": [[5, 6, 2, -100, 8, 2]], "position_ids": [[0, 1, 2, 0, 1, 2]]}
    /// ```
    ///
    /// ## Fix
    /// Set the label of each document's first token to -100: `labels[position_ids == 0] = -100`.
    "batch/first-token-trained", Note, needs [Batches, Labels]
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct FirstTokenTrained {}

impl Rule for FirstTokenTrained {
    const META: RuleMeta = META;
    type State = ();

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        let Some(dumped) = row.dumped else { return };
        let Some(labels) = &dumped.labels else { return };
        let seams = dumped.seams();
        let trained = || seams.iter().filter(|at| labels[**at] != i64::from(IGNORE));
        let Some(at) = trained().next() else { return };
        let after = plural(seams.len() as u64, "document");
        out.field(
            &row.place,
            || format!("/labels/{at}"),
            || {
                format!(
                    "the first token of {} of {after} after the first carries loss",
                    trained().count()
                )
            },
        );
    }
}
