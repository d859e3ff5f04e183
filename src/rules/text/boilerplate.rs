use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use memchr::memmem;
use serde::Deserialize;

use crate::finding::Findings;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};
use crate::rules::turns;

rule_meta! {
    /// ## What it finds
    /// Answers in which the assistant speaks of itself as of the model that wrote the data: "as an AI language
    /// model", "trained by OpenAI"; and what was copied with it from the page: `Copy code`, marks of citations.
    ///
    /// ## Why it matters
    /// The trained model takes over the name, the maker and the refusals of the one that wrote its data.
    ///
    /// ## Example
    /// ```jsonl
    /// {"messages": [{"role": "user", "content": "Which is the best tea?"}, {"role": "assistant", "content": "As an AI language model, I have no preferences."}]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"messages": [{"role": "user", "content": "Which is the best tea?"}, {"role": "assistant", "content": "Many say it is Darjeeling."}]}
    /// ```
    ///
    /// ## Fix
    /// Remove or rewrite the rows, or leave a few in on purpose.
    "text/boilerplate", Note
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Boilerplate {}

/// Words of the phrases that answers seldom have, looked for in one pass.
static WORDS: LazyLock<AhoCorasick> = LazyLock::new(|| {
    AhoCorasick::new([
        "language model",
        "by OpenAI",
        "oaicite",
        "†source】",
        "Copy code",
        "Regenerate response",
        "utm_source=chatgpt",
        "turn0search",
        "人工智能语言模型",
        "modèle de langage",
        "modelo de lenguaje",
        "KI-Sprachmodell",
    ])
    .expect("a dozen words make an automaton")
});

/// Phrases by which it gives itself away, as they are written in most cases.
const PHRASES: [&str; 16] = [
    "\nCopy code\n",
    "Regenerate response",
    "utm_source=chatgpt.com",
    "turn0search",
    "作为一个人工智能语言模型",
    "作为一名人工智能语言模型",
    "n tant que modèle de langage",
    "omo modelo de lenguaje",
    "ls KI-Sprachmodell",
    "in KI-Sprachmodell",
    "an AI language model",
    "a large language model",
    "trained by OpenAI",
    "developed by OpenAI",
    "[oaicite:",
    "†source】",
];

impl Rule for Boilerplate {
    const META: RuleMeta = META;
    type State = ();
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        let Some(example) = row.example else { return };
        for turn in turns::taught(example) {
            let bytes = turn.text.as_bytes();
            // Every phrase has one of a few words that answers seldom have.
            if !WORDS.is_match(bytes) {
                continue;
            }
            if let Some(phrase) = PHRASES
                .iter()
                .find(|phrase| memmem::find(bytes, phrase.as_bytes()).is_some())
            {
                out.field(
                    &row.place,
                    || turn.pointer(),
                    || format!("the answer says `{}`", phrase.trim()),
                );
            }
        }
    }
}
