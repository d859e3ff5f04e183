use serde::Deserialize;

use crate::finding::Findings;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};

rule_meta! {
    /// ## What it finds
    /// Rows whose tokens begin with two beginning-of-text tokens.
    ///
    /// ## Why it matters
    /// The text brings one and the tokenizer adds another. The model is trained on a start that it never sees
    /// when it is served, and its quality drops for no visible reason.
    ///
    /// ## Example
    /// ```jsonl -m fixtures/models/chatml
    /// {"text": "<|begin|>all the world's a stage"}
    /// ```
    ///
    /// Instead:
    /// ```jsonl -m fixtures/models/chatml
    /// {"text": "all the world's a stage"}
    /// ```
    ///
    /// ## Fix
    /// Take the token out of the text, or tokenise without special tokens what a template has rendered.
    "template/double-bos", Warning, above 0.5 => Error, needs [Tokenizer]
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct DoubleBos {}

impl Rule for DoubleBos {
    const META: RuleMeta = META;
    type State = ();

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        let bos = row.setup.tokenizer.as_ref().and_then(|facts| facts.bos.as_ref());
        let Some((id, text)) = bos.and_then(|bos| Some((bos.id?, &bos.text))) else {
            return;
        };
        for encoded in row.encoded {
            let times = encoded.input_ids.iter().take_while(|token| **token == id).count();
            if times > 1 {
                out.row(&row.place, || format!("the row begins with {times} times `{text}`"));
            }
        }
    }
}
