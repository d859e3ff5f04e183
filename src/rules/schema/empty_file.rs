use serde::Deserialize;

use crate::finding::Findings;
use crate::model::record::Fault;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};

rule_meta! {
    /// ## What it finds
    /// Files without any row: no bytes at all, blank lines only, or a list of nothing.
    ///
    /// ## Why it matters
    /// The writer failed, or a filter let nothing through. A trainer given it stops, or mixes in nothing in
    /// silence.
    ///
    /// ## Example
    /// ```file train.jsonl
    /// \
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"text": "a row"}
    /// ```
    ///
    /// ## Fix
    /// Make the file again, or leave it out of the set.
    "schema/empty-file", Error
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct EmptyFile {}

impl Rule for EmptyFile {
    const META: RuleMeta = META;
    type State = ();
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        super::unreadable(row, Fault::EmptyFile, out);
    }
}
