//! What a query has by mistake: a word that a name should follow and another such word does, a slot, a second statement,
//! a sentence behind it.

use super::query::is_statement;

/// Pairs of words of which the second never follows the first. A column may have the name of some: what comes next tells.
const PAIRS: [(&str, &str, &str); 12] = [
    ("from", "where", ""),
    ("from", "group", "by"),
    ("from", "order", "by"),
    ("from", "having", ""),
    ("where", "where", ""),
    ("where", "and", ""),
    ("where", "group", "by"),
    ("where", "order", "by"),
    ("and", "and", ""),
    ("select", "where", ""),
    ("by", "by", ""),
    ("select", "select", ""),
];

/// What is wrong within a query of SQL, if anything.
pub(in super::super) fn slip(code: &str) -> Option<String> {
    let mut last: [&str; 2] = ["", ""];
    let mut words = code.split_whitespace().peekable();
    while let Some(word) = words.next() {
        let next = words.peek().copied().unwrap_or_default();
        for (first, second, third) in PAIRS {
            let follows = third.is_empty() || next.eq_ignore_ascii_case(third);
            // `T.where` is a column, and so is what stands before a sign.
            let is_column = next.starts_with(['=', '<', '>', '!', ',', '.']) || second == "select" && is(next, "from");
            if is(last[1], first) && is(word, second) && follows && !is_column {
                return Some(format!("`{word}` follows `{}`", last[1]));
            }
        }
        last = [last[1], word];
    }
    slot(code).map(|slot| format!("`{slot}` is a slot that nothing was put into"))
}

fn is(word: &str, other: &str) -> bool {
    word.eq_ignore_ascii_case(other)
}

/// A name in braces, such as `{table}`, and none of a date or a call as ODBC writes them, nor one of two braces.
fn slot(code: &str) -> Option<&str> {
    code.match_indices('{').find_map(|(at, _)| {
        let rest = &code[at + 1..];
        let name = &rest[..rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
            .unwrap_or(rest.len())];
        let named = name.starts_with(|c: char| c.is_ascii_alphabetic()) && rest[name.len()..].starts_with('}');
        let double = code[..at].ends_with(['{', '$']);
        (named && !double).then(|| &code[at..at + name.len() + 2])
    })
}

/// The statement that follows the first.
pub(in super::super) fn second(code: &str) -> Option<&str> {
    let mut parts = code.split(';').skip(1).map(str::trim);
    parts.find(|part| is_statement(part) && part.contains(' '))
}

/// The sentence on the last line, where that is none of the query.
pub(in super::super) fn sentence(code: &str) -> Option<&str> {
    let (_, line) = code.trim_end().rsplit_once('\n')?;
    let line = line.trim();
    let words = || line.split(' ');
    let first = words().next().unwrap_or_default();
    let capital = first.starts_with(char::is_uppercase) && first[1..].chars().all(|c| c.is_lowercase() || c == '\'');
    let plain = |word: &str| {
        word.trim_end_matches(['.', ',', ':', '!'])
            .chars()
            .all(|c| c.is_alphabetic() || "'-’".contains(c))
    };
    let some = words().nth(3).is_some() && words().all(plain);
    (capital && some && line.ends_with(['.', '!', ':']) && !is_statement(line)).then_some(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_told_from_columns_with_names_of_words() {
        for (query, what) in [
            ("SELECT a FROM WHERE b = 1", Some("`WHERE` follows `FROM`")),
            ("SELECT SELECT a FROM b", Some("`SELECT` follows `SELECT`")),
            ("SELECT a FROM b WHERE AND c = 1", Some("`AND` follows `WHERE`")),
            ("SELECT a FROM b WHERE GROUP BY c", Some("`GROUP` follows `WHERE`")),
            (
                "SELECT a FROM {table} WHERE b = 1",
                Some("`{table}` is a slot that nothing was put into"),
            ),
            ("SELECT a FROM b WHERE group = 1 ORDER BY c", None),
            ("SELECT select FROM b", None),
            ("SELECT a FROM {{ ref( Q ) }} WHERE b = {d Q }", None),
            ("SELECT a FROM order WHERE where = 1", None),
        ] {
            assert_eq!(slip(query).as_deref(), what, "{query}");
        }
    }

    #[test]
    fn what_follows_a_query() {
        assert_eq!(second("SELECT a FROM b; DROP TABLE c"), Some("DROP TABLE c"));
        assert_eq!(second("SELECT a FROM b;\n"), None);
        assert_eq!(
            sentence("SELECT a\nFROM b\nThis query returns it."),
            Some("This query returns it.")
        );
        assert_eq!(sentence("SELECT a\nFROM b\nWHERE c = 1."), None);
        assert_eq!(sentence("SELECT a\nFROM b\nOrder by c, d, e."), None);
    }
}
