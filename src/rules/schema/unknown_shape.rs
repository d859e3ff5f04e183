use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::finding::Findings;
use crate::model::setup::Setup;
use crate::model::value::{Object, Value};
use crate::rule::{Row, Rule, RuleMeta, clip, nearest, rule_meta};
use crate::sketch::Merge;
use crate::sketch::lowest::Lowest;
use crate::sketch::row_set::RowSet;

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

/// Columns named in a message.
const SHOWN: usize = 8;

/// Columns that shapes are known by.
const KNOWN: [&str; 10] = [
    "messages",
    "conversations",
    "instruction",
    "output",
    "prompt",
    "completion",
    "text",
    "chosen",
    "rejected",
    "input_ids",
];

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
        let column = |(name, value): (&str, &Value<'_>)| (name.to_owned(), value.a_kind().to_owned());
        let columns = || (is_table(object), object.iter().take(SHOWN + 1).map(column).collect());
        seen.columns.offer(&row.place, columns);
    }

    fn finish(&self, files: Self::State, _: &Setup, out: &mut Findings) {
        for file in files.into_values() {
            if let Some((first, (table, columns))) = file.columns.get() {
                out.row(first, || message(columns, *table && file.rows.len() == 1));
                // One message speaks for all rows of the file.
                out.also(file.rows);
            }
        }
    }
}

/// Names of columns that are asked and answered in.
const PAIRS: [(&str, &str); 10] = [
    ("user", "assistant"),
    ("human", "assistant"),
    ("human", "bot"),
    ("user", "bot"),
    ("src", "tgt"),
    ("source", "target"),
    ("q", "a"),
    ("article", "summary"),
    ("document", "summary"),
    ("context", "response"),
];

/// Whether an object holds columns, each a list, of as many rows.
fn is_table(object: &Object<'_>) -> bool {
    let lengths = object.iter().map(|(_, value)| value.as_array().map(<[_]>::len));
    let mut lengths = lengths.map(Option::unwrap_or_default);
    let first = lengths.next().unwrap_or_default();
    first > 1 && object.iter().count() > 1 && lengths.all(|length| length == first)
}

/// What to say of a file by the columns of its first row, or of its only one that is a table.
fn message(columns: &[(String, String)], table: bool) -> String {
    let shown = columns.iter().take(SHOWN);
    let mut named: Vec<_> = shown.map(|(name, _)| format!("`{}`", clip(name))).collect();
    if columns.len() > SHOWN {
        named.push("…".to_owned());
    }
    if named.is_empty() {
        return "the row has no columns".to_owned();
    }
    let has = |column: &str| columns.iter().any(|(name, _)| name == column);
    if has("preferred_output") && has("non_preferred_output") {
        return "OpenAI's preference format, which no trainer known here reads: make `prompt` of `input.messages`, \
                `chosen` of `preferred_output` and `rejected` of `non_preferred_output`"
            .to_owned();
    }
    if table {
        let named = named.join(", ");
        return format!(
            "one object of columns, {named}, each a list, instead of a list of rows; loaders see a single row"
        );
    }
    let slip = |(name, kind): &(String, String)| {
        let known = nearest(name, KNOWN).filter(|known| known == name || !has(known))?;
        // A talk in one string is a text, whatever its name.
        if kind == "a string" && matches!(known, "messages" | "conversations") {
            return Some(format!(
                "`{}` is a string: is `--columns text={}` meant?",
                clip(name),
                clip(name)
            ));
        }
        // Rightly named, and of a type that no shape has there.
        let odd = known == name && !matches!(kind.as_str(), "a string" | "an array");
        if odd {
            Some(format!("`{known}` is {kind}"))
        } else if name.trim() == known && known != name {
            Some(format!("the name of `{known}` stands with blanks around it, {name:?}"))
        } else if known != name {
            Some(format!("is `{}` meant to be `{known}`?", clip(name)))
        } else {
            None
        }
    };
    let pair = PAIRS.iter().find(|(prompt, completion)| has(prompt) && has(completion));
    let hint = columns.iter().find_map(slip).unwrap_or_else(|| match pair {
        Some((prompt, completion)) => format!("is `--columns prompt={prompt},completion={completion}` meant?"),
        None if has("row_idx") && has("row") => {
            "rows as a dataset viewer gives them out, with the data under `row`: download the set's files".to_owned()
        }
        None => "say which is which with --columns".to_owned(),
    });
    format!("no known shape, columns {}; {hint}", named.join(", "))
}
