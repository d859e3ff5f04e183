use serde::Deserialize;

use crate::finding::Findings;
use crate::model::example::Shape;
use crate::model::value::Value;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};

rule_meta! {
    /// ## What it finds
    /// Pre-tokenised rows with ids that no vocabulary has (below 0, or beyond 2^31), without any id, or with masks of
    /// other values than 0 and 1.
    ///
    /// ## Why it matters
    /// The embedding has no such row: the step stops with an index error, on a GPU with a device-side assert that
    /// names nothing. An empty row fails in the collator, or is a row of padding. A mask of 2 is taken for attended by
    /// some models and added up by others.
    ///
    /// ## Example
    /// ```jsonl
    /// {"input_ids": [5, 6, -100], "labels": [-100, 6, -100]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"input_ids": [5, 6, 2], "labels": [-100, 6, 2], "attention_mask": [1, 1, 1]}
    /// ```
    ///
    /// ## Fix
    /// Tokenise the row again. Only labels are -100 where there is to be no loss; ids are padded with
    /// `tokenizer.pad_token_id`.
    "schema/bad-ids", Error
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct BadIds {}

impl Rule for BadIds {
    const META: RuleMeta = META;
    type State = ();
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        let tokenised = row.example.filter(|example| example.shape == Shape::Tokenised);
        let (Some(_), Some(record)) = (tokenised, row.record()) else {
            return;
        };
        let list = |name: &str| record.value.get(name).and_then(Value::as_array);
        let ids = list("input_ids").unwrap_or_default();
        if ids.is_empty() {
            out.field(
                &row.place,
                || "/input_ids".to_owned(),
                || "the row has no ids".to_owned(),
            );
        }
        let beyond = |value: &&Value<'_>| {
            value
                .as_i64()
                .is_some_and(|id| i32::try_from(id).map_or(true, |id| id < 0))
        };
        odd(row, "input_ids", ids, beyond, "ids are in no vocabulary", out);
        for mask in ["attention_mask", "completion_mask", "assistant_masks"] {
            let other = |value: &&Value<'_>| value.as_i64().is_some_and(|value| !matches!(value, 0 | 1));
            let values = list(mask).unwrap_or_default();
            odd(row, mask, values, other, "values are neither 0 nor 1", out);
        }
    }
}

/// Reports the values of a column that are odd, if any are.
fn odd(
    row: &Row<'_>,
    name: &str,
    values: &[Value<'_>],
    is_odd: impl Fn(&&Value<'_>) -> bool,
    what: &str,
    out: &mut Findings,
) {
    let Some(at) = values.iter().position(|value| is_odd(&value)) else {
        return;
    };
    out.field(
        &row.place,
        || format!("/{name}/{at}"),
        || {
            let count = values.iter().filter(is_odd).count();
            let first = values[at].as_i64().unwrap_or_default();
            format!("{count} of {} {what}, the first {first}", values.len())
        },
    );
}
