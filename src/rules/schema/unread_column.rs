use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use super::parts::telling::{TOLD, columns, each};
use crate::finding::Findings;
use crate::model::example::Example;
use crate::model::setup::Setup;
use crate::rule::{Row, Rule, RuleMeta, plural, rule_meta};
use crate::sketch::Merge;
use crate::sketch::lowest::Lowest;
use crate::sketch::row_set::RowSet;

rule_meta! {
    /// ## What it finds
    /// Columns that belong to what is asked or answered, by their name (`context`, `options`, `choices`, `schema`,
    /// `system` beside prompts and answers; `label`, `answer`, `summary`, `translation` or `intent` beside texts), that the
    /// shape does not read, in files most of whose rows say there what stands nowhere else in them; and columns that the
    /// shape has (`input`, `history`, `output`) and the trainer does not read as it is set up. Other columns (ids, sources,
    /// scores) are left alone, and a `category` of long texts.
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
    /// Name the column to the trainer: in LLaMA-Factory under `columns` of the set's entry in dataset_info.json (`query`,
    /// `system`, `history`), which has no default once `columns` is there; in axolotl by a `type` that reads it
    /// (`alpaca_w_system` for `system`); TRL and torchtune read a system prompt among the messages only. Else
    /// write it into the prompt, say with `--columns` which columns are meant, or leave out what the model is not to see.
    "schema/unread-column", Warning
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct UnreadColumn {}

/// A text of more bytes is a document, and none that is to be classed.
const DOCUMENT: usize = 600;

/// A text of more bytes is no name that stands elsewhere too.
const WORD: usize = 32;

/// What a file says in a column that is not read.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Unread {
    rows: RowSet,
    first: Lowest<()>,
    /// Rows that say anything in it.
    saying: u64,
    /// Whether it counts whatever other rows say: its shape reads it, and the trainer does not.
    own: bool,
    /// Of one value.
    hash: Option<u64>,
    /// Whether there is another.
    varies: bool,
}

impl Unread {
    fn add(&mut self, hash: u64) {
        self.varies |= *self.hash.get_or_insert(hash) != hash;
    }

    /// Whether most rows that could say there what they say nowhere else: of a file of so many rows, or of those that
    /// say anything where a shape has the column.
    fn is_most(&self, name: &str, rows: u64) -> bool {
        let of = if self.own { self.saying } else { rows };
        // What a column that only goes by its name says in every row alike is no text of the row's own.
        (self.varies || self.own || TOLD.contains(&name)) && self.rows.len() * 2 > of
    }
}

impl Merge for Unread {
    fn merge(&mut self, other: Self) {
        self.rows.merge(other.rows);
        self.first.merge(other.first);
        self.saying += other.saying;
        self.own |= other.own;
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
        let fed = row.setup.trainer.is_some();
        // What a trainer leaves out, or raises at, is not read at all, which other rules say.
        if fed && row.encoded.iter().all(|encoded| encoded.text.is_empty()) {
            return;
        }
        for (name, own) in columns(example, fed, row.setup.has_template) {
            let Some(value) = record.value.get(name) else { continue };
            // What a document is about is no answer to it.
            if name == "category" && example.turns.iter().any(|turn| turn.text.len() > DOCUMENT) {
                continue;
            }
            let (mut saying, mut unsaid, mut some, mut hash) = (false, false, false, 0);
            each(value, &mut |text| {
                let said = says(row, example, text);
                saying = true;
                unsaid |= !said;
                some |= said && text.len() > WORD;
                hash = xxh3_64(text.as_bytes()) ^ u64::rotate_left(hash, 7);
            });
            // Tools are told of in a form of its own, and their names stand in calls.
            unsaid &= !(some && name == "functions");
            if !saying || !unsaid && !own {
                continue;
            }
            if !seen.columns.contains_key(name) {
                seen.columns.insert(name.to_owned(), Unread::default());
            }
            let column = seen.columns.get_mut(name).expect("just inserted");
            column.saying += 1;
            column.own |= own;
            if unsaid {
                column.rows.insert(row.place.source, row.place.row);
                column.first.offer(&row.place, || ());
                column.add(hash);
            }
        }
    }

    fn finish(&self, files: Self::State, setup: &Setup, out: &mut Findings) {
        for file in files.into_values() {
            for (name, column) in file.columns {
                let Some((first, ())) = column.first.get().filter(|_| column.is_most(&name, file.rows)) else {
                    continue;
                };
                let trainer = setup.trainer.as_ref().filter(|_| column.own);
                let message = || {
                    let (rows, all) = (column.rows.len(), plural(file.rows, "row"));
                    let saying = plural(column.saying, "row");
                    trainer.map_or_else(
                        || format!("nothing reads the column `{name}`, and {rows} of {all} say there what they say nowhere else"),
                        |trainer| format!("{trainer} does not read the column `{name}`, which is filled in {saying}"),
                    )
                };
                out.field(first, || format!("/{name}"), message);
                // One message speaks for all rows of the file.
                out.also(column.rows);
            }
        }
    }
}

/// Whether a row says a text in what is read of it: by the trainer, where there is one.
fn says(row: &Row<'_>, example: &Example<'_>, text: &str) -> bool {
    let read = |said: &str| memchr::memmem::find(said.as_bytes(), text.as_bytes()).is_some();
    let by_shape = row.setup.trainer.is_none() && example.turns.iter().any(|turn| read(&turn.text));
    by_shape || row.encoded.iter().any(|encoded| read(&encoded.text))
}
