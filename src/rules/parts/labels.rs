//! The label of a row for KTO.

use crate::model::value::Value;
use crate::rule::Row;

/// Whether the label of a row for KTO is true, as trainers take it.
pub(in super::super) fn is_good(row: &Row<'_>) -> bool {
    let columns = ["label", "kto_tag"];
    let mut labels = columns.iter().filter_map(|name| row.record()?.value.get(name));
    labels
        .next()
        .is_some_and(|label| !matches!(label, Value::Bool(false) | Value::Int(0)))
}
