use serde::Deserialize;

use crate::finding::Findings;
use crate::model::record::Fault;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};

rule_meta! {
    /// ## What it finds
    /// Rows of more bytes than `--max-row-bytes`, 64 MiB unless said otherwise.
    ///
    /// ## Why it matters
    /// A row of that size is a mistake almost always: a file without line breaks, a base64 image, a log. Arrow
    /// refuses strings above 2 GiB, and one tokenizer process holds many times the row's size in memory.
    ///
    /// ## Example
    /// ```jsonl --max-row-bytes 32
    /// {"text": "far more than what the limit of this example allows"}
    /// ```
    ///
    /// Instead:
    /// ```jsonl --max-row-bytes 32
    /// {"text": "short"}
    /// ```
    ///
    /// ## Fix
    /// Split the row or remove it, or raise `--max-row-bytes` where the row is meant.
    "schema/oversized-row", Error
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct OversizedRow {}

impl Rule for OversizedRow {
    const META: RuleMeta = META;
    type State = ();
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        super::unreadable(row, Fault::OversizedRow, out);
    }
}
