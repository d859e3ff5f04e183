//! A query without its strings, comments and addresses, whose brackets and words are not its own.

use super::query::Language;

/// The query with a blank for each string, comment and IRI.
///
/// # Errors
///
/// The quote that does not end.
pub(in super::super) fn code(query: &str, language: Language, escapes: bool) -> Result<String, char> {
    let mut code = String::with_capacity(query.len());
    let mut at = 0;
    while let Some(c) = query[at..].chars().next() {
        let rest = &query[at..];
        if let Some(length) = comment(query, at, language).or_else(|| iri(rest)) {
            code.push_str(if c == '<' { " Q " } else { " " });
            at += length;
            continue;
        }
        at += c.len_utf8();
        let inside = |side: Option<char>| side.is_some_and(char::is_alphanumeric);
        let apostrophe = || inside(code.chars().next_back()) && inside(query[at..].chars().next());
        if !matches!(c, '\'' | '"' | '`') || language == Language::Sparql && apostrophe() {
            code.push(c);
            continue;
        }
        at += string(&query[at..], c, escapes).ok_or(c)?;
        code.push_str(" Q ");
    }
    Ok(code)
}

/// The length of a string behind its first quote, with the last.
fn string(rest: &str, quote: char, escapes: bool) -> Option<usize> {
    let mut signs = rest.char_indices();
    while let Some((at, c)) = signs.next() {
        if c == '\\' && escapes {
            signs.next();
        } else if c == quote {
            return Some(at + c.len_utf8());
        }
    }
    None
}

/// The length of a comment that begins here.
fn comment(query: &str, at: usize, language: Language) -> Option<usize> {
    let rest = &query[at..];
    if !rest.starts_with(['-', '/', '#']) {
        return None;
    }
    let line = || Some(rest.find('\n').unwrap_or(rest.len()));
    let before = query[..at].trim_end_matches([' ', '\t']);
    let (first, apart) = (before.is_empty() || before.ends_with('\n'), before.len() < at);
    if let Some(body) = rest.strip_prefix("/*") {
        return body.find("*/").map(|end| end + 4);
    }
    match language {
        _ if rest.starts_with("--") && first => line(),
        // `(a)--(b)` is a path.
        Language::Sql if rest.starts_with("--") && !rest[2..].starts_with(['(', '>', '[']) => line(),
        Language::Cypher if rest.starts_with("//") && (first || apart) => line(),
        Language::Sparql if rest.starts_with('#') && (first || apart) => line(),
        _ if rest.starts_with('#') && first => line(),
        _ => None,
    }
}

/// The length of an address in angle brackets.
fn iri(rest: &str) -> Option<usize> {
    let body = rest.strip_prefix('<')?;
    let end = body.find(|c: char| c.is_whitespace() || matches!(c, '<' | '>'))?;
    let address = body.starts_with(|c: char| c.is_ascii_alphabetic()) && body[..end].contains(':');
    (address && body[end..].starts_with('>')).then_some(end + 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_comments_and_addresses_are_left_out() {
        for (query, language, is) in [
            ("a 'b''c' -- d\n/* e */ f", Language::Sql, Ok("a  Q  Q   \n  f")),
            ("(a)--(b) // c", Language::Cypher, Ok("(a)--(b)  ")),
            ("<http://a/b#c> < d", Language::Sparql, Ok(" Q  < d")),
            ("a 'b", Language::Sql, Err('\'')),
        ] {
            assert_eq!(code(query, language, true), is.map(str::to_owned), "{query}");
        }
    }
}
