//! Words and signs that say nothing, where an answer should stand.

use std::sync::LazyLock;

use ahash::AHashSet;

use super::noise;
use crate::model::example::{Example, Role};

/// In lower case, what stands where an answer should.
const NOTHING: &str = "略|暂无|同上|该回答已被删除|[no answer]|[skip]|<blank>|asdfasdf|none|null|nil|nan|undefined|na|n/a|<na>|\
    nonetype|todo|tbd|no output|no answer|no response|no input|[no response generated]|answer goes here|\
    your answer here|fill in answer|placeholder|asdf|asdf asdf|{}|[]|\"\"|''|todo: write the answer|\
    see above|see previous answer|same as above|as above|same as previous|blah blah|blah blah blah|\
    test|testing|test test|fixme|[answer]|<answer>|not available|error|the|<br>|<br/>|here is the answer:|foobar|sample answer|sample response|dummy answer|xxx|removed by moderator|<removed>|content removed|delete this row|delete row|remove this row|remove row|skip this row|\
    ignore this row|drop this row|delete this line|delete this example|delete this sample|skip this example|bad row|bad example|\
    bad sample|do not use|needs review|to be reviewed|not usable";
static WORDS: LazyLock<AHashSet<&str>> = LazyLock::new(|| NOTHING.split('|').collect());
/// The longest of them, in bytes.
const LONGEST: usize = 24;
/// What rows that answer the same share: the word, or the first of the signs; of several dots two.
pub(in super::super) fn word(said: &str) -> String {
    let bare = bare(said);
    if WORDS.contains(bare.as_str()) {
        return bare;
    }
    let dots = said
        .starts_with("..")
        .then_some("..")
        .or(said.chars().next().and_then(|first| {
            let signs = [".", "?", "-", "_", "{", "[", "x", "<"];
            signs.into_iter().find(|sign| sign.starts_with(first))
        }));
    dots.unwrap_or_default().to_owned()
}

/// Whether those who chat say so much.
pub(in super::super) fn is_silence(word: &str) -> bool {
    matches!(word, ".." | "?")
}

/// In lower case, without the full stop.
fn bare(said: &str) -> String {
    said.strip_suffix('.').unwrap_or(said).to_ascii_lowercase()
}

/// Whether an answer is one of those words, or nothing but signs.
pub(in super::super) fn says_nothing(said: &str) -> bool {
    // A long line is drawn.
    if said.is_empty() || said.len() > LONGEST {
        return said.starts_with("TODO: ") && said.len() < 3 * LONGEST || noise::is_noise(said);
    }
    // `……` is a silence in Chinese, and may be meant.
    let signs = said
        .chars()
        .all(|c| matches!(c, '.' | '?' | '-' | '_' | '–' | '—' | ' '));
    let known = || WORDS.contains(bare(said).as_str());
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
    signs || crosses() || known() || empty() || is_of_a_sheet(said) || noise::is_noise(said)
}

/// Whether it is a long number as a spreadsheet writes it, which lost its digits: `1.23E+11`.
fn is_of_a_sheet(said: &str) -> bool {
    let is_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let parts = said
        .split_once("E+")
        .and_then(|(number, power)| Some((number.split_once(['.', ','])?, power)));
    parts.is_some_and(|((whole, part), power)| is_digits(whole) && is_digits(part) && is_digits(power))
}

/// What is asked in a row, in lower case; a system prompt is not of the row alone.
pub(in super::super) fn prompts(example: &Example<'_>) -> String {
    let asked = example
        .turns
        .iter()
        .filter(|turn| !matches!(turn.role, Role::Assistant | Role::System | Role::Text));
    asked.map(|turn| turn.text.to_lowercase() + "\n").collect()
}

/// Whether the prompts speak of the word, or of signs and values as such. What no program prints is no value.
pub(in super::super) fn is_asked_for(prompts: &str, said: &str) -> bool {
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
    // Nobody is asked for these but by name.
    let to_maker = [" row", " example", " sample", " review", " use"]
        .iter()
        .any(|end| said.contains(end));
    let is_left = to_maker && WORDS.contains(bare(&said).as_str())
        || said.starts_with("todo")
        || matches!(said.as_str(), "tbd" | "fixme" | "placeholder" | "the" | "<br>");
    let code = |word: &str| said == "n/a" && CODE.split('|').any(|value| value == word);
    let of_values = |word: &str| VALUES.split('|').any(|value| value == word || value == singular(word));
    words().any(|word| word == said || !is_left && !code(word) && of_values(word))
        || !is_left && CHINESE.split('|').any(|value| prompts.contains(value))
}

#[cfg(test)]
mod tests {
    use super::says_nothing;

    #[test]
    fn words_and_signs_that_say_nothing() {
        for said in "None|N/A|...|-|TODO|{}|???|xxxxxxxx|xxx|1.23E+11|[No response generated]|See above.".split('|') {
            assert!(says_nothing(said), "{said}");
        }
        for said in "No|4|Nothing.|!|xx|👍|无|None of them is.|:-)|……".split('|') {
            assert!(!says_nothing(said), "{said}");
        }
    }
}
