use serde::Deserialize;

use super::parts::error_words::{FAULTS, STARTS};
use super::parts::excused::{Excuse, Excused};
use crate::finding::Findings;
use crate::model::example::{Example, Role, Turn};
use crate::model::setup::Setup;
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

/// Those that the system prompt of any set may have: "point out the errors".
const INNOCENT: [&str; 5] = ["error", "code", "status", "bug", "cookie"];
/// Bytes of a message that a prompt which asks for it names.
const START: usize = 12;

impl Rule for ErrorAnswer {
    const META: RuleMeta = META;
    type State = Excused;
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, excused: &mut Excused, out: &mut Findings) {
        let Some(example) = row.example else { return };
        excused.see(row);
        let texts = example.turns.iter().filter(|turn| turn.role == Role::Text);
        let answers = example.turns.iter().filter(|turn| turn.role == Role::Assistant);
        for turn in answers.chain(texts) {
            let text = turn.trimmed();
            if is_error(text) {
                let said = || format!("the {} is an error message, `{}`", said_by(turn), clip(text));
                excused.judge(row, excuse(example, text), out, || turn.pointer(), said);
            }
        }
    }

    fn finish(&self, excused: Excused, _: &Setup, out: &mut Findings) {
        excused.report(out);
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

/// Whether the row speaks of errors or of code, or its system prompt alone.
fn excuse(example: &Example<'_>, error: &str) -> Excuse {
    // What tools print has those words as names; that one of them failed is another matter.
    let failed = |turn: &Turn<'_>| {
        turn.role == Role::Tool
            && ["rror", "fail", "xception", "imeout", "429", "50"]
                .iter()
                .any(|word| turn.text.contains(word))
    };
    if example.turns.iter().any(failed) {
        return Excuse::Asked;
    }
    let is = |word: &str, spoken: &str| word.strip_prefix(spoken).is_some_and(|rest| matches!(rest, "" | "s"));
    let spoken_of = |word: &str| {
        // `KeyError` is one as well.
        SPOKEN_OF.iter().any(|spoken| is(word, spoken)) || word.ends_with("error") || word.ends_with("exception")
    };
    let any = |text: &str, wanted: &dyn Fn(&str) -> bool| text.split(|c: char| !c.is_alphanumeric()).any(wanted);
    let lower = |of: fn(Role) -> bool| {
        let turns = example.turns.iter().filter(move |turn| of(turn.role));
        turns.map(|turn| turn.text.to_ascii_lowercase())
    };
    let mut others = lower(|role| !matches!(role, Role::Assistant | Role::Tool | Role::System));
    let prompts: Vec<String> = lower(|role| role == Role::System).collect();
    // A prompt that names the words of the message may ask for it.
    let start = error[..error.floor_char_boundary(START)].to_ascii_lowercase();
    let by_technique = |word: &str| spoken_of(word) && !INNOCENT.iter().any(|innocent| is(word, innocent));
    let asks = |text: &String| text.contains(&start) || any(text, &by_technique);
    Excuse::of(
        others.any(|text| any(&text, &spoken_of)) || prompts.iter().any(asks),
        || prompts.iter().any(|text| any(text, &spoken_of)),
    )
}
