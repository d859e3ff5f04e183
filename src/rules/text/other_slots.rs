//! Slots in the signs of other template languages, and named in other scripts.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::prose::{in_code, is_prose};
use super::slot_names::{CAPITALS, OF_CHINESE, is_known, is_snake, is_word};

/// What stands before such a name and after it.
static SIGNS: LazyLock<[(&str, Finder<'static>); 2]> =
    LazyLock::new(|| ["@@", "__"].map(|sign| (sign, Finder::new(sign))));

/// `@@NAME@@`, `__USER_NAME__`: a name in capitals between two pairs of signs.
pub(super) fn between_signs(text: &str) -> Option<(usize, &str)> {
    SIGNS.iter().find_map(|(sign, finder)| {
        finder.find_iter(text.as_bytes()).find_map(|at| {
            let inner = &text[at + 2..];
            let end = inner.find(*sign).filter(|end| (3..=40).contains(end))?;
            let known = inner[..end].split('_').all(|word| CAPITALS.contains(&word));
            let whole = &text[at..at + end + 4];
            (known && is_prose(text, at, whole.len()) && !in_code(text, at)).then_some((at, whole))
        })
    })
}

/// Slots in other signs, and named in other scripts: `[[customer_name]]`, `<%= user.name %>`, `{用户姓名}`.
pub(super) fn of_others(text: &str, at: usize) -> Option<&str> {
    let rest = &text[at..];
    let find = |open: &str, close: &str| {
        let inner = rest.strip_prefix(open)?;
        let end = memchr::memmem::find(&inner.as_bytes()[..inner.len().min(64)], close.as_bytes())?;
        Some((inner[..end].trim(), &rest[..open.len() + end + close.len()]))
    };
    if let Some((name, whole)) = find("[[", "]]") {
        return ((is_known(name) || is_snake(name)) && is_prose(text, at, whole.len())).then_some(whole);
    }
    if let Some((name, whole)) = find("<%=", "%>") {
        return (name.split('.').all(|part| is_known(part) || is_snake(part))).then_some(whole);
    }
    let (name, whole) = find("{", "}")?;
    let dollar = at > 0 && text.as_bytes()[at - 1] == b'$';
    (is_word(name) && OF_CHINESE.iter().any(|word| name.contains(word)) && !dollar).then_some(whole)
}
