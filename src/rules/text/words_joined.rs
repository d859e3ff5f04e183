use serde::Deserialize;

use crate::finding::Findings;
use crate::model::example::{Branch, Example, Turn};
use crate::model::setup::Setup;
use crate::rule::{Row, Rule, RuleMeta, clip, rule_meta};

rule_meta! {
    /// ## What it finds
    /// Rows of plain text whose answer goes on with a letter or digit right after one of the prompt, in sets that mostly
    /// leave a blank or a line break between the two.
    ///
    /// ## Why it matters
    /// Trainers write the completion behind the prompt as it stands: `Answer` and `because` become `Answerbecause`,
    /// other tokens than in all other rows.
    ///
    /// ## Example
    /// ```jsonl
    /// {"prompt": "Why is the sky blue? Answer:", "completion": " because of the air"}
    /// {"prompt": "Why is grass green? Answer:", "completion": " because it takes in the red"}
    /// {"prompt": "Why is snow white? Answer", "completion": "because it throws all back"}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"prompt": "Why is the sky blue? Answer:", "completion": " because of the air"}
    /// {"prompt": "Why is grass green? Answer:", "completion": " because it takes in the red"}
    /// {"prompt": "Why is snow white? Answer:", "completion": " because it throws all back"}
    /// ```
    ///
    /// ## Fix
    /// Begin the completion with the blank that stands there in the other rows.
    "text/words-joined", Warning
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct WordsJoined {}

impl Rule for WordsJoined {
    const META: RuleMeta = META;
    /// Rows with white space between prompt and answer, and all.
    type State = (u64, u64);
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, (apart, rows): &mut Self::State, out: &mut Findings) {
        let Some((prompt, answer)) = row.example.and_then(halves) else {
            return;
        };
        let ends = (prompt.text.chars().next_back(), answer.text.chars().next());
        let is_white = |c: Option<char>| c.is_none_or(char::is_whitespace);
        *rows += 1;
        *apart += u64::from(is_white(ends.0) || is_white(ends.1));
        // Of scripts that are written without blanks no letter is of ASCII.
        let joins = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
        if joins(ends.0) && joins(ends.1) {
            out.field(
                &row.place,
                || answer.pointer(),
                || {
                    let last = prompt.text.split_whitespace().next_back().unwrap_or_default();
                    let first = answer.text.split_whitespace().next().unwrap_or_default();
                    format!("nothing stands between `{}` and `{}`", clip(last), clip(first))
                },
            );
        }
    }

    fn finish(&self, (apart, rows): Self::State, _: &Setup, out: &mut Findings) {
        // Others are made for a template.
        if 2 * apart <= rows {
            *out = Findings::default();
        }
    }
}

/// The two texts of a row of prompt and completion, or of prompt and chosen answer.
fn halves<'e>(example: &'e Example<'_>) -> Option<(&'e Turn<'e>, &'e Turn<'e>)> {
    let (prompt, answer) = match example.turns.as_slice() {
        [prompt, answer, ..] if prompt.branch == Branch::Prompt && !example.conversational => (prompt, answer),
        _ => return None,
    };
    let texts = prompt.key.is_empty() && answer.key.is_empty();
    (texts && matches!(answer.branch, Branch::Completion | Branch::Chosen)).then_some((prompt, answer))
}
