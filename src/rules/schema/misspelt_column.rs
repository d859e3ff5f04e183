use serde::Deserialize;

use crate::finding::Findings;
use crate::model::example::{Example, Shape};
use crate::rule::{Row, Rule, RuleMeta, clip, nearest, rule_meta};

rule_meta! {
    /// ## What it finds
    /// Columns whose name is a slip away from one that the shape knows and the row lacks: `mesages`, `sytem`,
    /// `imput`.
    ///
    /// ## Why it matters
    /// A column the trainer does not know is ignored without a word: the system prompt, the input or the tools
    /// are simply not there.
    ///
    /// ## Example
    /// ```jsonl
    /// {"instruction": "Add them.", "imput": "2 and 2", "output": "4"}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"instruction": "Add them.", "input": "2 and 2", "output": "4"}
    /// ```
    ///
    /// ## Fix
    /// Rename the column, or give its name with `--columns input=imput`.
    "schema/misspelt-column", Warning
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct MisspeltColumn {}

/// Columns of each shape, needed or not. Names of four letters and fewer are a slip from too many words.
fn known(shape: Shape) -> &'static [&'static str] {
    match shape {
        Shape::Messages => &["messages", "tools"],
        Shape::Sharegpt => &["conversations", "system", "tools"],
        Shape::Alpaca => &["instruction", "input", "output", "system", "history"],
        Shape::PromptCompletion => &["prompt", "completion", "tools"],
        Shape::Text => &["text"],
        Shape::Preference => &["prompt", "chosen", "rejected"],
        Shape::Kto => &["prompt", "completion", "label"],
        Shape::Tokenised => &[
            "input_ids",
            "labels",
            "attention_mask",
            "completion_mask",
            "assistant_masks",
        ],
    }
}

fn may_be_slip(name: &str, known: &[&str]) -> bool {
    name.len() >= 5 && name.len() <= 24 && !known.contains(&name)
}

impl Rule for MisspeltColumn {
    const META: RuleMeta = META;
    type State = ();
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        let Some(object) = row.record().and_then(|record| record.value.as_object()) else {
            return;
        };
        let Some(known) = row.setup.shape(row.place.source).map(known) else {
            return;
        };
        for name in object.keys().filter(|name| may_be_slip(name, known)) {
            let Some(meant) = nearest(name, known.iter().copied()).filter(|meant| !object.contains_key(meant)) else {
                continue;
            };
            // A column that is read under its own name is no slip: `texts` given with --columns.
            let read = |example: &Example<'_>| example.turns.iter().any(|turn| turn.field == name);
            if !row.example.is_some_and(read) {
                out.field(
                    &row.place,
                    || format!("/{}", name.replace('~', "~0").replace('/', "~1")),
                    || format!("column `{}` is not read; is `{meant}` meant?", clip(name)),
                );
            }
        }
    }
}
