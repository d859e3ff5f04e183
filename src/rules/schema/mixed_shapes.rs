use serde::Deserialize;

use crate::finding::Findings;
use crate::model::example::{MisfitKind, Shape, Turn};
use crate::rule::{Row, Rule, RuleMeta, rule_meta};

rule_meta! {
    /// ## What it finds
    /// Rows that are whole, but of another shape than the rest of their file; messages of `from` and `value` in a
    /// file of `role` and `content`, and the reverse.
    ///
    /// ## Why it matters
    /// Loaders and trainers settle the shape once, by the first row. The others fail at a missing column, or
    /// are trained on as empty texts: a template finds neither role nor content in `from` and `value`, and prints
    /// nothing of them but, perhaps, its own system prompt.
    ///
    /// ## Example
    /// ```jsonl
    /// {"prompt": "2+2?", "completion": "4"}
    /// {"prompt": "3+3?", "completion": "6"}
    /// {"messages": [{"role": "user", "content": "4+4?"}, {"role": "assistant", "content": "8"}]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"prompt": "2+2?", "completion": "4"}
    /// {"prompt": "3+3?", "completion": "6"}
    /// {"prompt": "4+4?", "completion": "8"}
    /// ```
    ///
    /// ## Fix
    /// Bring all rows into one shape, or keep each shape in a file of its own.
    "schema/mixed-shapes", Error
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct MixedShapes {}

impl Rule for MixedShapes {
    const META: RuleMeta = META;
    type State = ();
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        super::misfit(row, MisfitKind::OtherShape, out);
        let Some(example) = row.example else { return };
        let strange = |turn: &&Turn<'_>| is_strange(turn, example.shape);
        if let Some(turn) = example.turns.iter().find(strange) {
            out.field(
                &row.place,
                || turn.message_pointer(),
                || {
                    let [own, other] = match example.shape {
                        Shape::Sharegpt => ["`from` and `value`", "`role` and `content`"],
                        _ => ["`role` and `content`", "`from` and `value`"],
                    };
                    let count = example.turns.iter().filter(strange).count();
                    format!(
                        "{count} of {} messages have {other}, and the file's have {own}",
                        example.turns.len()
                    )
                },
            );
        }
    }
}

/// Whether a message has the keys of the other format than its file, and not its own.
fn is_strange(turn: &Turn<'_>, shape: Shape) -> bool {
    let Some(raw) = turn.raw else { return false };
    match shape {
        Shape::Messages => turn.key == "value",
        Shape::Sharegpt => raw.get("from").is_none() && raw.get("role").is_some(),
        _ => false,
    }
}
