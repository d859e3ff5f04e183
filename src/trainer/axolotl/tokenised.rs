//! Rows that were tokenised before (`utils/data/wrappers.py`, `_is_dataset_already_tokenized`).

use crate::model::encoded::{EncodeError, Encoded};
use crate::model::value::Value;

use crate::trainer::failure::{raises, unsupported};
use crate::trainer::row::Row;

/// A set with all of these columns is taken as it stands, whatever its type.
pub(super) const COLUMNS: [&str; 3] = ["input_ids", "attention_mask", "labels"];

pub(super) fn encode(row: Row<'_>, out: &mut Encoded) -> Result<(), EncodeError> {
    let [ids, mask, labels] = COLUMNS.map(|name| numbers(row, name));
    for id in ids? {
        out.input_ids
            .push(u32::try_from(id).map_err(|_| raises("IndexError", format!("the token id {id}")))?);
    }
    for label in labels? {
        out.labels
            .push(i32::try_from(label).map_err(|_| raises("IndexError", format!("the label {label}")))?);
    }
    let mask = mask?;
    if mask.iter().any(|kept| *kept != 1) {
        return Err(unsupported("a tokenised row with an attention_mask that is not all 1"));
    }
    if out.labels.len() != out.input_ids.len() || mask.len() != out.input_ids.len() {
        return Err(raises(
            "ValueError",
            "input_ids, attention_mask and labels of different lengths",
        ));
    }
    Ok(())
}

fn numbers(row: Row<'_>, name: &str) -> Result<Vec<i64>, EncodeError> {
    let items = row.get(name).and_then(Value::as_array);
    let numbers = items.and_then(|items| items.iter().map(Value::as_i64).collect());
    numbers.ok_or_else(|| raises("TypeError", format!("{name} is not a list of integers")))
}
