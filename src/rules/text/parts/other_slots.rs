//! Slots in the signs of other template languages, and named in other scripts.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::prose::{CANDIDATES, in_code, is_prose};
use super::slot_names::{CAPITALS, OF_CHINESE, is_known, is_snake, is_word};

/// `%(company)s` of a name that is known; and `@@NAME@@`, `__USER_NAME__`: a name in capitals between two pairs of signs.
pub(in super::super) fn between_signs(text: &str) -> Option<(usize, &str)> {
    let bytes = text.as_bytes();
    let found = memchr::memchr3_iter(b'%', b'@', b'_', bytes).filter_map(|at| {
        let (close, size) = match (bytes[at], bytes.get(at + 1)?) {
            (b'%', b's') => return stands_alone(text, at).then(|| (at, &text[at..at + 2])),
            (b'%', b'(') => (")s", 2),
            (b'@', b'@') => ("@@", 2),
            (b'_', b'_') => ("__", 2),
            _ => return None,
        };
        let inner = &text[at + size..];
        // A row of underscores is looked at once.
        if !inner.as_bytes().first().is_some_and(u8::is_ascii_alphabetic) {
            return None;
        }
        let end = memchr::memmem::find(&inner.as_bytes()[..inner.len().min(LONGEST)], close.as_bytes())?;
        let (name, whole) = (&inner[..end], &text[at..at + size + end + close.len()]);
        let known = if close == ")s" {
            is_known(name) && name != "message"
        } else {
            // `__DATE__` and `__TIME__` are C's.
            name.len() > 2 && !matches!(name, "DATE" | "TIME") && name.split('_').all(|word| CAPITALS.contains(&word))
        };
        (known && is_prose(text, at, whole.len())).then_some((at, whole))
    });
    found.take(CANDIDATES).find(|(at, _)| !in_code(text, *at))
}

/// Whether `%s` stands where a word would, and not behind a number.
fn stands_alone(text: &str, at: usize) -> bool {
    let before = text[..at]
        .strip_suffix(' ')
        .and_then(|before| before.chars().next_back());
    let after = text[at + 2..].chars().next();
    let starts = (at == 0 || text[..at].ends_with('\n')) && text[at + 2..].starts_with(": ");
    starts && is_prose(text, at, 2)
        || before.is_some_and(char::is_alphabetic)
            && after.is_none_or(|c| matches!(c, ' ' | '.' | ',' | '?' | '!' | '\n'))
            && !text.contains("printf")
            && is_prose(text, at, 2)
}

/// The longest name, in bytes.
const LONGEST: usize = 48;

/// Slots in other signs, and named in other scripts: `[[customer_name]]`, `<%= user.name %>`, `{用户姓名}`.
pub(in super::super) fn of_others(text: &str, at: usize) -> Option<&str> {
    let rest = &text[at..];
    let find = |open: &str, close: &str| {
        let inner = rest.strip_prefix(open)?;
        let end = memchr::memmem::find(&inner.as_bytes()[..inner.len().min(64)], close.as_bytes())?;
        Some((inner[..end].trim(), &rest[..open.len() + end + close.len()]))
    };
    if let Some((name, whole)) = find("[[", "]]") {
        return ((is_known(name) || is_snake(name)) && is_prose(text, at, whole.len())).then_some(whole);
    }
    if let Some((name, whole)) = find("<<", ">>") {
        let named = name.split(['_', ' ']).all(|word| CAPITALS.contains(&word));
        return (named && is_prose(text, at, whole.len())).then_some(whole);
    }
    if let Some((name, whole)) = find("<%=", "%>") {
        let known = name.split('.').all(|part| is_known(part) || is_snake(part));
        return (known && !text.contains("</")).then_some(whole);
    }
    if let Some((statement, whole)) = find("{%", "%}") {
        return is_unrendered(text, statement).then_some(whole);
    }
    if let Some((inner, whole)) = find("<", ">").or_else(|| find("[", "]")) {
        return tells_to_fill_in(inner).then_some(whole);
    }
    let (name, whole) = find("{", "}")?;
    let dollar = at > 0 && text.as_bytes()[at - 1] == b'$';
    (is_word(name) && OF_CHINESE.iter().any(|word| name.contains(word)) && !dollar).then_some(whole)
}

/// Whether a statement of Jinja was left in a text that is no file for it: one of those that end, which it does here too.
fn is_unrendered(text: &str, statement: &str) -> bool {
    let statement = statement.trim_matches('-').trim();
    let ends = |start: &str, end: &str| statement.starts_with(start) && text.contains(end);
    let code = ["<", "SELECT ", "select ", "```", ": {"];
    // An item of YAML is a key and its value.
    let key = |line: &str| {
        let word = line
            .trim_start()
            .strip_prefix("- ")
            .and_then(|item| item.split(' ').next());
        word.is_some_and(|word| word.ends_with(':') && word.starts_with(char::is_lowercase))
    };
    (ends("if ", "endif") || ends("for ", "endfor"))
        && !code.iter().any(|sign| text.contains(sign))
        && !text.lines().any(key)
}

/// What Chinese tells somebody to write, in its own brackets: `【此处填写姓名】`.
pub(in super::super) fn in_heavy_brackets(text: &str) -> Option<(usize, &str)> {
    const LONGEST: usize = 64;
    static OPEN: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("【"));
    let size = "【".len();
    let mut found = OPEN.find_iter(text.as_bytes()).filter_map(|at| {
        let near = &text[at..text.floor_char_boundary(at + LONGEST)];
        let inner = &near[size..near.find('】')?];
        tells_to_fill_in(inner).then(|| (at, &text[at..at + inner.len() + 2 * size]))
    });
    found.next()
}

/// Whether Chinese within `<…>` or `[…]` tells somebody to write there.
fn tells_to_fill_in(inner: &str) -> bool {
    let tells = [
        "在此处填写",
        "在此填写",
        "在这里填写",
        "请填写",
        "请输入",
        "在此处输入",
        "在此输入",
        "在这里输入",
        "此处填写",
        "此处插入",
    ];
    inner.chars().count() <= 16 && tells.iter().any(|tell| inner.starts_with(tell))
}

/// `[topic]` in the middle of a prompt of one line. In answers such a word is for its reader to fill in.
pub(in super::super) fn of_prompts(text: &str) -> Option<(usize, &str)> {
    const NAMES: [&str; 12] = [
        "topic",
        "subject",
        "company",
        "company name",
        "product",
        "product name",
        "question",
        "article",
        "city",
        "language",
        "profession",
        "industry",
    ];
    const LONGEST: usize = 240;
    if text.len() > LONGEST || text.contains('\n') {
        return None;
    }
    let opening = memchr::memchr_iter(b'[', text.as_bytes());
    { opening }.find_map(|at| {
        let name = &text[at + 1..at + text[at..].find(']')?];
        let slot = &text[at..at + name.len() + 2];
        (NAMES.contains(&name) && is_prose(text, at, slot.len())).then_some((at, slot))
    })
}
