use serde::Deserialize;

use super::parts::error_words::{FAULTS, STARTS};
use crate::finding::Findings;
use crate::model::example::{Example, Role, Turn};
use crate::rule::{Row, Rule, RuleMeta, clip, rule_meta};

rule_meta! {
    /// ## What it finds
    /// Answers, and texts, that are the error message of the service that was to write them: `Error: rate limit exceeded
    /// (429)`, `502 Bad Gateway`.
    ///
    /// ## Why it matters
    /// The script that collected the answers took the message for one. The model learns to fail.
    ///
    /// ## Example
    /// ```jsonl
    /// {"messages": [{"role": "user", "content": "Name a prime."}, {"role": "assistant", "content": "Error: rate limit exceeded (429), please retry after 20s"}]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"messages": [{"role": "user", "content": "What does the status 429 say?"}, {"role": "assistant", "content": "Error 429: too many requests."}]}
    /// ```
    ///
    /// ## Fix
    /// Ask for the answer again, or remove the row.
    "text/error-answer", Warning
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ErrorAnswer {}

/// The longest message, in bytes.
const LONGEST: usize = 600;

/// Words of rows that speak of such messages, one or several.
const SPOKEN_OF: [&str; 16] = [
    "traceback",
    "python",
    "cookie",
    "javascript",
    "bug",
    "debug",
    "error",
    "http",
    "html",
    "status",
    "api",
    "429",
    "server",
    "exception",
    "timeout",
    "code",
];

impl Rule for ErrorAnswer {
    const META: RuleMeta = META;
    type State = ();
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        let Some(example) = row.example else { return };
        let mut asked_for = None;
        let texts = example.turns.iter().filter(|turn| turn.role == Role::Text);
        let answers = example.turns.iter().filter(|turn| turn.role == Role::Assistant);
        for turn in answers.chain(texts) {
            let text = turn.trimmed();
            if is_error(text) && !*asked_for.get_or_insert_with(|| is_asked_for(example)) {
                let said = || format!("the {} is an error message, `{}`", said_by(turn), clip(text));
                out.field(&row.place, || turn.pointer(), said);
            }
        }
    }
}

fn said_by(turn: &Turn<'_>) -> &'static str {
    if turn.role == Role::Text { "text" } else { "answer" }
}

fn is_error(text: &str) -> bool {
    let bytes = text.as_bytes();
    let first = bytes.first().map(u8::to_ascii_lowercase);
    let starts = |start: &&str| {
        let own = || bytes.get(..start.len());
        start.as_bytes().first().copied() == first
            && own().is_some_and(|own| own.eq_ignore_ascii_case(start.as_bytes()))
    };
    if bytes.len() > LONGEST || !STARTS.iter().any(starts) {
        return false;
    }
    let text = text.to_ascii_lowercase();
    FAULTS.iter().any(|fault| text.contains(fault))
}

fn is_asked_for(example: &Example<'_>) -> bool {
    // What tools print has those words as names; that one of them failed is another matter.
    let failed = |turn: &Turn<'_>| {
        turn.role == Role::Tool
            && ["rror", "fail", "xception", "imeout", "429", "50"]
                .iter()
                .any(|word| turn.text.contains(word))
    };
    if example.turns.iter().any(failed) {
        return true;
    }
    let asked = example
        .turns
        .iter()
        .filter(|turn| !matches!(turn.role, Role::Assistant | Role::Tool));
    let spoken_of = |word: &str| {
        let one = |spoken: &&str| word.strip_prefix(*spoken).is_some_and(|rest| matches!(rest, "" | "s"));
        // `KeyError` is one as well.
        SPOKEN_OF.iter().any(one) || word.ends_with("error") || word.ends_with("exception")
    };
    let mut asked = asked.map(|turn| turn.text.to_ascii_lowercase());
    asked.any(|text| text.split(|c: char| !c.is_alphanumeric()).any(spoken_of))
}
