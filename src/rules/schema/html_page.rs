use serde::Deserialize;

use crate::finding::Findings;
use crate::model::record::Fault;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};

rule_meta! {
    /// ## What it finds
    /// Files that hold an HTML or XML page under a data file's name.
    ///
    /// ## Why it matters
    /// A download that needed a login or met an error saves the page it was shown. No row of it is data.
    ///
    /// ## Example
    /// ```file train.jsonl
    /// <!DOCTYPE html>
    /// <html><head><title>403 Forbidden</title></head><body>access denied</body></html>
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"text": "the data itself"}
    /// ```
    ///
    /// ## Fix
    /// Download the file again, with the credentials it needs, and look at its first line.
    "schema/html-page", Error
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct HtmlPage {}

impl Rule for HtmlPage {
    const META: RuleMeta = META;
    type State = ();
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        super::unreadable(row, Fault::Html, out);
    }
}
