//! What stands about prompts and in them that nobody asks: names, numbers, open cues, and what a program printed.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use super::kinds::{ASKER, COUNTED, IMAGE, MAKER, OPEN, PRINTED};
use super::wrappings::{LEAST, cue, number};
use crate::model::example::{Example, Role, Shape, Turn};

/// Names of who asks, and what prompts are called, before a colon.
const ASKERS: &str =
    "user|human|customer|用户|usuario|usuário|utilisateur|nutzer|пользователь|kullanıcı|người dùng|ユーザー|사용자";
/// What prompts are called, before a number and a colon.
const QUESTIONS: &str =
    "question|prompt|instruction|query|task|example|问题|提问|вопрос|pregunta|frage|soru|câu hỏi|質問|질문";
/// What a prompt that asks for rows holds.
static MAKERS: LazyLock<AhoCorasick> = LazyLock::new(|| {
    AhoCorasick::new([
        "question-answer pairs",
        "question-and-answer pairs",
        "question answer pairs",
        "QA pairs",
        "data generator",
        "synthetic training data",
        "training examples for",
    ])
    .expect("a few short words are within the limits")
});

/// Tells of what stands about the first prompt.
pub(in super::super) fn each(example: &Example<'_>, text: &str, found: &mut dyn FnMut(u8, &str)) {
    // Alpaca's input stands below its instruction.
    let below = if example.shape == Shape::Alpaca {
        text.split_once('\n')
    } else {
        None
    };
    let text = below.map_or(text, |(_, input)| input.trim());
    if text.is_empty() {
        return;
    }
    if let Some(name) = asker(text) {
        found(ASKER, name);
    }
    if let Some(number) = number(text).filter(|_| text.as_bytes()[0].is_ascii_digit()) {
        found(COUNTED, number);
    }
    let last = &text[text.rfind('\n').map_or(0, |at| at + 1)..];
    if last.len() < text.len() && cue(&format!("{last} {last}")).is_some_and(|cue| cue.len() == last.len()) {
        found(OPEN, last);
    }
    if let Some(printed) = printed(text) {
        found(PRINTED, printed);
    }
    let answered = |turn: &&Turn<'_>| turn.role == Role::Assistant;
    let many = || {
        example
            .turns
            .iter()
            .find(answered)
            .is_some_and(|turn| turn.text.matches(['?', '？']).count() > 1)
    };
    if let Some(maker) = MAKERS.find(text).filter(|_| !many()) {
        found(MAKER, &text[maker.start()..]);
    }
    if let Some(image) = image(text) {
        found(IMAGE, image);
    }
}

/// `User:`, `Question 3:`: the name that a prompt begins with, if no other follows.
fn asker(text: &str) -> Option<&str> {
    const LONGEST: usize = 24;
    let near = &text[..text.floor_char_boundary(LONGEST)];
    let at = near.find([':', '：'])?;
    let name = near[..at].trim_end_matches(|c: char| c.is_ascii_digit()).trim_end();
    let names = if name.len() < at { QUESTIONS } else { ASKERS };
    let known = names.split('|').any(|known| known == name.to_lowercase());
    // A question that answers to choose from follow has its name by right.
    let more = || {
        text.lines()
            .skip(1)
            .any(|line| line.contains([':', '：']) && line.len() < 400)
    };
    let colon = near[at..].chars().next()?.len_utf8();
    (known && text.len() > at + LEAST / 2 && !more()).then(|| &text[..at + colon])
}

/// `<function f at 0x7f2b8c1d3a60>`.
fn printed(text: &str) -> Option<&str> {
    const LONGEST: usize = 120;
    let at = memchr::memmem::find(text.as_bytes(), b" at 0x")?;
    let start = text[..at].rfind('<').filter(|start| at - start < LONGEST)?;
    let end = at + text[at..].find('>').filter(|end| *end < 40)?;
    let name = &text[start + 1..at];
    let known = ["function ", "bound method ", "built-in "]
        .iter()
        .any(|kind| name.starts_with(kind))
        || name.ends_with(" object");
    known.then(|| &text[start..=end])
}

/// `[image: ./uploads/3891.jpg]`.
fn image(text: &str) -> Option<&str> {
    let mut marks = memchr::memchr_iter(b'[', text.as_bytes());
    marks.find_map(|at| {
        let near = &text[at + 1..text.floor_char_boundary(at + 120)];
        let inner = &near[..near.find(']')?];
        let (name, path) = inner.split_once(": ")?;
        let known = matches!(name, "image" | "Image" | "img" | "photo" | "file" | "attachment");
        let ending = path
            .rsplit_once('.')
            .is_some_and(|(_, ending)| matches!(ending, "jpg" | "jpeg" | "png" | "webp" | "gif" | "pdf"));
        (known && ending && !path.contains(' ')).then(|| &text[at..at + inner.len() + 2])
    })
}
