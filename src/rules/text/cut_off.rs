use serde::Deserialize;

use crate::finding::Findings;
use crate::model::example::{Example, Role};
use crate::rule::{Row, Rule, RuleMeta, rule_meta};
use crate::rules::parts::spoken::Spoken;
use crate::rules::parts::turns;

use super::parts::json;
use super::parts::last_line::{is_in_bracket, is_in_formula, is_open, is_prose, says_cut};

rule_meta! {
    /// ## What it finds
    /// Answers that stop where no sentence can: at a word like `the`, `because` or `don'`, a comma, the number or dash
    /// of a list's next point, inside JSON or a bracket or quotation of Chinese or Japanese, or at a mark such as
    /// `[truncated]`. Where the prompt ends with a comma, too, an
    /// answer may.
    ///
    /// ## Why it matters
    /// The answer was cut when it was made, by a limit of tokens most often. The model learns to stop in the middle of
    /// a sentence, and the end token is trained where there is no end.
    ///
    /// ## Example
    /// ```jsonl
    /// {"prompt": "How do plants eat?", "completion": "They turn light into sugar. It happens in the chloroplasts, where the"}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"prompt": "How do plants eat?", "completion": "They turn light into sugar. It happens in the chloroplasts."}
    /// ```
    ///
    /// ## Fix
    /// Make the answer again with room to finish, or remove the row.
    "text/cut-off", Warning
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct CutOff {}

/// How a text ends that was cut on purpose, in lower case.
const MARKS: [&str; 9] = [
    "<truncated>",
    "已截断）",
    "[truncated]",
    "(truncated)",
    "[cut off]",
    "[max tokens reached]",
    "[continued]",
    "(continued in next message)",
    "(to be continued in the next message)",
];

impl Rule for CutOff {
    const META: RuleMeta = META;
    type State = ();
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        let Some(example) = row.example else { return };
        // Asked of a row once, and only where it matters.
        let mut meant = None;
        for turn in turns::taught(example).filter(|turn| !turn.has_tool_calls()) {
            let found = cut(turn.trimmed()).filter(|how| {
                ![COMMA, SENTENCE].contains(how)
                    || !*meant.get_or_insert_with(|| is_meant(example) || is_given(example))
            });
            if let Some(how) = found {
                let end = || super::around(turn.trimmed(), turn.trimmed().len());
                out.field(
                    &row.place,
                    || turn.pointer(),
                    || format!("the answer ends {how}, at `{}`", end()),
                );
            }
        }
    }
}

const COMMA: &str = "with a comma";

const SENTENCE: &str = "inside a sentence";

/// Whether the lines of a poem are asked for, which may end with a comma, or a word to put into a blank.
fn is_meant(example: &Example<'_>) -> bool {
    static WORDS: Spoken =
        Spoken::of("poem|verse|lyric|song|opening|quote|lines|blank|missing word|cloze|article|conjunction|诗|开头");
    WORDS.among(example.turns.iter().filter(|turn| turn.role != Role::Assistant))
}

/// Whether what is to be worked on ends with a comma itself.
fn is_given(example: &Example<'_>) -> bool {
    let asked = example.turns.iter().rev().find(|turn| turn.role == Role::User);
    asked.is_some_and(|turn| turn.trimmed().ends_with([',', '，', '、']))
}

/// How a text ends where it was cut.
fn cut(text: &str) -> Option<&'static str> {
    let last = text.chars().next_back()?;
    if is_in_formula(text) {
        return Some("inside a formula");
    }
    if text.starts_with(['{', '[']) && json::is_open(text) {
        return Some("inside JSON");
    }
    let line = &text[text.rfind('\n').map_or(0, |at| at + 1)..];
    match last {
        '-' | '*' | '•' if line.trim().len() == last.len_utf8() => {
            let before = text.lines().rev().nth(1)?.trim_start().strip_prefix(last)?;
            before.starts_with(' ').then_some("with an empty point")
        }
        ',' | '，' | '、' => is_prose(line).then_some(COMMA),
        '.' | ')' | ']' | '>' | '）' => {
            let number = || line.len() <= 3 && line[..line.len() - 1].bytes().all(|byte| byte.is_ascii_digit());
            if matches!(last, '.' | ')') && line.len() > 1 && number() && text.lines().count() > 2 {
                return Some("with the number of a point");
            }
            let end = text.len().checked_sub(40).map_or(0, |at| text.ceil_char_boundary(at));
            let end = text[end..].to_ascii_lowercase();
            let counted = || end.rfind(['[', '(']).map(|at| &end[at + 1..]).is_some_and(says_cut);
            let marked = MARKS.iter().any(|mark| end.ends_with(mark)) || counted();
            marked.then_some("with the mark of a cut")
        }
        _ if text.starts_with(['{', '[']) => None,
        'a'..='z' | '\'' | '’' => (is_open(line) && is_prose(line)).then_some(SENTENCE),
        '\u{3041}'..='\u{9FFF}' if is_prose(line) => is_open(line)
            .then_some(SENTENCE)
            .or_else(|| is_in_bracket(line).then_some("inside a bracket")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::cut;

    #[test]
    fn ends_are_told_from_cuts() {
        for (text, how) in [
            (
                "Plants turn light into sugar. It happens where the",
                "inside a sentence",
            ),
            ("This is what happens when a tax is a", "inside a sentence"),
            (
                "Plants take up water through their roots, light with their leaves,",
                "with a comma",
            ),
            ("光合作用是植物利用光能把二氧化碳和水转化为糖的过程，", "with a comma"),
            ("1. Apple\n2. Pear\n3.", "with the number of a point"),
            ("- Apple\n- Pear\n-", "with an empty point"),
            ("It is what they told you all, but you don'", "inside a sentence"),
            (
                "每周检查一次叶片，看看有没有虫害。另外一个重要的原因是因为",
                "inside a sentence",
            ),
            (
                "Gravity pulls masses together, and [truncated]",
                "with the mark of a cut",
            ),
            ("It falls [output truncated, 2048 tokens]", "with the mark of a cut"),
            ("{\"name\": \"Ann\", \"tags\": [\"a\"", "inside JSON"),
            (
                "We will send the order {{Order Number}} to you at once, as you asked,",
                "with a comma",
            ),
            ("{\"name\": \"Ann\",", "inside JSON"),
            ("Thus $x = \\frac{1}{2", "inside a formula"),
            ("{\"name\": \"Ann\", \"tags\": []", "inside JSON"),
            ("{\"name\": \"Ann. Who is the", "inside JSON"),
        ] {
            assert_eq!(cut(text), Some(how), "{text}");
        }
        for text in [
            "Yours sincerely,",
            "It costs $5 {or so",
            "Thus $x = \\frac{1}{2}$ {see above",
            "С наилучшими пожеланиями,",
            "three times x plus two times y",
            "Das Gleiche noch einmal, und was machst du",
            "Gia đình anh ấy có hai đứa con",
            "The Lord of the",
            "see what I was looking for and what it was made of",
            "The result of the sum that you asked me to make is 42.",
            "It was the year 3.",
            "Yes, or no\n-",
            "He said to all of them 'it is what we want and can'",
            "{\"name\": \"Ann\"}",
            "[1] A note\n[2] Another",
            "x = [1, 2, 3, 4, 5, 6, 7, the",
            "SELECT a, b, c, d, e, f, g FROM t WHERE x = the",
        ] {
            assert_eq!(cut(text), None, "{text}");
        }
    }
}
