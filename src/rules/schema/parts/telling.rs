//! Columns that are known by their names.

use crate::model::example::{Example, Shape};
use crate::model::value::Value;

/// What all rows may be told alike; beside messages what some of them are told counts too.
pub(in super::super) const TOLD: &[&str] = &["functions", "system", "system_prompt"];

/// Columns that are part of what is said and may not be read, and whether the shape has them.
///
/// The shape reads its own; where rows are `fed` to a trainer, that may read others. Messages that a template leaves out
/// are not among them.
pub(in super::super) fn columns<'e>(example: &'e Example<'_>, fed: bool, has_template: bool) -> Vec<(&'e str, bool)> {
    let shown = !fed || example.conversational && has_template;
    let read = || example.turns.iter().map(|turn| turn.field);
    let own = read().filter(|_| !shown);
    // Its turn is that of the instruction.
    let input = (!shown && example.shape == Shape::Alpaca).then_some("input");
    let mut columns: Vec<(&str, bool)> = own.chain(input).map(|name| (name, true)).collect();
    columns.sort_unstable();
    columns.dedup();
    for name in telling(example.shape) {
        if !read().any(|own| own == *name) && input != Some(*name) {
            columns.push((name, example.conversational && TOLD.contains(name)));
        }
    }
    columns
}

/// Names of columns that are part of what is said, where the shape does not read them.
fn telling(shape: Shape) -> &'static [&'static str] {
    const GIVEN: &[&str] = &[
        "context",
        "contexts",
        "passage",
        "passages",
        "document",
        "documents",
        "article",
        "paragraph",
        "options",
        "choices",
        "evidence",
        "background",
        "premise",
        "hypothesis",
        "input",
        "instruction",
        "system",
        "system_prompt",
        "schema",
        "ddl",
    ];
    const ANSWERS: &[&str] = &[
        "label",
        "answer",
        "output",
        "response",
        "completion",
        "target",
        "translation",
        "summary",
        "gloss",
        "intent",
        "sentiment",
        "category",
    ];
    match shape {
        Shape::PromptCompletion | Shape::Preference | Shape::Kto | Shape::Alpaca => GIVEN,
        Shape::Messages | Shape::Sharegpt => TOLD,
        Shape::Text => ANSWERS,
        Shape::Tokenised => &[],
    }
}

/// Shows the texts and numbers in a value that are not blank.
pub(in super::super) fn each(value: &Value<'_>, show: &mut impl FnMut(&str)) {
    match value {
        Value::Str(text) if !text.trim().is_empty() => show(text.trim()),
        Value::Int(number) => show(&number.to_string()),
        Value::Float(number) => show(&number.to_string()),
        Value::Array(items) => items.iter().for_each(|item| each(item, show)),
        Value::Object(object) => object.iter().for_each(|(_, value)| each(value, show)),
        _ => {}
    }
}
