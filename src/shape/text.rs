//! `text`: language modelling, every token of which is trained.

use crate::model::example::{Branch, Example, Misfit, Role, Shape};

use super::Fields;
use super::conversation::plain;

pub(super) fn read(row: Fields<'_>) -> Result<Example<'_>, Misfit> {
    let mut example = row.example(Shape::Text, false);
    let text = row.need_text("text")?;
    example
        .turns
        .push(plain(Role::Text, "", text, row.name("text"), Branch::Main));
    Ok(example)
}
