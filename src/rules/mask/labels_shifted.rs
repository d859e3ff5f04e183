use serde::Deserialize;

use crate::finding::Findings;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};

use super::parts::given::Given;

rule_meta! {
    /// ## What it finds
    /// Pre-tokenised rows whose labels are the ids moved by one.
    ///
    /// ## Why it matters
    /// The model shifts labels itself. Shifted before, it learns to name the token after the next one: the
    /// loss falls, and what it writes skips every other word.
    ///
    /// ## Example
    /// ```jsonl
    /// {"input_ids": [5, 6, 7, 8, 9], "labels": [6, 7, 8, 9, -100]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"input_ids": [5, 6, 7, 8, 9], "labels": [5, 6, 7, 8, 9]}
    /// ```
    ///
    /// ## Fix
    /// Let `labels` be a copy of `input_ids`, with -100 where there is to be no loss.
    "mask/labels-shifted", Error
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct LabelsShifted {}

/// Labels in a row that must all be the neighbour's id.
const ENOUGH: usize = 3;

impl Rule for LabelsShifted {
    const META: RuleMeta = META;
    type State = ();

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        if let Some(by) = Given::of(row).and_then(|given| shift(&given)) {
            let side = if by > 0 { "next" } else { "previous" };
            out.field(
                &row.place,
                || "/labels".to_owned(),
                || format!("every label is the id of the {side} token"),
            );
        }
    }
}

/// How far labels are moved against the ids, where they are: 1 for the next token's id, -1 for the one before.
pub(super) fn shift(given: &Given) -> Option<isize> {
    let trained: Vec<(usize, i64, i64)> = given.trained().collect();
    if trained.len() < ENOUGH || trained.iter().all(|(_, id, label)| id == label) {
        return None;
    }
    [1, -1].into_iter().find(|by| {
        trained
            .iter()
            .all(|(at, _, label)| at.checked_add_signed(*by).and_then(|at| given.ids.get(at)) == Some(label))
    })
}
