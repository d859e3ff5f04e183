//! Columns that an entry of `dataset_info.json` gives each other's names.

use serde_json::{Map, Value as Json};

use crate::model::config::{Fault, FaultKind};
use crate::settings::config::Data;

/// The sides of an answer under LLaMA-Factory's keys, with the names they go by and the shape's own.
const ASKED: &[&str] = &["instruction", "prompt", "question", "query"];
const ANSWERED: &[&str] = &["output", "response", "completion", "answer"];

/// The column of an entry under a key.
fn column<'e>(entry: &'e Map<String, Json>, key: &str) -> Option<&'e str> {
    entry.get("columns")?.get(key)?.as_str()
}

/// The columns under names that say the opposite: what each is for, and its name in the rows.
pub(super) fn columns(entry: &Map<String, Json>) -> Vec<(String, String)> {
    let pair = |one: (&str, &str), other: (&str, &str)| {
        [one, other]
            .map(|(key, name)| (key.to_owned(), name.to_owned()))
            .to_vec()
    };
    if is_swapped(entry) {
        return pair(("chosen", "rejected"), ("rejected", "chosen"));
    }
    match turned(entry) {
        Some((prompt, response)) => pair(("instruction", prompt), ("output", response)),
        None => Vec::new(),
    }
}

fn is_swapped(entry: &Map<String, Json>) -> bool {
    column(entry, "chosen") == Some("rejected") && column(entry, "rejected") == Some("chosen")
}

/// The columns of question and answer, where each has the other's name.
fn turned(entry: &Map<String, Json>) -> Option<(&str, &str)> {
    let (prompt, response) = (column(entry, "prompt")?, column(entry, "response")?);
    (ANSWERED.contains(&prompt) && ASKED.contains(&response)).then_some((prompt, response))
}

/// What is to be said of it.
pub(super) fn fault(data: &Data) -> Option<Fault> {
    let fault = |kind, message| {
        Some(Fault {
            kind,
            key: data.name.clone(),
            at: data.origin.to_string(),
            message,
        })
    };
    let name = &data.name;
    if is_swapped(&data.entry) {
        let message = format!(
            "dataset_info.json reads `chosen` of `{name}` from the column `rejected`, and `rejected` from `chosen`: \
             what was rejected is learnt"
        );
        return fault(FaultKind::SwappedSides, message);
    }
    let (prompt, response) = turned(&data.entry)?;
    let message = format!(
        "dataset_info.json reads `prompt` of `{name}` from the column `{prompt}`, and `response` from `{response}`: \
         the model learns to ask"
    );
    fault(FaultKind::SwappedColumns, message)
}
