use serde::Deserialize;

use crate::finding::Findings;
use crate::model::example::Branch;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};

use super::parts::answers;

rule_meta! {
    /// ## What it finds
    /// Rows whose answer was already given by an earlier answer of the same conversation, of its `history`, or
    /// of its examples, to the byte or but for case, space, punctuation and accents. An answer is compared with the
    /// 256 turns before it and the first 256 of its conversation.
    ///
    /// ## Why it matters
    /// The model learns to repeat itself, and the loss of the later answer says nothing. Usually the row
    /// itself was put among its own examples, or a conversation was joined to itself.
    ///
    /// ## Example
    /// ```jsonl
    /// {"messages": [{"role": "user", "content": "Why is the sky blue?"}, {"role": "assistant", "content": "Sunlight is scattered by the air, blue light the most."}, {"role": "user", "content": "Why is the sky blue?"}, {"role": "assistant", "content": "Sunlight is scattered by the air, blue light the most."}]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"messages": [{"role": "user", "content": "Why is grass green?"}, {"role": "assistant", "content": "Its leaves take in red and blue light and give back the green."}, {"role": "user", "content": "Why is the sky blue?"}, {"role": "assistant", "content": "Sunlight is scattered by the air, blue light the most."}]}
    /// ```
    ///
    /// ## Fix
    /// Draw the examples of a row from other rows, and join turns by the ids of their conversations.
    "leak/answer-in-history", Warning
}

/// Options of the rule.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub(crate) struct AnswerInHistory {
    /// Shortest answer to look for, in bytes: short replies are repeated by right.
    min_bytes: usize,
    /// Shortest answer in words.
    min_words: usize,
}

impl Default for AnswerInHistory {
    fn default() -> Self {
        Self {
            min_bytes: 24,
            min_words: 4,
        }
    }
}

impl Rule for AnswerInHistory {
    const META: RuleMeta = META;
    const WORDS: bool = true;
    type State = ();
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        let Some(example) = row.example else { return };
        for (at, answer) in answers::taught(example) {
            if !answers::is_long(row, at, self.min_bytes, self.min_words) {
                continue;
            }
            let found = answers::earlier(example, at)
                .filter(|(_, turn)| turn.is_answer() && turn.branch != Branch::Rejected)
                .find(|(before, _)| answers::stands(row, at, *before).is_some());
            if let Some((before, turn)) = found {
                let characters = answer.trimmed().chars().count();
                let whole = row.words.turn(before).len() == row.words.turn(at).len();
                let how = if whole { "is the same as" } else { "stands in" };
                let say = || {
                    format!(
                        "the answer, {characters} characters, {how} the answer at {}",
                        turn.pointer()
                    )
                };
                out.field(&row.place, || answer.pointer(), say);
            }
        }
    }
}
