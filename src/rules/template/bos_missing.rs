use serde::Deserialize;

use crate::finding::Findings;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};

rule_meta! {
    /// ## What it finds
    /// Rows without a BOS at their start, where the model's own chat template writes one.
    ///
    /// ## Why it matters
    /// The model was trained with it on every text; without it the first tokens are out of its experience, and
    /// at inference, where the template is used, it is there again.
    ///
    /// ## Example
    /// ```jsonl -m fixtures/tokenizers/llama3-pad --chat-template fixtures/templates/no-bos.jinja
    /// {"messages": [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl -m fixtures/tokenizers/llama3-pad
    /// {"messages": [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}]}
    /// ```
    ///
    /// ## Fix
    /// Begin the template with `{{ bos_token }}`, or choose the trainer's template for this model.
    "template/bos-missing", Warning, needs [Tokenizer, Template]
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct BosMissing {}

impl Rule for BosMissing {
    const META: RuleMeta = META;
    type State = ();

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        let facts = row.setup.tokenizer.as_ref().filter(|facts| facts.template_has_bos);
        let bos = facts.and_then(|facts| facts.bos.as_ref());
        let Some((id, text)) = bos.and_then(|bos| Some((bos.id?, &bos.text))) else {
            return;
        };
        let chat = row.example.is_some_and(|example| example.conversational);
        // Truncation at the start takes it away, and says so.
        for encoded in row.encoded.iter().filter(|encoded| chat && encoded.cut() == 0) {
            if encoded.input_ids.first().is_some_and(|first| *first != id) {
                out.row(&row.place, || {
                    format!("the row does not begin with `{text}`, with which the model's own template begins")
                });
            }
        }
    }
}
