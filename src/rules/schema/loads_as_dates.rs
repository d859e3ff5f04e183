use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::parts::dates::is_date;
use crate::finding::Findings;
use crate::model::example::Shape;
use crate::model::setup::Setup;
use crate::model::value::Value;
use crate::place::Place;
use crate::rule::{Row, Rule, RuleMeta, clip, rule_meta};
use crate::sketch::Merge;
use crate::sketch::lowest::Lowest;

rule_meta! {
    /// ## What it finds
    /// Columns of texts that all look like ISO dates, in JSON files.
    ///
    /// ## Why it matters
    /// `datasets` loads such a column as timestamps, not as strings (seen with 3.6 and 5.2): the trainer then
    /// joins a datetime to a string and stops, drops the rows, or trains on `2024-01-01 00:00:00`, or on
    /// `<datetime>` where transformers (from 5.22.2 on) gives templates plain values alone.
    ///
    /// ## Example
    /// ```jsonl
    /// {"prompt": "When did the year begin?", "completion": "2024-01-01"}
    /// {"prompt": "When does it end?", "completion": "2024-12-31"}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"prompt": "When did the year begin?", "completion": "2024-01-01"}
    /// {"prompt": "When does it end?", "completion": "on 2024-12-31"}
    /// ```
    ///
    /// ## Fix
    /// Load the file with `features=Features({"completion": Value("string"), …})`, or put a word beside the
    /// date in one row.
    "schema/loads-as-dates", Error
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct LoadsAsDates {}

/// Text columns of one file, by name.
pub(crate) type Columns = BTreeMap<String, Texts>;

/// What the texts of a column look like.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Texts {
    dates: u64,
    /// Whether any is no date, which settles it.
    others: bool,
    first: Lowest<String>,
}

impl Merge for Texts {
    fn merge(&mut self, other: Self) {
        self.dates += other.dates;
        self.others |= other.others;
        self.first.merge(other.first);
    }
}

fn see(columns: &mut Columns, name: &str, text: &str, place: &Place) {
    if !columns.contains_key(name) {
        columns.insert(name.to_owned(), Texts::default());
    }
    let Some(seen) = columns.get_mut(name).filter(|seen| !seen.others) else {
        return;
    };
    if is_date(text) {
        seen.dates += 1;
        seen.first.offer(place, || text.to_owned());
    } else {
        seen.others = true;
    }
}

impl Rule for LoadsAsDates {
    const META: RuleMeta = META;
    /// By source.
    type State = BTreeMap<u32, Columns>;
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, columns: &mut Self::State, _: &mut Findings) {
        let (Some(example), Some(record)) = (row.example, row.record()) else {
            return;
        };
        // Arrow and Parquet files say what their columns are, and the loaders of CSV and text leave dates alone.
        if record.bytes.is_none() {
            return;
        }
        let columns = columns.entry(row.place.source).or_default();
        for turn in &example.turns {
            let value = match turn.raw {
                Some(raw) => raw.get(turn.key),
                None => record.value.get(turn.field),
            };
            if let Some(Value::Str(text)) = value {
                see(columns, turn.field, text, &row.place);
            }
        }
        if let (Shape::Alpaca, Some(Value::Str(text))) = (example.shape, record.value.get("input")) {
            see(columns, "input", text, &row.place);
        }
    }

    fn finish(&self, files: Self::State, _: &Setup, out: &mut Findings) {
        for (name, column) in files.values().flatten() {
            if let (false, Some((first, text))) = (column.others, column.first.get()) {
                out.row(first, || {
                    let rows = column.dates;
                    format!(
                        "each of {rows} values in `{}` is a date, as `{text}`, and loads as a datetime",
                        clip(name)
                    )
                });
            }
        }
    }
}
