use serde::Deserialize;

use crate::finding::Findings;
use crate::model::example::Shape;
use crate::model::value::Value;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};

rule_meta! {
    /// ## What it finds
    /// Pairs whose chosen answer has the lower score, where the row gives a score of each.
    ///
    /// ## Why it matters
    /// The two are swapped, or the scores are of something else. The model is taught to prefer the worse answer.
    ///
    /// ## Example
    /// ```jsonl
    /// {"prompt": "Name a prime.", "chosen": "I do not care.", "rejected": "Seven is one.", "score_chosen": 2.0, "score_rejected": 9.5}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"prompt": "Name a prime.", "chosen": "Seven is one.", "rejected": "I do not care.", "score_chosen": 9.5, "score_rejected": 2.0}
    /// ```
    ///
    /// ## Fix
    /// Swap the two, or remove the row. Where a low score is the better one, leave the rule out.
    "schema/scores-reversed", Warning
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ScoresReversed {}

/// The columns of scores of UltraFeedback and its kin: of the chosen answer, and of the rejected one.
const SCORES: [(&str, &str); 6] = [
    ("score_chosen", "score_rejected"),
    ("chosen_score", "rejected_score"),
    ("chosen_rating", "rejected_rating"),
    ("chosen-rating", "rejected-rating"),
    ("rating_chosen", "rating_rejected"),
    ("chosen_reward", "rejected_reward"),
];

impl Rule for ScoresReversed {
    const META: RuleMeta = META;
    type State = ();
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        let is_pair = row.example.is_some_and(|example| example.shape == Shape::Preference);
        let Some(record) = row.record().filter(|_| is_pair) else {
            return;
        };
        let score = |column: &str| record.value.get(column).and_then(Value::as_f64);
        let scores = SCORES
            .iter()
            .find_map(|(chosen, rejected)| Some((chosen, score(chosen)?, score(rejected)?)));
        if let Some((column, chosen, rejected)) = scores.filter(|(_, chosen, rejected)| chosen < rejected) {
            let message = || format!("the chosen answer has the score {chosen}, the rejected one {rejected}");
            out.field(&row.place, || format!("/{column}"), message);
        }
    }
}
