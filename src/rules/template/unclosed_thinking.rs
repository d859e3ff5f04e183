use serde::Deserialize;

use crate::finding::Findings;
use crate::model::example::Role;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};

rule_meta! {
    /// ## What it finds
    /// Answers that open `<think>`, `<thinking>` or `<reasoning>` and never close it.
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

/// How thoughts begin, and how they end.
const TAGS: [(&str, &str); 3] = [
    ("<think>", "</think>"),
    ("<thinking>", "</thinking>"),
    ("<reasoning>", "</reasoning>"),
];

impl Rule for UnclosedThinking {
    const META: RuleMeta = META;
    type State = ();

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        let Some(example) = row.example.filter(|_| row.chars.angle()) else {
            return;
        };
        for turn in example.turns.iter().filter(|turn| turn.role == Role::Assistant) {
            let text = turn.text.trim_start();
            let opened = TAGS
                .iter()
                .find_map(|(open, close)| Some((open, close, text.strip_prefix(open)?)));
            if let Some((open, _, thoughts)) = opened.filter(|(_, close, thoughts)| !thoughts.contains(*close)) {
                out.field(
                    &row.place,
                    || turn.pointer(),
                    || {
                        let slip = format!("{}/>", open.trim_end_matches('>'));
                        let hint = if thoughts.contains(&slip) {
                            format!("; is `{slip}` its end, misspelt?")
                        } else {
                            String::new()
                        };
                        let length = thoughts.chars().count();
                        format!("`{open}` is not closed in {length} characters{hint}")
                    },
                );
            }
        }
    }
}
