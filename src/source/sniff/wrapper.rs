//! What to read in a file that is one object: the list of rows inside it, or the object as a row.

use super::{List, Sniffed};
use crate::model::record::Fault;
use crate::source::document::{Survey, survey};
use crate::source::format::Format;
use crate::source::limits::Limits;
use crate::source::stream::{Stream, Trouble};

/// Keys under which lists of rows are kept, and the split each stands for.
const LISTS: &[(&str, Option<&str>)] = &[
    ("data", None),
    ("rows", None),
    ("examples", None),
    ("instances", None),
    ("records", None),
    ("items", None),
    ("samples", None),
    ("entries", None),
    ("dataset", None),
    ("train", Some("train")),
    ("training", Some("train")),
    ("validation", Some("validation")),
    ("valid", Some("validation")),
    ("val", Some("validation")),
    ("dev", Some("validation")),
    ("test", Some("test")),
    ("testing", Some("test")),
    ("eval", Some("test")),
    ("evaluation", Some("test")),
];

/// Columns that hold lists of objects in a row: a file with one of these is a row, not a wrapper.
const COLUMNS: &[&str] = &[
    "messages",
    "conversations",
    "conversation",
    "dialog",
    "dialogue",
    "turns",
    "history",
    "prompt",
    "completion",
    "chosen",
    "rejected",
    "tools",
    "functions",
    "tool_calls",
    "images",
    "videos",
    "audios",
];

/// Looks over the object and says how the file is read.
pub(super) fn settle(sniffed: &mut Sniffed, stream: Stream, named: Option<Format>, limits: &Limits) -> Format {
    // What could be read before a trouble is worth reading; the reader meets the trouble again.
    let survey = survey(stream, limits).unwrap_or_default();
    let rows = if survey.spread {
        Format::JsonStream
    } else {
        Format::JsonLines
    };
    if !(survey.alone || survey.ends_in_list) || (rows == Format::JsonLines && named == Some(Format::JsonLines)) {
        return rows;
    }
    let known = known_lists(&survey);
    if !survey.alone && known.is_empty() {
        return rows;
    }
    if !known.is_empty() {
        return wrapper(sniffed, &survey, known);
    }
    let other: Vec<&str> = survey
        .entries
        .iter()
        .filter(|entry| entry.rows.is_some() && !COLUMNS.contains(&entry.key.as_str()))
        .map(|entry| entry.key.as_str())
        .collect();
    match other.as_slice() {
        [only] if survey.spread => {
            let only = List {
                field: (*only).to_owned(),
                split: None,
            };
            return wrapper(sniffed, &survey, vec![only]);
        }
        [first, second, ..] if survey.spread => {
            let message = format!(
                "one object with several lists of objects (`{first}`, `{second}`, …) and none of a known name such as \
                 `data` or `train`: which are the rows cannot be told"
            );
            sniffed.trouble = Some(Trouble::new(Fault::Damaged, message));
        }
        _ if is_keyed(&survey) => {
            let first = survey.entries.first().map_or("", |entry| entry.key.as_str());
            let message = format!(
                "one object of {} objects by key (`{first}`, …) instead of a list of rows; loaders see a single row",
                survey.count
            );
            sniffed.trouble = Some(Trouble::new(Fault::Damaged, message));
        }
        _ => sniffed.notes.push("one JSON object, read as one row".to_owned()),
    }
    rows
}

fn known_lists(survey: &Survey) -> Vec<List> {
    let mut lists: Vec<List> = survey
        .entries
        .iter()
        .filter(|entry| entry.rows.is_some())
        .filter_map(|entry| {
            let (_, split) = LISTS.iter().find(|(name, _)| entry.key.eq_ignore_ascii_case(name))?;
            Some(List {
                field: entry.key.clone(),
                split: split.map(str::to_owned),
            })
        })
        .collect();
    // Splits stand side by side; of other lists only one can be the rows.
    if lists.iter().any(|list| list.split.is_none()) {
        lists.retain(|list| list.split.is_none());
        lists.truncate(1);
    }
    lists
}

fn wrapper(sniffed: &mut Sniffed, survey: &Survey, lists: Vec<List>) -> Format {
    let read: Vec<&str> = lists.iter().map(|list| list.field.as_str()).collect();
    let left: Vec<String> = survey
        .entries
        .iter()
        .filter(|entry| !read.contains(&entry.key.as_str()))
        .take(4)
        .map(|entry| match entry.rows {
            Some(rows) => format!("`{}` ({rows} objects)", entry.key),
            None => format!("`{}`", entry.key),
        })
        .collect();
    let left = if left.is_empty() {
        String::new()
    } else {
        format!(", not from {}", left.join(", "))
    };
    sniffed.notes.push(format!(
        "one object; its rows are read from `{}`{left}; datasets reads it so only with field={:?}",
        read.join("` and `"),
        read[0]
    ));
    sniffed.lists = lists;
    Format::JsonArray
}

/// Whether this is a table of rows by their ids.
fn is_keyed(survey: &Survey) -> bool {
    survey.count >= 2
        && survey.objects == survey.count
        && survey.alike
        && !survey.entries.iter().any(|entry| COLUMNS.contains(&entry.key.as_str()))
}
