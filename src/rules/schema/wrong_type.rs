use serde::Deserialize;

use crate::finding::Findings;
use crate::model::example::MisfitKind;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};

rule_meta! {
    /// ## What it finds
    /// Rows whose columns are there but of another type than their shape needs: a number for a text, a text
    /// for a list.
    ///
    /// ## Why it matters
    /// The trainer raises a TypeError at that row; or Arrow makes one column of both types and every row of it
    /// changes.
    ///
    /// ## Example
    /// ```jsonl
    /// {"prompt": "2+2?", "completion": "4"}
    /// {"prompt": "3+3?", "completion": 6}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"prompt": "2+2?", "completion": "4"}
    /// {"prompt": "3+3?", "completion": "6"}
    /// ```
    ///
    /// ## Fix
    /// Write texts as strings and conversations as lists of objects, in every row.
    "schema/wrong-type", Error
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct WrongType {}

impl Rule for WrongType {
    const META: RuleMeta = META;
    type State = ();
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        super::misfit(row, MisfitKind::WrongType, out);
    }
}
