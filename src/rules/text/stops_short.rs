use serde::Deserialize;

use crate::finding::Findings;
use crate::model::example::{Example, Role};
use crate::model::setup::Setup;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};
use crate::rules::{outliers, turns};
use crate::sketch::few::Few;

rule_meta! {
    /// ## What it finds
    /// A few answers that end with a bare word, in the middle of a word or of a quotation most often, in a set whose
    /// answers in sentences end with a full stop or its like.
    ///
    /// ## Why it matters
    /// The answer was cut when it was made, by a limit of tokens most often. The model learns to stop in the middle of
    /// a sentence, and the end token is trained where there is no end.
    ///
    /// ## Example
    /// ```text
    /// 99 answers that end with a full stop, and this one:
    /// {"prompt": "Why is the sky blue?", "completion": "The air scatters blue light far more than red light, so that from all sides of the sky we see blu"}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"prompt": "Why is the sky blue?", "completion": "The air scatters blue light far more than red light, so that from all sides of the sky we see blue."}
    /// ```
    ///
    /// ## Fix
    /// Make the answer again with room to finish, or remove the row.
    "text/stops-short", Warning
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct StopsShort {}

/// Words of the last line from which on it is a sentence, and no title or greeting.
const WORDS: usize = 12;
/// Answers in sentences below which nothing is said of a set.
const LEAST: u64 = 50;
/// Of so many of them one may stop short; where more do, they are written so.
const PER: u64 = 50;

impl Rule for StopsShort {
    const META: RuleMeta = META;
    /// Answers in sentences, and rows with one that stops short: where it stands, and how it ends.
    type State = (u64, Few<(String, String)>);
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, (sentences, short): &mut Self::State, _: &mut Findings) {
        let Some(example) = row.example else { return };
        let mut told = false;
        for turn in turns::taught(example).filter(|turn| turn.is_answer() && !turn.has_tool_calls()) {
            let said = turn.trimmed();
            let line = &said[said.rfind('\n').map_or(0, |at| at + 1)..];
            if !is_sentence(line) {
                continue;
            }
            *sentences += 1;
            if !told && ends_with_a_bare_word(line) && !is_meant(example) {
                told = true;
                short.offer(&row.place, || (turn.pointer(), super::around(said, said.len())));
            }
        }
    }

    fn finish(&self, (sentences, short): Self::State, _: &Setup, out: &mut Findings) {
        if sentences < LEAST || short.count() * PER > sentences {
            return;
        }
        outliers::report(&short, out, |(pointer, end)| {
            let message = format!("the answer stops at `{end}`, where those in sentences end with a full stop");
            (pointer.clone(), message)
        });
    }
}

/// Whether a line is prose of some length: no code, no point of a list, no marks as posts have them.
fn is_sentence(line: &str) -> bool {
    let code = |c: char| "={};<>|`$\\_#@/".contains(c);
    let point = line.starts_with(['-', '*', '•', '|']) || line.starts_with(|c: char| c.is_ascii_digit());
    !point && line.split(' ').filter(|word| !word.is_empty()).nth(WORDS - 1).is_some() && !line.contains(code)
}

/// Whether a line ends with a word in small letters, and neither a sign nor a name.
fn ends_with_a_bare_word(line: &str) -> bool {
    let word = line.rsplit(' ').next().unwrap_or_default();
    !word.is_empty() && word.chars().all(char::is_lowercase)
}

/// Whether what is asked for may end so: a verse, a title, a text that is given without its full stop.
fn is_meant(example: &Example<'_>) -> bool {
    const ASKED: &str = "poem|verse|lyric|song|quote|headline|title|tweet|caption|slogan|tagline|lowercase|punctuat|\
        translat|rewrite|rephras|paraphras|edit|correct|continue|complete|fill in|blank|extract|transcri|letter|email|\
        phrase|convert|keyword|query|traduc|übersetz|перевед";
    turns::speak_of(example.turns.iter().filter(|turn| turn.role != Role::Assistant), ASKED)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stops(line: &str) -> bool {
        is_sentence(line) && ends_with_a_bare_word(line)
    }

    #[test]
    fn bare_ends_of_sentences_are_told_from_others() {
        let start = "The air scatters blue light far more than red light, so that from all sides";
        for end in ["we see blu", "we say \"it is", "мы видим"] {
            assert!(stops(&format!("{start} {end}")), "{end}");
        }
        for end in [
            "it comes.",
            "comes \"blue\"",
            "says Anna",
            "it comes!",
            "it has 42",
            "x = y",
            "#blue",
        ] {
            assert!(!stops(&format!("{start} {end}")), "{end}");
        }
        assert!(!stops("Yours sincerely, and with love"));
        assert!(!stops(&format!("- {start}")));
    }
}
