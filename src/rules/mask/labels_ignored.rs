use serde::Deserialize;

use crate::finding::Findings;
use crate::model::encoded::IGNORE;
use crate::model::example::Shape;
use crate::model::value::Value;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};

use super::parts::given::number;

rule_meta! {
    /// ## What it finds
    /// Pre-tokenised rows whose own labels or masks leave no token to be trained, where there is no tokenizer. With
    /// one, `mask/nothing-trained` says what becomes of them.
    ///
    /// ## Why it matters
    /// Such a row costs a full forward and backward pass and teaches nothing; where a whole batch is so,
    /// the loss is 0 or NaN.
    ///
    /// ## Example
    /// ```jsonl
    /// {"input_ids": [5, 6, 7, 2], "labels": [-100, -100, -100, -100]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"input_ids": [5, 6, 7, 2], "labels": [-100, -100, 7, 2]}
    /// ```
    ///
    /// ## Fix
    /// Remove the row, or tokenise it again: mostly the answer was cut away, or its marker was not found.
    "mask/labels-ignored", Error
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct LabelsIgnored {}

impl Rule for LabelsIgnored {
    const META: RuleMeta = META;
    type State = ();

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        let tokenised = row.example.is_some_and(|example| example.shape == Shape::Tokenised);
        // What the trainer makes of the row counts, where that is known.
        if !tokenised || !row.encoded.is_empty() || row.encode_error.is_some() {
            return;
        }
        for (column, ignored) in [
            ("labels", i64::from(IGNORE)),
            ("completion_mask", 0),
            ("assistant_masks", 0),
        ] {
            let values = row.record().and_then(|record| record.value.get(column)?.as_array());
            let values = values.unwrap_or_default();
            let is_ignored = |value: &Value<'_>| number(value) == ignored;
            // The first token never carries loss.
            let none = !values.is_empty() && values.iter().skip(1).all(is_ignored);
            if none {
                out.field(
                    &row.place,
                    || format!("/{column}"),
                    || {
                        let first = if is_ignored(&values[0]) {
                            ""
                        } else {
                            " but the first, which carries no loss"
                        };
                        format!("all {} are {ignored}{first}: nothing is trained", values.len())
                    },
                );
                return;
            }
        }
    }
}
