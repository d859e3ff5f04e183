use serde::Deserialize;

use crate::finding::Findings;
use crate::model::example::{Example, Role, Shape};
use crate::rule::{Row, Rule, RuleMeta, rule_meta};
use crate::rules::parts::markers;

rule_meta! {
    /// ## What it finds
    /// Messages that hold a whole rendered chat, with the marks of its turns: `<|im_start|>user`, `[INST] …
    /// [/INST]`, `### Response:`.
    ///
    /// ## Why it matters
    /// The template is applied a second time around it. The model learns to write its own markers and the
    /// other side's turns inside an answer, and at inference never sees what it was trained on.
    ///
    /// ## Example
    /// ```jsonl
    /// {"messages": [{"role": "user", "content": "<|im_start|>user\n2+2?<|im_end|>\n<|im_start|>assistant\n"}, {"role": "assistant", "content": "4"}]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"messages": [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}]}
    /// ```
    ///
    /// ## Fix
    /// Give the messages as they are and let the trainer apply the template, or give the rendered chat as
    /// `text`.
    "template/already-rendered", Warning, above 0.01 => Error
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct AlreadyRendered {}

impl Rule for AlreadyRendered {
    const META: RuleMeta = META;
    type State = ();

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        let templated = |example: &&Example<'_>| example.conversational || example.shape == Shape::Alpaca;
        let Some(example) = row.example.filter(templated) else {
            return;
        };
        for turn in example.turns.iter().filter(|turn| turn.role != Role::Tool) {
            if let Some(mark) = markers::rendered(&turn.text) {
                out.field(
                    &row.place,
                    || turn.pointer(),
                    || format!("the {} turn holds a rendered chat, with `{mark}`", turn.role.name()),
                );
            }
        }
    }
}
