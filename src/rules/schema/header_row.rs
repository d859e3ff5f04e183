use serde::Deserialize;

use crate::finding::Findings;
use crate::model::value::Value;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};

rule_meta! {
    /// ## What it finds
    /// Rows whose every value is the name of its column, as where tables were put together with their headers.
    ///
    /// ## Why it matters
    /// The model is taught to answer `instruction` with `output`.
    ///
    /// ## Example
    /// ```file train.csv
    /// instruction,output
    /// Name a prime.,Seven
    /// instruction,output
    /// Name a metal.,Iron
    /// ```
    ///
    /// Instead:
    /// ```file train.csv
    /// instruction,output
    /// Name a prime.,Seven
    /// Name a metal.,Iron
    /// ```
    ///
    /// ## Fix
    /// Remove the row.
    "schema/header-row", Warning
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct HeaderRow {}

impl Rule for HeaderRow {
    const META: RuleMeta = META;
    type State = ();
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        let Some(columns) = row.record().and_then(|record| record.value.as_object()) else {
            return;
        };
        let filled = || columns.iter().filter(|(_, value)| !value.is_null());
        let is_name =
            |(name, value): (&str, &Value<'_>)| value.as_str().is_some_and(|value| value.trim() == name.trim());
        if filled().all(is_name) && filled().nth(1).is_some() {
            out.row(&row.place, || {
                "every value is the name of its column: a header inside the data".to_owned()
            });
        }
    }
}
