//! Tables and columns of a query of which its prompt does not speak.

/// A word, a number or a sign of a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Token<'q>(&'q str);

/// Words that are no columns where a comparison follows them.
const WORDS: &str = "not|null|end|true|false|all|any|some|distinct|level|rownum|rowid|oid|ctid|sysdate|current_date|\
    current_timestamp|current_time|user|and|or|q|when|where|then|else|on|having|by|case|select|values|set|as|exists";

/// A name that stands nowhere in the prompt, and what it is of.
#[derive(Debug, PartialEq, Eq)]
pub(in super::super) enum Unspoken<'q> {
    Table(&'q str),
    Column(&'q str),
}

/// The first name of a query, without its strings, that a prompt in lower case does not have.
pub(in super::super) fn unspoken<'q>(code: &'q str, prompt: &str) -> Option<Unspoken<'q>> {
    let tokens: Vec<Token<'q>> = tokens(code);
    let own = own_names(&tokens);
    let known =
        |name: &str| own.iter().any(|own| own.eq_ignore_ascii_case(name)) || prompt.contains(&name.to_lowercase());
    let token = |at: usize| tokens.get(at).copied().unwrap_or(Token(""));
    for at in 0..tokens.len() {
        let named = token(at).is_any("from|join") && !(at > 0 && token(at - 1).is_any("distinct"));
        if named && !in_call(&tokens[..at]) {
            // Behind the names of its database and schema.
            let mut name = at + 1;
            while token(name).is_name() && token(name + 1).0 == "." {
                name += 2;
            }
            if token(name).is_name() && !token(name).is_any(WORDS) && token(name + 1).0 != "(" && !known(token(name).0)
            {
                return Some(Unspoken::Table(token(name).0));
            }
        }
        let compared = token(at + 1).is_any("=|<|>|!|like|between|in|is") && !(at > 0 && token(at - 1).is_sigil());
        let listed = at > 0 && token(at - 1).is_any("select|distinct") && token(at + 1).is_any("from|,");
        if (compared || listed) && token(at).is_name() && !token(at).is_any(WORDS) && !known(token(at).0) {
            return Some(Unspoken::Column(token(at).0));
        }
    }
    None
}

impl Token<'_> {
    fn is_any(self, words: &str) -> bool {
        words.split('|').any(|word| word.eq_ignore_ascii_case(self.0))
    }

    fn is_name(self) -> bool {
        self.0.starts_with(|c: char| c.is_alphabetic() || c == '_') && self.0 != "Q"
    }

    /// Signs before a variable, a parameter or a type.
    fn is_sigil(self) -> bool {
        matches!(self.0, "@" | ":" | "$" | "#")
    }
}

fn tokens(code: &str) -> Vec<Token<'_>> {
    let part = |c: char| c.is_alphanumeric() || c == '_' || c == '$' || !c.is_ascii() && !c.is_whitespace();
    let mut rest = code.trim_start();
    let mut tokens = Vec::new();
    while let Some(first) = rest.chars().next() {
        let length = if part(first) {
            rest.find(|c| !part(c)).unwrap_or(rest.len())
        } else {
            first.len_utf8()
        };
        tokens.push(Token(&rest[..length]));
        rest = rest[length..].trim_start();
    }
    tokens
}

/// Names that the query gives itself: behind `AS`, before it, behind a table or a bracket, and columns of such tables.
fn own_names<'q>(tokens: &[Token<'q>]) -> Vec<&'q str> {
    let mut own = Vec::new();
    for (at, token) in tokens.iter().enumerate().filter(|(_, token)| token.is_name()) {
        let before = at.checked_sub(1).map_or(Token(""), |at| tokens[at]);
        let after = tokens.get(at + 1).copied().unwrap_or(Token(""));
        let given = before.is_any("as|with|,") && (before.is_any("as") || after.is_any("as|("));
        let beside = before.0 == ")" || before.is_name() && !before.is_any(WORDS) && !before.is_any("from|join");
        if given || beside || after.is_any("as") {
            own.push(token.0);
        }
        if given && after.0 == "(" {
            let inner = tokens[at + 2..].iter().take_while(|token| token.0 != ")");
            own.extend(inner.filter(|token| token.is_name()).map(|token| token.0));
        }
    }
    own
}

/// Whether these end within a call: `EXTRACT(YEAR FROM`.
fn in_call(before: &[Token<'_>]) -> bool {
    let mut open = 0;
    for at in (0..before.len()).rev() {
        match before[at].0 {
            ")" => open += 1,
            "(" if open > 0 => open -= 1,
            "(" => {
                let called = at > 0
                    && before[at - 1].is_name()
                    && !before[at - 1].is_any("from|join|in|exists|as|union|all|any");
                return called && !before.get(at + 1).is_some_and(|token| token.is_any("select|with"));
            }
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_the_prompt_does_not_have() {
        let prompt = "create table ship (id int, name text, built date)\nwhich ships are the oldest?";
        for (query, found) in [
            ("SELECT name FROM ship WHERE id = 1", None),
            ("SELECT name FROM boats WHERE id = 1", Some(Unspoken::Table("boats"))),
            (
                "SELECT name FROM ship WHERE tonnage > 1",
                Some(Unspoken::Column("tonnage")),
            ),
            ("SELECT weight FROM ship", Some(Unspoken::Column("weight"))),
            ("SELECT T.name FROM main.ship AS T JOIN ship U ON T.id = U.id", None),
            ("SELECT EXTRACT(YEAR FROM built) AS y FROM ship WHERE y > 3", None),
            (
                "WITH old AS (SELECT name AS n FROM ship) SELECT n FROM old WHERE n = Q ",
                None,
            ),
            ("WITH old (n) AS (SELECT name FROM ship) SELECT n FROM old", None),
            ("SELECT a.x FROM (SELECT count(*) x FROM ship) a WHERE a.x = @top", None),
            (
                "SELECT name FROM unnest(text) WHERE id IS NOT DISTINCT FROM built",
                None,
            ),
        ] {
            assert_eq!(unspoken(query, prompt), found, "{query}");
        }
    }
}
