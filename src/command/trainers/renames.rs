//! Columns the user's script renames before training, as `--columns` says.

use std::borrow::Cow;

use crate::model::value::{Object, Value};

/// Pairs of the new name and the one in the data.
#[derive(Clone, Debug, Default)]
pub struct Renames(Vec<(String, String)>);

impl Renames {
    pub(super) fn new(given: &[(String, String)]) -> Self {
        Self(given.iter().filter(|(new, old)| new != old).cloned().collect())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What a column is called afterwards.
    pub(super) fn column<'c>(&'c self, name: &'c str) -> &'c str {
        let renamed = self.0.iter().find(|(_, old)| old == name);
        renamed.map_or(name, |(new, _)| new)
    }

    /// The row with its columns renamed.
    pub(super) fn row<'v>(&'v self, row: &'v Value<'_>) -> Value<'v> {
        let Some(object) = row.as_object() else {
            return row.clone();
        };
        let mut renamed = Object::with_capacity(object.len());
        for (name, value) in object.iter() {
            renamed.push(Cow::Borrowed(self.column(name)), value.clone());
        }
        Value::Object(renamed)
    }
}
