use serde::Deserialize;

use crate::finding::Findings;
use crate::model::setup::Special;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};

rule_meta! {
    /// ## What it finds
    /// Rows in which many tokens are the unknown one.
    ///
    /// ## Why it matters
    /// The tokenizer has no token for what is written, and the model sees only that something was there:
    /// another language, another script, emoji. Tokenizers that fall back to bytes have no such rows.
    ///
    /// ## Example
    /// ```jsonl -m fixtures/models/words
    /// {"text": "слово за слово"}
    /// ```
    ///
    /// Instead:
    /// ```jsonl -m fixtures/models/words
    /// {"text": "word for word"}
    /// ```
    ///
    /// ## Fix
    /// Use a model whose tokenizer knows the script, or leave the rows out.
    "template/unknown-tokens", Warning, above 0.5 => Error, needs [Tokenizer]
}

/// Options of the rule.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct UnknownTokens {
    /// Largest share of the row's tokens that may be unknown, 0 to 1.
    share: f64,
}

impl Default for UnknownTokens {
    fn default() -> Self {
        Self { share: 0.02 }
    }
}

impl Rule for UnknownTokens {
    const META: RuleMeta = META;
    type State = ();

    #[expect(clippy::cast_precision_loss, reason = "a share is a float")]
    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        let Some(facts) = &row.setup.tokenizer else { return };
        let id = |special: &Option<Special>| special.as_ref().and_then(|special| special.id);
        // Some tokenizers have one token for all of these, and it is not unknown to them.
        let Some(unk) =
            id(&facts.unk).filter(|unk| ![&facts.bos, &facts.eos, &facts.pad].map(id).contains(&Some(*unk)))
        else {
            return;
        };
        for encoded in row.encoded {
            let unknown = encoded.input_ids.iter().filter(|token| **token == unk).count();
            if unknown as f64 > self.share * encoded.len() as f64 {
                out.row(&row.place, || {
                    format!("{unknown} of {} tokens are unknown to the tokenizer", encoded.len())
                });
            }
        }
    }
}
