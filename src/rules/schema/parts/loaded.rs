//! The types Arrow would infer for what a template prints of tools and their calls.
//!
//! `datasets` 5 keeps objects whose keys differ from row to row as they were written, so a summary
//! stops at such an object, and its size is bounded by the keys that all of them have.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::value::{Object, Value};
use crate::rule::Row;
use crate::rules::parts::tools;
use crate::sketch::Merge;

/// The tools and calls of one file.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Loaded {
    /// The `tools` column.
    pub tools: Field,
    /// The `tool_calls` of messages.
    pub calls: Field,
    /// The keys of messages, without what they hold.
    pub messages: Field,
}

impl Loaded {
    /// Adds the row to its file's summary, if the file is one whose types Arrow has to infer.
    pub(in super::super) fn see(files: &mut BTreeMap<u32, Self>, row: &Row<'_>) {
        let json = row.record().is_some_and(|record| record.bytes.is_some());
        let Some(example) = row.example.filter(|example| json && example.conversational) else {
            return;
        };
        let tools = tools::column(example);
        let calls = |value: &&Value<'_>| value.get("tool_calls").is_some_and(|calls| !calls.is_null());
        let called = example.turns.iter().filter_map(|turn| turn.raw).any(|raw| calls(&raw));
        let file = match files.get_mut(&row.place.source) {
            Some(file) => file,
            None if tools.is_some() || called => files.entry(row.place.source).or_default(),
            None => return,
        };
        if let Some(tools) = tools {
            file.tools.see(tools);
        }
        for message in example.turns.iter().filter_map(|turn| turn.raw) {
            if let Value::Object(object) = message {
                file.messages.see_keys(object);
            }
            if let Some(calls) = message.get("tool_calls") {
                file.calls.see(calls);
            }
        }
    }
}

impl Merge for Loaded {
    fn merge(&mut self, other: Self) {
        self.tools.merge(other.tools);
        self.calls.merge(other.calls);
        self.messages.merge(other.messages);
    }
}

/// What stood at one path.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Field {
    pub ints: u64,
    /// Fractions, and whole numbers from 2^63 on, which Arrow's integers do not hold.
    pub floats: u64,
    pub object: Keys,
    items: Option<Box<Field>>,
}

/// The keys of the objects at one path.
#[derive(Default, Serialize, Deserialize)]
pub(crate) enum Keys {
    #[default]
    Unseen,
    Alike(BTreeMap<String, Field>),
    Differ,
}

impl Field {
    fn see(&mut self, value: &Value<'_>) {
        match value {
            Value::Int(_) => self.ints += 1,
            Value::UInt(_) | Value::Float(_) => self.floats += 1,
            Value::Array(items) => {
                let each = self.items.get_or_insert_default();
                for item in items {
                    each.see(item);
                }
            }
            Value::Object(object) => {
                self.see_keys(object);
                if let Keys::Alike(fields) = &mut self.object {
                    for (key, value) in object.iter() {
                        if let Some(field) = fields.get_mut(key) {
                            field.see(value);
                        }
                    }
                }
            }
            Value::Null | Value::Bool(_) | Value::Str(_) | Value::Datetime(_) => {}
        }
    }

    fn see_keys(&mut self, object: &Object<'_>) {
        match &self.object {
            Keys::Unseen => {
                let fields = object.keys().map(|key| (key.to_owned(), Self::default()));
                self.object = Keys::Alike(fields.collect());
            }
            Keys::Alike(fields) => {
                if fields.len() != object.len() || !object.keys().all(|key| fields.contains_key(key)) {
                    self.object = Keys::Differ;
                }
            }
            Keys::Differ => {}
        }
    }

    /// Every field at or below this one, with its path.
    pub(in super::super) fn each<'f>(&'f self, path: &mut String, show: &mut dyn FnMut(&str, &'f Self)) {
        show(path, self);
        let length = path.len();
        if let Keys::Alike(fields) = &self.object {
            for (key, field) in fields {
                path.push('.');
                path.push_str(key);
                field.each(path, show);
                path.truncate(length);
            }
        }
        if let Some(items) = &self.items {
            path.push_str("[]");
            items.each(path, show);
            path.truncate(length);
        }
    }
}

impl Merge for Field {
    fn merge(&mut self, other: Self) {
        self.ints += other.ints;
        self.floats += other.floats;
        if let Some(items) = other.items {
            self.items.get_or_insert_default().merge(*items);
        }
        self.object.merge(other.object);
    }
}

impl Merge for Keys {
    fn merge(&mut self, other: Self) {
        match (&mut *self, other) {
            (_, Self::Unseen) | (Self::Differ, _) => {}
            (Self::Unseen, other) => *self = other,
            (Self::Alike(mine), Self::Alike(theirs)) if Iterator::eq(mine.keys(), theirs.keys()) => {
                Merge::merge(mine, theirs);
            }
            _ => *self = Self::Differ,
        }
    }
}
