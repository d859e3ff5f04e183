use serde::Deserialize;

use crate::finding::Findings;
use crate::model::value::Value;
use crate::rule::{Row, Rule, RuleMeta, clip, nearest, rule_meta};

rule_meta! {
    /// ## What it finds
    /// Keys of messages that are a slip away from one that templates read: `contents`, `tool_call`,
    /// `reasoning_contents`.
    ///
    /// ## Why it matters
    /// Templates take the keys they know, and do not mind others. The tool calls, the thoughts or the text
    /// itself are simply not there.
    ///
    /// ## Example
    /// ```jsonl
    /// {"messages": [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4", "reasoning_contnet": "Two and two."}]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"messages": [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4", "reasoning_content": "Two and two."}]}
    /// ```
    ///
    /// ## Fix
    /// Rename the key.
    "schema/misspelt-key", Warning
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct MisspeltKey {}

/// Keys that templates and trainers read.
const READ: [&str; 8] = [
    "content",
    "tool_calls",
    "function_call",
    "reasoning_content",
    "thinking",
    "reasoning",
    "weight",
    "value",
];

/// Keys that are near one of them and no slip.
const OTHERS: [&str; 12] = [
    "role",
    "from",
    "name",
    "id",
    "tool_call_id",
    "context",
    "reason",
    "values",
    "weights",
    "height",
    "train",
    "training",
];

fn may_be_slip(name: &str) -> bool {
    (5..=24).contains(&name.len()) && !READ.contains(&name) && !OTHERS.contains(&name)
}

impl Rule for MisspeltKey {
    const META: RuleMeta = META;
    type State = ();
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        let Some(example) = row.example else { return };
        for turn in &example.turns {
            let Some(object) = turn.raw.and_then(Value::as_object) else {
                continue;
            };
            for name in object.keys().filter(|name| may_be_slip(name)) {
                let Some(meant) = nearest(name, READ).filter(|meant| !object.contains_key(meant)) else {
                    continue;
                };
                out.field(
                    &row.place,
                    || {
                        format!(
                            "{}/{}",
                            turn.message_pointer(),
                            name.replace('~', "~0").replace('/', "~1")
                        )
                    },
                    || format!("no template reads `{}`; is `{meant}` meant?", clip(name)),
                );
            }
        }
    }
}
