use serde::Deserialize;

use crate::finding::Findings;
use crate::model::record::Fault;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};

rule_meta! {
    /// ## What it finds
    /// Rows whose arrays and objects are nested deeper than any loader reads.
    ///
    /// ## Why it matters
    /// Python's own reader stops at about 1,000 levels with a RecursionError, Arrow's long before. Data so
    /// deep is a mistake, or an attack on whoever reads it.
    ///
    /// ## Example
    /// ```text
    /// {"text": "a row", "extra": [[[[[[[[ … 600 levels … ]]]]]]]]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"text": "a row", "extra": [[1], [2]]}
    /// ```
    ///
    /// ## Fix
    /// Flatten the value or remove the row.
    "schema/too-deep", Error
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct TooDeep {}

impl Rule for TooDeep {
    const META: RuleMeta = META;
    type State = ();
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        super::unreadable(row, Fault::TooDeep, out);
    }
}
