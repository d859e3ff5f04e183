use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

use crate::finding::Findings;
use crate::model::example::{Role, Shape, Turn};
use crate::model::setup::Setup;
use crate::model::value::Value;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};
use crate::rules::parts::{markers, outliers, turns};
use crate::sketch::Merge;
use crate::sketch::few::Few;

use super::parts::marks;
use super::parts::spelt::{self, Tokens, find, is_spoken_of};

rule_meta! {
    /// ## What it finds
    /// Messages that spell a special token of the tokenizer, or of a well-known other one, such as `<|im_end|>`
    /// or `</s>`, or whatever is spelt `<|like_this|>`. In texts, prompts and completions that no template is applied to
    /// the rows may bring the tokens themselves: there only those inside an answer are, and those of rows that bring
    /// them, or the marks of a chat, where nearly all others do not. `[SEP]`, `<unk>` and their
    /// like of other tokenizers are left alone in quotation marks, and where many rows have them.
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

/// Rows that no template is applied to.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Plain {
    rows: u64,
    /// Those that bring tokens or marks of their own: where, and what is said of it.
    bringing: Few<(String, String)>,
    /// How many of these bring a token that this tokenizer spells out.
    spelt: u64,
    all: u64,
    separated: Few<(String, String)>,
}

impl Merge for Plain {
    fn merge(&mut self, other: Self) {
        self.rows += other.rows;
        self.bringing.merge(other.bringing);
        self.spelt += other.spelt;
        self.all += other.all;
        self.separated.merge(other.separated);
    }
}

/// Tokens of other tokenizers that a set may well have as its own signs, in all of its rows.
const SEPARATORS: [&str; 8] = ["[SEP]", "[CLS]", "[MASK]", "[PAD]", "[UNK]", "<unk>", "<pad>", "<mask>"];

/// One row in so many, at most, is unlike the others.
const USUAL: u64 = 10;

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct SpecialTokenInText {
    /// What is looked for, in order, made from the first row's setup.
    #[serde(skip)]
    tokens: OnceLock<Tokens>,
}

impl Rule for SpecialTokenInText {
    const META: RuleMeta = META;
    type State = Plain;

    fn check(&self, row: &Row<'_>, plain: &mut Plain, out: &mut Findings) {
        let Some(example) = row.example else { return };
        let templated = example.conversational || example.shape == Shape::Alpaca;
        plain.rows += u64::from(!templated);
        plain.all += 1;
        for turn in turns::written(example) {
            if let Some(name) = spelt::named(&turn.text) {
                let message = || format!("the {} turn ends with `{name}`, the name of a token", turn.role.name());
                out.field(&row.place, || turn.pointer(), message);
            }
        }
        let marked = row.chars.angle() || row.chars.bracket();
        if templated && !marked {
            return;
        }
        let facts = row.setup.tokenizer.as_ref();
        let tokens = self.tokens.get_or_init(|| Tokens::new(facts));
        let pictured = || has_media(row);
        let is_own = |token: &str| facts.is_none_or(|facts| facts.specials.iter().any(|(text, _)| text == token));
        // Where all rows bring such a mark, that is `template/foreign-marks`.
        let is_foreign = |token: &str| facts.is_some_and(|facts| marks::is_foreign(token, facts));
        let said = |token: &str, turn: &Turn<'_>, ends: bool| {
            let as_what = match facts {
                Some(_) if is_own(token) => "is encoded as a special token",
                Some(_) => "is a special token of other tokenizers, spelt out by this one",
                None => "looks like a special token",
            };
            let place = if ends { ", at the end" } else { "" };
            format!("`{token}` in the {} turn {as_what}{place}", turn.role.name())
        };
        let (mut brought, mut spelt, mut separated) = (None, false, false);
        for turn in &example.turns {
            let token = marked.then(|| find(&turn.text, tokens, &pictured)).flatten();
            let token = token.filter(|(_, token)| !is_spoken_of(token, example));
            if let Some((at, token)) = token.filter(|(_, token)| SEPARATORS.contains(token) && !is_own(token)) {
                // In quotation marks it is a string of code.
                if !is_quoted(&turn.text, at, token) && !separated {
                    separated = true;
                    plain
                        .separated
                        .offer(&row.place, || (turn.pointer(), said(token, turn, false)));
                }
                continue;
            }
            if templated && token.is_none() {
                continue;
            }
            let ends = token.is_some_and(|(at, token)| at + token.len() >= turn.text.trim_end().len());
            // An answer that runs on into headings is that rule's, and a tool may print anything.
            let is_mark = |mark: &&str| match turn.role {
                Role::Tool => false,
                Role::Assistant if !templated => !mark.starts_with('#') && !turn.text.trim_end().ends_with(*mark),
                _ => true,
            };
            let mark = markers::rendered(&turn.text).filter(is_mark);
            // Prompts that no template is applied to bring their own tokens, and so do their answers then.
            if !templated && (ends || turn.role != Role::Assistant || mark.is_some() || brought.is_some()) {
                let say = || match token {
                    Some((_, token)) => Some(said(token, turn, ends)),
                    None => mark.map(|mark| format!("`{mark}` in the {} turn is the mark of a chat", turn.role.name())),
                };
                brought = brought.or_else(|| Some((turn, say()?)));
                spelt |= token.is_some_and(|(_, token)| !is_own(token) && !is_foreign(token));
            } else if let Some((_, token)) = token.filter(|_| mark.is_none()) {
                out.field(&row.place, || turn.pointer(), || said(token, turn, ends));
            }
        }
        if let Some((turn, message)) = brought {
            plain.bringing.offer(&row.place, || (turn.pointer(), message));
            plain.spelt += u64::from(spelt);
        }
    }

    fn finish(&self, plain: Plain, _: &Setup, out: &mut Findings) {
        if plain.separated.count() == 1 || plain.separated.count() * USUAL <= plain.all {
            outliers::report(&plain.separated, out, Clone::clone);
        }
        let (rows, bringing) = (plain.rows, plain.bringing.count());
        if bringing * USUAL > rows {
            // Rows written for one tokenizer and read by another.
            if plain.spelt * 2 > rows {
                outliers::report(&plain.bringing, out, Clone::clone);
            }
            return;
        }
        let others = rows - bringing;
        outliers::report(&plain.bringing, out, |(pointer, message)| {
            let message = format!("{message}, and {others} of {rows} rows bring none");
            (pointer.clone(), message)
        });
    }
}

fn is_quoted(text: &str, at: usize, token: &str) -> bool {
    let quotes = |c: char| matches!(c, '\'' | '"' | '`');
    text[..at].ends_with(quotes) && text[at + token.len()..].starts_with(quotes)
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
