use serde::Deserialize;

use crate::finding::Findings;
use crate::model::record::Fault;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};

rule_meta! {
    /// ## What it finds
    /// Rows of a CSV file with more or fewer fields than its header names.
    ///
    /// ## Why it matters
    /// A comma or a quotation mark inside a text was not escaped, so the text is cut and what follows stands
    /// in the wrong columns. Loaders stop at the row, or fill it up with nulls.
    ///
    /// ## Example
    /// ```file train.csv
    /// prompt,completion
    /// 2+2?,4
    /// Name two primes.,three, and five
    /// ```
    ///
    /// Instead:
    /// ```file train.csv
    /// prompt,completion
    /// 2+2?,4
    /// Name two primes.,"three, and five"
    /// ```
    ///
    /// ## Fix
    /// Write the file with a CSV library, or as JSON lines, which have no such trouble.
    "schema/ragged-row", Error
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RaggedRow {}

impl Rule for RaggedRow {
    const META: RuleMeta = META;
    type State = ();
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        super::unreadable(row, Fault::RaggedRow, out);
    }
}
