//! `chosen` and `rejected`, after a `prompt` or with the prompt inside both.

use crate::model::example::{Branch, Example, Misfit, Shape};

use super::Fields;
use super::prompt_completion::side;

pub(super) fn read(row: Fields<'_>) -> Result<Example<'_>, Misfit> {
    let (chosen, rejected) = (row.need("chosen")?, row.need("rejected")?);
    let mut example = row.example(Shape::Preference, chosen.as_str().is_none());
    if let Some(prompt) = row.get("prompt") {
        side(row, "prompt", prompt, Branch::Prompt, &mut example)?;
    }
    side(row, "chosen", chosen, Branch::Chosen, &mut example)?;
    side(row, "rejected", rejected, Branch::Rejected, &mut example)?;
    Ok(example)
}
