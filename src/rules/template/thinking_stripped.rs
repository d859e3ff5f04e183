use serde::Deserialize;

use crate::finding::Findings;
use crate::rule::{Row, Rule, RuleMeta, clip, rule_meta};

use super::parts::round_trip;

rule_meta! {
    /// ## What it finds
    /// Earlier answers whose thoughts the chat template leaves out, as those of Qwen3 and DeepSeek do.
    ///
    /// ## Why it matters
    /// At inference the thoughts of earlier turns are gone as well, so this is as it should be for what the
    /// model reads. Where all answers are trained, the earlier ones are trained without thinking.
    ///
    /// ## Example
    /// ```jsonl -m fixtures/models/chatml --chat-template fixtures/templates/strips-thinking.jinja
    /// {"messages": [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "<think>Two and two make four.</think>4"}, {"role": "user", "content": "and 3+3?"}, {"role": "assistant", "content": "<think>Three and three make six.</think>6"}]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl -m fixtures/models/chatml --chat-template fixtures/templates/strips-thinking.jinja
    /// {"messages": [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "<think>Two and two make four.</think>4"}]}
    /// ```
    ///
    /// ## Fix
    /// Train on the last answer only, or make a row of each answer.
    "template/thinking-stripped", Note, needs [Tokenizer, Template]
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ThinkingStripped {}

impl Rule for ThinkingStripped {
    const META: RuleMeta = META;
    type State = ();

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        round_trip::each(row, |seen| {
            if let Some(thoughts) = seen.lost_thoughts().filter(|_| seen.answered) {
                let turn = seen.turn;
                out.field(
                    &row.place,
                    || turn.pointer(),
                    || {
                        format!(
                            "the template leaves out what an earlier answer thought: `{}`",
                            clip(&thoughts)
                        )
                    },
                );
            }
        });
    }
}
