use serde::Deserialize;

use crate::finding::Findings;
use crate::model::example::{Branch, Role};
use crate::rule::{Row, Rule, RuleMeta, clip, rule_meta};

use super::parts::{answers, cues};

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
            if keys.is_empty() {
                continue;
            }
            for (before, turn) in (next..).zip(&example.turns[next..at]) {
                // A tool's result is given under that name by right.
                if !turn.is_answer() && turn.branch != Branch::Rejected && turn.role != Role::Tool {
                    let values = cues::values(&turn.text, row.words.turn(before));
                    said.extend(values.map(|value| (before, value)));
                }
            }
            next = at;
            let mut turns = said.chunk_by(|one, other| one.0 == other.0);
            let given = turns.find_map(|values| Some((values[0].0, gives_away(values, &keys)?)));
            if let Some((turn, key)) = given {
                let turn = &example.turns[turn];
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

/// The key of the answer that a turn has after a cue, where no other value stands after one.
fn gives_away<'k>(values: &[(usize, &str)], keys: &[&'k str]) -> Option<&'k str> {
    let mut found = None;
    for (_, value) in values {
        if is_choice(value) {
            return None;
        }
        if let Some(key) = keys.iter().find(|key| cues::begins_with(value, key)) {
            found = found.or(Some(*key));
        } else if found.is_some() || is_short(value) {
            // Another value beside it: examples, or choices.
            return None;
        }
    }
    found
}

/// Whether a value is a list of choices, lettered or numbered: `A) yes; B) no`.
fn is_choice(value: &str) -> bool {
    const NEAR: usize = 400;
    let bytes = value.as_bytes();
    let (first, sign) = match bytes {
        [first @ (b'A' | b'a' | b'1'), sign @ (b')' | b'.' | b':'), ..] => (*first, *sign),
        _ => return false,
    };
    let near = &bytes[..bytes.len().min(NEAR)];
    let mut places = near.windows(3).skip(1);
    places.any(|three| !three[0].is_ascii_alphanumeric() && three[1] == first + 1 && three[2] == sign)
}

/// Whether a value looks like an answer of an example: it ends with its line, within a few words.
fn is_short(value: &str) -> bool {
    let line = value.lines().next().unwrap_or_default();
    line.len() <= 40 && line.len() < value.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_are_no_answer() {
        let given = |value| gives_away(&[(0, value)], &["A). negative", "A"]);
        assert_eq!(given("A). negative"), Some("A). negative"));
        assert_eq!(given("A). negative; B). positive;"), None);
        assert_eq!(given("A. The first\nB. The second"), None);
        assert_eq!(given("A"), Some("A"));
    }
}
