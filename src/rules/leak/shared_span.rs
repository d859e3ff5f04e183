use serde::{Deserialize, Serialize};

use crate::finding::Findings;
use crate::model::example::{Branch, Example, Role};
use crate::rule::{Row, Rule, RuleMeta, clip, rule_meta};
use crate::rules::parts::spoken::Spoken;
use crate::rules::parts::tools::is_call;
use crate::sketch::Merge;

use super::parts::answers;
use super::parts::spans::{GRAM, Spans};

rule_meta! {
    /// ## What it finds
    /// Rows half of whose answer stands in the prompt in one stretch of 16 words and more, or most of it (70 % of its
    /// words) in several of 8 and more in the same order.
    /// The share and the longest stretch are shown, the strongest first. Answers that stand there whole are
    /// `leak/answer-in-prompt`'s; those that begin with the question said again are left alone, calls, rows that ask to
    /// fix, rewrite, convert or shorten a text, and rows that ask to answer from a context they give.
    ///
    /// ## Why it matters
    /// What is copied is not learnt, and makes the loss look better than the model is. Where copying is the
    /// task (summaries, edits of code, rewriting, answers from documents) many rows do it, and it is a note
    /// only: above 5 % of rows it is taken for the task. A few rows that stand out in a set that does not copy
    /// are worth a look.
    ///
    /// ## Example
    /// ```jsonl
    /// {"prompt": "Why is the sky blue? Hint: the light of the sun is scattered by the air, and blue light is scattered the most of all.", "completion": "Because the light of the sun is scattered by the air, and blue light is scattered the most, more than red."}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"prompt": "Why is the sky blue? Think of light and air.", "completion": "Because the light of the sun is scattered by the air, and blue light is scattered the most, more than red."}
    /// ```
    ///
    /// ## Fix
    /// Look at the strongest; build prompts from the question alone.
    "leak/shared-span", Warning, above 0.05 => Note
}

/// Whether the row asks to change a text that it gives, most of which the answer says again by right.
fn works_on_a_text(example: &Example<'_>) -> bool {
    static TASKS: Spoken = Spoken::of(
        "fix |convert|latex|debug|refactor|rewrite|rephrase|paraphras|proofread|edit the|edit this|simplif|\
        summari|shorten|anonymi|replace|correct the|correct this|correct any|grammar|punctuat|modify|改写|修改|转述|替换|\
        更正|改正|润色|概括|总结|provided context|following context|given context|context provided|the provided text|\
        context below|context above|based on the context|based on the passage|based on the following|based on the document|\
        based on the above|according to the passage|according to the context|according to the text|根据上文|根据以下|根据文|\
        根据给定|根据提供|rearrange|reorder|organize the|arrange the|divide |split the|delete the|remove the|most relevant|\
        translat|extract|find all|identify all|list the|read back|recipe|排列|分成|分段|翻译|找出|列出|提取|摘|删除|转录",
    );
    TASKS.among(example.turns.iter().filter(|turn| turn.role != Role::Assistant))
}

/// Options of the rule.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub(crate) struct SharedSpan {
    /// Smallest share of an answer's words that is reported, 0 to 1.
    share: f64,
    /// Shortest answer in words.
    min_words: usize,
}

impl Default for SharedSpan {
    fn default() -> Self {
        Self {
            share: 0.5,
            min_words: 16,
        }
    }
}

/// So much more of an answer is shared where no stretch is long: who works with what was asked says pieces of it again.
const SCATTERED: f64 = 0.2;

/// Words a prompt has besides what it shares with the answer, at least: those of a question.
const QUESTION: usize = 5;

/// Buffers; nothing is carried from row to row.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Scratch {
    #[serde(skip)]
    spans: Spans,
}

impl Merge for Scratch {
    fn merge(&mut self, _: Self) {}
}

impl Rule for SharedSpan {
    const META: RuleMeta = META;
    const WORDS: bool = true;
    type State = Scratch;
    const DATA_ONLY: bool = true;

    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of a row's words"
    )]
    fn check(&self, row: &Row<'_>, Scratch { spans }: &mut Scratch, out: &mut Findings) {
        let Some(example) = row.example else { return };
        spans.clear(row.words.all().len());
        let (mut next, mut asked) = (0, 0);
        for (at, answer) in answers::taught(example) {
            for (before, turn) in (next..).zip(&example.turns[next..at]) {
                let given = !turn.is_answer() && turn.branch != Branch::Rejected && turn.role != Role::Tool;
                if given && row.words.turn(before).len() >= GRAM {
                    spans.give(row.words.turn(before));
                }
                if given {
                    asked += row.words.turn(before).len();
                }
            }
            next = at;
            // A call repeats what it is to be called with.
            if is_call(answer.trimmed()) {
                continue;
            }
            let words = row.words.turn(at);
            if words.len() < self.min_words.max(GRAM) || spans.is_empty() {
                continue;
            }
            if (spans.at_most(words) as f64) < self.share * words.len() as f64 {
                continue;
            }
            spans.index();
            let shared = spans.shared(words);
            let share = shared.covered as f64 / words.len() as f64;
            // Where next to nothing else was asked, the answer says the question again and goes on.
            let restates = asked < shared.covered + QUESTION;
            let longest = shared.longest.len();
            let one = longest >= 2 * GRAM && longest as f64 >= self.share * words.len() as f64;
            let scattered = !one && share < (self.share + SCATTERED).min(1.0);
            if longest == 0 || share < self.share || scattered || longest == words.len() || restates {
                continue;
            }
            // Asked of the few rows found.
            if works_on_a_text(example) {
                return;
            }
            let span = words[shared.longest.start].start as usize..words[shared.longest.end - 1].end as usize;
            let say = || {
                format!(
                    "{} of {} words of the answer ({:.0} %) stand in the prompt in long stretches, {} in a row: `{}`",
                    shared.covered,
                    words.len(),
                    share * 100.0,
                    longest,
                    clip(&answer.text[span]).replace('`', "'")
                )
            };
            out.strong_field((share * 1000.0) as u16, &row.place, || answer.pointer(), say);
        }
    }
}
