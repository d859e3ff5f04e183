use serde::Deserialize;

use crate::finding::Findings;
use crate::model::record::Fault;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};

rule_meta! {
    /// ## What it finds
    /// Files that end before their format says they do: half a download, a writer that was killed.
    ///
    /// ## Why it matters
    /// Rows are missing, and nobody knows which. Loaders stop after hours of work, at the very end of the
    /// file.
    ///
    /// ## Example
    /// ```file train.json
    /// [{"text": "a row that is whole"},
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"text": "the end is there"}
    /// ```
    ///
    /// ## Fix
    /// Copy or download the file again and compare its size or checksum.
    "schema/truncated-file", Error
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct TruncatedFile {}

impl Rule for TruncatedFile {
    const META: RuleMeta = META;
    type State = ();
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        super::unreadable(row, Fault::Truncated, out);
    }
}
