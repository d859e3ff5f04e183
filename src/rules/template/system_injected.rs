use serde::Deserialize;

use crate::finding::Findings;
use crate::model::encoded::{Encoded, What};
use crate::model::example::Role;
use crate::model::setup::{Setup, TokenizerFacts};
use crate::rule::{Row, Rule, RuleMeta, clip, plural, rule_meta};
use crate::sketch::lowest::Lowest;

rule_meta! {
    /// ## What it finds
    /// Conversations without a system prompt to which the template gives one of its own.
    ///
    /// ## Why it matters
    /// The model is trained with words nobody wrote into the data: "You are Qwen, created by Alibaba Cloud", a date that
    /// is another one tomorrow. Served with another system prompt, or none, it was trained for something else.
    ///
    /// ## Example
    /// ```jsonl --chat-template fixtures/templates/default-system.jinja
    /// {"messages": [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl --chat-template fixtures/templates/default-system.jinja
    /// {"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}]}
    /// ```
    ///
    /// ## Fix
    /// Keep it where the model is served with the same template; else give rows a system message of their own, or train
    /// with a template that writes none.
    "template/system-injected", Note, needs [Tokenizer, Template]
}

/// `words`: fewer words before the first message than this are a header.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct SystemInjected {
    words: usize,
}

impl Default for SystemInjected {
    fn default() -> Self {
        Self { words: 4 }
    }
}

impl Rule for SystemInjected {
    const META: RuleMeta = META;
    /// Rows that are given one, and the first of them with what it is.
    type State = (u64, Lowest<String>);

    fn check(&self, row: &Row<'_>, (rows, first): &mut Self::State, _: &mut Findings) {
        let (Some(example), Some(facts)) = (row.example, &row.setup.tokenizer) else {
            return;
        };
        let has_system = example.turns.iter().any(|turn| turn.role == Role::System);
        if !example.conversational || has_system || example.tools.is_some() {
            return;
        }
        let Some(words) = row.encoded.first().and_then(|encoded| before_turns(encoded, facts)) else {
            return;
        };
        let said = words
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty());
        if said.count() >= self.words {
            *rows += 1;
            first.offer(&row.place, || words);
        }
    }

    fn finish(&self, (rows, first): Self::State, _: &Setup, out: &mut Findings) {
        if let Some((_, words)) = first.get() {
            let mut words: Vec<&str> = words.split_whitespace().collect();
            // The roles in the headers around it.
            if words.first().is_some_and(|word| Role::parse(word).is_some()) {
                words.remove(0);
            }
            if words.last().is_some_and(|word| Role::parse(word).is_some()) {
                words.pop();
            }
            let words = words.join(" ");
            out.set(format!(
                "{} without a system prompt, to which the template gives one: `{}`",
                plural(rows, "row"),
                clip(&words)
            ));
        }
    }
}

/// What stands before the first message, special tokens left out; `None` where that message was not found.
fn before_turns(encoded: &Encoded, facts: &TokenizerFacts) -> Option<String> {
    let first = encoded.parts.iter().position(|part| part.what != What::Template)?;
    if encoded.parts[first].what != What::Turn(0) {
        return None;
    }
    let end = first.checked_sub(1).map_or(0, |before| encoded.parts[before].end);
    let mut text = String::new();
    for (id, (from, to)) in encoded.input_ids.iter().zip(&encoded.offsets) {
        if *to > end {
            break;
        }
        match facts.special(*id) {
            Some(_) => text.push(' '),
            None => text.push_str(encoded.text.get(*from as usize..*to as usize).unwrap_or_default()),
        }
    }
    Some(text)
}
