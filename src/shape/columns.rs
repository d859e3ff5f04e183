//! The names columns go by: the shape's own, those often seen in its stead, and the user's.

use crate::model::example::Shape;

/// For each column a shape knows, the name it has in this file, where that differs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Columns {
    renamed: Vec<(String, String)>,
}

impl Columns {
    /// From `--columns column=name`.
    pub fn given(pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        Self {
            renamed: pairs.into_iter().collect(),
        }
    }

    /// The name a column has in the file.
    pub fn actual<'c>(&'c self, column: &'c str) -> &'c str {
        self.renamed
            .iter()
            .find(|(known, _)| known == column)
            .map_or(column, |(_, actual)| actual)
    }

    pub fn is_given(&self, column: &str) -> bool {
        self.renamed.iter().any(|(known, _)| known == column)
    }

    /// The columns whose name in the file is not their own, `column` and `name`.
    pub fn renamed(&self) -> impl Iterator<Item = (&str, &str)> {
        self.renamed
            .iter()
            .map(|(column, name)| (column.as_str(), name.as_str()))
    }

    pub(super) fn rename(&mut self, column: &str, actual: &str) {
        if column != actual && !self.is_given(column) {
            self.renamed.push((column.to_owned(), actual.to_owned()));
        }
    }
}

/// Every column that a shape knows by a name of its own.
const KNOWN: &[&str] = &[
    "assistant_masks",
    "attention_mask",
    "chat_template_kwargs",
    "chosen",
    "completion",
    "completion_mask",
    "conversations",
    "history",
    "input",
    "input_ids",
    "instruction",
    "label",
    "labels",
    "messages",
    "output",
    "prompt",
    "rejected",
    "response",
    "system",
    "text",
    "tools",
];

/// Whether some shape has a column of this name.
pub fn is_known(column: &str) -> bool {
    let often = [MESSAGES, PROMPT, COMPLETION, OUTPUT, LABEL, TEXT];
    KNOWN.contains(&column) || often.iter().any(|names| names.contains(&column))
}

/// Whether rows of a shape are read from a column of this name, as far as it is one that tells shapes apart.
pub fn is_of(column: &str, shape: Shape) -> bool {
    match column {
        "text" => shape == Shape::Text,
        "prompt" => matches!(shape, Shape::Preference | Shape::Kto | Shape::PromptCompletion),
        "completion" => matches!(shape, Shape::Kto | Shape::PromptCompletion),
        "chosen" | "rejected" => shape == Shape::Preference,
        "instruction" | "input" | "output" | "response" => shape == Shape::Alpaca,
        "input_ids" => shape == Shape::Tokenised,
        _ => true,
    }
}

/// Names under which a column is often found, the shape's own first.
pub(super) const MESSAGES: &[&str] = &[
    "messages",
    "conversations",
    "conversation",
    "dialogue",
    "dialog",
    "chat",
];
pub(super) const PROMPT: &[&str] = &["prompt", "question", "query", "problem", "input"];
pub(super) const COMPLETION: &[&str] = &[
    "completion",
    "answer",
    "response",
    "output",
    "target",
    "ideal",
    "solution",
    "canonical_solution",
    "ground_truth",
];
pub(super) const OUTPUT: &[&str] = &["output", "response", "completion", "answer"];
pub(super) const LABEL: &[&str] = &["label", "kto_tag"];
pub(super) const TEXT: &[&str] = &["text", "content"];
/// Pairs, since one is nothing without the other.
pub(super) const PREFERENCE: &[(&str, &str)] = &[
    ("chosen", "rejected"),
    ("chosen_messages", "rejected_messages"),
    ("response_j", "response_k"),
    ("accepted", "rejected"),
];
