use serde::Deserialize;

use crate::finding::Findings;
use crate::model::example::{Content, Role};
use crate::rule::{Row, Rule, RuleMeta, rule_meta};
use crate::rules::turns;

rule_meta! {
    /// ## What it finds
    /// User turns, prompts and texts that are empty or white space.
    ///
    /// ## Why it matters
    /// The answer is trained as one to nothing: whatever was asked is lost. An empty text trains its
    /// end-of-text token only.
    ///
    /// ## Example
    /// ```jsonl
    /// {"messages": [{"role": "user", "content": " "}, {"role": "assistant", "content": "It was a dark and stormy night."}]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"messages": [{"role": "user", "content": "How does it begin?"}, {"role": "assistant", "content": "It was a dark and stormy night."}]}
    /// ```
    ///
    /// ## Fix
    /// Fill the text in or remove the row. An empty system turn or tool result is fine.
    "schema/empty-message", Warning
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct EmptyMessage {}

impl Rule for EmptyMessage {
    const META: RuleMeta = META;
    type State = ();
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        let Some(example) = row.example else { return };
        for turn in example
            .turns
            .iter()
            .filter(|turn| matches!(turn.role, Role::User | Role::Text))
        {
            let absent = matches!(turn.content, Content::Text | Content::Parts) && turn.trimmed().is_empty();
            if absent && !turns::says_without_text(turn) {
                out.field(
                    &row.place,
                    || turn.pointer(),
                    || {
                        let what = if turn.role == Role::Text { "text" } else { "user turn" };
                        format!("the {what} is empty, {} bytes of white space", turn.text.len())
                    },
                );
            }
        }
    }
}
