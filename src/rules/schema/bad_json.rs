use serde::Deserialize;

use crate::finding::Findings;
use crate::model::record::Fault;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};

rule_meta! {
    /// ## What it finds
    /// Rows that are not JSON: a cut-off line, a trailing comma, single quotes, two values on one line.
    ///
    /// ## Why it matters
    /// Loaders stop at the first such row, or drop it without a word.
    ///
    /// ## Example
    /// ```jsonl
    /// {"text": "whole"}
    /// {"text": "cut o
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"text": "whole"}
    /// {"text": "cut off no more"}
    /// ```
    ///
    /// ## Fix
    /// Repair or remove the line; a cut-off last line usually means that a download or a writer stopped early.
    "schema/bad-json", Error
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct BadJson {}

impl Rule for BadJson {
    const META: RuleMeta = META;
    type State = ();
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        super::unreadable(row, Fault::BadJson, out);
    }
}
