use serde::Deserialize;

use crate::finding::Findings;
use crate::model::example::Role;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};

use super::parts::answers;

rule_meta! {
    /// ## What it finds
    /// Rows whose whole answer stands in the system prompt before it, to the byte or but for case, space,
    /// punctuation and accents.
    ///
    /// ## Why it matters
    /// The model is shown the answer and learns to copy it from a place that will not hold it in use. Where the
    /// system prompt holds documents to quote from it is no fault: then most rows do it.
    ///
    /// ## Example
    /// ```jsonl
    /// {"messages": [{"role": "system", "content": "You are an expert. Solution: sunlight is scattered by the air, blue light the most."}, {"role": "user", "content": "Why is the sky blue?"}, {"role": "assistant", "content": "Sunlight is scattered by the air, blue light the most."}]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"messages": [{"role": "system", "content": "You are an expert."}, {"role": "user", "content": "Why is the sky blue?"}, {"role": "assistant", "content": "Sunlight is scattered by the air, blue light the most."}]}
    /// ```
    ///
    /// ## Fix
    /// Build the system prompt without the row's own answer.
    "leak/answer-in-system", Warning
}

/// Options of the rule.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub(crate) struct AnswerInSystem {
    /// Shortest answer to look for, in bytes.
    min_bytes: usize,
    /// Shortest answer in words.
    min_words: usize,
}

impl Default for AnswerInSystem {
    fn default() -> Self {
        Self {
            min_bytes: 24,
            min_words: 4,
        }
    }
}

impl Rule for AnswerInSystem {
    const META: RuleMeta = META;
    const WORDS: bool = true;
    type State = ();
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        answers::report(row, Role::System, (self.min_bytes, self.min_words), out);
    }
}
