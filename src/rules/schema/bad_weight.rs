use serde::Deserialize;

use crate::finding::Findings;
use crate::model::example::{Example, Turn};
use crate::model::value::Value;
use crate::rule::{Row, Rule, RuleMeta, clip, rule_meta};
use crate::rules::parts::turns;

rule_meta! {
    /// ## What it finds
    /// Messages with a `weight` that is neither 0 nor 1, or with a `train` or `training` that is a string.
    ///
    /// ## Why it matters
    /// OpenAI and those who read its format refuse any other weight. Elsewhere `"1"` is no number, and 2 is taken for
    /// 1; a string is true in Python, also `"false"`, and the answer that was to be left out is trained.
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
    /// Write 0 where the answer is not to be trained, and 1 or nothing where it is; remove rows of which nothing is.
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
        if let Some(last) = turns::taught(example).next_back().filter(|_| teaches_nothing(example)) {
            let message = || "every answer is left out by its own `weight` or `train`".to_owned();
            out.field(&row.place, || last.message_pointer(), message);
        }
        for turn in &example.turns {
            let weight = turn.raw.and_then(|raw| raw.get("weight"));
            let Some(wrong) = weight.and_then(wrong) else { continue };
            out.field(
                &row.place,
                || format!("{}/weight", turn.message_pointer()),
                || format!("`weight` is {wrong}, neither 0 nor 1"),
            );
        }
        for turn in &example.turns {
            let flag = |key: &&str| turn.raw.and_then(|raw| raw.get(key)?.as_str());
            let Some((key, said)) = ["train", "training"].iter().find_map(|key| Some((key, flag(key)?))) else {
                continue;
            };
            out.field(
                &row.place,
                || format!("{}/{key}", turn.message_pointer()),
                || format!("`{key}` is the string `{}`, which is true whatever it says", clip(said)),
            );
        }
    }
}

/// Whether no answer is to be trained, as the messages say.
fn teaches_nothing(example: &Example<'_>) -> bool {
    let left_out = |turn: &Turn<'_>| {
        let said = |key: &str| turn.raw.and_then(|raw| raw.get(key));
        let zero = matches!(said("weight"), Some(Value::Int(0) | Value::Bool(false)))
            || matches!(said("weight"), Some(Value::Float(number)) if *number == 0.0);
        zero || matches!(said("train"), Some(Value::Bool(false)))
    };
    turns::taught(example).next().is_some() && turns::taught(example).all(left_out)
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
