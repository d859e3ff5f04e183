use serde::Deserialize;

use crate::finding::Findings;
use crate::model::value::Value;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};

rule_meta! {
    /// ## What it finds
    /// Rows with `NaN`, `Infinity` or `-Infinity`, which Python's `json` writes and JSON does not have, and with
    /// whole numbers beyond 64 bits, which few other readers keep.
    ///
    /// ## Why it matters
    /// Python and Arrow read them; most other readers stop at the row. In a column that is trained on, a
    /// missing value became a number.
    ///
    /// ## Example
    /// ```jsonl
    /// {"text": "a row", "score": NaN}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"text": "a row", "score": null}
    /// ```
    ///
    /// ## Fix
    /// Write null for a missing value: `json.dumps(row, allow_nan=False)` shows where they come from.
    "schema/python-only-json", Warning
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct PythonOnlyJson {}

impl Rule for PythonOnlyJson {
    const META: RuleMeta = META;
    type State = ();
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        let Some(record) = row.record() else { return };
        if record.quirks.huge_integer {
            let message = "a whole number beyond 64 bits is kept by Python and rounded by other readers";
            out.row(&row.place, || message.to_owned());
        }
        if !record.quirks.non_finite {
            return;
        }
        let mut pointer = String::new();
        match find(&record.value, &mut pointer) {
            Some(number) => out.field(
                &row.place,
                || pointer.clone(),
                || format!("`{number}` is read by Python and is not JSON"),
            ),
            None => out.row(&row.place, || {
                "`NaN` or `Infinity` is read by Python and is not JSON".to_owned()
            }),
        }
    }
}

/// The first number that is none, and where it stands.
fn find(value: &Value<'_>, pointer: &mut String) -> Option<&'static str> {
    let length = pointer.len();
    let mut step = |key: &str, inner: &Value<'_>| {
        pointer.truncate(length);
        pointer.push('/');
        pointer.push_str(&key.replace('~', "~0").replace('/', "~1"));
        find(inner, pointer)
    };
    match value {
        Value::Float(number) if number.is_nan() => Some("NaN"),
        Value::Float(number) if number.is_infinite() => Some(if *number > 0.0 { "Infinity" } else { "-Infinity" }),
        Value::Object(object) => object.iter().find_map(|(key, inner)| step(key, inner)),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .find_map(|(at, inner)| step(&at.to_string(), inner)),
        _ => None,
    }
}
