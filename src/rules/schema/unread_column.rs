use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use super::parts::telling::telling;
use crate::finding::Findings;
use crate::model::example::Example;
use crate::model::setup::Setup;
use crate::model::value::Value;
use crate::rule::{Row, Rule, RuleMeta, plural, rule_meta};
use crate::sketch::Merge;
use crate::sketch::lowest::Lowest;
use crate::sketch::row_set::RowSet;

rule_meta! {
    /// ## What it finds
    /// Columns that belong to what is asked or answered, by their name (`context`, `options`, `choices`, `schema`,
    /// `system` beside prompts and answers; `label`, `answer`, `summary`, `translation` or `intent` beside texts), that the
    /// shape does not read, in files most of whose rows say there what stands nowhere else in them. Other columns more
    /// (ids, sources, scores) are left alone, and a `category` of long texts.
    ///
    /// ## Why it matters
    /// Trainers ignore columns they do not know without a word. The model is then taught to answer about a text it was
    /// not given, to choose among choices it does not see, or never sees the answers at all.
    ///
    /// ## Example
    /// ```jsonl
    /// {"question": "Which of them is a prime?", "choices": {"A": "21", "B": "23"}, "answer": "B"}
    /// {"question": "Which of them is even?", "choices": {"A": "14", "B": "15"}, "answer": "A"}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"question": "Which of them is a prime? A) 21 B) 23", "choices": {"A": "21", "B": "23"}, "answer": "B"}
    /// {"question": "Which of them is even? A) 14 B) 15", "choices": {"A": "14", "B": "15"}, "answer": "A"}
    /// ```
    ///
    /// ## Fix
    /// Write the column into the prompt, or say with `--columns` which columns are meant; leave the column out where the
    /// model is not to see it.
    "schema/unread-column", Warning
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct UnreadColumn {}

/// A text of more bytes is a document, and none that is to be classed.
const DOCUMENT: usize = 600;

/// What a file says in a column that is not read.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Unread {
    rows: RowSet,
    first: Lowest<()>,
    /// Of one value.
    hash: Option<u64>,
    /// Whether there is another.
    varies: bool,
}

impl Unread {
    fn add(&mut self, hash: u64) {
        self.varies |= *self.hash.get_or_insert(hash) != hash;
    }
}

impl Merge for Unread {
    fn merge(&mut self, other: Self) {
        self.rows.merge(other.rows);
        self.first.merge(other.first);
        self.varies |= other.varies;
        if let Some(hash) = other.hash {
            self.add(hash);
        }
    }
}

/// Of a file: its rows, and by name the columns that are not read.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Seen {
    rows: u64,
    columns: BTreeMap<String, Unread>,
}

impl Merge for Seen {
    fn merge(&mut self, other: Self) {
        self.rows += other.rows;
        Merge::merge(&mut self.columns, other.columns);
    }
}

impl Rule for UnreadColumn {
    const META: RuleMeta = META;
    type State = BTreeMap<u32, Seen>;

    fn check(&self, row: &Row<'_>, files: &mut Self::State, _: &mut Findings) {
        let (Some(example), Some(record)) = (row.example, row.record()) else {
            return;
        };
        let seen = files.entry(row.place.source).or_default();
        seen.rows += 1;
        for name in telling(example.shape) {
            let Some(value) = record.value.get(name) else { continue };
            if example.turns.iter().any(|turn| turn.field == *name) {
                continue;
            }
            // What a document is about is no answer to it.
            if *name == "category" && example.turns.iter().any(|turn| turn.text.len() > DOCUMENT) {
                continue;
            }
            let (mut unsaid, mut hash) = (false, 0);
            each(value, &mut |text| {
                unsaid |= !says(row, example, text);
                hash = xxh3_64(text.as_bytes()) ^ u64::rotate_left(hash, 7);
            });
            if !unsaid {
                continue;
            }
            if !seen.columns.contains_key(*name) {
                seen.columns.insert((*name).to_owned(), Unread::default());
            }
            let column = seen.columns.get_mut(*name).expect("just inserted");
            column.rows.insert(row.place.source, row.place.row);
            column.first.offer(&row.place, || ());
            column.add(hash);
        }
    }

    fn finish(&self, files: Self::State, _: &Setup, out: &mut Findings) {
        for file in files.into_values() {
            for (name, column) in file.columns.into_iter().filter(|(_, column)| column.varies) {
                let Some((first, ())) = column.first.get().filter(|_| column.rows.len() * 2 > file.rows) else {
                    continue;
                };
                let message = || {
                    let (rows, all) = (column.rows.len(), plural(file.rows, "row"));
                    format!(
                        "nothing reads the column `{name}`, and {rows} of {all} say there what they say nowhere else"
                    )
                };
                out.field(first, || format!("/{name}"), message);
                // One message speaks for all rows of the file.
                out.also(column.rows);
            }
        }
    }
}

/// Shows the texts and numbers in a value that are not blank.
fn each(value: &Value<'_>, show: &mut impl FnMut(&str)) {
    match value {
        Value::Str(text) if !text.trim().is_empty() => show(text.trim()),
        Value::Int(number) => show(&number.to_string()),
        Value::Float(number) => show(&number.to_string()),
        Value::Array(items) => items.iter().for_each(|item| each(item, show)),
        Value::Object(object) => object.iter().for_each(|(_, value)| each(value, show)),
        _ => {}
    }
}

/// Whether a row says a text in what is read of it.
fn says(row: &Row<'_>, example: &Example<'_>, text: &str) -> bool {
    let read = |said: &str| memchr::memmem::find(said.as_bytes(), text.as_bytes()).is_some();
    example.turns.iter().any(|turn| read(&turn.text)) || row.encoded.iter().any(|encoded| read(&encoded.text))
}
