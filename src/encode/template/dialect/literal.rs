//! String literals: Python's escapes read, the engine's written.

use std::fmt::Write as _;

use crate::encode::template::error::{PyClass, TemplateError};

/// Reads the inside of a literal as `.encode("ascii", "backslashreplace").decode("unicode-escape")`
/// does, which is how Jinja reads it.
pub(super) fn decode(literal: &str) -> Result<String, TemplateError> {
    if !literal.contains('\\') {
        return Ok(literal.into());
    }
    // Letters beyond ASCII become escapes first. After a lone backslash they do not come back:
    // Jinja makes four letters, `\xe9`, of a backslash and an e with an accent.
    let mut ascii = String::with_capacity(literal.len());
    for letter in literal.chars() {
        let code = u32::from(letter);
        let written = match code {
            0..=0x7f => {
                ascii.push(letter);
                Ok(())
            }
            0x80..=0xff => write!(ascii, "\\x{code:02x}"),
            0x100..=0xffff => write!(ascii, "\\u{code:04x}"),
            _ => write!(ascii, "\\U{code:08x}"),
        };
        written.expect("a string takes all that is written");
    }
    let mut text = String::with_capacity(ascii.len());
    let mut rest = ascii.as_str();
    while let Some(at) = rest.find('\\') {
        text.push_str(&rest[..at]);
        rest = escape(&rest[at + 1..], &mut text)?;
    }
    text.push_str(rest);
    Ok(text)
}

/// Reads one escape, whose backslash is past; returns what follows it.
fn escape<'t>(rest: &'t str, text: &mut String) -> Result<&'t str, TemplateError> {
    let Some(&first) = rest.as_bytes().first() else {
        return Err(syntax("\\ at end of string"));
    };
    let simple = match first {
        b'\n' => return Ok(&rest[1..]),
        b'\\' | b'\'' | b'"' => char::from(first),
        b'a' => '\x07',
        b'b' => '\x08',
        b'f' => '\x0c',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'v' => '\x0b',
        b'0'..=b'7' => {
            let len = rest
                .bytes()
                .take(3)
                .take_while(|byte| (b'0'..=b'7').contains(byte))
                .count();
            return code(&rest[..len], 8, text).map(|()| &rest[len..]);
        }
        b'x' => return hex(rest, 2, text),
        b'u' => return hex(rest, 4, text),
        b'U' => return hex(rest, 8, text),
        b'N' => return Err(TemplateError::unsupported("the string escape \\N{...}")),
        _ => {
            text.push('\\');
            char::from(first)
        }
    };
    text.push(simple);
    Ok(&rest[1..])
}

fn hex<'t>(rest: &'t str, len: usize, text: &mut String) -> Result<&'t str, TemplateError> {
    match rest
        .get(1..=len)
        .filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
    {
        Some(digits) => code(digits, 16, text).map(|()| &rest[1 + len..]),
        None => Err(syntax(&format!("truncated \\{}{} escape", &rest[..1], "X".repeat(len)))),
    }
}

fn code(digits: &str, radix: u32, text: &mut String) -> Result<(), TemplateError> {
    let code = u32::from_str_radix(digits, radix).map_err(|_| syntax("illegal Unicode character"))?;
    if (0xd800..0xe000).contains(&code) {
        return Err(TemplateError::unsupported("a lone surrogate in a string literal"));
    }
    text.push(char::from_u32(code).ok_or_else(|| syntax("illegal Unicode character"))?);
    Ok(())
}

fn syntax(message: &str) -> TemplateError {
    TemplateError::python(PyClass::TemplateSyntaxError, message)
}

/// Writes `text` as a literal of the engine.
pub(super) fn encode(text: &str) -> String {
    let mut literal = String::with_capacity(text.len() + 2);
    literal.push('"');
    for letter in text.chars() {
        match letter {
            '"' => literal.push_str("\\\""),
            '\\' => literal.push_str("\\\\"),
            '\n' => literal.push_str("\\n"),
            '\r' => literal.push_str("\\r"),
            letter => literal.push(letter),
        }
    }
    literal.push('"');
    literal
}

#[cfg(test)]
mod tests {
    use super::{decode, encode};

    #[test]
    fn escapes_are_pythons() {
        assert_eq!(
            decode(r"a\n\t\\\'\x41\u00e9\U0001F600\101\/").expect("decodes"),
            "a\n\t\\'A\u{e9}\u{1f600}A\\/"
        );
        assert_eq!(decode("\\\u{e9}").expect("decodes"), r"\xe9");
        assert_eq!(decode("a\\\nb").expect("decodes"), "ab");
        assert!(decode(r"\x4").is_err() && decode(r"\N{DASH}").is_err() && decode(r"\ud800").is_err());
    }

    #[test]
    fn what_is_written_is_one_line() {
        assert_eq!(encode("a\"\\\n"), r#""a\"\\\n""#);
    }
}
