use serde::Deserialize;

use crate::finding::Findings;
use crate::model::value::Value;
use crate::rule::{Row, Rule, RuleMeta, clip, rule_meta};

rule_meta! {
    /// ## What it finds
    /// Messages with a `weight` that is neither 0 nor 1.
    ///
    /// ## Why it matters
    /// OpenAI and those who read its format refuse any other. Elsewhere `"1"` is no number, and 2 is taken for 1.
    ///
    /// ## Example
    /// ```jsonl
    /// {"messages": [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4", "weight": 2}]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"messages": [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4", "weight": 1}]}
    /// ```
    ///
    /// ## Fix
    /// Write 0 where the answer is not to be trained, and 1 or nothing where it is.
    "schema/bad-weight", Warning
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct BadWeight {}

impl Rule for BadWeight {
    const META: RuleMeta = META;
    type State = ();
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        let Some(example) = row.example else { return };
        for turn in &example.turns {
            let weight = turn.raw.and_then(|raw| raw.get("weight"));
            let Some(wrong) = weight.and_then(wrong) else { continue };
            out.field(
                &row.place,
                || format!("{}/weight", turn.message_pointer()),
                || format!("`weight` is {wrong}, neither 0 nor 1"),
            );
        }
    }
}

/// What a weight is, where it is none.
fn wrong(weight: &Value<'_>) -> Option<String> {
    match weight {
        Value::Null | Value::Bool(_) | Value::Int(0 | 1) => None,
        Value::Float(number) if [0.0, 1.0].contains(number) => None,
        Value::Int(number) => Some(number.to_string()),
        Value::Float(number) => Some(number.to_string()),
        Value::Str(text) => Some(format!("the string `{}`", clip(text))),
        other => Some(other.a_kind().to_owned()),
    }
}
