use serde::Deserialize;

use crate::finding::Findings;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};

rule_meta! {
    /// ## What it finds
    /// Rows in which a key stands twice in one object.
    ///
    /// ## Why it matters
    /// Python keeps the last value and forgets the first without a word; `datasets` stops at the row ("column
    /// was specified twice"); other readers keep the first. Whatever the reader, one of the two values is not
    /// trained on.
    ///
    /// ## Example
    /// ```jsonl
    /// {"prompt": "2+2?", "completion": "4", "completion": "four"}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"prompt": "2+2?", "completion": "4"}
    /// ```
    ///
    /// ## Fix
    /// Keep the value that is meant; a writer that joins objects as text is the usual cause.
    "schema/duplicate-key", Error
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct DuplicateKey {}

impl Rule for DuplicateKey {
    const META: RuleMeta = META;
    type State = ();
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        if row.record().is_some_and(|record| record.quirks.duplicate_key) {
            out.row(&row.place, || {
                "a key stands twice in one object, and its first value is lost".to_owned()
            });
        }
    }
}
