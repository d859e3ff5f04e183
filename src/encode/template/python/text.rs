//! What Python's `str` does to letters: strips, splits, cases, predicates.

use minijinja::Error;

use super::repr::is_printable;
use crate::encode::template::error::TemplateError;

/// `str.isspace` of one letter: Unicode's white space, and four separators of ASCII.
pub(in crate::encode::template) fn is_space(letter: char) -> bool {
    letter.is_whitespace() || matches!(letter, '\x1c'..='\x1f')
}

/// Which ends are stripped.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::encode::template) enum Ends {
    Both,
    Left,
    Right,
}

/// `strip`, `lstrip` and `rstrip`: of white space, or of any of the letters given.
pub(in crate::encode::template) fn strip<'t>(text: &'t str, letters: Option<&str>, ends: Ends) -> &'t str {
    let stripped = |letter: char| letters.map_or_else(|| is_space(letter), |letters| letters.contains(letter));
    let text = if ends == Ends::Right {
        text
    } else {
        text.trim_start_matches(stripped)
    };
    if ends == Ends::Left {
        text
    } else {
        text.trim_end_matches(stripped)
    }
}

/// `split` and `rsplit` at white space, at most `limit` times; what is left keeps its far end.
pub(in crate::encode::template) fn split_space(text: &str, limit: Option<usize>, from_right: bool) -> Vec<&str> {
    let mut rest = text;
    let mut pieces = Vec::new();
    loop {
        rest = strip(rest, None, if from_right { Ends::Right } else { Ends::Left });
        if rest.is_empty() {
            break;
        }
        let over = limit.is_some_and(|limit| pieces.len() >= limit);
        let gap = if from_right {
            rest.rfind(is_space)
        } else {
            rest.find(is_space)
        };
        let Some(gap) = gap.filter(|_| !over) else {
            pieces.push(rest);
            break;
        };
        if from_right {
            let after = gap + rest[gap..].chars().next().map_or(0, char::len_utf8);
            pieces.push(&rest[after..]);
            rest = &rest[..gap];
        } else {
            pieces.push(&rest[..gap]);
            rest = &rest[gap..];
        }
    }
    if from_right {
        pieces.reverse();
    }
    pieces
}

/// `split(separator)` and `rsplit(separator)`, at most `limit` times.
pub(in crate::encode::template) fn split_at<'t>(
    text: &'t str,
    separator: &str,
    limit: Option<usize>,
    from_right: bool,
) -> Vec<&'t str> {
    match (limit, from_right) {
        (None, _) => text.split(separator).collect(),
        (Some(limit), false) => text.splitn(limit.saturating_add(1), separator).collect(),
        (Some(limit), true) => {
            let mut pieces: Vec<&str> = text.rsplitn(limit.saturating_add(1), separator).collect();
            pieces.reverse();
            pieces
        }
    }
}

/// `splitlines`: at every break Unicode knows, and not after a last one.
pub(in crate::encode::template) fn split_lines(text: &str, keep_ends: bool) -> Vec<&str> {
    let mut lines = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(|letter| {
        matches!(
            letter,
            '\n' | '\r' | '\x0b' | '\x0c' | '\x1c'..='\x1e' | '\u{85}' | '\u{2028}' | '\u{2029}'
        )
    }) {
        let len = if rest[at..].starts_with("\r\n") {
            2
        } else {
            rest[at..].chars().next().map_or(0, char::len_utf8)
        };
        lines.push(&rest[..if keep_ends { at + len } else { at }]);
        rest = &rest[at + len..];
    }
    if !rest.is_empty() {
        lines.push(rest);
    }
    lines
}

/// The letter as it begins a word. Where upper case is several letters, only the first is capital.
fn title_letter(letter: char, out: &mut String) {
    let digraph = match letter {
        'Ǆ'..='ǆ' => 'ǅ',
        'Ǉ'..='ǉ' => 'ǈ',
        'Ǌ'..='ǌ' => 'ǋ',
        'Ǳ'..='ǳ' => 'ǲ',
        _ => {
            let mut upper = letter.to_uppercase();
            out.extend(upper.next());
            out.extend(upper.flat_map(char::to_lowercase));
            return;
        }
    };
    out.push(digraph);
}

pub(in crate::encode::template) fn capitalize(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut letters = text.chars();
    if let Some(first) = letters.next() {
        title_letter(first, &mut out);
    }
    out.push_str(&letters.as_str().to_lowercase());
    out
}

fn is_cased(letter: char) -> bool {
    letter.is_lowercase() || letter.is_uppercase() || matches!(letter, 'ǅ' | 'ǈ' | 'ǋ' | 'ǲ')
}

/// `str.title`: a word begins after anything that has no case, an apostrophe too.
pub(in crate::encode::template) fn title(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut inside = false;
    for letter in text.chars() {
        if inside {
            out.extend(letter.to_lowercase());
        } else {
            title_letter(letter, &mut out);
        }
        inside = is_cased(letter);
    }
    out
}

pub(in crate::encode::template) fn swap_case(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter.is_uppercase() {
            out.extend(letter.to_lowercase());
        } else {
            out.extend(letter.to_uppercase());
        }
    }
    out
}

/// `center`, `ljust` and `rjust`: which end the text is kept at.
pub(in crate::encode::template) fn justify(text: &str, width: usize, fill: char, at: Ends) -> String {
    let len = text.chars().count();
    let margin = width.saturating_sub(len);
    let left = match at {
        Ends::Left => 0,
        Ends::Right => margin,
        Ends::Both => margin / 2 + (margin & width & 1),
    };
    let pad = |count: usize| std::iter::repeat_n(fill, count);
    pad(left).chain(text.chars()).chain(pad(margin - left)).collect()
}

pub(in crate::encode::template) fn zfill(text: &str, width: usize) -> String {
    let missing = width.saturating_sub(text.chars().count());
    let sign = usize::from(text.starts_with(['+', '-']));
    format!("{}{}{}", &text[..sign], "0".repeat(missing), &text[sign..])
}

pub(in crate::encode::template) fn expand_tabs(text: &str, size: usize) -> String {
    let mut out = String::with_capacity(text.len());
    let mut column = 0;
    for letter in text.chars() {
        match letter {
            '\t' => {
                let spaces = if size == 0 { 0 } else { size - column % size };
                out.extend(std::iter::repeat_n(' ', spaces));
                column += spaces;
            }
            '\n' | '\r' => {
                out.push(letter);
                column = 0;
            }
            letter => {
                out.push(letter);
                column += 1;
            }
        }
    }
    out
}

/// The predicates `isalpha`, `isdigit` and so on; `None` for another name.
pub(in crate::encode::template) fn predicate(text: &str, name: &str) -> Option<Result<bool, Error>> {
    let all = |test: fn(char) -> bool| Ok(!text.is_empty() && text.chars().all(test));
    Some(match name {
        "isspace" => all(is_space),
        "isascii" => Ok(text.is_ascii()),
        "isprintable" => Ok(text.chars().all(is_printable)),
        "islower" => {
            Ok(text.chars().any(char::is_lowercase) && !text.chars().any(|c| is_cased(c) && !c.is_lowercase()))
        }
        "isupper" => {
            Ok(text.chars().any(char::is_uppercase) && !text.chars().any(|c| is_cased(c) && !c.is_uppercase()))
        }
        "istitle" => Ok(is_title(text)),
        "isalpha" | "isalnum" | "isdigit" | "isdecimal" | "isnumeric" | "isidentifier" => by_category(text, name),
        _ => return None,
    })
}

fn is_title(text: &str) -> bool {
    let (mut inside, mut any) = (false, false);
    for letter in text.chars() {
        let capital = is_cased(letter) && !letter.is_lowercase();
        if capital && inside || letter.is_lowercase() && !inside {
            return false;
        }
        inside = is_cased(letter);
        any |= inside;
    }
    any
}

/// What Python decides by general category. The standard library knows properties that differ from
/// them in many scripts, so that beyond the common ones nothing is said.
fn by_category(text: &str, name: &str) -> Result<bool, Error> {
    if name == "isidentifier" {
        let word = text.chars().try_fold(true, |word, letter| {
            Ok::<_, Error>(word && (letter == '_' || is_alnum(letter)?))
        })?;
        return Ok(word && text.chars().next().is_some_and(|first| !first.is_numeric()));
    }
    let mut all = !text.is_empty();
    for letter in text.chars() {
        all &= match name {
            "isalpha" => is_letter(letter)?,
            "isalnum" => is_alnum(letter)?,
            _ => is_digit(letter)?,
        };
    }
    Ok(all)
}

pub(super) fn is_alnum(letter: char) -> Result<bool, Error> {
    Ok(is_letter(letter)? || is_digit(letter)?)
}

fn is_letter(letter: char) -> Result<bool, Error> {
    let common = matches!(
        letter,
        '\0'..='\u{344}' | '\u{346}'..='\u{590}' | '\u{1e00}'..='\u{1fff}' | '\u{2000}'..='\u{20ff}'
            | '\u{3000}'..='\u{3020}' | '\u{3031}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}' | '\u{ff00}'..='\u{ffdc}'
            | '\u{1f300}'..='\u{1faff}'
    );
    if common || !letter.is_alphabetic() {
        Ok(letter.is_alphabetic())
    } else {
        Err(uncommon(letter))
    }
}

fn is_digit(letter: char) -> Result<bool, Error> {
    if letter.is_ascii() || !letter.is_numeric() {
        Ok(letter.is_ascii_digit())
    } else {
        Err(uncommon(letter))
    }
}

fn uncommon(letter: char) -> Error {
    TemplateError::unsupported(format!("asking for the kind of the letter U+{:04X}", u32::from(letter))).into()
}

#[cfg(test)]
mod tests {
    use super::{Ends, capitalize, justify, split_lines, split_space, strip, title};

    #[test]
    fn white_space_is_pythons() {
        assert_eq!(strip("\x1c\u{a0} a b \u{2003}\n", None, Ends::Both), "a b");
        assert_eq!(strip("xxaxx", Some("x"), Ends::Left), "axx");
        assert_eq!(split_lines("a\r\nb\u{2028}c\n", false), ["a", "b", "c"]);
        assert_eq!(split_lines("\n", true), ["\n"]);
    }

    #[test]
    fn splits_stop_at_the_limit_and_keep_the_rest() {
        assert_eq!(split_space("  a  b  c  ", None, false), ["a", "b", "c"]);
        assert_eq!(split_space("  a  b  c  ", Some(1), false), ["a", "b  c  "]);
        assert_eq!(split_space("  a  b  c  ", Some(1), true), ["  a  b", "c"]);
        assert_eq!(split_space("  a b ", Some(0), false), ["a b "]);
        assert_eq!(split_space("  a b ", Some(0), true), ["  a b"]);
        assert_eq!(split_space(" \n", None, false), [""; 0]);
    }

    #[test]
    fn words_begin_where_python_lets_them_begin() {
        assert_eq!(title("they're bill's ǆ"), "They'Re Bill'S ǅ");
        assert_eq!(capitalize("ßTRASSE"), "Sstrasse");
        assert_eq!(justify("ab", 5, '*', Ends::Both), "**ab*");
        assert_eq!(justify("abc", 6, '*', Ends::Both), "*abc**");
    }
}
