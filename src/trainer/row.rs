//! A row as trainers see it: a dict with every column of the set, null where the row has none.

use crate::model::value::Value;

const NULL: &Value<'static> = &Value::Null;

/// One row of a set whose columns are known.
#[derive(Clone, Copy)]
pub(super) struct Row<'r> {
    pub(super) value: &'r Value<'r>,
    /// Columns of the whole set.
    pub(super) columns: &'r [String],
}

impl<'r> Row<'r> {
    /// The column's value; `None` where the set has no such column.
    pub(super) fn get(self, column: &str) -> Option<&'r Value<'r>> {
        let known = || self.columns.iter().any(|name| name == column);
        self.value.get(column).or_else(|| known().then_some(NULL))
    }
}
