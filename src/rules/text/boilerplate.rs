use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};
use serde::Deserialize;

use super::parts::introduced;
use super::parts::left_marks;
use super::parts::self_spoken::{self, AT_START};
use crate::finding::Findings;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};
use crate::rules::parts::turns;

rule_meta! {
    /// ## What it finds
    /// Answers in which the assistant speaks of itself as of the model that wrote the data: "as an AI language
    /// model" in eighteen languages, "trained by OpenAI", "I'm Claude, an AI assistant made by Anthropic",
    /// 我是通义千问; what was copied with it from the page: `Copy code`, marks of citations (`[cite: 12]`,
    /// `citeturn0search3`), `sandbox:/mnt/data/`, the head of a message; and what was said of the answer: points,
    /// notes to a reviewer. A name that the system prompt gives, a mark that the prompt has, and points that were
    /// asked for are left alone.
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
static ANYWHERE: LazyLock<(AhoCorasick, Vec<&[&str]>)> = LazyLock::new(|| {
    let words: [(&str, &[&str]); 8] = [
        ("language model", &["an AI language model", "a large language model"]),
        ("by OpenAI", &["trained by OpenAI", "developed by OpenAI"]),
        ("nowledge cutoff", &["My knowledge cutoff", "my knowledge cutoff"]),
        (
            "my last ",
            &[
                "my last knowledge update",
                "as of my last update,",
                "As of my last update,",
            ],
        ),
        ("oaicite", &["[oaicite:"]),
        ("†source】", &["†source】"]),
        ("\nCopy code", &["\nCopy code\n"]),
        ("utm_source=chatgpt", &["utm_source=chatgpt.com"]),
    ];
    let all = || words.iter().chain(&self_spoken::ANYWHERE);
    let finder = AhoCorasick::builder()
        .match_kind(MatchKind::LeftmostFirst)
        .build(all().map(|(word, _)| word));
    let finder = finder.expect("a few short words are within the limits");
    (finder, all().map(|(_, phrases)| *phrases).collect())
});
/// What stands below an answer on the page.
const AT_END: [&str; 3] = ["Regenerate response", "\nCopy code", "\nChatGPT said:"];

/// The first phrase in an answer.
fn phrase(text: &str) -> Option<&'static str> {
    let (finder, phrases) = &*ANYWHERE;
    let found = finder.find_iter(text).find_map(|word| {
        let mut phrases = phrases[word.pattern().as_usize()].iter();
        phrases.find(|phrase| text.contains(**phrase))
    });
    let at_start = || AT_START.iter().find(|phrase| text.starts_with(**phrase));
    let at_end = || AT_END.iter().find(|phrase| text.ends_with(**phrase));
    found.or_else(at_start).or_else(at_end).copied()
}

impl Rule for Boilerplate {
    const META: RuleMeta = META;
    type State = ();
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        let Some(example) = row.example else { return };
        for turn in turns::taught(example) {
            let text = turn.trimmed();
            let said = phrase(text).or_else(|| introduced::as_another(example, text));
            let found = said.map(|phrase| ("says", phrase)).or_else(|| {
                let mark = left_marks::find(example, text, row.chars).or_else(|| left_marks::remark(example, text));
                mark.map(|mark| ("holds", mark))
            });
            if let Some((how, what)) = found {
                let message = || format!("the answer {how} `{}`", what.trim());
                out.field(&row.place, || turn.pointer(), message);
            }
        }
    }
}
