use serde::Deserialize;

use crate::finding::Findings;
use crate::rule::clip;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};

use super::prompt_joined::joined;

rule_meta! {
    /// ## What it finds
    /// Prompt-completion rows whose prompt, encoded alone as at inference, is not how the whole row begins, though no
    /// token joins the two (`template/prompt-joined`).
    ///
    /// ## Why it matters
    /// The trainer finds the completion by the prompt's tokens. Where they differ it trains on another context
    /// than the model will see, or masks the wrong tokens. Templates that rewrite earlier turns do it, as those
    /// that strip thinking.
    ///
    /// ## Example
    /// ```jsonl --trainer trl@1.16.0 --chat-template fixtures/templates/rewrites-prompt.jinja
    /// {"prompt": [{"role": "user", "content": "2+2?"}], "completion": [{"role": "assistant", "content": "4"}]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl --trainer trl@1.16.0 --chat-template fixtures/templates/marked.jinja
    /// {"prompt": [{"role": "user", "content": "2+2?"}], "completion": [{"role": "assistant", "content": "4"}]}
    /// ```
    ///
    /// ## Fix
    /// Use a template that renders the prompt the same way in both cases.
    "template/prompt-unlike", Warning, above 0.1 => Error, needs [Tokenizer, Trainer]
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct PromptUnlike {}

impl Rule for PromptUnlike {
    const META: RuleMeta = META;
    type State = ();

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        let Some(example) = row.example else { return };
        let unlike = row.encoded.iter().find_map(|encoded| {
            let end = encoded.unlike_prompt.as_deref()?;
            joined(encoded, example).is_none().then_some(end)
        });
        if let Some(end) = unlike {
            out.row(&row.place, || {
                format!(
                    "the prompt alone ends in `{}`, and the whole row has something else there",
                    clip(end)
                )
            });
        }
    }
}
