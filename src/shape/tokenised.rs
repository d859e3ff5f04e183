//! `input_ids`, and where present `labels`, `attention_mask`, `completion_mask`, `assistant_masks`:
//! rows that were tokenised before.

use crate::model::example::{Example, Misfit, MisfitKind, Shape};
use crate::model::value::Value;

use super::Fields;

pub(super) fn read(row: Fields<'_>) -> Result<Example<'_>, Misfit> {
    let ids = integers(row, "input_ids", row.need("input_ids")?)?;
    for column in ["labels", "attention_mask", "completion_mask", "assistant_masks"] {
        let Some(value) = row.get(column) else { continue };
        let found = integers(row, column, value)?;
        if found != ids {
            let name = row.name(column);
            return Err(Misfit {
                kind: MisfitKind::WrongType,
                pointer: Some(format!("/{name}")),
                message: format!("`{name}` has {found} elements and `input_ids` {ids}"),
            });
        }
    }
    Ok(row.example(Shape::Tokenised, false))
}

/// The length of a list of integers.
fn integers(row: Fields<'_>, column: &'static str, value: &Value<'_>) -> Result<usize, Misfit> {
    let items = value
        .as_array()
        .ok_or_else(|| row.wrong(column, value, "a list of integers"))?;
    // Masks are as often booleans.
    let flags = column.contains("mask");
    let fits = |item: &Value<'_>| item.as_i64().is_some() || (flags && item.as_bool().is_some());
    let wrong = items.iter().enumerate().find(|(_, item)| !fits(item));
    if let Some((index, item)) = wrong {
        let name = row.name(column);
        return Err(Misfit {
            kind: MisfitKind::WrongType,
            pointer: Some(format!("/{name}/{index}")),
            message: format!("`{name}` holds {}, not an integer", item.a_kind()),
        });
    }
    Ok(items.len())
}
