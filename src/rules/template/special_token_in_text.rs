use std::sync::OnceLock;

use serde::Deserialize;

use crate::finding::Findings;
use crate::model::example::{Role, Shape, Turn};
use crate::model::value::Value;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};

use super::markers;
use super::spelt::{Tokens, find, is_spoken_of};

rule_meta! {
    /// ## What it finds
    /// Messages that spell a special token of the tokenizer, or of a well-known other one, such as `<|im_end|>`
    /// or `</s>`, or whatever is spelt `<|like_this|>`. In prompts and completions that no template is applied to, only inside an answer: there the
    /// rows may bring the tokens around it themselves.
    ///
    /// ## Why it matters
    /// The tokenizer takes the spelling for the token itself. An end-of-turn token inside an answer teaches
    /// the model to stop there, one inside a question to be stopped by its user. A token of another model is
    /// spelt out, letter by letter, and so will the trained model write it.
    ///
    /// ## Example
    /// ```jsonl
    /// {"messages": [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4<|im_end|>"}]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"messages": [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}]}
    /// ```
    ///
    /// ## Fix
    /// Remove the token. Where a text is about tokens, break the spelling, with a space for one.
    "template/special-token-in-text", Warning
}

/// Options of the rule.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct SpecialTokenInText {
    /// What is looked for, in order, made from the first row's setup.
    #[serde(skip)]
    tokens: OnceLock<Tokens>,
}

impl Rule for SpecialTokenInText {
    const META: RuleMeta = META;
    type State = ();

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        let marked = row.chars.angle() || row.chars.bracket();
        let Some(example) = row.example.filter(|example| marked && example.shape != Shape::Text) else {
            return;
        };
        let templated = example.conversational || example.shape == Shape::Alpaca;
        let facts = row.setup.tokenizer.as_ref();
        let tokens = self.tokens.get_or_init(|| Tokens::new(facts));
        let pictured = || has_media(row);
        // Prompts that no template is applied to bring their own tokens, and so do their answers then.
        let brings = |turn: &Turn<'_>| turn.role != Role::Assistant && find(&turn.text, tokens, &|| true).is_some();
        if !templated && example.turns.iter().any(brings) {
            return;
        }
        for turn in &example.turns {
            let Some((at, token)) = find(&turn.text, tokens, &pictured) else {
                continue;
            };
            let ends = at + token.len() >= turn.text.trim_end().len();
            if is_spoken_of(token, example) || !templated && (turn.role != Role::Assistant || ends) {
                continue;
            }
            // That rule says more.
            if turn.role != Role::Tool && markers::rendered(&turn.text).is_some() {
                continue;
            }
            out.field(
                &row.place,
                || turn.pointer(),
                || {
                    let as_what = match facts {
                        Some(facts) if facts.specials.iter().any(|(text, _)| text == token) => {
                            "is encoded as a special token"
                        }
                        Some(_) => "is a special token of other tokenizers, spelt out by this one",
                        None => "looks like a special token",
                    };
                    let place = if ends { ", at the end" } else { "" };
                    format!("`{token}` in the {} turn {as_what}{place}", turn.role.name())
                },
            );
        }
    }
}

/// Whether a row has a column of pictures or sounds, or a message has a part of them.
fn has_media(row: &Row<'_>) -> bool {
    let named = |key: &str| {
        ["image", "video", "audio", "media", "pixel"]
            .iter()
            .any(|word| key.contains(word))
    };
    let column = row.record().and_then(|record| record.value.as_object());
    column.is_some_and(|row| row.keys().any(named))
        || row.example.is_some_and(|example| {
            example.turns.iter().any(|turn| {
                turn.raw
                    .is_some_and(|raw| matches!(raw.get("content"), Some(Value::Array(_))))
            })
        })
}
