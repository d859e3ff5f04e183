use serde::Deserialize;

use crate::finding::Findings;
use crate::model::dumped::{MaskKind, Teller};
use crate::rule::{Row, Rule, RuleMeta, rule_meta};

rule_meta! {
    /// ## What it finds
    /// Packed rows whose position_ids restart with each document, beside an attention_mask of ones, where it is not known
    /// which attention the model uses.
    ///
    /// ## Why it matters
    /// Given a mask, transformers looks at it and not at the positions (4.53 on): with `sdpa` and `eager` documents see each
    /// other. Flash attention drops a mask of ones, and parts them.
    ///
    /// ## Example
    /// ```jsonl
    /// {"input_ids": [[5, 6, 2, 7, 8, 2]], "labels": [[-100, 6, 2, -100, 8, 2]], "position_ids": [[0, 1, 2, 0, 1, 2]], "attention_mask": [[1, 1, 1, 1, 1, 1]]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"input_ids": [[5, 6, 2, 7, 8, 2]], "labels": [[-100, 6, 2, -100, 8, 2]], "position_ids": [[0, 1, 2, 0, 1, 2]]}
    /// ```
    ///
    /// ## Fix
    /// Yield no attention_mask beside position_ids that restart, or dump a Trainer, which knows its model's attention.
    "batch/positions-unused", Warning, needs [Batches]
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct PositionsUnused {}

impl Rule for PositionsUnused {
    const META: RuleMeta = META;
    type State = ();

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        let (Some(dumped), Some(dump)) = (row.dumped, &row.setup.dump) else {
            return;
        };
        let ones = dumped.attention.iter().flatten().all(|flag| *flag == 1);
        if dump.attention.is_some() || dumped.mask != MaskKind::Flags || dumped.rows > 1 || !ones {
            return;
        }
        let starts = dumped.starts(Teller::Positions).unwrap_or_default();
        let Some(at) = starts.get(1) else { return };
        out.field(
            &row.place,
            || format!("/position_ids/{at}"),
            || {
                let documents = starts.len();
                format!("{documents} documents by position_ids, which count only with flash attention beside this mask")
            },
        );
    }
}
