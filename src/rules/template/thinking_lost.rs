use serde::Deserialize;

use crate::finding::Findings;
use crate::rule::{Row, Rule, RuleMeta, clip, rule_meta};

use super::parts::round_trip;

rule_meta! {
    /// ## What it finds
    /// Rows whose last answer loses its thoughts in the chat template.
    ///
    /// ## Why it matters
    /// The thoughts were paid for and are not trained on: the model learns to answer without them. The
    /// template does not read the key they stand under, or strips them from every turn.
    ///
    /// ## Example
    /// ```jsonl -m fixtures/models/chatml
    /// {"messages": [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4", "reasoning_content": "Two and two make four."}]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl -m fixtures/models/chatml
    /// {"messages": [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "<think>Two and two make four.</think>4"}]}
    /// ```
    ///
    /// ## Fix
    /// Use a template that renders thoughts, or write them into the content as `<think>…</think>`.
    "template/thinking-lost", Warning, above 0.1 => Error, needs [Tokenizer, Template]
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ThinkingLost {}

impl Rule for ThinkingLost {
    const META: RuleMeta = META;
    type State = ();

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        round_trip::each(row, |seen| {
            if let Some(thoughts) = seen.lost_thoughts().filter(|_| !seen.answered) {
                let turn = seen.turn;
                out.field(
                    &row.place,
                    || turn.pointer(),
                    || format!("the template leaves out what the answer thought: `{}`", clip(&thoughts)),
                );
            }
        });
    }
}
