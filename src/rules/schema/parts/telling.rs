//! Columns that are known by their names.

use crate::model::example::Shape;

/// Names of columns that are part of what is said, where the shape does not read them.
pub(in super::super) fn telling(shape: Shape) -> &'static [&'static str] {
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
        Shape::Messages | Shape::Sharegpt => &["system", "system_prompt"],
        Shape::Text => ANSWERS,
        Shape::Tokenised => &[],
    }
}
