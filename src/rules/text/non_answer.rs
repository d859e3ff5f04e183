use std::sync::LazyLock;

use ahash::AHashSet;
use serde::Deserialize;

use super::parts::noise;
use crate::finding::Findings;
use crate::model::example::{Example, Role};
use crate::model::setup::Setup;
use crate::rule::{Row, Rule, RuleMeta, clip, rule_meta};
use crate::rules::parts::turns;

rule_meta! {
    /// ## What it finds
    /// A few answers that say nothing, `None`, `N/A`, `TODO`, `...`, in a set whose answers are sentences.
    ///
    /// ## Why it matters
    /// A value was missing when the row was made, or the row was never written. The model learns to answer the
    /// question with it. Where such words are labels, or are asked for, they are left alone.
    ///
    /// ## Example
    /// ```jsonl
    /// {"prompt": "Which vitamin prevents scurvy?", "completion": "N/A"}
    /// {"prompt": "Why is the sky blue?", "completion": "Air scatters the short waves of light more than the long ones."}
    /// {"prompt": "Why is the sea salty?", "completion": "Rivers carry salts from the rocks into it, and they stay."}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"prompt": "Which vitamin prevents scurvy?", "completion": "Vitamin C."}
    /// {"prompt": "Why is the sky blue?", "completion": "Air scatters the short waves of light more than the long ones."}
    /// {"prompt": "Why is the sea salty?", "completion": "Rivers carry salts from the rocks into it, and they stay."}
    /// ```
    ///
    /// ## Fix
    /// Write the answer, or remove the row.
    "text/non-answer", Warning
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct NonAnswer {}

/// In lower case, what stands where an answer should.
const NOTHING: &str = "略|暂无|同上|该回答已被删除|[no answer]|[skip]|<blank>|asdfasdf|none|null|nil|nan|undefined|na|n/a|<na>|\
    nonetype|todo|tbd|no output|no answer|no response|no input|[no response generated]|answer goes here|\
    your answer here|fill in answer|placeholder|asdf|asdf asdf|{}|[]|\"\"|''|todo: write the answer|\
    see above|see previous answer|same as above|as above|same as previous|blah blah|blah blah blah|\
    test|testing|test test|foobar|sample answer|sample response|dummy answer|xxx|removed by moderator|<removed>|content removed";
static WORDS: LazyLock<AHashSet<&str>> = LazyLock::new(|| NOTHING.split('|').collect());
/// The longest of them, in bytes.
const LONGEST: usize = 24;
/// An answer of at least so many bytes is a sentence, or as good as one.
const SENTENCE: usize = 24;
/// Those of one row that are told.
const MOST: usize = 16;
/// More of them than this, and than one answer in a hundred, are labels.
const FEW: u64 = 3;

impl Rule for NonAnswer {
    const META: RuleMeta = META;
    /// Answers that say nothing, those that are sentences, and all.
    type State = (u64, (u64, u64));
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, (nothing, (sentences, all)): &mut Self::State, out: &mut Findings) {
        let Some(example) = row.example else { return };
        let (mut asked, mut told) = (None, 0);
        let answers = example.turns.iter().filter(|turn| turn.role == Role::Assistant);
        for turn in answers.filter(|turn| !turns::says_without_text(turn)) {
            let said = turn.trimmed();
            *all += 1;
            *sentences += u64::from(said.len() >= SENTENCE);
            // Each is compared with all that is asked.
            if told < MOST && says_nothing(said) && !is_asked_for(asked.get_or_insert_with(|| prompts(example)), said) {
                *nothing += 1;
                told += 1;
                let message = || format!("the answer is `{}`, where others are sentences", clip(said));
                out.field(&row.place, || turn.pointer(), message);
            }
        }
    }

    fn finish(&self, (nothing, (sentences, all)): Self::State, _: &Setup, out: &mut Findings) {
        let labels = nothing > FEW && nothing * 100 > all;
        if labels || 3 * sentences < 2 * (all - nothing) || sentences == 0 {
            *out = Findings::default();
        }
    }
}

/// Whether an answer is one of those words, or nothing but signs.
fn says_nothing(said: &str) -> bool {
    // A long line is drawn.
    if said.is_empty() || said.len() > LONGEST {
        return said.starts_with("TODO: ") && said.len() < 3 * LONGEST || noise::is_noise(said);
    }
    // `……` is a silence in Chinese, and may be meant.
    let signs = said
        .chars()
        .all(|c| matches!(c, '.' | '?' | '-' | '_' | '–' | '—' | ' '));
    let bare = said.strip_suffix('.').unwrap_or(said);
    let known = || WORDS.contains(bare.to_ascii_lowercase().as_str());
    let empty = || {
        let tags = said.strip_prefix('<').and_then(|rest| rest.strip_suffix('>'));
        let tagged = tags.is_some_and(|tags| tags.split_once("></").is_some_and(|(open, close)| open == close));
        tagged
            || matches!(
                said,
                "…" | "“”" | "``" | "``````" | "```\n```" | "Answer:" | "Response:" | "Output:"
            )
    };
    let crosses = || said.len() >= 6 && said.bytes().all(|byte| matches!(byte, b'x' | b'X'));
    signs || crosses() || known() || empty() || noise::is_noise(said)
}

/// What is asked in a row, in lower case; a system prompt is not of the row alone.
fn prompts(example: &Example<'_>) -> String {
    let asked = example
        .turns
        .iter()
        .filter(|turn| !matches!(turn.role, Role::Assistant | Role::System));
    asked.map(|turn| turn.text.to_lowercase() + "\n").collect()
}

/// Whether the prompts speak of the word, or of signs and values as such. What no program prints is no value.
fn is_asked_for(prompts: &str, said: &str) -> bool {
    const VALUES: &str = "punctuation|symbol|operator|character|regex|code|print|output|return|morse|sign|function|\
        javascript|js|python|java|typeof|variable|ellipsis|extract|text|passage|mention|mentioned|confused|emoji|json";
    const CODE: &str = "code|print|output|return|function|javascript|js|python|java|variable|operator";
    const CHINESE: &str = "符号|标点|提取|代码";
    if noise::is_noise(said) {
        return noise::is_asked_for(prompts);
    }
    let words = || prompts.split(|c: char| !(c.is_alphanumeric() || c == '/'));
    let (said, singular) = (said.to_lowercase(), |word: &str| {
        word.strip_suffix('s').unwrap_or(word).to_owned()
    });
    let no_value = matches!(said.as_str(), "n/a" | "todo" | "tbd" | "placeholder") || said.starts_with("todo");
    let code = |word: &str| no_value && CODE.split('|').any(|value| value == word);
    let words = || words().filter(|word| !code(word));
    words().any(|word| word == said || VALUES.split('|').any(|value| value == word || value == singular(word)))
        || CHINESE.split('|').any(|value| prompts.contains(value))
}

#[cfg(test)]
mod tests {
    use super::says_nothing;

    #[test]
    fn words_and_signs_that_say_nothing() {
        for said in "None|N/A|...|-|TODO|{}|???|xxxxxxxx|xxx|[No response generated]|See above.".split('|') {
            assert!(says_nothing(said), "{said}");
        }
        for said in "No|4|Nothing.|!|xx|👍|无|None of them is.|:-)|……".split('|') {
            assert!(!says_nothing(said), "{said}");
        }
    }
}
