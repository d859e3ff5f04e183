//! Settings that a program refuses together, or alone, as its own validators have it.
//!
//! Each program has a table in a file of its own, which names where its entries were read. What depends on the machine
//! (a GPU's capability, an installed package) is not in them.

mod axolotl;
mod llama_factory;
mod trainer;

use serde_json::Value as Json;

use crate::model::config::{Fault, FaultKind};
use crate::model::setup::{Origin, Setting};

use super::reader::Reader;

pub(super) use axolotl::axolotl;
pub(super) use llama_factory::llama_factory;
pub(super) use trainer::{sft, training_arguments};

/// Something a program raises.
struct Conflict {
    /// All of these hold.
    when: &'static [When],
    /// What it says: lower case, no full stop.
    says: &'static str,
}

/// A condition on a setting. Values are tested as Python would.
#[derive(Clone, Copy)]
enum When {
    /// True, a number other than 0, a text, list or object that is not empty.
    On(&'static str),
    /// Not so, or not set.
    Off(&'static str),
    /// Set, and not null.
    Set(&'static str),
    Unset(&'static str),
    Is(&'static str, &'static str),
    /// Set to another value, or not set.
    Not(&'static str, &'static str),
    Among(&'static str, &'static [&'static str]),
    NotAmong(&'static str, &'static [&'static str]),
    /// Holds these letters, whatever their case.
    Holds(&'static str, &'static str),
    Starts(&'static str, &'static str),
    Above(&'static str, f64),
    /// Set, and a number of at most.
    AtMost(&'static str, f64),
}

impl When {
    fn key(self) -> &'static str {
        match self {
            Self::On(key)
            | Self::Off(key)
            | Self::Set(key)
            | Self::Unset(key)
            | Self::Is(key, _)
            | Self::Not(key, _)
            | Self::Among(key, _)
            | Self::NotAmong(key, _)
            | Self::Holds(key, _)
            | Self::Starts(key, _)
            | Self::Above(key, _)
            | Self::AtMost(key, _) => key,
        }
    }

    fn holds(self, value: &Json) -> bool {
        let text = text(value);
        let number = value.as_f64();
        match self {
            Self::On(_) => is_on(value),
            Self::Off(_) => !is_on(value),
            Self::Set(_) => !value.is_null(),
            Self::Unset(_) => value.is_null(),
            Self::Is(_, wanted) => text == wanted,
            Self::Not(_, other) => text != other,
            Self::Among(_, all) => all.contains(&text.as_str()),
            Self::NotAmong(_, all) => !all.contains(&text.as_str()),
            Self::Holds(_, part) => text.to_lowercase().contains(part),
            Self::Starts(_, start) => text.starts_with(start),
            Self::Above(_, least) => number.is_some_and(|number| number > least),
            Self::AtMost(_, most) => number.is_some_and(|number| number <= most),
        }
    }
}

/// Python's truth of a value.
fn is_on(value: &Json) -> bool {
    match value {
        Json::Null => false,
        Json::Bool(flag) => *flag,
        Json::Number(number) => number.as_f64() != Some(0.0),
        Json::String(text) => !text.is_empty(),
        Json::Array(items) => !items.is_empty(),
        Json::Object(entries) => !entries.is_empty(),
    }
}

fn text(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        Json::Null => String::new(),
        value => value.to_string(),
    }
}

/// Notes every conflict of a table that holds. The last setting of it that somebody wrote is to blame.
fn check(reader: &mut Reader<'_>, table: &[Conflict], find: &dyn Fn(&Reader<'_>, &str) -> Option<Setting<Json>>) {
    let mut faults = Vec::new();
    for conflict in table {
        let found = conflict.when.iter().map(|when| (when, find(reader, when.key())));
        let holds = found
            .clone()
            .all(|(when, found)| when.holds(found.as_ref().map_or(&Json::Null, |found| &found.value)));
        if !holds {
            continue;
        }
        let written: Vec<(&str, Origin)> = found
            .filter_map(|(when, found)| Some((when.key(), found?.origin)))
            .filter(|(_, origin)| matches!(origin, Origin::File(_) | Origin::Flag(_)))
            .collect();
        faults.push(fault(reader, &written, conflict.says));
    }
    reader.faults.extend(faults);
}

/// Something refused, by the settings that were written.
fn fault(reader: &Reader<'_>, written: &[(&str, Origin)], says: &str) -> Fault {
    let last = written.iter().rfind(|(_, origin)| matches!(origin, Origin::File(_)));
    let others: Vec<String> = written
        .iter()
        .filter(|other| Some(*other) != last)
        .map(|(key, origin)| format!("{key} ({origin})"))
        .collect();
    let beside = match others.as_slice() {
        [] => String::new(),
        others => format!("; it stands beside {}", others.join(", ")),
    };
    Fault {
        kind: FaultKind::Invalid,
        key: last.map_or_else(String::new, |(key, _)| (*key).to_owned()),
        at: last.map_or_else(|| reader.path.to_owned(), |(_, origin)| origin.to_string()),
        message: format!("{} would raise: {says}{beside}", reader.label),
    }
}

/// What somebody gave, and nothing else: a validator that runs before defaults are filled in.
fn given(reader: &Reader<'_>, key: &str) -> Option<Setting<Json>> {
    reader.given(key)
}

/// What is in force.
fn in_force(reader: &Reader<'_>, key: &str) -> Option<Setting<Json>> {
    reader.value(key)
}
