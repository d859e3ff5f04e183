use serde::Deserialize;

use crate::finding::Findings;
use crate::model::example::Role;
use crate::model::setup::Setup;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};

use super::parts::answers;
use super::parts::rewriting::Rewriting;

rule_meta! {
    /// ## What it finds
    /// Rows whose whole answer stands in the user's turn or the prompt before it, to the byte or but for case,
    /// space, punctuation and accents; also as the answer of an example that the prompt shows. An answer is compared
    /// with the 256 turns before it and the first 256 of its conversation. Prompts that list options to choose from
    /// hold the answer by right, and those that ask to mend a text hold its words. In a set that rewrites texts (half of
    /// its answers have four of five words from their prompts) one answer in twenty may change nothing that counts.
    ///
    /// ## Why it matters
    /// The loss falls to almost nothing within a few steps because the model only has to copy, and the model
    /// learns to copy. Where copying is the task (extraction, rewriting, quoting) it is no fault: look at the
    /// share of rows, and whether what is copied differs in place from row to row. Answers that stand at one
    /// and the same spot of the prompt are `leak/answer-pasted`'s, which is an error.
    ///
    /// ## Example
    /// ```jsonl
    /// {"prompt": "Question: why is the sky blue? Answer: sunlight is scattered by the air, blue light the most.", "completion": "sunlight is scattered by the air, blue light the most."}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"prompt": "Question: why is the sky blue? Answer:", "completion": "sunlight is scattered by the air, blue light the most."}
    /// ```
    ///
    /// ## Fix
    /// Build the prompt without the answer; look at one row with `gonogo show` to see where it comes in.
    "leak/answer-in-prompt", Warning
}

/// Options of the rule.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub(crate) struct AnswerInPrompt {
    /// Shortest answer to look for, in bytes: names and numbers stand in prompts by right.
    min_bytes: usize,
    /// Shortest answer in words.
    min_words: usize,
}

impl Default for AnswerInPrompt {
    fn default() -> Self {
        Self {
            min_bytes: 24,
            min_words: 4,
        }
    }
}

impl Rule for AnswerInPrompt {
    const META: RuleMeta = META;
    const WORDS: bool = true;
    type State = Rewriting;
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, rewriting: &mut Rewriting, out: &mut Findings) {
        answers::report(row, Role::User, (self.min_bytes, self.min_words), out);
        rewriting.see(row);
    }

    fn finish(&self, rewriting: Rewriting, _: &Setup, out: &mut Findings) {
        if rewriting.allows(out.rows()) {
            *out = Findings::default();
        }
    }
}
