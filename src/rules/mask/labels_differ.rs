use serde::Deserialize;

use crate::finding::Findings;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};

use super::labels_shifted::shift;
use super::parts::given::Given;

rule_meta! {
    /// ## What it finds
    /// Pre-tokenised rows with a label that is neither -100 nor the id at its place.
    ///
    /// ## Why it matters
    /// The model is taught a token that does not stand there: ids and labels come from different rows, or were
    /// padded or cut on different sides.
    ///
    /// ## Example
    /// ```jsonl
    /// {"input_ids": [5, 6, 7, 8], "labels": [-100, 6, 9, 8]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"input_ids": [5, 6, 7, 8], "labels": [-100, 6, 7, 8]}
    /// ```
    ///
    /// ## Fix
    /// Make both columns in one step, `labels` as a copy of `input_ids` with -100 where there is to be no loss.
    "mask/labels-differ", Error
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct LabelsDiffer {}

impl Rule for LabelsDiffer {
    const META: RuleMeta = META;
    type State = ();

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        let Some(given) = Given::of(row) else { return };
        let Some(labels) = &given.labels else { return };
        if labels.len() != given.ids.len() {
            let counts = (labels.len(), given.ids.len());
            out.field(
                &row.place,
                || "/labels".to_owned(),
                || format!("{} labels for {} ids", counts.0, counts.1),
            );
            return;
        }
        let differ = || given.trained().filter(|(_, id, label)| id != label);
        let Some((at, id, label)) = differ().next().filter(|_| shift(&given).is_none()) else {
            return;
        };
        out.field(
            &row.place,
            || format!("/labels/{at}"),
            || {
                format!(
                    "{} labels are not the id at their place, the first {label} for id {id}",
                    differ().count()
                )
            },
        );
    }
}
