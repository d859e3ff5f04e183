use serde::Deserialize;

use crate::finding::Findings;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};

rule_meta! {
    /// ## What it finds
    /// Rows with half of a surrogate pair, such as `\ud83d` without the `\ude00` that makes it an emoji.
    ///
    /// ## Why it matters
    /// A text was cut in the middle of a character. Python reads it and fails later, when the string is
    /// written or tokenised; `datasets` stops at the row.
    ///
    /// ## Example
    /// ```jsonl
    /// {"text": "cut in the middle of an emoji: \ud83d"}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"text": "a whole emoji: \ud83d\ude00"}
    /// ```
    ///
    /// ## Fix
    /// Cut texts by characters, not by UTF-16 units, and make the row again.
    "schema/lone-surrogate", Error
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct LoneSurrogate {}

impl Rule for LoneSurrogate {
    const META: RuleMeta = META;
    type State = ();
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        if row.record().is_some_and(|record| record.quirks.lone_surrogate) {
            out.row(&row.place, || {
                "half of a surrogate pair (\\ud800 to \\udfff alone), which is no character".to_owned()
            });
        }
    }
}
