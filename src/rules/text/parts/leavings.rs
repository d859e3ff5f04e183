//! What programs, pages and those who check rows leave in answers, wherever it stands.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};

use super::kinds::{BARS, CITATION, COUNT, MAIL, NOTE, PAGE, RATING, REWRITTEN, SET, SHARE, STREAM, THOUGHT, TODO};

/// What each kind is known by.
static NEEDLES: [(&str, u8); 42] = [
    ("data: [DONE]", STREAM),
    ("assistantfinal", THOUGHT),
    ("assistantcommentary", THOUGHT),
    ("ANNOTATOR", NOTE),
    ("[Annotator", NOTE),
    ("Note to annotator", NOTE),
    ("[annotator", NOTE),
    ("TODO:", TODO),
    ("FIXME:", TODO),
    ("\nRating: ", RATING),
    ("\nScore: ", RATING),
    ("\nQuality: ", RATING),
    ("\n{\"score\":", RATING),
    ("\n{\"rating\":", RATING),
    ("(Word count:", COUNT),
    ("\nWord count:", COUNT),
    ("(word count:", COUNT),
    ("[Word count:", COUNT),
    ("（字数：", COUNT),
    ("\nPage ", PAGE),
    ("|||", BARS),
    (" wrote:\n>", MAIL),
    ("-----Original Message-----", MAIL),
    ("\nShare this:", SHARE),
    ("\nRelated posts", SHARE),
    ("Click to share on ", SHARE),
    ("(Opens in new window)", SHARE),
    ("\nAccept all cookies", SHARE),
    ("\nLeave a comment", SHARE),
    ("\nSubscribe to our newsletter", SHARE),
    ("[citation needed]", CITATION),
    ("ore examples for the dataset", SET),
    ("ore examples for your dataset", SET),
    ("ejemplos para el dataset", SET),
    ("to add to the dataset", SET),
    ("ore rows for the dataset", SET),
    ("rewritten version of the ", REWRITTEN),
    ("revised version of the answer", REWRITTEN),
    ("respuesta reescrita", REWRITTEN),
    ("réponse réécrite", REWRITTEN),
    ("überarbeitete Antwort", REWRITTEN),
    ("改写后的回答", REWRITTEN),
];

/// Tells of each mark in an answer.
pub(in super::super) fn each(text: &str, found: &mut dyn FnMut(u8, &str)) {
    static FINDER: LazyLock<AhoCorasick> = LazyLock::new(|| {
        let needles = NEEDLES.iter().map(|(needle, _)| needle);
        let finder = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostFirst)
            .build(needles);
        finder.expect("a few short marks are within the limits")
    });
    for mark in FINDER.find_iter(text) {
        let (_, kind) = NEEDLES[mark.pattern().as_usize()];
        let (start, end) = (mark.start(), mark.end());
        let line_end = text[end..].find('\n').map_or(text.len(), |at| end + at);
        let is_one = match kind {
            TODO => start > 0 && is_in_prose(text, start),
            // What is said of an answer behind its points is `text/boilerplate`'s.
            RATING => is_last(text, line_end) && is_points(&text[end..line_end]) && !text[end..].contains("e response"),
            COUNT => is_last(text, line_end),
            PAGE => is_foot(&text[end..line_end]),
            BARS => !text[..start].ends_with('|') && !text[end..].starts_with('|') && is_in_prose(text, start),
            REWRITTEN => {
                !text[start..].starts_with("rewritten version of the response")
                    && !text[..start].contains('\n')
                    && text[..line_end].ends_with(':')
            }
            SET => is_last(text, line_end),
            _ => true,
        };
        if is_one {
            found(kind, text[start..line_end].trim());
        }
    }
}

/// Whether nothing but a line or two follows.
fn is_last(text: &str, at: usize) -> bool {
    text.len() - at < 80
}

/// `4/5`, `8.5/10 - good`, `8, "reason": …`.
fn is_points(rest: &str) -> bool {
    let rest = rest.trim_start();
    let number = rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    number.len() < rest.len() && rest.len() - number.len() <= 4 && number.trim_start().starts_with(['/', ',', '}'])
}

/// `3 of 12`, alone on its line.
fn is_foot(rest: &str) -> bool {
    let is_number = |part: &str| (1..=4).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    rest.trim()
        .split_once(" of ")
        .is_some_and(|(page, all)| is_number(page) && is_number(all))
}

/// Whether a place is in a text without code.
fn is_in_prose(text: &str, at: usize) -> bool {
    let line = &text[text[..at].rfind('\n').map_or(0, |line| line + 1)..at];
    let code = ["```", "();", "def ", "return ", "import ", "</", "};"];
    !line.contains(['#', '/', ';', '{', '|']) && !code.iter().any(|sign| text.contains(sign))
}
