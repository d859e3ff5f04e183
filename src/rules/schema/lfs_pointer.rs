use serde::Deserialize;

use crate::finding::Findings;
use crate::model::record::Fault;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};

rule_meta! {
    /// ## What it finds
    /// Files that hold a Git LFS or DVC pointer where the data should be.
    ///
    /// ## Why it matters
    /// The repository was cloned without its large files. A loader that takes the three lines for data fails,
    /// or trains on them.
    ///
    /// ## Example
    /// ```file train.jsonl
    /// version https://git-lfs.github.com/spec/v1
    /// oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393
    /// size 48213345
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"text": "the data itself"}
    /// ```
    ///
    /// ## Fix
    /// Fetch the file: `git lfs pull`, or `dvc pull`.
    "schema/lfs-pointer", Error
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct LfsPointer {}

impl Rule for LfsPointer {
    const META: RuleMeta = META;
    type State = ();
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        super::unreadable(row, Fault::LfsPointer, out);
    }
}
