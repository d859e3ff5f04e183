use serde::Deserialize;

use crate::finding::Findings;
use crate::model::example::{Branch, Role};
use crate::model::setup::Setup;
use crate::rule::{Row, Rule, RuleMeta, clip, rule_meta};

use super::parts::answers;
use super::parts::rewriting::Rewriting;
use crate::rules::parts::{outliers, turns};
use crate::sketch::few::Few;
use crate::text::Word;

rule_meta! {
    /// ## What it finds
    /// Rows whose answer is the turn before it again, whole, to the byte or but for case, space and punctuation; rows
    /// whose answer begins with the whole prompt, which stands before it already: in a chat on a line of its own, or
    /// behind its label (`Question: …`); and rejected answers that are the prompt to the byte. Where more than a
    /// few answers of a set differ from their prompts in case and signs alone, to put those right is what is asked, and
    /// they are left alone; so is one answer in twenty of a set that rewrites texts (half of its answers have four of five
    /// words from their prompts).
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

/// Words of a prompt that nobody says again before he answers it.
const LONG: usize = 10;

impl Rule for Echo {
    const META: RuleMeta = META;
    const WORDS: bool = true;
    /// Answers, and rows with one that has the words of its prompt and other signs: where it stands, and what is said.
    type State = ((u64, Few<(String, String)>), Rewriting);
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, ((answers, signs), rewriting): &mut Self::State, out: &mut Findings) {
        let Some(example) = row.example else { return };
        rewriting.see(row);
        let mut told = false;
        for (at, answer) in answers::taught(example) {
            *answers += 1;
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
            if given.len() >= self.min_words && is_labelled(&answer.text, words, given) {
                let said = || clip(&answer.text).replace('`', "'");
                let say = || format!("the answer begins with a label and the whole prompt: `{}`", said());
                out.field(&row.place, || answer.pointer(), say);
                continue;
            }
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
            if !begins {
                continue;
            }
            let said = || clip(&answer.text).replace('`', "'");
            if answer.text.contains(asked) {
                out.field(
                    &row.place,
                    || answer.pointer(),
                    || format!("the answer {what}: `{}`", said()),
                );
                continue;
            }
            let start = &answer.text[..words[given.len() - 1].end as usize];
            if !told && !answers::is_structured(&answer.text) && answers::same_letters(start, asked) {
                told = true;
                let say = || format!("the answer {what}, but for its signs: `{}`", said());
                signs.offer(&row.place, || (answer.pointer(), say()));
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

    fn finish(&self, ((answers, signs), rewriting): Self::State, _: &Setup, out: &mut Findings) {
        if rewriting.allows(out.rows()) {
            *out = Findings::default();
        }
        if signs.count() <= SIGNS || signs.count() * PER <= answers {
            outliers::report(&signs, out, Clone::clone);
        }
    }
}

/// Whether an answer says the whole prompt again behind its label: `Question: … Answer: …`.
fn is_labelled(answer: &str, words: &[Word], prompt: &[Word]) -> bool {
    const LABELS: &str = "human|user|question|q|prompt|instruction|instructions|input|query|pregunta|pergunta|frage|\
        domanda|вопрос|câu hỏi|问题|問題|问|用户|質問|질문";
    /// Bytes of the longest label.
    const LONGEST: usize = 16;
    let start = &answer[..answer.floor_char_boundary(LONGEST)];
    let Some((label, _)) = start.trim_start_matches(['#', '*', ' ']).split_once([':', '：']) else {
        return false;
    };
    let label = label.to_lowercase();
    if !LABELS.split('|').any(|known| known == label) {
        return false;
    }
    let colon = answer.find([':', '：']).unwrap_or_default();
    let first = words.partition_point(|word| (word.start as usize) < colon);
    let said = words.get(first..first + prompt.len());
    said.is_some_and(|said| said.iter().zip(prompt).all(|(one, other)| one.hash == other.hash))
}

/// Whether a prompt may be the title of what is to be written, with which a text begins by right.
fn is_title(prompt: &str) -> bool {
    const LONGEST: usize = 40;
    prompt.chars().count() < LONGEST && prompt.ends_with(char::is_alphanumeric)
}
