use serde::Deserialize;

use crate::finding::Findings;
use crate::model::example::Role;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};

use super::parts::answers;

rule_meta! {
    /// ## What it finds
    /// Rows whose whole answer stands in a tool's result before it, to the byte (also with its line breaks and quotes
    /// escaped, as JSON writes them) or but for case, space, punctuation and accents. An answer is compared with the
    /// 256 turns before it and the first 256 of its conversation.
    ///
    /// ## Why it matters
    /// Handing on what a tool has said is what many answers do, and then it is no fault. Where the tool could
    /// not have known the sentence, the result was made from the answer, and the model learns to wait for it.
    ///
    /// ## Example
    /// ```jsonl
    /// {"messages": [{"role": "user", "content": "Why is the sky blue?"}, {"role": "assistant", "content": null, "tool_calls": [{"type": "function", "function": {"name": "search", "arguments": "{}"}}]}, {"role": "tool", "content": "{\"result\": \"Sunlight is scattered by the air, blue light the most.\"}"}, {"role": "assistant", "content": "Sunlight is scattered by the air, blue light the most."}]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"messages": [{"role": "user", "content": "Why is the sky blue?"}, {"role": "assistant", "content": null, "tool_calls": [{"type": "function", "function": {"name": "search", "arguments": "{}"}}]}, {"role": "tool", "content": "{\"result\": \"Rayleigh scattering\"}"}, {"role": "assistant", "content": "Sunlight is scattered by the air, blue light the most."}]}
    /// ```
    ///
    /// ## Fix
    /// Look at a few rows; where the results were written from the answers, record real ones.
    "leak/answer-in-tool-result", Note
}

/// Options of the rule.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub(crate) struct AnswerInToolResult {
    /// Shortest answer to look for, in bytes.
    min_bytes: usize,
    /// Shortest answer in words.
    min_words: usize,
}

impl Default for AnswerInToolResult {
    fn default() -> Self {
        Self {
            min_bytes: 24,
            min_words: 4,
        }
    }
}

impl Rule for AnswerInToolResult {
    const META: RuleMeta = META;
    const WORDS: bool = true;
    type State = ();
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        answers::report(row, Role::Tool, (self.min_bytes, self.min_words), out);
    }
}
