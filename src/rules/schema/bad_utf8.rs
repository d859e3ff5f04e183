use serde::Deserialize;

use crate::finding::Findings;
use crate::model::record::Fault;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};

rule_meta! {
    /// ## What it finds
    /// Rows with bytes that are not UTF-8, such as text saved as Latin-1 or Windows-1252.
    ///
    /// ## Why it matters
    /// JSON is UTF-8. Loaders stop at the first such byte, or put U+FFFD in the letter's place and train on
    /// that.
    ///
    /// ## Example
    /// ```file train.jsonl
    /// {"text": "caf\xe9"}
    /// ```
    ///
    /// Instead:
    /// ```file train.jsonl
    /// {"text": "caf\xc3\xa9"}
    /// ```
    ///
    /// ## Fix
    /// Convert the file from the encoding it was written in: `iconv -f UTF-16 -t UTF-8` where the message says so, or
    /// `-f WINDOWS-1252` for a Western file of Windows. Do not drop the bytes, they are letters.
    "schema/bad-utf8", Error
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct BadUtf8 {}

impl Rule for BadUtf8 {
    const META: RuleMeta = META;
    type State = ();
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        super::unreadable(row, Fault::BadUtf8, out);
    }
}
