//! Where a prompt says outright what the answer is: `The correct answer is B`, `Answer: Lima`, `label=spam`.

use std::sync::LazyLock;

use crate::text::{Word, hashes_of};

/// Words that name an answer when `is`, `:` or `=` follows.
const NAMES: &[&str] = &[
    "answer",
    "answers",
    "label",
    "solution",
    "target",
    "gold",
    "truth",
    "expected",
    "correct",
    "choice",
    "option",
    "output",
    "response",
    "result",
    "key",
    "classification",
    "prediction",
    "verdict",
];

/// The same in scripts without blanks.
const JOINED: &[&str] = &["答案", "正解", "答え", "标签", "標籤"];

static HASHES: LazyLock<Vec<u64>> = LazyLock::new(|| hashes_of(NAMES));

/// A bit for each of [`HASHES`], by its lowest seven: most words have another.
static FILTER: LazyLock<u128> = LazyLock::new(|| HASHES.iter().fold(0, |bits, hash| bits | bit(*hash)));

fn bit(hash: u64) -> u128 {
    1 << (hash & 127)
}

/// What follows each cue of a text, the text's `words` given; nothing where the text ends with the cue.
pub(super) fn values<'t>(text: &'t str, words: &'t [Word]) -> impl Iterator<Item = &'t str> {
    let filter = *FILTER;
    let named = words
        .iter()
        .filter(move |word| filter & bit(word.hash) != 0 && HASHES.binary_search(&word.hash).is_ok())
        .map(|word| word.end as usize);
    let joined = JOINED
        .iter()
        .filter(|_| !text.is_ascii())
        .flat_map(|name| memchr::memmem::find_iter(text.as_bytes(), name.as_bytes()).map(|at| at + name.len()));
    named.chain(joined).filter_map(|end| value(&text[end..]))
}

/// The text after `is`, `:`, `=` and what dresses it up.
fn value(rest: &str) -> Option<&str> {
    let dress: &[char] = &[' ', '\t', '"', '\'', '*', '`', ')', ']'];
    let rest = rest.trim_start_matches(dress);
    let after = ["is ", "is: ", "was ", "：", ":", "=", "是", "为", "は"]
        .iter()
        .find_map(|sign| rest.strip_prefix(sign))?;
    let dress: &[char] = &[' ', '\t', '\n', '\r', '"', '\'', '*', '`', '(', '[', ':', '：'];
    let mut value = after.trim_start_matches(dress);
    for article in ["option ", "the ", "Option "] {
        value = value.strip_prefix(article).unwrap_or(value);
    }
    let value = value.trim_start_matches(dress);
    (!value.is_empty()).then_some(value)
}

/// What an answer comes down to, where it can be said in a few words: the whole of a short answer, the
/// letter of an option, what stands after `####` or `the answer is` at its end, or after `is` in a short one.
pub(super) fn keys(answer: &str) -> impl Iterator<Item = &str> {
    let answer = answer.trim();
    let whole = Some(answer).filter(|answer| answer.len() <= 80);
    let letter = {
        let bare = answer.trim_start_matches(['(', '[']);
        let after = bare.get(1..).unwrap_or_default();
        let is_option = bare.starts_with(|c: char| c.is_ascii_uppercase()) && after.starts_with([')', ']', '.', ':']);
        is_option.then(|| &bare[..1])
    };
    // Forwards and for a part of three, since most answers have none.
    let marked = |sign: &[u8]| memchr::memmem::find(answer.as_bytes(), sign).is_some();
    let signs: &[&str] = match (marked(b"####"), marked(b"nswer")) {
        (false, false) => &[],
        (true, false) => &["####"],
        _ => &["####", "answer is", "Answer:", "answer:"],
    };
    // Of a short answer that is a sentence, what it says: `It is 42.`
    let says = [" is ", " was "].iter().filter(|_| whole.is_some());
    let last = signs
        .iter()
        .chain(says)
        .filter_map(|sign| {
            Some(answer[answer.rfind(sign)? + sign.len()..].trim_matches([' ', ':', '*', '.', '\n', '$']))
        })
        .find(|last| !last.is_empty() && last.len() <= 40);
    whole
        .into_iter()
        .chain(letter)
        .chain(last.filter(move |last| Some(*last) != whole))
}

/// Whether a value begins with a key, and does not go on as a list of choices or a condition does.
pub(super) fn begins_with(value: &str, key: &str) -> bool {
    let Some(start) = value.get(..key.len()) else {
        return false;
    };
    let same = if key.len() == 1 {
        start == key
    } else {
        start.eq_ignore_ascii_case(key)
    };
    if !same {
        return false;
    }
    let rest = &value[key.len()..];
    let goes_on = rest.starts_with(char::is_alphanumeric)
        || (rest.starts_with(['.', ',', '-']) && rest[1..].starts_with(|c: char| c.is_ascii_digit()));
    let lists = rest.trim_start_matches(['"', '\'', ')', ']']);
    let next = lists.split_whitespace().next().unwrap_or_default();
    let one_of_many = lists.trim_start().starts_with([',', '/', '|'])
        || matches!(next, "or" | "if" | "when" | "unless" | "and" | "oder" | "ou");
    // A single letter followed by a small word is an article: `the answer is A number`.
    let article = key.len() == 1 && rest.starts_with(' ') && next.starts_with(|c: char| c.is_lowercase());
    !goes_on && !one_of_many && !article
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::words_of;

    fn found(text: &str) -> Vec<String> {
        let mut words = Vec::new();
        words_of(text, &mut words);
        let first = |value: &str| value.split_whitespace().next().unwrap_or_default().to_owned();
        values(text, &words).map(first).collect()
    }

    #[test]
    fn cues_are_followed_by_values() {
        assert_eq!(found("The correct answer is B.\nWhich one?"), ["B."]);
        assert_eq!(found("{\"label\": \"spam\"}"), ["spam\"}"]);
        assert_eq!(found("**Answer:** Lima"), ["Lima"]);
        assert_eq!(found("答案是：利马"), ["利马"]);
        assert_eq!(found("What is the capital? Answer:"), [""; 0]);
        assert_eq!(found("Please answer the question"), [""; 0]);
    }

    #[test]
    fn an_answer_is_told_by_its_key() {
        assert_eq!(keys("B) Paris").collect::<Vec<_>>(), ["B) Paris", "B"]);
        assert_eq!(
            keys("The capital is Lima.").collect::<Vec<_>>(),
            ["The capital is Lima.", "Lima"]
        );
        let long = format!("{} #### 42", "step ".repeat(30));
        assert_eq!(keys(&long).collect::<Vec<_>>(), ["42"]);
        assert!(begins_with("B. Paris", "B") && begins_with("LIMA!", "Lima"));
        for no in ["positive, negative", "yes or no", "yes/no", "yesterday"] {
            let key = if no.starts_with('p') { "positive" } else { "yes" };
            assert!(!begins_with(no, key), "{no}");
        }
        assert!(!begins_with("42.5 apples", "42") && !begins_with("A number", "A") && !begins_with("a", "A"));
    }
}
