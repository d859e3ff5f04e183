use serde::Deserialize;

use crate::finding::Findings;
use crate::model::example::{Branch, Turn};
use crate::rule::{Row, Rule, RuleMeta, clip, rule_meta};

use super::{answers, cues};

rule_meta! {
    /// ## What it finds
    /// Prompts that say outright what the answer is: `The correct answer is B` above the question, `Answer:
    /// Lima`, `"label": "spam"`, where that is the row's answer, the letter of its option, or the result at its
    /// end (`#### 42`). Prompts that show several answers, as examples do, are left alone, and so are lists of
    /// choices (`yes or no`).
    ///
    /// ## Why it matters
    /// The model learns to read the key and nothing else; in use there is none.
    ///
    /// ## Example
    /// ```jsonl
    /// {"prompt": "The correct answer is B.\nWhich planet is the largest? A) Mars B) Jupiter", "completion": "B) Jupiter"}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"prompt": "Which planet is the largest? A) Mars B) Jupiter\nAnswer:", "completion": "B) Jupiter"}
    /// {"prompt": "Is it wet? The answer is yes or no.", "completion": "yes"}
    /// ```
    ///
    /// ## Fix
    /// Leave the column with the answer out of the prompt.
    "leak/answer-key", Warning, above 0.05 => Error
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct AnswerKey {}

impl Rule for AnswerKey {
    const META: RuleMeta = META;
    const WORDS: bool = true;
    type State = ();

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        let Some(example) = row.example else { return };
        for (at, answer) in answers::taught(example) {
            // Few answers can be said in so few words that a prompt could.
            if cues::keys(&answer.text).next().is_none() {
                continue;
            }
            let given = example.turns[..at].iter().enumerate();
            let mut given = given.filter(|(_, turn)| !turn.is_answer() && turn.branch != Branch::Rejected);
            if let Some((_, turn)) = given.find(|(before, turn)| gives_away(row, *before, turn, &answer.text)) {
                let key = cues::keys(&answer.text).next().unwrap_or_default();
                let say = || {
                    let turn = turn.role.name();
                    format!(
                        "the {turn} turn says what the answer is: `{}`",
                        clip(key).replace('`', "'")
                    )
                };
                out.field(&row.place, || turn.pointer(), say);
            }
        }
    }
}

/// Whether a turn has a cue with the answer's key after it, and none with another value.
fn gives_away(row: &Row<'_>, at: usize, turn: &Turn<'_>, answer: &str) -> bool {
    let text = turn.text.as_ref();
    let mut found = false;
    for value in cues::values(text, row.words.turn(at)) {
        if cues::keys(answer).any(|key| cues::begins_with(value, key)) {
            found = true;
        } else if found || is_short(value) {
            // Another value beside it: examples, or choices.
            return false;
        }
    }
    found
}

/// Whether a value looks like an answer of an example: it ends with its line, within a few words.
fn is_short(value: &str) -> bool {
    let line = value.lines().next().unwrap_or_default();
    line.len() <= 40 && line.len() < value.len()
}
