use serde::{Deserialize, Serialize};

use crate::finding::Findings;
use crate::model::example::{Branch, Role};
use crate::model::setup::Setup;
use crate::rule::{Row, Rule, RuleMeta, clip, rule_meta};

use super::parts::rewriting::Rewriting;
use super::parts::{answers, taken_up};
use crate::rules::parts::{outliers, turns};
use crate::sketch::Merge;
use crate::sketch::few::Few;

rule_meta! {
    /// ## What it finds
    /// Rows whose answer is the turn before it again, whole, to the byte or but for case, space and punctuation; rows
    /// whose answer begins with the whole prompt, which stands before it already: in a chat on a line of its own, or
    /// behind its label (`Question: …`), or with the system prompt; and rejected answers that are the prompt to the
    /// byte. Where more than one answer in a hundred takes its question up, but not half of them, it is the way of the
    /// set. Where more than a few answers of a set differ from their prompts in case and signs alone, to put those
    /// right is what is asked, and they are left alone; so is one answer in twenty of a set that rewrites texts (half
    /// of its answers have four of five words from their prompts).
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

/// More answers than this, and than one in fifty, that differ from their prompts in signs alone are a task.
const SIGNS: u64 = 3;
const PER: u64 = 50;

/// Answers that take their question up: more than this, than one in so many, and not half of all, are the way of a set.
const TAKEN: u64 = 3;
const OF: u64 = 100;

/// What was found in rows: where it stands, and what is said.
type Told = Few<(String, String)>;

/// The answers of a set.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Answers {
    all: u64,
    /// Rows with one that has the words of its prompt and other signs.
    signs: Told,
    /// Rows with one that begins with its prompt.
    taken: Told,
    rewriting: Rewriting,
}

impl Merge for Answers {
    fn merge(&mut self, other: Self) {
        self.all += other.all;
        self.signs.merge(other.signs);
        self.taken.merge(other.taken);
        self.rewriting.merge(other.rewriting);
    }
}

impl Rule for Echo {
    const META: RuleMeta = META;
    const WORDS: bool = true;
    type State = Answers;
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, answers: &mut Answers, out: &mut Findings) {
        let Some(example) = row.example else { return };
        answers.rewriting.see(row);
        let (mut told, mut taken) = (false, false);
        for (at, answer) in answers::taught(example) {
            answers.all += 1;
            let said = || clip(&answer.text).replace('`', "'");
            let mut take = |what: &str| {
                if !std::mem::replace(&mut taken, true) {
                    let say = || format!("the answer begins with {what}: `{}`", said());
                    answers.taken.offer(&row.place, || (answer.pointer(), say()));
                }
            };
            if taken_up::the_system_prompt(example, answer.trimmed()) {
                take("the whole system prompt");
                continue;
            }
            let words = row.words.turn(at);
            let Some((before, _)) = answers::given(example, at, Role::User).next() else {
                continue;
            };
            // Scripts without blanks have long words.
            let whole = answer.text.len() >= self.min_words.saturating_mul(4)
                && answer.trimmed() == example.turns[before].trimmed();
            let enough = whole && (words.len() > 1 || !answer.text.is_ascii());
            if words.len() < self.min_words && !enough {
                continue;
            }
            let given = row.words.turn(before);
            let mut all_given = answers::given(example, at, Role::User).map(|(given, _)| row.words.turn(given));
            if all_given
                .any(|given| given.len() >= self.min_words && taken_up::behind_a_label(&answer.text, words, given))
            {
                take("a label and the whole prompt");
                continue;
            }
            let begins = given.iter().zip(words).all(|(one, other)| one.hash == other.hash);
            let asked = example.turns[before].trimmed();
            let plain = example.turns[before].branch == Branch::Prompt && !example.conversational;
            // In a chat it may take the question up, but not on a line of its own.
            if taken_up::on_a_line(answer.trimmed(), asked) {
                take("its question, on a line of its own");
                continue;
            }
            let goes_on =
                given.len() >= self.min_words && given.len() < words.len() && plain && !taken_up::is_title(asked);
            let whole = given.len() == words.len();
            if !begins || !whole && !goes_on {
                continue;
            }
            if answer.text.contains(asked) {
                if whole {
                    let say = || format!("the answer is the turn before it again: `{}`", said());
                    out.field(&row.place, || answer.pointer(), say);
                } else {
                    take("the whole prompt");
                }
                continue;
            }
            let start = &answer.text[..words[given.len() - 1].end as usize];
            if !told && !answers::is_structured(&answer.text) && answers::same_letters(start, asked) {
                told = true;
                let what = if whole {
                    "is the turn before it again"
                } else {
                    "begins with the whole prompt"
                };
                let say = || format!("the answer {what}, but for its signs: `{}`", said());
                answers.signs.offer(&row.place, || (answer.pointer(), say()));
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

    fn finish(&self, answers: Answers, _: &Setup, out: &mut Findings) {
        let Answers {
            all,
            signs,
            taken,
            rewriting,
        } = answers;
        if rewriting.allows_whole(out.rows()) {
            *out = Findings::default();
        }
        let times = taken.count();
        if times <= TAKEN || times * OF <= all || times * 2 >= all {
            outliers::report(&taken, out, Clone::clone);
        }
        if signs.count() <= SIGNS || signs.count() * PER <= all {
            outliers::report(&signs, out, Clone::clone);
        }
    }
}
