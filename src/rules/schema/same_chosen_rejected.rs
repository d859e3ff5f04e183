use serde::Deserialize;

use crate::finding::Findings;
use crate::model::example::{Branch, Example, Role, Shape, Turn};
use crate::rule::{Row, Rule, RuleMeta, clip, rule_meta};
use crate::rules::parts::spoken::Spoken;

rule_meta! {
    /// ## What it finds
    /// Preference rows whose chosen and rejected answers are the same, or differ in nothing but case, the white space
    /// around them or the mark at their end.
    ///
    /// ## Why it matters
    /// Nothing is preferred to itself: the row has a loss of log 2 and no gradient, whatever the model does.
    ///
    /// ## Example
    /// ```jsonl
    /// {"prompt": "Name a prime.", "chosen": "seven", "rejected": "seven"}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"prompt": "Name a prime.", "chosen": "seven", "rejected": "nine"}
    /// ```
    ///
    /// ## Fix
    /// Remove the row. Many of them mean that one column was filled from the other.
    "schema/same-chosen-rejected", Warning, above 0.01 => Error
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct SameChosenRejected {}

impl Rule for SameChosenRejected {
    const META: RuleMeta = META;
    type State = ();
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        let Some(example) = row.example.filter(|example| example.shape == Shape::Preference) else {
            return;
        };
        let mut chosen = example.side(Branch::Chosen);
        let mut rejected = example.side(Branch::Rejected);
        let mut same = true;
        loop {
            match (chosen.next(), rejected.next()) {
                (Some(left), Some(right))
                    if left.role == right.role && calls_alike(left, right) && texts_alike(left, right, &mut same) => {}
                (None, None) => break,
                _ => return,
            }
        }
        if !same && speaks_of_case(example) {
            return;
        }
        if let Some(last) = example.turns.last() {
            out.field(
                &row.place,
                || last.pointer(),
                || {
                    let but = if same {
                        ""
                    } else {
                        " but for case, white space around them or the mark at their end"
                    };
                    format!("chosen and rejected are the same{but}, `{}`", clip(&last.text))
                },
            );
        }
    }
}

/// Whether the prompt asks for letters of a kind, or for code.
fn speaks_of_case(example: &Example<'_>) -> bool {
    static WORDS: Spoken = Spoken::of(
        "capital|uppercase|upper case|lowercase|lower case|letter|code|python|function|format|punctuat|space",
    );
    let asked = example
        .turns
        .iter()
        .filter(|turn| turn.branch == Branch::Prompt || turn.role != Role::Assistant);
    WORDS.among(asked)
}

/// Whether two texts say the same; `same` becomes false where they are not written alike.
fn texts_alike(left: &Turn<'_>, right: &Turn<'_>, same: &mut bool) -> bool {
    *same &= left.text == right.text;
    let lower = |turn: &Turn<'_>| turn.trimmed().to_lowercase();
    left.text == right.text
        || left.trimmed() == right.trimmed()
        || (left.trimmed().len() == right.trimmed().len() && lower(left) == lower(right))
        || unmarked(left.trimmed()) == unmarked(right.trimmed())
}

/// A text without the mark its last sentence ends with.
fn unmarked(text: &str) -> &str {
    text.strip_suffix(['.', '!', '…', '。', '！']).unwrap_or(text)
}

/// Answers that are calls may differ in nothing else.
fn calls_alike(left: &Turn<'_>, right: &Turn<'_>) -> bool {
    match (left.raw, right.raw) {
        (Some(left), Some(right)) => left.get("tool_calls") == right.get("tool_calls"),
        _ => true,
    }
}
