//! Whether a query is whole: its quotes and brackets closed, and nothing missing at its end.

use super::query::Language;
use super::query_code::code;

/// Words after which a query goes on.
const OPEN: &str =
    "where|and|or|from|by|return|select|join|in|having|with|not|like|distinct|union|between|is|as|when|then";
/// The same, where they are no names: not behind [`NAMED`].
const OPEN_UNLESS_NAMES: &str = "set|values|limit|match|on|skip|contains|group|order|unwind";
/// Words and signs with a name behind them.
const NAMED: &str = "by|as|select|distinct|from|join|into|table|update|return|with|where|and|or|=|,|.|<|>|(";

/// What is wrong with a query, if anything.
pub(in super::super) fn wrong(query: &str, language: Language) -> Option<String> {
    let wrong = |escapes: bool| match code(query, language, escapes) {
        Err(quote) => Some(format!("`{quote}` is opened and not closed")),
        Ok(code) => unbalanced(&code)
            .or_else(|| open_end(&code))
            .or_else(|| foreign(&code, language)),
    };
    // In some dialects a backslash in a string is one, in others it is not.
    let found = wrong(true)?;
    if query.contains('\\') {
        wrong(false)
    } else {
        Some(found)
    }
}

fn unbalanced(code: &str) -> Option<String> {
    let mut open = Vec::new();
    for c in code.chars() {
        match c {
            '(' | '[' | '{' => open.push(c),
            ')' | ']' | '}' => match (open.pop(), c) {
                (Some('('), ')') | (Some('['), ']') | (Some('{'), '}') => {}
                (Some(other), _) => return Some(format!("`{other}` meets `{c}`")),
                (None, _) => return Some(format!("`{c}` closes nothing")),
            },
            _ => {}
        }
    }
    open.pop().map(|c| format!("`{c}` is opened and not closed"))
}

/// The word or sign a query ends with, after which it goes on.
fn open_end(code: &str) -> Option<String> {
    let code = code.trim_end_matches(|c: char| c.is_whitespace() || c == ';');
    let sign = code.chars().next_back()?;
    if matches!(sign, '=' | '<' | '>' | '+' | '-' | ',' | '|') {
        return Some(format!("it ends with `{sign}`"));
    }
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    let before = code.trim_end_matches(is_name);
    let word = &code[before.len()..];
    let has = |words: &str, word: &str| words.split('|').any(|one| one.eq_ignore_ascii_case(word));
    // Of a name, a label or a variable.
    if before.ends_with(['.', ':', '$', '?', '@', '#']) {
        return None;
    }
    let before = before.trim_end();
    let last = &before[before.trim_end_matches(is_name).len()..];
    let sign = before.char_indices().next_back().map_or("", |(at, _)| &before[at..]);
    let last = if last.is_empty() { sign } else { last };
    let named = || has(NAMED, last);
    let open = has(OPEN, word) && !last.eq_ignore_ascii_case("as") || has(OPEN_UNLESS_NAMES, word) && !named();
    open.then(|| format!("it ends with `{word}`"))
}

/// An entity of HTML, or a quote of a text, in the place of a sign.
fn foreign(code: &str, language: Language) -> Option<String> {
    let signs = [("&gt;", '>'), ("&lt;", '<'), ("&quot;", '"'), ("&#39;", '\'')];
    let entity = signs.iter().find(|(found, _)| code.contains(found));
    let quotes = [("’", '\''), ("‘", '\''), ("“", '"'), ("”", '"')];
    // Inside a word it is an apostrophe: `women’s_nickname`.
    let begins = |quote: &str| {
        let mut places = code.match_indices(quote);
        places.any(|(at, _)| !code[..at].ends_with(char::is_alphanumeric))
    };
    let quote = || {
        quotes
            .iter()
            .find(|(found, _)| language != Language::Sparql && begins(found))
    };
    let (found, sign) = entity.or_else(quote)?;
    Some(format!("`{found}` stands for `{sign}` in it"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_queries_are_whole() {
        for (query, language) in [
            (
                "SELECT a FROM b WHERE c = 'it''s' AND d > \"(\" -- what's (",
                Language::Sql,
            ),
            (r"SELECT a FROM b WHERE c LIKE '\' AND d = 'e'", Language::Sql),
            ("SELECT a FROM b ORDER BY limit", Language::Sql),
            ("SELECT a /* it's ( */ FROM [b c] WHERE d <> 'x';", Language::Sql),
            ("SELECT count(*) AS order", Language::Sql),
            ("SELECT men’s_name FROM b", Language::Sql),
            ("SELECT a FROM b –é", Language::Sql),
            (
                r"MATCH (a)--(b)<-[:C]-(d {e: 'f\'s'}) RETURN a.limit // that's (",
                Language::Cypher,
            ),
            (
                "MATCH (a:B) WHERE a.b < 3 AND a.c > 4 RETURN a.`it's`",
                Language::Cypher,
            ),
            (
                "SELECT ?a WHERE { <http://a.b/O'Neil_(c> <http://a.b#d> ?a . }",
                Language::Sparql,
            ),
            (
                "PREFIX r: <http://a/> ASK { r:Frampton's_Camel r:b ?c }",
                Language::Sparql,
            ),
        ] {
            assert_eq!(wrong(query, language), None, "{query}");
        }
    }

    #[test]
    fn broken_queries_are_told() {
        for (query, language, what) in [
            ("MATCH (a) RETURN ", Language::Cypher, "it ends with `RETURN`"),
            ("MATCH (a)-[:B]-> ", Language::Cypher, "it ends with `>`"),
            ("MATCH (a RETURN a", Language::Cypher, "`(` is opened and not closed"),
            ("MATCH (a {b: c)} RETURN a", Language::Cypher, "`{` meets `)`"),
            (
                "MATCH (a)-[:B]-&gt;(c) RETURN a",
                Language::Cypher,
                "`&gt;` stands for `>` in it",
            ),
            (
                "SELECT a FROM b WHERE c = 'd",
                Language::Sql,
                "`'` is opened and not closed",
            ),
            (
                "SELECT a FROM b WHERE c = ’d’",
                Language::Sql,
                "`’` stands for `'` in it",
            ),
            ("SELECT a) FROM b", Language::Sql, "`)` closes nothing"),
            ("SELECT a FROM b WHERE c =", Language::Sql, "it ends with `=`"),
            (
                "SELECT a FROM b ORDER BY c LIMIT;",
                Language::Sql,
                "it ends with `LIMIT`",
            ),
            (
                "MATCH (a) RETURN a LIMIT 5 RETURN 1 MATCH",
                Language::Cypher,
                "it ends with `MATCH`",
            ),
        ] {
            assert_eq!(wrong(query, language).as_deref(), Some(what), "{query}");
        }
    }
}
