use serde::Deserialize;

use crate::finding::Findings;
use crate::model::example::{Content, Role};
use crate::rule::{Row, Rule, RuleMeta, rule_meta};
use crate::rules::parts::turns;

rule_meta! {
    /// ## What it finds
    /// Answers that say nothing: empty, white space, or thoughts without a word after them; whole talks in one text that
    /// end at `Assistant:`.
    ///
    /// ## Why it matters
    /// The model learns to end its turn at once. Some trainers lose the end-of-turn token with the empty text,
    /// so that the row trains nothing, and drop it.
    ///
    /// ## Example
    /// ```jsonl
    /// {"messages": [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": ""}]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"messages": [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}]}
    /// ```
    ///
    /// ## Fix
    /// Fill the answer in or remove the row. An answer that is a tool call needs no text.
    "schema/empty-answer", Warning, above 0.05 => Error
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct EmptyAnswer {}

impl Rule for EmptyAnswer {
    const META: RuleMeta = META;
    type State = ();
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        let Some(example) = row.example else { return };
        for turn in example.turns.iter().filter(|turn| turn.role == Role::Assistant) {
            let said = turn.text.trim_end();
            let named = |name: &str| {
                let inner = said
                    .trim_start()
                    .strip_prefix('<')
                    .and_then(|rest| rest.strip_prefix(name));
                let end = said.strip_suffix('>').and_then(|rest| rest.strip_suffix(name));
                inner.is_some_and(|inner| inner.starts_with('>')) && end.is_some_and(|rest| rest.ends_with("</"))
            };
            let thoughts = said.ends_with("</think>") || ["reasoning", "thinking", "thought"].into_iter().any(named);
            // A whole talk in one text, as hh-rlhf has them, that ends where the answer is to begin.
            let cue = ["\n\nAssistant:", "\nASSISTANT:"]
                .into_iter()
                .find(|cue| said.ends_with(cue));
            let absent = matches!(turn.content, Content::Text | Content::Parts);
            if absent
                && turn.train != Some(false)
                && (said.is_empty() || thoughts || cue.is_some())
                && !turns::says_without_text(turn)
            {
                out.field(
                    &row.place,
                    || turn.pointer(),
                    || match (thoughts, turn.text.len()) {
                        _ if cue.is_some() => format!("nothing follows `{}`", cue.unwrap_or_default().trim()),
                        (true, _) => "the answer ends with its thoughts".to_owned(),
                        (_, 0) => "the answer is empty".to_owned(),
                        (_, spaces) => format!("the answer is {spaces} bytes of white space"),
                    },
                );
            }
        }
    }
}
