use std::sync::LazyLock;

use memchr::memmem::Finder;
use serde::Deserialize;

use crate::finding::Findings;
use crate::model::example::{Example, Role, Shape};
use crate::rule::{Row, Rule, RuleMeta, clip, rule_meta};

use super::parts::null_parts;

rule_meta! {
    /// ## What it finds
    /// Turns that are nothing but the word a program writes for a missing value: `nan`, `None`, `undefined`,
    /// `[object Object]`, `<noinput>`, `[deleted]`, `#REF!`; answers that hold `[object Object]`, `nan%`, `NaT` or
    /// `Dear None,`; instructions whose input is such a word, and prompts with a line like `Context: nan` or that end in one.
    ///
    /// ## Why it matters
    /// A value was missing when the row was made, and its printed form took the place of the text. The model
    /// is asked `nan`, or learns to answer it.
    ///
    /// ## Example
    /// ```jsonl
    /// {"messages": [{"role": "user", "content": "nan"}, {"role": "assistant", "content": "I do not understand."}]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"messages": [{"role": "user", "content": "What is a NaN?"}, {"role": "assistant", "content": "A number that is none."}]}
    /// ```
    ///
    /// ## Fix
    /// Fill the value in, or leave the row out. `None`, `null` and their like as answers are `text/non-answer`'s,
    /// and objects as Python prints them `text/printed-object`'s.
    "text/null-word", Warning
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct NullWord {}

/// Printed forms of nothing that are never an answer either.
const ALWAYS: [&str; 15] = [
    "nan",
    "NaT",
    "[object Object]",
    "<noinput>",
    "<no response>",
    "<no answer>",
    "[deleted]",
    "[removed]",
    "(empty)",
    "\\N",
    "#REF!",
    "#NAME?",
    "#VALUE!",
    "#DIV/0!",
    "#N/A",
];
/// Those that stand for no input of an instruction; the first wherever it stands.
const INPUT: [&str; 14] = [
    "<noinput>",
    "nan",
    "NaN",
    "None",
    "null",
    "NULL",
    "<no input>",
    "noinput",
    "Noinput",
    "no input",
    "No input",
    "N/A",
    "n/a",
    "Not applicable",
];
/// What prompts are filled with, as it stands before a colon, in lower case.
const FILLED: [&str; 11] = [
    "context", "input", "text", "article", "document", "passage", "question", "history", "name", "topic", "answer",
];
/// Those that are a question never, an answer now and then.
const ASKED: [&str; 7] = ["None", "null", "NULL", "NaN", "undefined", "<NA>", "NoneType"];

impl Rule for NullWord {
    const META: RuleMeta = META;
    type State = ();
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        let Some(example) = row.example else { return };
        for turn in &example.turns {
            let said = turn.trimmed();
            let missing = match turn.role {
                Role::User | Role::System => ALWAYS.contains(&said) || ASKED.contains(&said),
                // Beside a call nothing need be said.
                Role::Assistant if turn.has_tool_calls() => ALWAYS.contains(&said) || ASKED.contains(&said),
                Role::Text | Role::Assistant => ALWAYS.contains(&said),
                _ => false,
            };
            // Alpaca's input follows the instruction on a line of its own.
            let last = || said.rsplit_once('\n').map_or("", |(_, last)| last.trim());
            let words = if example.shape == Shape::Alpaca {
                &INPUT[..]
            } else {
                &INPUT[..1]
            };
            let asks = matches!(turn.role, Role::User | Role::System);
            let found = if missing {
                Some(("is", said.lines().next().unwrap_or_default()))
            } else if turn.role == Role::User && (words.contains(&last()) || ends_in_one(said)) {
                Some(("ends in", said.lines().last().unwrap_or_default()))
            } else if asks {
                filled_in(said, row.chars.bracket()).map(|line| ("has the line", line))
            } else if turn.role == Role::Assistant {
                // Who asks of JavaScript is told of it, and who asks of such a value.
                let code = || example.turns.iter().any(|turn| is_of_code(&turn.text));
                let object = row.chars.bracket().then(|| object(said)).flatten();
                let part = || {
                    Some((
                        "holds",
                        null_parts::find(said).filter(|part| !is_spoken_of(example, part))?,
                    ))
                };
                let found = object.map(|line| ("has the line", line)).or_else(part);
                found.filter(|_| !code())
            } else {
                None
            };
            if let Some((how, what)) = found {
                let message = || format!("the {} turn {how} `{}`", turn.role.name(), clip(what));
                out.field(&row.place, || turn.pointer(), message);
            }
        }
    }
}

/// Whether a column that was missing stands below a question, on a line of its own.
fn ends_in_one(said: &str) -> bool {
    let Some((before, last)) = said.rsplit_once('\n') else {
        return false;
    };
    let words = ["nan", "NaN", "None", "null", "NULL", "<NA>"];
    let stopped = before.trim_end().ends_with(['.', '?', '!', '。', '？', '！']);
    words.contains(&last.trim()) && stopped && !is_of_code(said)
}

/// Whether somebody who does not answer says it too, or speaks of dates as tables have them.
fn is_spoken_of(example: &Example<'_>, part: &str) -> bool {
    let name = part.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    let mut asked = example.turns.iter().filter(|turn| turn.role != Role::Assistant);
    asked.any(|turn| turn.text.contains(name) || turn.text.contains("pandas") || turn.text.contains("SQL"))
}

/// How such a line ends. The first two begin alike, and are looked for at once.
static FILLINGS: LazyLock<[Finder<'static>; 3]> = LazyLock::new(|| [": n", ": None", ": undefined"].map(Finder::new));
static BRACKETS: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(": []"));
const FILLED_WITH: [&str; 5] = ["nan", "None", "null", "undefined", "[]"];
static OBJECT: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("[object Object]"));

/// A line in which a missing value took the place of what the prompt speaks of: `Context: nan`.
fn filled_in(text: &str, brackets: bool) -> Option<&str> {
    let bytes = text.as_bytes();
    let empty = brackets.then(|| BRACKETS.find_iter(bytes)).into_iter().flatten();
    let filled = FILLINGS
        .iter()
        .flat_map(|filling| filling.find_iter(bytes))
        .chain(empty);
    let found = { filled }.find_map(|at| {
        let value = FILLED_WITH.iter().find(|value| text[at + 2..].starts_with(**value))?;
        let end = at + 2 + value.len();
        let from = text.floor_char_boundary(at.saturating_sub(LONGEST));
        let label = &text[text[from..at].rfind('\n').map_or(from, |line| from + line + 1)..at];
        // Labels of prompts are capitals; keys of YAML are not, and stand among others.
        let rest = text[end..].trim_start_matches(' ');
        let whole = label.starts_with(char::is_uppercase) && (rest.is_empty() || rest.starts_with(['\n', '\r']));
        let named = label.rsplit(' ').next().unwrap_or_default().to_ascii_lowercase();
        (whole && FILLED.contains(&named.as_str())).then(|| &text[at - label.len()..end])
    });
    // Who writes of JavaScript asks what it means.
    found.or_else(|| object(text).filter(|_| brackets && !is_of_code(text)))
}

/// The line with what JavaScript makes of an object.
fn object(text: &str) -> Option<&str> {
    let at = OBJECT.find(text.as_bytes())?;
    let start = text[..at].rfind('\n').map_or(0, |line| line + 1);
    text[start..].lines().next()
}

fn is_of_code(text: &str) -> bool {
    ["`", "JS", "avascript", "avaScript", "();", "console", "print"]
        .iter()
        .any(|sign| text.contains(sign))
}

/// Bytes of the longest label.
const LONGEST: usize = 48;
