use serde::Deserialize;

use crate::finding::Findings;
use crate::model::encoded::Encoded;
use crate::model::example::{Example, Shape};
use crate::model::setup::TokenizerFacts;
use crate::model::stretch::is_trained;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};

use super::parts::stretches::{end, last_answer};

rule_meta! {
    /// ## What it finds
    /// Rows whose last answer is trained and the token that ends it is not, or there is none; texts and rows of tokens
    /// that end in a token which carries no loss while what it ends does.
    ///
    /// ## Why it matters
    /// The model never learns to stop: it answers, and goes on until the limit of the server. The usual causes
    /// are a padding token that is also the end token, a mask that ends before it, and a template or a set
    /// without one.
    ///
    /// ## Example
    /// ```jsonl --trainer trl@1.16.0 --set assistant_only_loss=true --chat-template fixtures/templates/end-outside.jinja
    /// {"messages": [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl --trainer trl@1.16.0 --set assistant_only_loss=true --chat-template fixtures/templates/marked.jinja
    /// {"messages": [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}]}
    /// ```
    ///
    /// ## Fix
    /// Where padding is the end token, give padding a token of its own; where the template leaves the end
    /// outside `{% generation %}`, take it in; where texts have none, append `tokenizer.eos_token`. In axolotl name the
    /// template's end in `eot_tokens` and train it (`train_on_eos: turn`); torchtune masks the last token of every row
    /// unless `tokenizer.max_seq_len` is left out; in TRL let `eos_token` be the template's end.
    "mask/end-untrained", Error, needs [Tokenizer, Trainer]
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct EndUntrained {}

impl Rule for EndUntrained {
    const META: RuleMeta = META;
    type State = ();

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        let (Some(example), Some(facts)) = (row.example, &row.setup.tokenizer) else {
            return;
        };
        for encoded in row.encoded {
            let Some((answer, end)) = last_answer(encoded, example) else {
                if let Some(message) = bare_end(encoded, example, facts) {
                    out.row(&row.place, || message);
                }
                continue;
            };
            let after = end
                .clone()
                .find_map(|token| Some((token, facts.special(encoded.input_ids[token])?)));
            let inside = end.start.saturating_sub(2)..end.start;
            let said = inside
                .filter(|token| is_trained(encoded, *token))
                .any(|token| facts.special(encoded.input_ids[token]).is_some());
            // Truncation says of itself that the end is gone.
            if said || (encoded.cut() > 0 && after.is_none()) {
                continue;
            }
            let message = match after {
                Some((token, _)) if is_trained(encoded, token) => continue,
                Some((token, text)) => {
                    let why = because(text, facts);
                    format!("`{text}` after the answer carries no loss{why}, at token {token}")
                }
                None => "no end token follows the answer".to_owned(),
            };
            out.field(&row.place, || answer.message_pointer(), || message);
        }
    }
}

fn because(end: &str, facts: &TokenizerFacts) -> &'static str {
    if facts.pad.as_ref().is_some_and(|pad| pad.text == end) {
        ", because it is the padding token too"
    } else {
        ""
    }
}

/// What is wrong with the end of a row without turns.
fn bare_end(encoded: &Encoded, example: &Example<'_>, facts: &TokenizerFacts) -> Option<String> {
    if encoded.cut() > 0 || !matches!(example.shape, Shape::Text | Shape::Tokenised) {
        return None;
    }
    let end = end(encoded, facts)?;
    let text = facts.special(encoded.input_ids[end])?;
    // Of several, as of an end and a line break, one that is learnt is enough.
    let before = (1..end)
        .rev()
        .find(|token| facts.special(encoded.input_ids[*token]) != Some(text))?;
    if is_trained(encoded, end) || !is_trained(encoded, before) {
        return None;
    }
    let why = because(text, facts);
    Some(format!("`{text}` at the end carries no loss{why}, at token {end}"))
}
