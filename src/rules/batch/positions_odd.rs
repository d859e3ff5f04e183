use serde::Deserialize;

use crate::finding::Findings;
use crate::model::dumped::Teller;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};

rule_meta! {
    /// ## What it finds
    /// Rows whose position_ids neither count on nor restart at 0.
    ///
    /// ## Why it matters
    /// transformers takes every jump for the start of a document, and the model gets positions it never saw in this
    /// order.
    ///
    /// ## Example
    /// ```jsonl
    /// {"input_ids": [[5, 6, 7, 2]], "labels": [[5, 6, 7, 2]], "position_ids": [[0, 1, 1, 3]]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"input_ids": [[5, 6, 7, 2]], "labels": [[5, 6, 7, 2]], "position_ids": [[0, 1, 2, 3]]}
    /// ```
    ///
    /// ## Fix
    /// Count from 0 through each document, `torch.arange(length)`, or yield no position_ids and let the model count.
    "batch/positions-odd", Error, needs [Batches]
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct PositionsOdd {}

impl Rule for PositionsOdd {
    const META: RuleMeta = META;
    type State = ();

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        let Some(dumped) = row.dumped else { return };
        let (Some(positions), Some(starts)) = (&dumped.positions, dumped.starts(Teller::Positions)) else {
            return;
        };
        let later = starts.iter().copied().skip(1);
        // A run of zeros is no run of documents.
        let odd = |at: &usize| positions[*at] != 0 || positions[at - 1] == 0 && dumped.text.len() > 2;
        let odd: Vec<usize> = later.filter(odd).collect();
        // A document of one token is odd, not wrong.
        let Some(at) = odd
            .first()
            .filter(|at| positions[**at] != 0 || odd.len() > starts.len() / 2)
        else {
            return;
        };
        out.field(
            &row.place,
            || format!("/position_ids/{at}"),
            || {
                let (before, here) = (positions[at - 1], positions[*at]);
                format!(
                    "{} jumps in position_ids, the first from {before} to {here} at token {at}",
                    odd.len()
                )
            },
        );
    }
}
