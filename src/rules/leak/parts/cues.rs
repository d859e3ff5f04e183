//! Where a prompt says outright what the answer is: `The correct answer is B`, `Answer: Lima`, `label=spam`.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use crate::text::{Word, hashes_of};

/// Words that name an answer when `is`, `:` or `=` follows.
const NAMES: &str = "answer|answers|label|solution|target|gold|truth|expected|correct|choice|option|output|response|\
    result|key|classification|prediction|verdict|antwort|lösung|réponse|correcte|respuesta|correcta|resposta|risposta|\
    ответ";

/// The same in scripts without blanks, where each character is a word.
const JOINED: &[&str] = &["答案", "正解", "答え", "标签", "標籤"];

static CUES: LazyLock<Cues> = LazyLock::new(Cues::new);

/// How words that may be cues are told by their hashes.
struct Cues {
    /// Of [`NAMES`], sorted.
    names: Vec<u64>,
    /// A bit for each of them and of the first characters of [`JOINED`], by the lowest twelve: most words have another.
    filter: [u64; 64],
}

impl Cues {
    fn new() -> Self {
        let names = hashes_of(&NAMES.split('|').collect::<Vec<_>>());
        let mut filter = [0; 64];
        let first = |name: &&'static str| &name[..name.chars().next().map_or(0, char::len_utf8)];
        for hash in names
            .iter()
            .chain(&hashes_of(&JOINED.iter().map(first).collect::<Vec<_>>()))
        {
            let (part, bit) = bit(*hash);
            filter[part] |= bit;
        }
        Self { names, filter }
    }

    /// Where a cue ends that begins with a word.
    fn end(&self, text: &str, word: &Word) -> Option<usize> {
        let (part, bit) = bit(word.hash);
        if self.filter[part] & bit == 0 {
            return None;
        }
        if self.names.binary_search(&word.hash).is_ok() {
            return Some(word.end as usize);
        }
        let start = word.start as usize;
        let joined = JOINED.iter().find(|name| text[start..].starts_with(**name));
        joined.map(|name| start + name.len())
    }
}

fn bit(hash: u64) -> (usize, u64) {
    ((hash >> 6 & 63) as usize, 1 << (hash & 63))
}

/// What follows each cue of a text, the text's `words` given; nothing where the text ends with the cue.
pub(in super::super) fn values<'t>(text: &'t str, words: &'t [Word]) -> impl Iterator<Item = &'t str> {
    let cues = &*CUES;
    let ends = words.iter().filter_map(|word| cues.end(text, word));
    let ruled = SIGNS[0].find_iter(text.as_bytes());
    let ruled = ruled
        .map(|at| text[at..].trim_start_matches(['#', ' ']))
        .filter(|value| !value.is_empty());
    ends.filter_map(|end| value(&text[end..])).chain(ruled)
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

/// What stands before the answer of worked solutions, and in words that announce one.
static SIGNS: LazyLock<[Finder<'static>; 2]> = LazyLock::new(|| ["####", "nswer"].map(Finder::new));

/// What an answer comes down to, where it can be said in a few words: the whole of a short answer, the
/// letter of an option, what stands after `####` or `the answer is` at its end, or after `is` in a short one.
pub(in super::super) fn keys(answer: &str) -> impl Iterator<Item = &str> {
    let answer = answer.trim();
    let whole = Some(answer).filter(|answer| answer.len() <= 80);
    let letter = {
        let bare = answer.trim_start_matches(['(', '[']);
        let after = bare.get(1..).unwrap_or_default();
        let is_option = bare.starts_with(|c: char| c.is_ascii_uppercase()) && after.starts_with([')', ']', '.', ':']);
        is_option.then(|| &bare[..1])
    };
    // Forwards and for a part of three, since most answers have none.
    let signs: &[&str] = match SIGNS.each_ref().map(|sign| sign.find(answer.as_bytes()).is_some()) {
        [false, false] => &[],
        [true, false] => &["####"],
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
pub(in super::super) fn begins_with(value: &str, key: &str) -> bool {
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
