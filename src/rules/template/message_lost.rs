use serde::Deserialize;

use crate::finding::Findings;
use crate::rule::{Row, Rule, RuleMeta, clip, rule_meta};

use super::parts::round_trip::{self, Fate};
use crate::rules::parts::turns;

rule_meta! {
    /// ## What it finds
    /// Messages of which nothing is left in the text that the chat template renders.
    ///
    /// ## Why it matters
    /// The template knows other roles than the row has, or no system turn, or other keys, and passes over what
    /// it does not know without a word. The model is trained on what is left.
    ///
    /// ## Example
    /// ```jsonl -m fixtures/models/chatml --chat-template fixtures/templates/no-system.jinja
    /// {"messages": [{"role": "system", "content": "Answer in one word only."}, {"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl -m fixtures/models/chatml
    /// {"messages": [{"role": "system", "content": "Answer in one word only."}, {"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}]}
    /// ```
    ///
    /// ## Fix
    /// Rename the role or the key to what the template reads, or use a template that renders the message. What stands in
    /// a column that the trainer does not read belongs among the messages.
    "template/message-lost", Error, needs [Tokenizer, Template]
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct MessageLost {}

impl Rule for MessageLost {
    const META: RuleMeta = META;
    type State = ();

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        round_trip::each(row, |seen| {
            // What stands beside a call is left out by design, which another rule says.
            if seen.fate() == Some(Fate::Lost) && !seen.turn.has_tool_calls() {
                let turn = seen.turn;
                out.field(
                    &row.place,
                    || turn.pointer(),
                    || {
                        let text = clip(&turn.text);
                        if turns::is_message(turn) {
                            format!("the template leaves the `{}` turn out: `{text}`", clip(&turn.role_text))
                        } else {
                            format!(
                                "the column `{}` is not among what is rendered: `{text}`",
                                clip(turn.field)
                            )
                        }
                    },
                );
            }
        });
    }
}
