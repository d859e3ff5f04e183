use serde::Deserialize;

use crate::finding::Findings;
use crate::model::example::Branch;
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
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        let Some(example) = row.example else { return };
        // What the turns before an answer say one is: looked for once, and only where an answer could be it.
        let mut said: Vec<(usize, &str)> = Vec::new();
        let mut next = 0;
        for (at, answer) in answers::taught(example) {
            let keys: Vec<&str> = cues::keys(&answer.text).collect();
            let Some(key) = keys.first() else { continue };
            for (before, turn) in (next..).zip(&example.turns[next..at]) {
                if !turn.is_answer() && turn.branch != Branch::Rejected {
                    let values = cues::values(&turn.text, row.words.turn(before));
                    said.extend(values.map(|value| (before, value)));
                }
            }
            next = at;
            let mut turns = said.chunk_by(|one, other| one.0 == other.0);
            if let Some(turn) = turns.find(|values| gives_away(values, &keys)) {
                let turn = &example.turns[turn[0].0];
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

/// Whether a turn has a cue with one of the answer's keys after it, and none with another value.
fn gives_away(values: &[(usize, &str)], keys: &[&str]) -> bool {
    let mut found = false;
    for (_, value) in values {
        if keys.iter().any(|key| cues::begins_with(value, key)) {
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
