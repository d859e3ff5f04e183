//! A row as a collator takes it: a dict of columns.

use std::borrow::Cow;

use crate::model::value::{Object, Value};

/// The columns a script keeps of a pre-tokenised row: those that models and collators know.
const KEPT: [&str; 5] = ["input_ids", "labels", "attention_mask", "label", "label_ids"];

/// One column of one row.
#[derive(Clone, Debug, PartialEq)]
pub enum Column {
    /// A list of integers, as ids, labels and masks are.
    Ints(Vec<i64>),
    /// Anything else.
    Json(Value<'static>),
}

impl Column {
    fn of(value: &Value<'_>) -> Self {
        let ints = value.as_array().and_then(|items| {
            let ints = items.iter().map(Value::as_i64);
            ints.collect::<Option<Vec<i64>>>()
        });
        ints.map_or_else(|| Self::Json(value.clone().into_owned()), Self::Ints)
    }

    pub(super) fn is_null(&self) -> bool {
        matches!(self, Self::Json(Value::Null))
    }

    /// The column as a value.
    pub(super) fn value(&self) -> Value<'static> {
        match self {
            Self::Ints(ints) => Value::Array(ints.iter().map(|int| Value::Int(*int)).collect()),
            Self::Json(value) => value.clone(),
        }
    }
}

/// One row: columns by name, in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Features {
    columns: Vec<(Cow<'static, str>, Column)>,
}

impl Features {
    /// The columns of a row that was tokenised before.
    pub fn tokenised(row: &Value<'_>) -> Self {
        let mut features = Self::default();
        for (name, value) in row.as_object().into_iter().flat_map(Object::iter) {
            if let Some(kept) = KEPT.iter().find(|kept| **kept == name) {
                features.push(kept, Column::of(value));
            }
        }
        features
    }

    /// Adds a column whose name is new.
    pub fn push(&mut self, name: &'static str, column: Column) {
        self.columns.push((Cow::Borrowed(name), column));
    }

    pub fn get(&self, name: &str) -> Option<&Column> {
        self.columns
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, column)| column)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &Column)> {
        self.columns.iter().map(|(name, column)| (name.as_ref(), column))
    }

    /// The row without a column.
    pub(super) fn without(&self, name: &str) -> Self {
        let others = self.columns.iter().filter(|(known, _)| known != name);
        Self {
            columns: others.cloned().collect(),
        }
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &Cow<'static, str>> {
        self.columns.iter().map(|(name, _)| name)
    }
}
