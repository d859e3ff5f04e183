use std::sync::OnceLock;

use serde::Deserialize;

use crate::finding::Findings;
use crate::model::example::{Role, Shape, Turn};
use crate::model::setup::TokenizerFacts;
use crate::model::value::Value;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};
use crate::search;

use super::markers;

rule_meta! {
    /// ## What it finds
    /// Messages that spell a special token of the tokenizer, or of a well-known other one, such as `<|im_end|>`
    /// or `</s>`. In prompts and completions that no template is applied to, only inside an answer: there the
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

/// Tokens by their text.
#[derive(Debug)]
struct Tokens {
    /// In order.
    texts: Vec<String>,
    /// By byte, whether it is the second of one: most brackets are no token's.
    seconds: [bool; 256],
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
        let tokens = self.tokens.get_or_init(|| Tokens::new(texts(facts)));
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
            if !templated && (turn.role != Role::Assistant || ends) {
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

/// The longest token looked for, in bytes.
const LONGEST: usize = 48;

impl Tokens {
    /// Of texts in order.
    fn new(texts: Vec<String>) -> Self {
        let mut seconds = [false; 256];
        for text in &texts {
            if let Some(second) = text.as_bytes().get(1) {
                seconds[usize::from(*second)] = true;
            }
        }
        Self { texts, seconds }
    }
}

fn texts(tokenizer: Option<&TokenizerFacts>) -> Vec<String> {
    let Some(facts) = tokenizer else {
        return markers::WELL_KNOWN.map(str::to_owned).to_vec();
    };
    // What a message may hold by right: thoughts and calls.
    const CONTENT: [&str; 4] = ["think", "tool_call", "tool_response", "mask"];
    let marks = |text: &&String| text.starts_with(['<', '[']) && text.ends_with(['>', ']']) && text.len() <= LONGEST;
    let content = |text: &str| CONTENT.iter().any(|word| text.to_ascii_lowercase().contains(word));
    let specials = facts.specials.iter().map(|(text, _)| text).filter(marks);
    let mut tokens: Vec<String> = specials.filter(|text| !content(text)).cloned().collect();
    // What others have is text to this one; square brackets stand for many things.
    let others = markers::WELL_KNOWN.iter().filter(|text| text.starts_with('<'));
    tokens.extend(others.map(|text| (*text).to_owned()));
    tokens.sort_unstable();
    tokens.dedup();
    tokens
}

/// Whether a token stands for a picture or a sound, which a row that brings one may hold.
fn is_media(token: &str) -> bool {
    ["image", "video", "audio", "vision"]
        .iter()
        .any(|word| token.to_ascii_lowercase().contains(word))
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

/// The first token spelt in a text; those of pictures only where the row has none.
fn find<'t>(text: &'t str, tokens: &Tokens, pictured: &dyn Fn() -> bool) -> Option<(usize, &'t str)> {
    let bytes = text.as_bytes();
    let mut strikes = false;
    let found = memchr::memchr2_iter(b'<', b'[', bytes).find_map(|at| {
        strikes |= bytes[at..].starts_with(b"<s>") || bytes[at..].starts_with(b"</s>");
        if !tokens.seconds[usize::from(*bytes.get(at + 1)?)] {
            return None;
        }
        let close = if bytes[at] == b'<' { b'>' } else { b']' };
        let end = memchr::memchr(close, &bytes[at..bytes.len().min(at + LONGEST)])?;
        let token = text.get(at..=at + end)?;
        let known = tokens.texts.binary_search_by(|known| known.as_str().cmp(token)).is_ok();
        (known && !(is_media(token) && pictured())).then_some((at, token))
    });
    found.or_else(|| if strikes { half_struck(text) } else { None })
}

/// `</s>` in a text without `<s>`, or the other way round: both together strike text out in HTML.
fn half_struck(text: &str) -> Option<(usize, &str)> {
    let find = |mark: &'static str| search::find(text, mark).map(|at| (at, mark));
    match (find("<s>"), find("</s>")) {
        (None, Some(close)) if search::find(text, "<s ").is_none() => Some(close),
        // `vec<s>` is a type.
        (Some((at, open)), None) if !text[..at].ends_with(char::is_alphanumeric) => Some((at, open)),
        _ => None,
    }
}
