use serde::Deserialize;

use crate::finding::Findings;
use crate::model::example::Content;
use crate::rule::{Row, Rule, RuleMeta, clip, rule_meta};

use super::parts::round_trip;

rule_meta! {
    /// ## What it finds
    /// Content in parts that the chat template prints as Python would, brackets and quotes and all.
    ///
    /// ## Why it matters
    /// The template expects a string. The model is trained on `[{'type': 'text', 'text': '…'}]`, in questions
    /// and in answers.
    ///
    /// ## Example
    /// ```jsonl -m fixtures/models/chatml --chat-template fixtures/templates/prints-parts.jinja
    /// {"messages": [{"role": "user", "content": [{"type": "text", "text": "Name a prime number."}]}, {"role": "assistant", "content": "4"}]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl -m fixtures/models/chatml --chat-template fixtures/templates/prints-parts.jinja
    /// {"messages": [{"role": "user", "content": "Name a prime number."}, {"role": "assistant", "content": "4"}]}
    /// ```
    ///
    /// ## Fix
    /// Write the content as strings, or use a template that knows parts.
    "template/parts-printed", Error, needs [Tokenizer, Template]
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct PartsPrinted {}

impl Rule for PartsPrinted {
    const META: RuleMeta = META;
    type State = ();

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        round_trip::each(row, |seen| {
            if seen.turn.content != Content::Parts {
                return;
            }
            let written = seen.written();
            // As Python prints a list of objects, and as `tojson` does.
            let printed = ["[{'type': ", "[{\"type\": "]
                .iter()
                .find_map(|printed| written.find(printed));
            if let Some(at) = printed {
                out.field(
                    &row.place,
                    || seen.turn.pointer(),
                    || format!("the template prints the list: `{}`", clip(&written[at..])),
                );
            }
        });
    }
}
