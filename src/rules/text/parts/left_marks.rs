//! What is left in an answer of the page it was copied from, or of those who looked it over.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};
use memchr::memmem::{self, Finder};

use crate::model::example::{Example, Role};
use crate::rule::row::Chars;
use crate::rules::parts::spoken::Spoken;

/// Marks that stand anywhere, unless the row speaks of them.
static MARKS: LazyLock<AhoCorasick> = LazyLock::new(|| {
    let marks = [
        "sandbox:/mnt/data/",
        "antArtifact",
        "<grok:render",
        "\nChatGPT said:",
        "Was this response better or worse?",
        "(Translated by Google)",
        "<Media omitted>",
        "[NOTE TO REVIEWER",
        "[Note to reviewer",
        "[System: conversation ended",
        "[System: Conversation ended",
        "[Conversation ended",
    ];
    let finder = AhoCorasick::builder().match_kind(MatchKind::LeftmostFirst).build(marks);
    finder.expect("a few short marks are within the limits")
});
static CITE: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("cite"));
static OF_TEN: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("/10"));

/// How answers begin that were asked of another answer.
const REWRITTEN: [&str; 6] = [
    "Here is a rewritten version of the response",
    "Here's a rewritten version of the response",
    "Here is the rewritten response",
    "Here is a revised version of the response",
    "Here's a revised version of the response",
    "Here is an improved version of the response",
];

/// The first mark in an answer.
pub(in super::super) fn find<'t>(example: &Example<'_>, text: &'t str, chars: Chars) -> Option<&'t str> {
    let known = || MARKS.find(text).map(|mark| &text[mark.range()]);
    let message = || chars.bracket().then(|| head_of_message(text)).flatten();
    let mark = citation(text).or_else(known).or_else(message)?;
    (!is_spoken_of(example, mark.trim())).then_some(mark)
}

/// What was said of an answer by who rated it or had it rewritten, unless that was the task.
pub(in super::super) fn remark<'t>(example: &Example<'_>, text: &'t str) -> Option<&'t str> {
    static TASK: Spoken = Spoken::of("rewrit|rephras|revise|improve| rating|score|grading|evaluat|judge");
    let rewritten = REWRITTEN
        .iter()
        .find(|start| text.starts_with(**start))
        .map(|start| &text[..start.len()]);
    let found = rewritten.or_else(|| rated(text))?;
    let asked = example.turns.iter().filter(|turn| turn.role != Role::Assistant);
    (!TASK.among(asked)).then_some(found)
}

/// A mark of a citation: `[cite_start]`, `[cite: 12]`, `citeturn0search3` with or without its private characters.
fn citation(text: &str) -> Option<&str> {
    let bytes = text.as_bytes();
    CITE.find_iter(bytes).find_map(|at| {
        let rest = &text[at + 4..];
        let digits = |text: &str| text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        if at > 0 && bytes[at - 1] == b'[' {
            let named = rest
                .strip_prefix(": ")
                .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_alphanumeric()));
            let end = (named || rest.starts_with("_start]")).then(|| rest.find(']'))??;
            return Some(&text[at - 1..=at + 4 + end]).filter(|mark| mark.len() <= LONGEST);
        }
        let turn = rest.strip_prefix('\u{E202}').unwrap_or(rest).strip_prefix("turn")?;
        let number = digits(turn);
        let kind = &turn[number..];
        let known = ["search", "view", "news", "image", "file"];
        (number > 0 && known.iter().any(|one| kind.starts_with(one)))
            .then(|| &text[at..text.len() - turn.len() + number])
    })
}

/// The longest mark of a citation, in bytes.
const LONGEST: usize = 64;

/// A mark as of an exported chat at the start of an answer: `[12:34, 5/6/2023] John:`.
fn head_of_message(text: &str) -> Option<&str> {
    let end = text.strip_prefix('[')?.find(']')? + 1;
    let (time, day) = text[1..end].split_once(", ")?;
    let numbers = |text: &str, sign: char, least: usize| {
        let mut parts = 0;
        let all = text.split(sign).all(|part| {
            parts += 1;
            !part.is_empty() && part.len() <= 4 && part.bytes().all(|byte| byte.is_ascii_digit())
        });
        all && parts >= least
    };
    let name = text[end + 1..].split_once(": ").map(|(name, _)| name);
    let named = name.is_some_and(|name| (1..40).contains(&name.trim().len()) && !name.contains('\n'));
    let stamped = |time: &str, day: &str| numbers(time, ':', 2) && numbers(day, '/', 3);
    (named && (stamped(time, day) || stamped(day, time))).then(|| &text[..=end])
}

/// A line below an answer that gives it points: `Score: 8/10. The response is …`.
fn rated(text: &str) -> Option<&str> {
    OF_TEN.find_iter(text.as_bytes()).find_map(|at| {
        let start = text[..at].rfind('\n')? + 1;
        let points = text[start..at].strip_prefix("Score: ")?;
        let end = at + "/10".len();
        let says = ["The response", "The answer", "This response", "This answer"];
        let told = text[end..].trim_start_matches(['.', ' ', '-', '\n']);
        let number = points.len() <= 3 && points.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        (number && says.iter().any(|say| told.starts_with(say))).then(|| &text[start..end])
    })
}

/// Whether what is asked has the mark, up to its first number.
fn is_spoken_of(example: &Example<'_>, mark: &str) -> bool {
    let numbered = mark.find(|c: char| c.is_ascii_digit());
    let mark = &mark.as_bytes()[..numbered.unwrap_or(mark.len())];
    let mut asked = example.turns.iter().filter(|turn| turn.role != Role::Assistant);
    asked.any(|turn| memmem::find(turn.text.as_bytes(), mark).is_some())
}
