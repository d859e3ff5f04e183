use serde::Deserialize;

use crate::finding::Findings;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};

rule_meta! {
    /// ## What it finds
    /// Rows whose tokens end with two end-of-text tokens.
    ///
    /// ## Why it matters
    /// The answer brings one and the template or the trainer adds another. The model learns to say the end
    /// twice, and counts a token that means nothing among those it is trained on.
    ///
    /// ## Example
    /// ```jsonl -m fixtures/models/chatml
    /// {"prompt": "2+2?", "completion": "4<|end|><|end|>"}
    /// ```
    ///
    /// Instead:
    /// ```jsonl -m fixtures/models/chatml
    /// {"prompt": "2+2?", "completion": "4<|end|>"}
    /// ```
    ///
    /// ## Fix
    /// Take the token out of the text.
    "template/double-eos", Warning, needs [Tokenizer]
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct DoubleEos {}

impl Rule for DoubleEos {
    const META: RuleMeta = META;
    type State = ();

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        let eos = row.setup.tokenizer.as_ref().and_then(|facts| facts.eos.as_ref());
        let Some((id, text)) = eos.and_then(|eos| Some((eos.id?, &eos.text))) else {
            return;
        };
        for encoded in row.encoded {
            // A template ends turns with a line break, and the trainer's own EOS comes after it.
            let ends = (0..encoded.len()).rev().filter(|token| !encoded.is_space(*token));
            let times = ends.take_while(|token| encoded.input_ids[*token] == id).count();
            if times > 1 {
                out.row(&row.place, || format!("the row ends with {times} times `{text}`"));
            }
        }
    }
}
