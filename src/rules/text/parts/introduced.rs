//! Answers in which the assistant introduces itself under the name of another.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use crate::model::example::{Example, Role, Turn};

/// The names of assistants, and one of what must stand behind a name that others bear as well.
const NAMES: [(&str, &[&str]); 24] = [
    ("ChatGPT", &[]),
    ("GPT-3", &[]),
    ("GPT-4", &[]),
    ("GPT-5", &[]),
    ("DeepSeek", &[]),
    ("Qwen", &[]),
    ("ChatGLM", &[]),
    ("GLM-4", &[]),
    ("ERNIE Bot", &[]),
    ("Claude", &["Anthropic", "Claude, an AI"]),
    ("Gemini", &["Google"]),
    ("Bard", &["Google"]),
    ("Llama", &["Meta"]),
    ("LLaMA", &["Meta"]),
    ("Mistral", &["Mistral AI"]),
    ("Kimi", &["Moonshot", "月之暗面"]),
    ("Grok", &["xAI"]),
    ("Copilot", &["Microsoft"]),
    ("Doubao", &["ByteDance"]),
    ("通义千问", &[]),
    ("文心一言", &[]),
    ("讯飞星火", &[]),
    ("智谱清言", &[]),
    ("豆包", &["字节跳动", "人工智能", "AI"]),
];
/// What stands before a name.
static INTRODUCED: LazyLock<AhoCorasick> = LazyLock::new(|| {
    let words = [
        "I am ",
        "I'm ",
        "I’m ",
        "My name is ",
        "my name is ",
        "我是",
        "我叫",
        "私は",
    ];
    AhoCorasick::new(words).expect("a few short words are within the limits")
});
/// Bytes of an answer in which it says who it is, and behind the name whose it is.
const NEAR: usize = 160;

/// The name of another assistant as which an answer introduces itself, unless the row gives it that name.
pub(in super::super) fn as_another<'t>(example: &Example<'_>, text: &'t str) -> Option<&'t str> {
    let start = &text[..text.floor_char_boundary(NEAR)];
    let mut introduced = INTRODUCED.find_iter(start);
    let (at, end, name) =
        introduced.find_map(|words| Some((words.start(), words.end(), name_of(&text[words.end()..])?)))?;
    // What is quoted is another's.
    let before = text[..at].trim_end_matches([' ', '\n']);
    let begins = before.is_empty() || before.ends_with(['.', '!', '?', ',', ':', '。', '！', '，', '？', '、']);
    let given = || {
        let told = |turn: &&Turn<'_>| turn.role == Role::System;
        example.turns.iter().filter(told).any(|turn| turn.text.contains(name))
    };
    (begins && !given()).then(|| &text[at..end + name.len()])
}

/// The name of an assistant with which a text begins.
fn name_of(text: &str) -> Option<&'static str> {
    let near = &text[..text.floor_char_boundary(NEAR)];
    let (name, _) = NAMES.into_iter().find(|(name, whose)| {
        let behind = text.strip_prefix(name);
        let letter = |c: char| c.is_ascii_alphabetic();
        let whole = behind.is_some_and(|rest| !(name.ends_with(letter) && rest.starts_with(letter)));
        whole && (whose.is_empty() || whose.iter().any(|one| near.contains(one)))
    })?;
    Some(name)
}
