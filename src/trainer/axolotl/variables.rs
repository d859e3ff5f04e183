//! Which properties of a message a template asks for.
//!
//! Axolotl hands a template only those properties of a message that are mapped, or that the
//! template names on a variable called `message` (`prompt_strategies/jinja_template_analyzer.py`,
//! `get_message_vars`; what it would add for other variables is lost, because their first look at
//! the template is taken before it was read). A template that calls its variable `m` is given
//! nothing else.

use crate::model::encoded::EncodeError;

use crate::trainer::failure::unsupported;

/// The properties asked of `message`, each once.
///
/// # Errors
///
/// For a template that names `<field>_slice`, the one other variable axolotl would follow.
pub(super) fn of_message(template: &str, field_messages: &str) -> Result<Vec<String>, EncodeError> {
    let mut found = Vec::new();
    let mut slice = false;
    for code in tags(template) {
        let tokens = tokens(code);
        slice |= tokens
            .iter()
            .any(|token| matches!(token, Token::Name(name) if name.strip_suffix("_slice") == Some(field_messages)));
        for at in 0..tokens.len() {
            let starts = tokens[at] == Token::Name("message");
            if starts && !matches!(at.checked_sub(1).map(|at| tokens[at]), Some(Token::Mark('.'))) {
                chain(&tokens, at, &mut found);
            }
        }
    }
    if slice {
        return Err(unsupported(format!(
            "a chat template with a variable {field_messages}_slice"
        )));
    }
    Ok(found)
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Token<'t> {
    Name(&'t str),
    Text(&'t str),
    Number,
    Mark(char),
}

/// Words that stand before parentheses without calling anything.
const KEYWORDS: &[&str] = &["if", "elif", "else", "and", "or", "not", "in", "is"];

/// Follows `message.a['b'][0].c`: every name on the way is a property of `message`.
fn chain(tokens: &[Token<'_>], base: usize, found: &mut Vec<String>) {
    let mut add = |name: &str| {
        if !found.iter().any(|known| known == name) {
            found.push(name.to_owned());
        }
    };
    let (mut first, mut at) = (base, base + 1);
    loop {
        match (tokens.get(at), tokens.get(at + 1)) {
            (Some(Token::Mark('.')), Some(Token::Name(name))) => {
                add(name);
                at += 2;
            }
            (Some(Token::Mark('.')), Some(Token::Number)) => at += 2,
            (Some(Token::Mark('[')), Some(Token::Text(name))) if tokens.get(at + 2) == Some(&Token::Mark(']')) => {
                add(name);
                at += 3;
            }
            (Some(Token::Mark('[')), _) => match closing(tokens, at) {
                Some(end) => at = end + 1,
                None => return,
            },
            // Parentheses that only group leave the chain whole.
            (Some(Token::Mark(')')), _) if first > 0 && tokens[first - 1] == Token::Mark('(') => {
                let called = first > 1
                    && match tokens[first - 2] {
                        Token::Name(name) => !KEYWORDS.contains(&name),
                        Token::Mark(mark) => mark == ')' || mark == ']',
                        _ => false,
                    };
                if called {
                    return;
                }
                first -= 1;
                at += 1;
            }
            _ => return,
        }
    }
}

/// The bracket that closes the one at `open`.
fn closing(tokens: &[Token<'_>], open: usize) -> Option<usize> {
    let mut depth = 0usize;
    for (at, token) in tokens.iter().enumerate().skip(open) {
        match token {
            Token::Mark('[' | '(' | '{') => depth += 1,
            Token::Mark(']' | ')' | '}') => {
                depth -= 1;
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => {}
        }
    }
    None
}

/// The code between `{{ }}` and `{% %}`, comments and raw blocks left out.
fn tags(template: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = template;
    while let Some(open) = rest.find('{') {
        let after = &rest[open + 1..];
        let (close, skip) = match after.as_bytes().first() {
            Some(b'{') => ("}}", false),
            Some(b'%') => ("%}", false),
            Some(b'#') => ("#}", true),
            _ => {
                rest = after;
                continue;
            }
        };
        let body = &after[1..];
        let end = if skip { body.find(close) } else { code_end(body, close) };
        let Some(end) = end else { return found };
        let code = &body[..end];
        rest = &body[end + close.len()..];
        if skip {
            continue;
        }
        found.push(code);
        if close == "%}" && code.trim_matches(['-', '+', ' ', '\t', '\n']) == "raw" {
            let Some(end) = rest.find("endraw") else { return found };
            rest = &rest[end..];
        }
    }
    found
}

/// Where the code ends: at `close` outside of strings, and for `}}` outside of braces.
fn code_end(body: &str, close: &str) -> Option<usize> {
    let mut quote = None;
    let mut escaped = false;
    let mut braces = 0usize;
    for (at, c) in body.char_indices() {
        match (quote, c) {
            (Some(_), _) if escaped => escaped = false,
            (Some(_), '\\') => escaped = true,
            (Some(open), c) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(c),
            (None, '{') => braces += 1,
            (None, '}') if braces > 0 => braces -= 1,
            (None, _) if body[at..].starts_with(close) => return Some(at),
            (None, _) => {}
        }
    }
    None
}

fn tokens(code: &str) -> Vec<Token<'_>> {
    let mut found = Vec::new();
    let mut chars = code.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        if c.is_whitespace() {
            continue;
        }
        if c == '\'' || c == '"' {
            let mut escaped = false;
            let mut end = code.len();
            for (at, inner) in chars.by_ref() {
                if escaped {
                    escaped = false;
                } else if inner == '\\' {
                    escaped = true;
                } else if inner == c {
                    end = at;
                    break;
                }
            }
            found.push(Token::Text(&code[at + 1..end]));
        } else if c.is_alphanumeric() || c == '_' {
            let mut end = at + c.len_utf8();
            while let Some((at, inner)) = chars.next_if(|(_, inner)| inner.is_alphanumeric() || *inner == '_') {
                end = at + inner.len_utf8();
            }
            found.push(if c.is_ascii_digit() {
                Token::Number
            } else {
                Token::Name(&code[at..end])
            });
        } else {
            found.push(Token::Mark(c));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(template: &str) -> Vec<String> {
        of_message(template, "messages").expect("no slice")
    }

    #[test]
    fn every_name_on_a_chain_counts() {
        assert_eq!(
            of("{{ message.content }}{% if message['tool_calls'][0].function.name %}x{% endif %}"),
            ["content", "tool_calls", "function", "name"]
        );
        assert_eq!(of("{% if (message.a).b %}{{ f(message.c).d }}"), ["a", "b", "c"]);
    }

    #[test]
    fn other_variables_and_attributes_of_that_name_do_not() {
        assert!(of("{{ m.content }}{{ loop.message.x }}{{ messages[0].role }}").is_empty());
    }

    #[test]
    fn comments_raw_blocks_and_text_are_not_code() {
        assert!(of("message.a {# {{ message.b }} #}{% raw %}{{ message.c }}{% endraw %}").is_empty());
        assert_eq!(of("{{ '}} {{' ~ message.d }}{{ {'x': {}}.x ~ message.e }}"), ["d", "e"]);
    }

    #[test]
    fn a_call_ends_the_chain() {
        assert_eq!(of("{{ message.get('x').y }}"), ["get"]);
    }
}
