//! What slots of prompt templates are named after.

/// Names inside one pair of braces. Code and mathematics have braces of their own, so only what
/// prompts are made of counts.
pub(in super::super) const SINGLE: &[&str] = &[
    "answer",
    "article",
    "chat_history",
    "company_name",
    "context",
    "conversation",
    "customer_name",
    "document",
    "documents",
    "examples",
    "first_name",
    "input",
    "input_text",
    "instruction",
    "last_name",
    "name",
    "passage",
    "product_name",
    "prompt",
    "query",
    "question",
    "response",
    "system_prompt",
    "text",
    "topic",
    "user_input",
    "user_message",
    "user_name",
    "user_query",
    "user_question",
    "username",
];

/// Names that also count inside two pairs.
pub(in super::super) const DOUBLE: &[&str] = &[
    "assistant",
    "author",
    "bot",
    "bot_name",
    "char",
    "city",
    "company",
    "content",
    "customer",
    "date",
    "email",
    "language",
    "message",
    "model_name",
    "output",
    "placeholder",
    "product",
    "system",
    "target",
    "task",
    "title",
    "user",
    "value",
];

/// Words of what is left to be written, inside `<…>` and `[…]`.
pub(in super::super) const TODO: &[&str] = &[
    "TODO",
    "TBD",
    "PLACEHOLDER",
    "placeholder",
    "INSERT",
    "INSERT HERE",
    "YOUR ANSWER HERE",
];

/// Words of slots in capitals.
pub(in super::super) const CAPITALS: &[&str] = &[
    "ADDRESS",
    "AGENT",
    "ANSWER",
    "ASSISTANT",
    "BOT",
    "BRAND",
    "CITY",
    "CLIENT",
    "COMPANY",
    "CONTEXT",
    "COUNTRY",
    "CUSTOMER",
    "DATE",
    "EMAIL",
    "FIRST",
    "HERE",
    "INPUT",
    "IP",
    "LANGUAGE",
    "LAST",
    "LINK",
    "LOCATION",
    "NAME",
    "NUMBER",
    "ORDER",
    "PHONE",
    "PRODUCT",
    "QUESTION",
    "TEXT",
    "TIME",
    "TITLE",
    "TOPIC",
    "URL",
    "USER",
    "YOUR",
];

/// What slots in Chinese are named after.
pub(in super::super) const OF_CHINESE: &[&str] = &[
    "姓名", "用户", "名称", "名字", "客户", "日期", "时间", "地址", "公司", "问题", "答案", "产品", "城市", "标题",
];

/// A word of another script, as templates name their slots.
pub(in super::super) fn is_word(name: &str) -> bool {
    let letter = |c: char| c.is_alphabetic() && !c.is_ascii() || c == '_';
    (2..=12).contains(&name.chars().count()) && name.chars().all(letter) && name.contains(char::is_alphabetic)
}

pub(in super::super) fn is_known(name: &str) -> bool {
    DOUBLE.contains(&name) || SINGLE.contains(&name)
}

/// `bot_name`: two words or more, in lower case.
pub(in super::super) fn is_snake(name: &str) -> bool {
    let is_word = |word: &str| word.len() >= 2 && word.bytes().all(|byte| byte.is_ascii_lowercase());
    name.contains('_') && name.len() <= 40 && name.split('_').all(is_word)
}

/// `COMPANY NAME`, `COMPANY_NAME`: two words or more of what a slot is named after.
pub(in super::super) fn is_named_in_capitals(inner: &str) -> bool {
    let words = || inner.split([' ', '_']);
    // Of persons these are masks, put there on purpose.
    let masks = ["PHONE", "EMAIL", "IP", "FIRST", "LAST"];
    words().count() >= 2 && words().all(|word| CAPITALS.contains(&word)) && !words().any(|word| masks.contains(&word))
}

/// `insert company`, `Insert company name here`, `your answer here`.
pub(in super::super) fn is_asked_for(inner: &str) -> bool {
    let words = inner.split(' ').count();
    let small = |byte: u8| byte.is_ascii_lowercase() || byte == b' ';
    let plain = inner.bytes().all(small);
    if let Some(rest) = inner
        .strip_prefix("Insert ")
        .and_then(|rest| rest.strip_suffix(" here"))
    {
        return rest.bytes().all(small) && words <= 6;
    }
    let here = inner.ends_with(" here") && (inner.starts_with("your ") || inner.starts_with("insert "));
    plain && words <= 6 && (here || inner.starts_with("insert ") && words >= 2)
}

/// A name as code has it.
pub(in super::super) fn is_name(name: &str) -> bool {
    name.len() <= 40
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-'))
}

/// Whether a name in capitals is the last of a text whose line before it ends with a colon: `this text:` and `TEXT`.
pub(in super::super) fn stands_for_what_follows(before: &str, name: &str) -> bool {
    matches!(
        name,
        "TEXT" | "INPUT" | "QUESTION" | "ARTICLE" | "PASSAGE" | "DOCUMENT" | "CONTEXT" | "SENTENCE" | "PARAGRAPH"
    ) && before.trim_end().ends_with(':')
}

/// What Python puts into braces: `0`, `row['text']`, `total:.2f`.
pub(in super::super) fn is_filled_by_code(name: &str) -> bool {
    // They count from 0, and sets of numbers seldom do.
    let number = name == "0";
    let item = || {
        let (of, key) = name.strip_suffix(']')?.split_once('[')?;
        let key = key.strip_prefix(['\'', '"'])?.strip_suffix(['\'', '"'])?;
        Some(is_name(of) && is_name(key))
    };
    let formatted = || {
        let (of, how) = name.split_once(':')?;
        let sign = |byte: u8| byte.is_ascii_digit() || b".,<>^+".contains(&byte);
        let how = how.strip_suffix(['f', 'd', '%'])?;
        Some(is_name(of) && of.len() > 2 && (1..=4).contains(&how.len()) && how.bytes().all(sign))
    };
    number || item() == Some(true) || formatted() == Some(true)
}
