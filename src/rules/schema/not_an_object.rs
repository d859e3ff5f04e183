use serde::Deserialize;

use crate::finding::Findings;
use crate::model::example::MisfitKind;
use crate::model::value::Value;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};

rule_meta! {
    /// ## What it finds
    /// Rows that are JSON but no object: a list, a string, a number.
    ///
    /// ## Why it matters
    /// A row without columns has nothing to train on, and most loaders stop at it.
    ///
    /// ## Example
    /// ```jsonl
    /// {"text": "a row"}
    /// ["not", "a", "row"]
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"text": "a row"}
    /// {"text": "another row"}
    /// ```
    ///
    /// ## Fix
    /// Write each row as an object, a list of turns as `{"messages": […]}` and a text as `{"text": …}`, or remove it.
    "schema/not-an-object", Error
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct NotAnObject {}

impl Rule for NotAnObject {
    const META: RuleMeta = META;
    type State = ();
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        super::misfit(row, MisfitKind::NotAnObject, out);
        // A file without a known shape has no misfits, but its rows may be no objects all the same.
        if let (None, None, Some(record)) = (row.misfit, row.example, row.record())
            && !matches!(record.value, Value::Object(_))
        {
            out.row(&row.place, || {
                format!("the row is {}, not an object", record.value.a_kind())
            });
        }
    }
}
