use std::sync::OnceLock;

use serde::Deserialize;

use crate::finding::Findings;
use crate::model::example::{Example, Role, Shape};
use crate::model::setup::TokenizerFacts;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};

use super::markers;

rule_meta! {
    /// ## What it finds
    /// Messages that spell a special token of the tokenizer, such as `<|im_end|>` or `</s>`; without a
    /// tokenizer, the well-known ones.
    ///
    /// ## Why it matters
    /// The tokenizer takes the spelling for the token itself. An end-of-turn token inside an answer teaches
    /// the model to stop there, one inside a question to be stopped by its user.
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
    tokens: OnceLock<Vec<String>>,
}

impl Rule for SpecialTokenInText {
    const META: RuleMeta = META;
    type State = ();

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        // Texts and prompts that no template is applied to bring their own tokens.
        let templated = |example: &&Example<'_>| example.conversational || example.shape == Shape::Alpaca;
        let marked = row.chars.angle() || row.chars.bracket();
        let Some(example) = row.example.filter(|_| marked).filter(templated) else {
            return;
        };
        let tokens = self.tokens.get_or_init(|| tokens(row.setup.tokenizer.as_ref()));
        let known = row.setup.tokenizer.is_some();
        for turn in &example.turns {
            let Some((at, token)) = find(&turn.text, tokens, known) else {
                continue;
            };
            // That rule says more.
            if turn.role != Role::Tool && markers::rendered(&turn.text).is_some() {
                continue;
            }
            out.field(
                &row.place,
                || turn.pointer(),
                || {
                    let as_what = if known { "is encoded as" } else { "looks like" };
                    let place = if at + token.len() >= turn.text.trim_end().len() {
                        ", at the end"
                    } else {
                        ""
                    };
                    format!(
                        "`{token}` in the {} turn {as_what} a special token{place}",
                        turn.role.name()
                    )
                },
            );
        }
    }
}

/// The longest token looked for, in bytes.
const LONGEST: usize = 48;

fn tokens(tokenizer: Option<&TokenizerFacts>) -> Vec<String> {
    let Some(facts) = tokenizer else {
        return markers::WELL_KNOWN.map(str::to_owned).to_vec();
    };
    // What a message may hold by right: thoughts, calls, and where its pictures go.
    const CONTENT: [&str; 8] = [
        "think",
        "tool_call",
        "tool_response",
        "image",
        "video",
        "audio",
        "vision",
        "mask",
    ];
    let marks = |text: &&String| text.starts_with(['<', '[']) && text.ends_with(['>', ']']) && text.len() <= LONGEST;
    let content = |text: &str| CONTENT.iter().any(|word| text.to_ascii_lowercase().contains(word));
    let specials = facts.specials.iter().map(|(text, _)| text).filter(marks);
    let mut tokens: Vec<String> = specials.filter(|text| !content(text)).cloned().collect();
    tokens.sort_unstable();
    tokens
}

/// The first token spelt in a text.
fn find<'t>(text: &'t str, tokens: &[String], known: bool) -> Option<(usize, &'t str)> {
    let bytes = text.as_bytes();
    let found = memchr::memchr2_iter(b'<', b'[', bytes).find_map(|at| {
        let close = if bytes[at] == b'<' { b'>' } else { b']' };
        let end = memchr::memchr(close, &bytes[at..bytes.len().min(at + LONGEST)])?;
        let token = text.get(at..=at + end)?;
        tokens
            .binary_search_by(|known| known.as_str().cmp(token))
            .is_ok()
            .then_some((at, token))
    });
    // `</s>` strikes text out in HTML; alone at the end of a text it is the token.
    let ends = || {
        let text = text.trim_end();
        let at = text.strip_suffix("</s>")?.len();
        (!known && !text.contains("<s>")).then_some((at, "</s>"))
    };
    found.or_else(ends)
}
