use serde::Deserialize;

use crate::finding::Findings;
use crate::model::record::Fault;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};

rule_meta! {
    /// ## What it finds
    /// Compressed files that swell beyond any ratio that text can have.
    ///
    /// ## Why it matters
    /// Text shrinks three to twenty times. A file that grows hundreds of times into gigabytes holds nothing
    /// but repetition, by accident or to fill a disk.
    ///
    /// ## Example
    /// ```text
    /// head --bytes 10G /dev/zero | zstd > train.jsonl.zst
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"text": "a file of rows"}
    /// ```
    ///
    /// ## Fix
    /// Look at what the file holds before anything else reads it; write it again from its source.
    "schema/decompression-bomb", Error
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct DecompressionBomb {}

impl Rule for DecompressionBomb {
    const META: RuleMeta = META;
    type State = ();
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        super::unreadable(row, Fault::Bomb, out);
    }
}
