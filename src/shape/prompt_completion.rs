//! `prompt` and `completion`, each a text or a list of messages; with a boolean `label`, KTO.

use crate::model::example::{Branch, Example, Misfit, Role, Shape};
use crate::model::value::Value;

use super::Fields;
use super::conversation::{message, messages, plain};
use super::label::Labels;

pub(super) fn read(shape: Shape, row: Fields<'_>) -> Result<Example<'_>, Misfit> {
    if shape == Shape::Kto && row.get("prompt").is_none() && row.get("messages").is_some() {
        return kto_messages(row);
    }
    let prompt = row.need("prompt")?;
    let completion = row.need("completion")?;
    let mut example = row.example(shape, prompt.as_array().is_some());
    side(row, "prompt", prompt, Branch::Prompt, &mut example)?;
    side(row, "completion", completion, Branch::Completion, &mut example)?;
    label(shape, row)?;
    Ok(example)
}

/// A side of a row: a text, a list of messages, or (LLaMA-Factory's preference sets) one message.
pub(super) fn side<'r>(
    row: Fields<'r>,
    column: &'static str,
    value: &'r Value<'r>,
    branch: Branch,
    example: &mut Example<'r>,
) -> Result<(), Misfit> {
    let field = row.name(column);
    match value {
        Value::Str(text) => {
            let (role, name) = if branch == Branch::Prompt {
                (Role::User, "user")
            } else {
                (Role::Assistant, "assistant")
            };
            example.turns.push(plain(role, name, text, field, branch));
            Ok(())
        }
        // A list of messages may have one that is none; a list without any is another thing.
        Value::Array(items) if !items.is_empty() && items.iter().all(|item| item.as_object().is_none()) => {
            Err(row.wrong(column, value, "a string or a list of messages"))
        }
        Value::Array(items) => messages(items, field, branch, &mut example.turns),
        Value::Object(_) => {
            example.turns.push(message(value, field, None, branch)?);
            Ok(())
        }
        other => Err(row.wrong(column, other, "a string or a list of messages")),
    }
}

/// LLaMA-Factory's KTO sets: a conversation whose last turn is the completion.
fn kto_messages(row: Fields<'_>) -> Result<Example<'_>, Misfit> {
    let list = row.need("messages")?;
    let items = list
        .as_array()
        .ok_or_else(|| row.wrong("messages", list, "a list of messages"))?;
    let mut example = row.example(Shape::Kto, true);
    messages(items, row.name("messages"), Branch::Prompt, &mut example.turns)?;
    if let Some(last) = example.turns.last_mut() {
        last.branch = Branch::Completion;
    }
    label(Shape::Kto, row)?;
    Ok(example)
}

fn label(shape: Shape, row: Fields<'_>) -> Result<(), Misfit> {
    if shape == Shape::Kto {
        let label = row.need("label")?;
        // What TRL makes of a number is its truth (1.16 `kto_trainer.py`: `torch.as_tensor(…, dtype=torch.bool)`); it
        // sums the labels before, which fails for strings.
        if !Labels::Numbers.take(label) {
            return Err(row.wrong("label", label, "a boolean"));
        }
    }
    Ok(())
}
