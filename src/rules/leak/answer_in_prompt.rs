use serde::Deserialize;

use crate::finding::Findings;
use crate::model::example::Branch;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};
use crate::search;

rule_meta! {
    /// ## What it finds
    /// Rows whose whole answer stands, word for word, in the prompt before it.
    ///
    /// ## Why it matters
    /// The loss falls to almost nothing within a few steps because the model only has to copy, and the
    /// model learns to copy. Where copying is the task (extraction, quoting) it is no fault: compare the
    /// share of such rows with what the task should give.
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
    "leak/answer-in-prompt", Warning, above 0.2 => Error
}

/// Options of the rule.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub(crate) struct AnswerInPrompt {
    /// Shortest answer to look for, in bytes: names and numbers stand in prompts by right.
    min_bytes: usize,
}

impl Default for AnswerInPrompt {
    fn default() -> Self {
        Self { min_bytes: 40 }
    }
}

impl Rule for AnswerInPrompt {
    const META: RuleMeta = META;
    type State = ();

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        let Some(example) = row.example else { return };
        for (at, answer) in example.turns.iter().enumerate() {
            let wanted = answer.text.trim();
            if !answer.is_answer() || answer.branch == Branch::Rejected || wanted.len() < self.min_bytes {
                continue;
            }
            let given = example.turns[..at].iter().filter(|turn| !turn.is_answer());
            let found = given.rev().find(|turn| search::contains(&turn.text, wanted));
            if let Some(turn) = found {
                out.field(
                    &row.place,
                    || turn.pointer(),
                    || {
                        let whole = if turn.text.trim() == wanted { "is" } else { "stands in" };
                        format!(
                            "the answer, {} characters, {whole} the {} turn",
                            wanted.chars().count(),
                            turn.role.name()
                        )
                    },
                );
            }
        }
    }
}
