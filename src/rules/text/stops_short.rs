use std::mem;

use serde::Deserialize;

use crate::finding::Findings;
use crate::model::setup::Setup;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};
use crate::rules::parts::{outliers, turns};
use crate::sketch::few::Few;

use super::parts::excused::{Excuse, Excused};
use super::parts::last_line::is_open;
use super::parts::unstopped;

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

/// Answers that stop short: which turn, and how it ends.
type Short = Few<(String, String)>;

/// Words of the last line from which on it is a sentence, and no title or greeting.
const WORDS: usize = 12;
/// The same in scripts without blanks, in letters.
const LETTERS: usize = 24;
/// Answers in sentences below which nothing is said of a set.
const LEAST: u64 = 50;
/// Of so many of them one may stop short; where more do, they are written so.
const PER: u64 = 50;

impl Rule for StopsShort {
    const META: RuleMeta = META;
    /// Answers in sentences, and rows with one that stops short: where it stands, and how it ends.
    /// Of sentences with blanks between words, and of others: how many there are, and those that stop short.
    type State = (((u64, Short), (u64, Short)), Excused);
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, ((spaced, unspaced), excused): &mut Self::State, out: &mut Findings) {
        let Some(example) = row.example else { return };
        let (mut told, mut counted) = (false, false);
        for turn in turns::taught(example).filter(|turn| turn.is_answer() && !turn.has_tool_calls()) {
            let said = turn.trimmed();
            let line = &said[said.rfind('\n').map_or(0, |at| at + 1)..];
            let (sentences, short) = match writing(line) {
                Some(Writing::Spaced) => &mut *spaced,
                Some(Writing::Unspaced) => &mut *unspaced,
                None => continue,
            };
            *sentences += 1;
            // At such a word any answer stops short, which is another rule's.
            if !mem::replace(&mut counted, true) {
                excused.see(row);
            }
            if !told && ends_with_a_bare_word(line) && !is_open(line) {
                told = true;
                let end = || super::around(said, said.len());
                match unstopped::excuse(example) {
                    Excuse::Nothing => short.offer(&row.place, || (turn.pointer(), end())),
                    excuse => {
                        let message = || format!("the answer stops at `{}`", end());
                        excused.judge(row, excuse, out, || turn.pointer(), message);
                    }
                }
            }
        }
    }

    fn finish(&self, ((spaced, unspaced), excused): Self::State, _: &Setup, out: &mut Findings) {
        excused.report(out);
        for (sentences, short) in [spaced, unspaced] {
            if sentences < LEAST || short.count() * PER > sentences {
                continue;
            }
            outliers::report(&short, out, |(pointer, end)| {
                let message = format!("the answer stops at `{end}`, where those in sentences end with a full stop");
                (pointer.clone(), message)
            });
        }
    }
}

#[derive(Debug, PartialEq)]
enum Writing {
    Spaced,
    Unspaced,
}

/// How a line is written that is prose of some length: no code, no point of a list, no marks as posts have them.
fn writing(line: &str) -> Option<Writing> {
    let code = |c: char| {
        matches!(
            c,
            '=' | '{' | '}' | ';' | '<' | '>' | '|' | '`' | '$' | '\\' | '_' | '#' | '@' | '/' | '*'
        )
    };
    let point = line.starts_with(['-', '*', '•', '|', '（', '(', '①', '②', '③', '④', '⑤'])
        || line.starts_with(|c: char| c.is_ascii_digit());
    if point || line.contains(code) {
        return None;
    }
    if line.split(' ').filter(|word| !word.is_empty()).nth(WORDS - 1).is_some() {
        return Some(Writing::Spaced);
    }
    // A title has no comma; `一、` is the number of a point, `作者：` a heading.
    let mut letters = line.chars();
    let numbered = letters.by_ref().take(6).any(|c| matches!(c, '、' | '：'));
    let clauses = || line.contains(['，', '。']) && letters.filter(|c| is_unspaced(*c)).count() >= LETTERS;
    (!numbered && clauses()).then_some(Writing::Unspaced)
}

/// Letters of Chinese and Japanese.
fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{3041}'..='\u{30FA}' | '\u{4E00}'..='\u{9FFF}')
}

/// Whether a line ends with a word in small letters or a letter of a script without blanks, and neither a sign nor a name.
fn ends_with_a_bare_word(line: &str) -> bool {
    let word = line.rsplit(' ').next().unwrap_or_default();
    let small = !word.is_empty() && word.chars().all(char::is_lowercase);
    // Whose words they were stands behind a dash.
    let named = || {
        line.chars()
            .rev()
            .take(LETTERS)
            .any(|c| matches!(c, '-' | '—' | '”' | '》' | '·'))
    };
    small || line.ends_with(is_unspaced) && !named()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stops(line: &str) -> bool {
        writing(line).is_some() && ends_with_a_bare_word(line)
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
        let chinese = "早晨要浇透水，用覆盖物给土壤降温，下午适当遮阴，这样做的好处是能够保持土壤的";
        assert_eq!(writing(chinese), Some(Writing::Unspaced));
        assert!(stops(chinese));
        for line in [
            format!("{chinese}湿度。"),
            format!("一、{chinese}"),
            format!("{chinese}。” - 丘吉尔"),
            chinese.replace('，', ""),
        ] {
            assert!(!stops(&line), "{line}");
        }
        assert!(!stops(&format!("- {start}")));
    }
}
