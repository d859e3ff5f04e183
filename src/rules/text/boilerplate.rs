use std::sync::LazyLock;

use memchr::memmem::{self, Finder};
use serde::Deserialize;

use crate::finding::Findings;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};
use crate::rules::parts::turns;

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

/// Phrases by which it gives itself away, wherever they stand, as they are written in most cases: a word of each that
/// answers seldom have, and the phrases with it.
static ANYWHERE: LazyLock<[(Finder<'static>, &[&str]); 7]> = LazyLock::new(|| {
    let words: [(&str, &[&str]); 7] = [
        ("language model", &["an AI language model", "a large language model"]),
        ("by OpenAI", &["trained by OpenAI", "developed by OpenAI"]),
        ("nowledge cutoff", &["My knowledge cutoff", "my knowledge cutoff"]),
        ("oaicite", &["[oaicite:"]),
        ("†source】", &["†source】"]),
        ("\nCopy code", &["\nCopy code\n"]),
        ("utm_source=chatgpt", &["utm_source=chatgpt.com"]),
    ];
    words.map(|(word, phrases)| (Finder::new(word), phrases))
});
/// Those with which an answer begins.
const AT_START: [&str; 15] = [
    "作为一个AI语言模型",
    "作为AI语言模型",
    "作为一个AI助手",
    "作为人工智能助手",
    "作为人工智能语言模型",
    "我是由OpenAI",
    "I am ChatGPT",
    "I'm ChatGPT",
    "I am Claude, ",
    "作为一个人工智能语言模型",
    "作为一名人工智能语言模型",
    "En tant que modèle de langage",
    "Como modelo de lenguaje",
    "Als KI-Sprachmodell",
    "Als ein KI-Sprachmodell",
];
/// What stands below an answer on the page.
const AT_END: &str = "Regenerate response";

/// The first phrase in an answer.
fn phrase(text: &str, beyond_ascii: bool) -> Option<&'static str> {
    let bytes = text.as_bytes();
    let mut anywhere = ANYWHERE
        .iter()
        .filter(|(word, _)| beyond_ascii || word.needle().is_ascii());
    let found = anywhere.find_map(|(word, phrases)| {
        word.find(bytes)?;
        phrases
            .iter()
            .find(|phrase| memmem::find(bytes, phrase.as_bytes()).is_some())
    });
    found
        .copied()
        .or_else(|| AT_START.into_iter().find(|phrase| text.starts_with(phrase)))
        .or_else(|| text.ends_with(AT_END).then_some(AT_END))
}

impl Rule for Boilerplate {
    const META: RuleMeta = META;
    type State = ();
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        let Some(example) = row.example else { return };
        for turn in turns::taught(example) {
            if let Some(phrase) = phrase(turn.trimmed(), row.chars.beyond_ascii()) {
                let message = || format!("the answer says `{}`", phrase.trim());
                out.field(&row.place, || turn.pointer(), message);
            }
        }
    }
}
