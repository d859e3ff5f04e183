use serde::Deserialize;

use crate::finding::Findings;
use crate::model::example::Role;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};

rule_meta! {
    /// ## What it finds
    /// Answers that open `<think>` and never close it.
    ///
    /// ## Why it matters
    /// The answer was cut in the middle of its thoughts. The model learns to think without end, and templates
    /// that strip thoughts up to `</think>` leave all of them in.
    ///
    /// ## Example
    /// ```jsonl
    /// {"messages": [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "<think>Two and two, let me see"}]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"messages": [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "<think>Two and two, let me see.</think>4"}]}
    /// ```
    ///
    /// ## Fix
    /// Make the answer again with room to finish, or remove the row.
    "template/unclosed-thinking", Warning
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct UnclosedThinking {}

impl Rule for UnclosedThinking {
    const META: RuleMeta = META;
    type State = ();

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        let Some(example) = row.example.filter(|_| row.chars.angle()) else {
            return;
        };
        for turn in example.turns.iter().filter(|turn| turn.role == Role::Assistant) {
            let thoughts = turn.text.trim_start().strip_prefix("<think>");
            if let Some(thoughts) = thoughts.filter(|thoughts| !thoughts.contains("</think>")) {
                out.field(
                    &row.place,
                    || turn.pointer(),
                    || format!("`<think>` is not closed in {} characters", thoughts.chars().count()),
                );
            }
        }
    }
}
