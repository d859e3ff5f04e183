//! `chosen` and `rejected`, after a `prompt` or with the prompt inside both.

use crate::model::example::{Branch, Example, Misfit, Role, Shape};
use crate::model::value::Value;

use super::Fields;
use super::conversation::message;
use super::prompt_completion::side;

pub(super) fn read(row: Fields<'_>) -> Result<Example<'_>, Misfit> {
    let (chosen, rejected) = (row.need("chosen")?, row.need("rejected")?);
    let mut example = row.example(Shape::Preference, chosen.as_str().is_none());
    let whole = whole(chosen).zip(whole(rejected));
    // A text or a conversation beside whole conversations repeats what is in them (TRL 1.16
    // `maybe_extract_prompt`: ultrafeedback_binarized has both).
    let repeats =
        |prompt: &&Value<'_>| prompt.as_str().is_some() || matches!(row.name("prompt"), "messages" | "conversations");
    match (
        row.get("prompt").filter(|prompt| whole.is_none() || !repeats(prompt)),
        whole,
    ) {
        (None, Some((chosen, rejected))) => inside(row, chosen, rejected, &mut example)?,
        (prompt, _) => {
            if let Some(prompt) = prompt {
                side(row, "prompt", prompt, Branch::Prompt, &mut example)?;
            }
            side(row, "chosen", chosen, Branch::Chosen, &mut example)?;
            side(row, "rejected", rejected, Branch::Rejected, &mut example)?;
        }
    }
    Ok(example)
}

/// The messages of a side that does not begin with its answer.
fn whole<'r>(side: &'r Value<'r>) -> Option<&'r [Value<'r>]> {
    let items = side.as_array()?;
    let role = |message: &'r Value<'r>| message.get("role").or_else(|| message.get("from"))?.as_str();
    (Role::guess(role(items.first()?)?) != Role::Assistant).then_some(items)
}

/// Reads whole conversations: what they begin with alike is the prompt, but for the last message of the shorter (TRL 1.16
/// `extract_prompt`).
fn inside<'r>(
    row: Fields<'r>,
    chosen: &'r [Value<'r>],
    rejected: &'r [Value<'r>],
    example: &mut Example<'r>,
) -> Result<(), Misfit> {
    let pairs = chosen.iter().zip(rejected);
    let alike = pairs.take_while(|(left, right)| left == right).count();
    let alike = alike.min(chosen.len().min(rejected.len()) - 1);
    for (column, items, branch) in [
        ("chosen", chosen, Branch::Chosen),
        ("rejected", rejected, Branch::Rejected),
    ] {
        for (index, item) in items.iter().enumerate() {
            let branch = match (index < alike, branch) {
                (false, branch) => branch,
                (true, Branch::Rejected) => continue,
                (true, _) => Branch::Prompt,
            };
            example
                .turns
                .push(message(item, row.name(column), Some(index), branch)?);
        }
    }
    Ok(())
}
