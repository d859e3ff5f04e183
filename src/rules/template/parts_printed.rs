use serde::Deserialize;

use crate::finding::Findings;
use crate::model::example::Content;
use crate::rule::{Row, Rule, RuleMeta, clip, rule_meta};

use super::round_trip;

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
            let Some((start, _)) = seen.at.filter(|_| seen.turn.content == Content::Parts) else {
                return;
            };
            let before = &seen.encoded.text[..start];
            if ["'text': '", "'text': \"", "\"text\": \""]
                .iter()
                .any(|printed| before.ends_with(printed))
            {
                out.field(
                    &row.place,
                    || seen.turn.pointer(),
                    || {
                        let shown = before.char_indices().rev().nth(25).map_or(0, |(at, _)| at);
                        format!("the template prints the list: `{}…`", clip(&before[shown..]))
                    },
                );
            }
        });
    }
}
