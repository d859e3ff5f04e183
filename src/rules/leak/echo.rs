use serde::Deserialize;

use crate::finding::Findings;
use crate::model::example::{Branch, Role};
use crate::rule::{Row, Rule, RuleMeta, clip, rule_meta};

use super::answers;
use crate::rules::turns;

rule_meta! {
    /// ## What it finds
    /// Rows whose answer is the turn before it again, whole, to the byte or but for case, space, punctuation
    /// and accents; rows whose answer begins with the whole prompt, which stands before it already: in a chat on a line of
    /// its own; and rejected answers that are the prompt to the byte.
    ///
    /// ## Why it matters
    /// There is nothing to learn but to repeat. Usually one column was read twice. Where texts are to be
    /// corrected, a share of answers that change nothing is meant.
    ///
    /// ## Example
    /// ```jsonl
    /// {"prompt": "The moon pulls the water of the seas.", "completion": "the moon pulls the water of the seas"}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"prompt": "What makes the tides?", "completion": "The moon pulls the water of the seas."}
    /// ```
    ///
    /// ## Fix
    /// Check which columns the prompt and the answer are read from.
    "leak/echo", Warning, above 0.5 => Error
}

/// Options of the rule.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub(crate) struct Echo {
    /// Shortest answer in words: greetings are returned by right.
    min_words: usize,
}

impl Default for Echo {
    fn default() -> Self {
        Self { min_words: 4 }
    }
}

/// Words of a prompt that nobody says again before he answers it.
const LONG: usize = 10;

impl Rule for Echo {
    const META: RuleMeta = META;
    const WORDS: bool = true;
    type State = ();
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        let Some(example) = row.example else { return };
        for (at, answer) in answers::taught(example) {
            let words = row.words.turn(at);
            let Some((before, _)) = answers::given(example, at, Role::User).next() else {
                continue;
            };
            // Scripts without blanks have long words.
            let whole = answer.text.len() >= 4 * self.min_words && answer.trimmed() == example.turns[before].trimmed();
            let enough = whole && (words.len() > 1 || !answer.text.is_ascii());
            if words.len() < self.min_words && !enough {
                continue;
            }
            let given = row.words.turn(before);
            let begins = given.iter().zip(words).all(|(one, other)| one.hash == other.hash);
            let asked = example.turns[before].trimmed();
            let plain = example.turns[before].branch == Branch::Prompt && !example.conversational;
            // In a chat it may take the question up, but not on a line of its own.
            let apart = || {
                let rest = answer.trimmed().strip_prefix(asked);
                given.len() >= LONG && rest.is_some_and(|rest| rest.starts_with('\n'))
            };
            let goes_on =
                given.len() >= self.min_words && given.len() < words.len() && (plain || apart()) && !is_title(asked);
            let what = match given.len() == words.len() {
                true => "is the turn before it again",
                false if goes_on => "begins with the whole prompt",
                false => continue,
            };
            let signs = || answers::is_structured(&answer.text) && !answer.text.contains(asked);
            if begins && !signs() {
                let say = || format!("the answer {what}: `{}`", clip(&answer.text).replace('`', "'"));
                out.field(&row.place, || answer.pointer(), say);
            }
        }
        for (at, turn) in example.turns.iter().enumerate() {
            if turn.branch != Branch::Rejected || row.words.turn(at).len() < self.min_words {
                continue;
            }
            let asked = turns::before(example, at).filter(|asked| asked.role == Role::User);
            if asked.is_some_and(|asked| asked.trimmed() == turn.trimmed()) {
                let say = || format!("the rejected answer is the prompt: `{}`", clip(&turn.text));
                out.field(&row.place, || turn.pointer(), say);
            }
        }
    }
}

/// Whether a prompt may be the title of what is to be written, with which a text begins by right.
fn is_title(prompt: &str) -> bool {
    const LONGEST: usize = 40;
    prompt.chars().count() < LONGEST && prompt.ends_with(char::is_alphanumeric)
}
