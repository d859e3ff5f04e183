use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::finding::Findings;
use crate::model::setup::Setup;
use crate::model::value::{Object, Value};
use crate::rule::{Row, Rule, RuleMeta, rule_meta};
use crate::sketch::Merge;
use crate::sketch::lowest::Lowest;
use crate::sketch::row_set::RowSet;

use super::parts::meant::{SHOWN, kind, meant};

rule_meta! {
    /// ## What it finds
    /// Files whose rows have no shape known here: no column that could be a conversation, a prompt and its
    /// answer, or a text.
    ///
    /// ## Why it matters
    /// A trainer stops at the first row with a KeyError. Nothing else can be checked until it is known what
    /// the columns mean.
    ///
    /// ## Example
    /// ```jsonl
    /// {"frage": "2+2?", "antwort": "4"}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"prompt": "2+2?", "completion": "4"}
    /// ```
    ///
    /// ## Fix
    /// Say which of the file's columns is which, as in `--columns prompt=YOUR_COLUMN,completion=ANOTHER`, or rename
    /// them. Columns of other shapes than the known ones are not read.
    "schema/unknown-shape", Error
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct UnknownShape {}

/// The rows of a file without a known shape.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Unknown {
    rows: RowSet,
    /// Columns of the first row, with what is in them, and whether each is a list of as many values.
    columns: Lowest<(bool, Vec<(String, String)>)>,
}

impl Merge for Unknown {
    fn merge(&mut self, other: Self) {
        self.rows.merge(other.rows);
        self.columns.merge(other.columns);
    }
}

impl Rule for UnknownShape {
    const META: RuleMeta = META;
    type State = BTreeMap<u32, Unknown>;

    fn check(&self, row: &Row<'_>, files: &mut Self::State, _: &mut Findings) {
        let known = row.setup.shape(row.place.source).is_some();
        let (false, Some(object)) = (known, row.record().and_then(|record| record.value.as_object())) else {
            return;
        };
        // A shape of the trainer's own, which it reads (axolotl's `input_output`).
        if !row.encoded.is_empty() {
            return;
        }
        let seen = files.entry(row.place.source).or_default();
        seen.rows.insert(row.place.source, row.place.row);
        let column = |(name, value): (&str, &Value<'_>)| (name.to_owned(), kind(value).to_owned());
        let columns = || (is_table(object), object.iter().take(SHOWN + 1).map(column).collect());
        seen.columns.offer(&row.place, columns);
    }

    fn finish(&self, files: Self::State, _: &Setup, out: &mut Findings) {
        for file in files.into_values() {
            if let Some((first, (table, columns))) = file.columns.get() {
                out.row(first, || meant(columns, *table && file.rows.len() == 1));
                // One message speaks for all rows of the file.
                out.also(file.rows);
            }
        }
    }
}

/// Whether an object holds columns, each a list, of as many rows.
fn is_table(object: &Object<'_>) -> bool {
    let lengths = object.iter().map(|(_, value)| value.as_array().map(<[_]>::len));
    let mut lengths = lengths.map(Option::unwrap_or_default);
    let first = lengths.next().unwrap_or_default();
    first > 1 && object.iter().count() > 1 && lengths.all(|length| length == first)
}
