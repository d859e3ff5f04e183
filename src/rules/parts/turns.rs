//! The turns of a row as threads: what stands before a turn, and where each side ends.

use crate::model::example::{Branch, Content, Example, Role, Turn};
use crate::model::value::Value;

/// The turn before this one on its side of the row. A rejected answer follows the prompt, not the
/// chosen answer that stands beside it.
pub(in super::super) fn before<'t>(example: &'t Example<'_>, at: usize) -> Option<&'t Turn<'t>> {
    let branch = example.turns[at].branch;
    example.turns[..at].iter().rev().find(|turn| on_side(turn, branch))
}

/// What the assistant says and the model is taught: neither what was rejected, nor what a prompt says was said before.
pub(in super::super) fn taught<'t>(example: &'t Example<'_>) -> impl DoubleEndedIterator<Item = &'t Turn<'t>> {
    let turns = example.turns.iter();
    turns.filter(|turn| turn.role == Role::Assistant && !matches!(turn.branch, Branch::Rejected | Branch::Prompt))
}

/// What people and models say: neither a tool's result nor what was rejected.
pub(in super::super) fn said<'t>(example: &'t Example<'_>) -> impl Iterator<Item = &'t Turn<'t>> {
    let turns = example.turns.iter();
    turns.filter(|turn| turn.role != Role::Tool && turn.branch != Branch::Rejected)
}

/// What the model is taught to write: answers, and texts that nobody says.
pub(in super::super) fn written<'t>(example: &'t Example<'_>) -> impl Iterator<Item = &'t Turn<'t>> {
    said(example).filter(|turn| matches!(turn.role, Role::Assistant | Role::Text))
}

/// The last turn of each side: two in a preference row, else one.
pub(in super::super) fn ends<'t>(example: &'t Example<'_>) -> impl Iterator<Item = &'t Turn<'t>> {
    let last = example.turns.last();
    let chosen = last
        .filter(|turn| turn.branch == Branch::Rejected)
        .and_then(|_| example.turns.iter().rev().find(|turn| turn.branch == Branch::Chosen));
    chosen.into_iter().chain(last)
}

/// Whether a turn belongs to the side that ends in this branch.
pub(in super::super) fn on_side(turn: &Turn<'_>, branch: Branch) -> bool {
    turn.branch == branch || matches!(turn.branch, Branch::Main | Branch::Prompt)
}

/// Whether the turn is one message among others, not a column of its own.
pub(in super::super) fn is_message(turn: &Turn<'_>) -> bool {
    turn.raw.is_some()
}

/// Whether the turn says something that is not text: tool calls, a refusal, audio, an image part.
pub(in super::super) fn says_without_text(turn: &Turn<'_>) -> bool {
    let Some(raw) = turn.raw else { return false };
    let given = |key: &str| raw.get(key).is_some_and(|value| !value.is_null());
    turn.has_tool_calls() || given("refusal") || given("audio") || has_other_parts(turn, raw)
}

fn has_other_parts(turn: &Turn<'_>, raw: &Value<'_>) -> bool {
    let parts = raw.get(turn.key).and_then(Value::as_array).unwrap_or_default();
    turn.content == Content::Parts
        && parts
            .iter()
            .filter_map(|part| part.get("type")?.as_str())
            .any(|kind| !matches!(kind, "text" | "input_text" | "output_text"))
}
