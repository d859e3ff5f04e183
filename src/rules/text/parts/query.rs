//! Queries of SQL, Cypher and SPARQL, told from other texts by how they begin.

use serde::{Deserialize, Serialize};

/// Which comments a query may have, and what an apostrophe is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Language {
    Sql,
    Cypher,
    Sparql,
}

impl Language {
    pub(in super::super) fn name(self) -> &'static str {
        match self {
            Self::Sql => "SQL",
            Self::Cypher => "Cypher",
            Self::Sparql => "SPARQL",
        }
    }
}

/// Words a query begins with, and of which one stands in it, too; a word of a sentence may be the first.
const STARTS: [(&str, &str); 15] = [
    ("select", "from|where|(|*|{"),
    ("with", "select|match|return|insert|update|delete"),
    ("match", "("),
    ("optional", "("),
    ("unwind", "as"),
    ("call", "yield|return"),
    ("merge", "into|(:|return"),
    (
        "create",
        "table|view|index|constraint|function|procedure|trigger|database|schema|(:|return",
    ),
    ("insert", "into|{"),
    ("update", "set"),
    ("delete", "from|where|{"),
    ("alter", "table|view|column|index|database"),
    ("prefix", "select|ask|construct|describe|insert|delete"),
    ("ask", "{"),
    ("construct", "{"),
];

/// Words other statements begin with: they are no queries, and no sentences either.
const STATEMENTS: &str = "base|begin|call|commit|create|declare|delete|describe|drop|exec|execute|explain|foreach|grant|if|\
    insert|load|merge|pragma|profile|refresh|replace|revoke|rollback|set|show|truncate|update|use|values|vacuum|match|\
    optional|select|unwind|with|alter|analyze|start|return|finish|from|where|join|group|order|having|limit|union|end|else";

/// The query in a block of code, where a text is one; the text itself elsewhere.
pub(in super::super) fn unfenced(text: &str) -> (bool, &str) {
    let Some(rest) = text.strip_prefix("```") else {
        return (false, text);
    };
    let body = rest.find('\n').map_or("", |end| &rest[end..]);
    (true, body.find("```").map_or(body, |end| &body[..end]))
}

/// The language of a text that is a query.
pub(in super::super) fn language(text: &str) -> Option<Language> {
    let text = start(text);
    let (first, rest) = first_word(text);
    let (_, others) = STARTS.iter().find(|(start, _)| start.eq_ignore_ascii_case(first))?;
    others.split('|').any(|other| stands_in(rest, other)).then(|| {
        let sparql = ["prefix", "ask", "construct"]
            .iter()
            .any(|word| word.eq_ignore_ascii_case(first));
        let cypher = ["match", "optional", "unwind"]
            .iter()
            .any(|word| word.eq_ignore_ascii_case(first));
        if sparql || rest.contains('{') && rest.contains('?') {
            Language::Sparql
        } else if cypher
            || !first.eq_ignore_ascii_case("select") && !stands_in(rest, "select") && stands_in(rest, "return")
        {
            Language::Cypher
        } else {
            Language::Sql
        }
    })
}

/// Whether a text begins with a statement, be it a query or not.
pub(in super::super) fn is_statement(text: &str) -> bool {
    let (first, _) = first_word(start(text));
    STATEMENTS.split('|').any(|word| word.eq_ignore_ascii_case(first))
}

/// The text behind comments, and brackets around the whole.
fn start(mut text: &str) -> &str {
    loop {
        text = text.trim_start_matches(|c: char| c.is_whitespace() || c == '(' || c == ';');
        let comment = ["--", "//", "#"].iter().any(|mark| text.starts_with(mark));
        text = match text
            .strip_prefix("/*")
            .and_then(|rest| Some(&rest[rest.find("*/")? + 2..]))
        {
            Some(rest) => rest,
            None if comment => text.find('\n').map_or("", |end| &text[end..]),
            None => return text,
        };
    }
}

fn first_word(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(text.len());
    text.split_at(end)
}

/// Whether a word stands in a text, in any case; signs stand anywhere.
fn stands_in(text: &str, word: &str) -> bool {
    if !word.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return text.contains(word);
    }
    let mut words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    words.any(|one| one.eq_ignore_ascii_case(word))
}

/// Whether something follows a query that is none: what it does, in sentences.
pub(in super::super) fn is_followed(query: &str) -> bool {
    let prose = |rest: &str| {
        let rest = rest.trim_start();
        let (first, after) = first_word(start(rest));
        let sentence = after.starts_with([' ', ':', ',', '\'']) && !first.is_empty() && !is_statement(rest);
        sentence || rest.starts_with(['*', '#', '`', '1'])
    };
    let after = |mark: &str| {
        query
            .match_indices(mark)
            .any(|(at, _)| prose(&query[at + mark.len()..]))
    };
    after("\n\n") || after(";\n") || after("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_told_from_sentences() {
        for (query, is) in [
            ("SELECT name FROM t", Language::Sql),
            ("-- all\n(select 1 from t) union (select 2 from u)", Language::Sql),
            ("WITH a AS (SELECT 1) SELECT * FROM a", Language::Sql),
            ("MATCH (a)-[:B]->(c) RETURN c", Language::Cypher),
            ("CALL db.labels() YIELD label RETURN label", Language::Cypher),
            ("SELECT a FROM b WHERE c = 'no return'", Language::Sql),
            ("SELECT DISTINCT ?uri WHERE { ?uri a ?b }", Language::Sparql),
            ("PREFIX a: <http://a.b/> ASK { ?a ?b ?c }", Language::Sparql),
        ] {
            assert_eq!(language(query), Some(is), "{query}");
        }
        for text in [
            "Select the best of them.",
            "With love, Anna",
            "Create a plan and keep to it",
            "NULL",
            "Match the words with their pictures.",
            "Update the list",
            "",
        ] {
            assert_eq!(language(text), None, "{text}");
        }
        assert!(is_statement("SHOW TABLES") && is_statement("-- a\nuse db;") && !is_statement("NULL"));
    }

    #[test]
    fn a_fence_and_what_follows() {
        assert_eq!(unfenced("```sql\nSELECT 1\n```\nIt's one."), (true, "\nSELECT 1\n"));
        assert_eq!(unfenced("SELECT 1"), (false, "SELECT 1"));
        assert!(is_followed("SELECT a FROM b;\n\nThis query's result is a."));
        assert!(is_followed("SELECT a FROM b\n\n**Explanation**"));
        assert!(!is_followed("SELECT a FROM b;\n\nSELECT c FROM e;\n"));
    }
}
