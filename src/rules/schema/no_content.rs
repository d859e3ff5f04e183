use serde::Deserialize;

use crate::finding::Findings;
use crate::model::example::{Content, Turn};
use crate::model::value::{Object, Value};
use crate::rule::{Row, Rule, RuleMeta, clip, rule_meta};
use crate::rules::parts::turns;

rule_meta! {
    /// ## What it finds
    /// Messages whose content is null or missing, and that call no tool either.
    ///
    /// ## Why it matters
    /// Templates print `None`, or nothing, or stop with an UndefinedError, and which of them depends on the
    /// version of transformers.
    ///
    /// ## Example
    /// ```jsonl
    /// {"messages": [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": null}]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"messages": [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": null, "tool_calls": [{"type": "function", "function": {"name": "add", "arguments": {"a": 2, "b": 2}}}]}]}
    /// ```
    ///
    /// ## Fix
    /// Fill the content in or remove the row; if the text stands under another key, rename it to `content`.
    "schema/no-content", Error
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct NoContent {}

impl Rule for NoContent {
    const META: RuleMeta = META;
    type State = ();
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        let Some(example) = row.example else { return };
        for turn in &example.turns {
            let what = match turn.content {
                Content::Null => "null",
                Content::Missing => "missing",
                _ => continue,
            };
            if turns::says_without_text(turn) {
                continue;
            }
            out.field(
                &row.place,
                || turn.pointer(),
                || {
                    format!(
                        "the {} turn's `{}` is {what}{}",
                        turn.role.name(),
                        turn.key,
                        others(turn)
                    )
                },
            );
        }
    }
}

/// The keys that are there, among which the text may be.
fn others(turn: &Turn<'_>) -> String {
    let keys = turn.raw.and_then(Value::as_object).into_iter().flat_map(Object::keys);
    let texts: Vec<_> = keys
        .filter(|key| !matches!(*key, "role" | "from" | "content" | "value"))
        .take(4)
        .map(|key| format!("`{}`", clip(key)))
        .collect();
    if texts.is_empty() {
        String::new()
    } else {
        format!("; the message has {}", texts.join(", "))
    }
}
