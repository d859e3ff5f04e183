use serde::Deserialize;

use crate::finding::Findings;
use crate::model::example::{Content, Role};
use crate::rule::{Row, Rule, RuleMeta, rule_meta};

rule_meta! {
    /// ## What it finds
    /// Messages whose content is a number, a boolean or an object.
    ///
    /// ## Why it matters
    /// Templates join content to text, which fails for a number ("can only concatenate str") or prints an
    /// object as Python would. A tool's result may be an object: templates that know tools print it as JSON.
    ///
    /// ## Example
    /// ```jsonl
    /// {"messages": [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": 4}]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"messages": [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}]}
    /// ```
    ///
    /// ## Fix
    /// Write the content as a string, or as a list of typed parts.
    "schema/wrong-content", Error
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct WrongContent {}

impl Rule for WrongContent {
    const META: RuleMeta = META;
    type State = ();
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        let Some(example) = row.example else { return };
        for turn in &example.turns {
            let Content::Wrong(kind) = turn.content else { continue };
            if turn.role == Role::Tool && kind == "object" {
                continue;
            }
            let article = if kind == "object" { "an" } else { "a" };
            out.field(
                &row.place,
                || turn.pointer(),
                || {
                    format!(
                        "the {} turn's `{}` is {article} {kind}, not a string",
                        turn.role.name(),
                        turn.key
                    )
                },
            );
        }
    }
}
