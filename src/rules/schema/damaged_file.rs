use serde::Deserialize;

use crate::finding::Findings;
use crate::model::record::Fault;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};

rule_meta! {
    /// ## What it finds
    /// Files that are not of the format their name or first bytes claim, or whose content fails its own
    /// checks.
    ///
    /// ## Why it matters
    /// What can still be read of it cannot be trusted, and most loaders stop.
    ///
    /// ## Example
    /// ```file train.parquet
    /// no table stands here
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"text": "as it was written"}
    /// ```
    ///
    /// ## Fix
    /// Copy or download the file again; if the name is wrong, rename it. Where the message says that the rows stand in
    /// another way than in a list, write them as one, or as JSON lines.
    "schema/damaged-file", Error
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct DamagedFile {}

impl Rule for DamagedFile {
    const META: RuleMeta = META;
    type State = ();
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        super::unreadable(row, Fault::Damaged, out);
    }
}
