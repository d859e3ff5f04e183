use serde::Deserialize;

use crate::finding::Findings;
use crate::model::example::MisfitKind;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};

rule_meta! {
    /// ## What it finds
    /// Rows that lack a column their file's shape needs, or have null in it.
    ///
    /// ## Why it matters
    /// The trainer raises a KeyError at that row, or trains on an empty text, or drops it in silence.
    ///
    /// ## Example
    /// ```jsonl
    /// {"prompt": "2+2?", "completion": "4"}
    /// {"prompt": "3+3?"}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"prompt": "2+2?", "completion": "4"}
    /// {"prompt": "3+3?", "completion": "6"}
    /// ```
    ///
    /// ## Fix
    /// Fill the column in, or remove the row; if the column has another name, give it with `--columns
    /// column=name`.
    "schema/missing-column", Error
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct MissingColumn {}

impl Rule for MissingColumn {
    const META: RuleMeta = META;
    type State = ();
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        super::misfit(row, MisfitKind::MissingColumn, out);
    }
}
