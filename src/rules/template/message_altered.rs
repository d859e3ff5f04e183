use serde::Deserialize;

use crate::finding::Findings;
use crate::rule::{Row, Rule, RuleMeta, clip, rule_meta};

use super::parts::round_trip::{self, Fate};

rule_meta! {
    /// ## What it finds
    /// Messages that the chat template renders only in part, or with other words.
    ///
    /// ## Why it matters
    /// Templates trim the ends of messages, which is fine. One that changes more trains on words the data does
    /// not have: it cuts at a mark, replaces characters, or drops what an assistant says beside a tool call.
    ///
    /// ## Example
    /// ```jsonl -m fixtures/models/chatml --chat-template fixtures/templates/cuts-at-bar.jinja
    /// {"messages": [{"role": "user", "content": "Which of these two numbers would you call a prime number | four or five?"}, {"role": "assistant", "content": "4"}]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl -m fixtures/models/chatml --chat-template fixtures/templates/cuts-at-bar.jinja
    /// {"messages": [{"role": "user", "content": "Which of these two numbers would you call a prime number: four or five?"}, {"role": "assistant", "content": "4"}]}
    /// ```
    ///
    /// ## Fix
    /// Look at the row with `gonogo show`; take out of the text what the template reads as a mark, or use
    /// another template.
    "template/message-altered", Warning, needs [Tokenizer, Template]
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct MessageAltered {}

impl Rule for MessageAltered {
    const META: RuleMeta = META;
    type State = ();

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        round_trip::each(row, |seen| {
            let turn = seen.turn;
            let why = match seen.fate() {
                Some(Fate::Altered) => "renders only some of it",
                Some(Fate::Recased) => "renders it with other capitals",
                Some(Fate::Lost) if turn.has_tool_calls() => "leaves out what stands beside a tool call",
                _ => return,
            };
            out.field(
                &row.place,
                || turn.pointer(),
                || format!("the template {why}: `{}`", clip(&turn.text)),
            );
        });
    }
}
