//! How an assistant speaks of itself as of the model that wrote the data, and under whose name.

use crate::model::example::{Example, Role, Turn};

/// Phrases with which such an answer begins.
pub(in super::super) const AT_START: [&str; 50] = [
    "作为一个AI语言模型",
    "作为AI语言模型",
    "作为一个AI助手",
    "作为人工智能助手",
    "作为人工智能语言模型",
    "我是由OpenAI",
    "I am Claude, ",
    "作为一个人工智能语言模型",
    "作为一名人工智能语言模型",
    "我是由阿里云",
    "我是由百度",
    "我是由深度求索",
    "我是由月之暗面",
    "我是由智谱",
    "我是由字节跳动",
    "我是由Anthropic",
    "我是由谷歌",
    "我是由Google",
    "As a language model, I do",
    "As a language model, I can",
    "As a language model, I am not",
    "As a language model, I'm not",
    "En tant que modèle de langage",
    "Como modelo de lenguaje",
    "Como un modelo de lenguaje",
    "Als KI-Sprachmodell",
    "Als ein KI-Sprachmodell",
    "Como um modelo de linguagem",
    "Como modelo de linguagem",
    "Come modello linguistico",
    "In quanto modello linguistico",
    "Als AI-taalmodel",
    "Als taalmodel",
    "Jako model językowy",
    "Jako jazykový model",
    "Bir yapay zeka dil modeli olarak",
    "Bir dil modeli olarak",
    "Sebagai model bahasa AI",
    "Как языковая модель",
    "Будучи языковой моделью",
    "Я — языковая модель",
    "Я - языковая модель",
    "私はOpenAIによって",
    "私はOpenAIが",
    "私は言語モデルとして",
    "Là một mô hình ngôn ngữ AI",
    "Là một mô hình ngôn ngữ lớn, tôi",
    "Là một mô hình ngôn ngữ, tôi",
    "كنموذج لغة",
    "كنموذج لغوي",
];
/// Those beyond ASCII that stand anywhere: what they all hold, and what follows it or stands before it.
pub(in super::super) const ANYWHERE: [(&str, &[&str]); 9] = [
    (
        "modelo de linguagem",
        &[
            "como um modelo de linguagem de IA",
            "Como um modelo de linguagem de IA",
            "como modelo de linguagem de IA",
            " sou um modelo de linguagem",
            "Sou um modelo de linguagem",
        ],
    ),
    (
        "言語モデル",
        &[
            "AI言語モデルとして",
            "人工知能言語モデルとして",
            "AI言語モデルである私",
            "AI言語モデルなので",
        ],
    ),
    (
        "언어",
        &[
            "AI 언어 모델로서",
            "AI 언어모델로서",
            "인공지능 언어 모델로서",
            "인공지능 언어모델로서",
        ],
    ),
    (
        "языков",
        &[
            "как языковая модель, я",
            "как языковая модель ИИ",
            "являюсь языковой моделью",
        ],
    ),
    (
        "mô hình ngôn ngữ",
        &[
            "là một mô hình ngôn ngữ AI, tôi",
            "tôi là một mô hình ngôn ngữ",
            "Tôi là một mô hình ngôn ngữ",
        ],
    ),
    (
        "भाषा मॉडल",
        &[
            "AI भाषा मॉडल के रूप में",
            "एआई भाषा मॉडल के रूप में",
            "मैं एक AI भाषा मॉडल",
            "मैं एक एआई भाषा मॉडल",
            "एक भाषा मॉडल के रूप में, म",
        ],
    ),
    ("نموذج", &["بصفتي نموذج", "باعتباري نموذج", "أنا نموذج لغ"]),
    (
        "jazykový model",
        &[
            "jako jazykový model nemohu",
            "jako jazykový model s tím",
            "jsem jazykový model",
            "Jsem jazykový model",
        ],
    ),
    (
        "językowy",
        &[
            "jako model językowy nie",
            "jestem modelem językowym",
            "Jestem modelem językowym",
        ],
    ),
];
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
const INTRODUCED: [&str; 8] = [
    "I am ",
    "I'm ",
    "I’m ",
    "My name is ",
    "my name is ",
    "我是",
    "我叫",
    "私は",
];
/// Bytes of an answer in which it says who it is, and behind the name whose it is.
const NEAR: usize = 160;

/// The name of another assistant as which an answer introduces itself, unless the row gives it that name.
pub(in super::super) fn introduced<'t>(example: &Example<'_>, text: &'t str) -> Option<&'t str> {
    let start = &text[..text.floor_char_boundary(NEAR)];
    let (at, end, name) = INTRODUCED.iter().find_map(|words| {
        let places = start.match_indices(words);
        { places }.find_map(|(at, _)| {
            let end = at + words.len();
            Some((at, end, name_of(&text[end..])?))
        })
    })?;
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
