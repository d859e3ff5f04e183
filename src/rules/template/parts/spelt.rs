//! Special tokens spelt in a text: those of the tokenizer, and those that others are known by.

use crate::model::example::{Example, Turn};
use crate::model::setup::TokenizerFacts;
use crate::rules::parts::markers;
use crate::search;

/// Tokens by their text.
#[derive(Debug)]
pub(in super::super) struct Tokens {
    /// In order.
    texts: Vec<String>,
    /// By byte, whether it is the second of one: most brackets are no token's.
    seconds: [bool; 256],
}

/// The longest token looked for, in bytes.
const LONGEST: usize = 48;

impl Tokens {
    /// The tokens of a tokenizer, and those of others.
    pub(in super::super) fn new(tokenizer: Option<&TokenizerFacts>) -> Self {
        let texts = texts(tokenizer);
        let mut seconds = [false; 256];
        // `<reserved_107>` is known by its form.
        for second in texts.iter().filter_map(|text| text.as_bytes().get(1)).chain(b"r") {
            seconds[usize::from(*second)] = true;
        }
        Self { texts, seconds }
    }
}

fn texts(tokenizer: Option<&TokenizerFacts>) -> Vec<String> {
    let Some(facts) = tokenizer else {
        return markers::WELL_KNOWN.map(str::to_owned).to_vec();
    };
    let marks = |text: &&String| text.starts_with(['<', '[']) && text.ends_with(['>', ']']) && text.len() <= LONGEST;
    let specials = facts.specials.iter().map(|(text, _)| text).filter(marks);
    let mut tokens: Vec<String> = specials.filter(|text| !is_content(text)).cloned().collect();
    // What others have is text to this one; square brackets stand for many things.
    let plain = |text: &str| text.starts_with('<') || OF_TEXTS.contains(&text);
    let others = markers::WELL_KNOWN.iter().filter(|text| plain(text));
    tokens.extend(others.map(|text| (*text).to_owned()));
    tokens.sort_unstable();
    tokens.dedup();
    tokens
}

/// Tokens in square brackets that stand for nothing else, but in a text about tokens.
const OF_TEXTS: [&str; 9] = [
    "[/INST]", "[BOS]", "[CLS]", "[EOS]", "[INST]", "[PAD]", "[SEP]", "[UNK]", "[gMASK]",
];

/// Whether a token is one of those, in a row that speaks of tokens.
pub(in super::super) fn is_spoken_of(token: &str, example: &Example<'_>) -> bool {
    const WORDS: [&str; 6] = ["token", "BERT", "mask", "lama", "istral", "template"];
    let speaks = |turn: &Turn<'_>| WORDS.iter().any(|word| turn.text.contains(word));
    OF_TEXTS.contains(&token) && example.turns.iter().any(speaks)
}

/// The name of the end-of-text token, where it ends a text in the token's place.
pub(in super::super) fn named(text: &str) -> Option<&'static str> {
    let text = text.trim_end().trim_end_matches(['}', '>', ']']);
    let name = ["EOS_TOKEN", "eos_token"]
        .into_iter()
        .find(|name| text.ends_with(name))?;
    let before = text[..text.len() - name.len()].trim_end();
    // Code that adds the token has its name.
    let code = before.ends_with(['+', '=', '_', '(']) || search::find(before, "token").is_some();
    (!before.is_empty() && !code).then_some(name)
}

/// What a message may hold by right: thoughts and calls.
fn is_content(token: &str) -> bool {
    const CONTENT: [&str; 4] = ["think", "tool_call", "tool_response", "mask"];
    CONTENT.iter().any(|word| token.to_ascii_lowercase().contains(word))
}

/// Whether a token stands for a picture or a sound, which a row that brings one may hold.
fn is_media(token: &str) -> bool {
    ["image", "video", "audio", "vision"]
        .iter()
        .any(|word| token.to_ascii_lowercase().contains(word))
}

/// The first token spelt in a text; those of pictures only where the row has none.
pub(in super::super) fn find<'t>(
    text: &'t str,
    tokens: &Tokens,
    pictured: &dyn Fn() -> bool,
) -> Option<(usize, &'t str)> {
    let bytes = text.as_bytes();
    let mut strikes = false;
    let found = memchr::memchr2_iter(b'<', b'[', bytes).find_map(|at| {
        strikes |= bytes[at..].starts_with(b"<s>") || bytes[at..].starts_with(b"</s>");
        if !tokens.seconds[usize::from(*bytes.get(at + 1)?)] {
            return None;
        }
        let close = if bytes[at] == b'<' { b'>' } else { b']' };
        let end = memchr::memchr(close, &bytes[at..bytes.len().min(at + LONGEST)])?;
        let token = text.get(at..=at + end)?;
        let known = tokens.texts.binary_search_by(|known| known.as_str().cmp(token)).is_ok() || is_marked(token);
        (known && !(is_media(token) && pictured())).then_some((at, token))
    });
    found.or_else(|| if strikes { half_struck(text) } else { None })
}

/// Whether this is how tokens of chats are spelt, whosoever they are: `<|word|>`.
fn is_marked(token: &str) -> bool {
    let within = |open: &str, close: &str| token.strip_prefix(open)?.strip_suffix(close);
    // Baichuan's and others' that are numbered.
    if let Some(number) = within("<reserved_", ">") {
        return !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    }
    let name = within("<|", "|>").or_else(|| within("<｜", "｜>"));
    let Some(name) = name.or_else(|| within("[|", "|]")) else {
        return false;
    };
    let letters = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '▁');
    name.len() > 2 && name.chars().all(letters) && name.contains(char::is_alphabetic) && !is_content(name)
}

/// `</s>` in a text without `<s>`, or the other way round: both together strike text out in HTML.
fn half_struck(text: &str) -> Option<(usize, &str)> {
    let find = |mark: &'static str| search::find(text, mark).map(|at| (at, mark));
    // Who writes of HTML strikes text through.
    let mut words = text.split(|c: char| !c.is_alphanumeric());
    if words.any(|word| matches!(word, "HTML" | "html" | "tag" | "tags")) {
        return None;
    }
    match (find("<s>"), find("</s>")) {
        (None, Some(close)) if search::find(text, "<s ").is_none() => Some(close),
        // `vec<s>` is a type.
        (Some((at, open)), None) if !text[..at].ends_with(char::is_alphanumeric) => Some((at, open)),
        _ => None,
    }
}
