use serde::Deserialize;

use crate::finding::Findings;
use crate::model::example::Shape;
use crate::model::setup::TokenizerFacts;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};

rule_meta! {
    /// ## What it finds
    /// Rows without a BOS at their start, where the model's own chat template writes one; texts without one, where the
    /// tokenizer puts one before what it is called with.
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
    "template/bos-missing", Warning, needs [Tokenizer]
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct BosMissing {}

impl Rule for BosMissing {
    const META: RuleMeta = META;
    type State = ();

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        let text = row.example.is_some_and(|example| example.shape == Shape::Text);
        let has = |facts: &&TokenizerFacts| facts.template_has_bos || text && facts.adds_bos;
        let facts = row.setup.tokenizer.as_ref().filter(has);
        let bos = facts.and_then(|facts| facts.bos.as_ref());
        let Some((id, bos)) = bos.and_then(|bos| Some((bos.id?, &bos.text))) else {
            return;
        };
        let whose = match facts {
            Some(facts) if facts.template_has_bos => "the model's own template",
            _ => "every text the tokenizer is called with",
        };
        let chat = row.example.is_some_and(|example| example.conversational);
        // Truncation at the start takes it away, and says so.
        for encoded in row
            .encoded
            .iter()
            .filter(|encoded| (chat || text) && encoded.cut() == 0)
        {
            if encoded.input_ids.first().is_some_and(|first| *first != id) {
                out.row(&row.place, || {
                    format!("the row does not begin with `{bos}`, with which {whose} begins")
                });
            }
        }
    }
}
