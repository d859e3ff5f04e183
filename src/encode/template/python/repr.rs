//! `str()` and `repr()`.

use std::fmt::Write as _;

use minijinja::{Error, Value};

use super::kind::{Py, Special};
use super::{float, limits};
use crate::encode::template::error::{PyClass, TemplateError, raise};

/// `str(value)`: what an output tag puts out. Undefined is nothing.
pub(in crate::encode::template) fn str(value: &Value) -> Result<String, Error> {
    let mut out = String::new();
    write_str(value, &mut out)?;
    Ok(out)
}

pub(in crate::encode::template) fn write_str(value: &Value, out: &mut String) -> Result<(), Error> {
    match Py::of(value) {
        Py::Str(text) => out.push_str(text),
        Py::Undefined => {}
        _ => write_repr(value, out, 0)?,
    }
    Ok(())
}

/// `repr(value)`.
pub(in crate::encode::template) fn repr(value: &Value) -> Result<String, Error> {
    let mut out = String::new();
    write_repr(value, &mut out, 0)?;
    Ok(out)
}

fn write_repr(value: &Value, out: &mut String, depth: usize) -> Result<(), Error> {
    if depth > limits::DEPTH {
        return Err(raise(PyClass::RecursionError, "maximum recursion depth exceeded"));
    }
    match Py::of(value) {
        Py::Undefined => out.push_str("Undefined"),
        Py::None => out.push_str("None"),
        Py::Bool(flag) => out.push_str(if flag { "True" } else { "False" }),
        Py::Int(integer) => write!(out, "{integer}").expect("a string takes all that is written"),
        Py::Float(value) => float::repr(value, out),
        // Safe text is of another class in Python, and says so.
        Py::Str(text) if value.is_safe() => {
            out.push_str("Markup(");
            quote(text, out);
            out.push(')');
        }
        Py::Str(text) => quote(text, out),
        Py::List(items) => sequence(items, "[", "]", out, depth)?,
        Py::Tuple([item]) => sequence(std::slice::from_ref(item), "(", ",)", out, depth)?,
        Py::Tuple(items) => sequence(items, "(", ")", out, depth)?,
        Py::Dict(dict) => {
            out.push('{');
            for (at, (key, value)) in dict.entries().iter().enumerate() {
                if at > 0 {
                    out.push_str(", ");
                }
                write_repr(key, out, depth + 1)?;
                out.push_str(": ");
                write_repr(value, out, depth + 1)?;
            }
            out.push('}');
        }
        Py::View(view) => {
            out.push_str(view.type_name());
            sequence(&view.items(), "([", "])", out, depth)?;
        }
        Py::Range(range) => {
            let written = if range.step == 1 {
                write!(out, "range({}, {})", range.start, range.stop)
            } else {
                write!(out, "range({}, {}, {})", range.start, range.stop, range.step)
            };
            written.expect("a string takes all that is written");
        }
        Py::Generator(_) | Py::Other => return Err(address(value)),
    }
    if out.len() > limits::BYTES {
        Err(limits::exceeded())
    } else {
        Ok(())
    }
}

fn sequence(items: &[Value], open: &str, close: &str, out: &mut String, depth: usize) -> Result<(), Error> {
    out.push_str(open);
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            out.push_str(", ");
        }
        write_repr(item, out, depth + 1)?;
    }
    out.push_str(close);
    Ok(())
}

/// Python prints where such a value is in memory, another place at every run.
fn address(value: &Value) -> Error {
    let what = match Special::of(value) {
        Special::Namespace => "a namespace",
        Special::Callable => "a function",
        Special::Loop => "a loop",
        Special::Unknown => "a generator",
    };
    TemplateError::unsupported(format!("printing {what}")).into()
}

/// `repr()` of a string.
pub(in crate::encode::template) fn quote(text: &str, out: &mut String) {
    let quote = if text.contains('\'') && !text.contains('"') {
        '"'
    } else {
        '\''
    };
    out.push(quote);
    for letter in text.chars() {
        match letter {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            letter if letter == quote => {
                out.push('\\');
                out.push(letter);
            }
            letter if is_printable(letter) => out.push(letter),
            letter => {
                let code = u32::from(letter);
                let written = match code {
                    0..=0xff => write!(out, "\\x{code:02x}"),
                    0x100..=0xffff => write!(out, "\\u{code:04x}"),
                    _ => write!(out, "\\U{code:08x}"),
                };
                written.expect("a string takes all that is written");
            }
        }
    }
    out.push(quote);
}

/// `str.isprintable` of one letter: not of the categories C and Z, but for the space.
pub(in crate::encode::template) fn is_printable(letter: char) -> bool {
    if letter.is_ascii() {
        return matches!(letter, ' '..='~');
    }
    // The standard library escapes what is in just those categories. It also escapes marks that
    // extend the letter before, but not behind another letter.
    let mut buffer = [b'a'; 5];
    let len = letter.encode_utf8(&mut buffer[1..]).len();
    let pair = std::str::from_utf8(&buffer[..=len]).unwrap_or_default();
    pair.escape_debug().nth(1) == Some(letter)
}

#[cfg(test)]
mod tests {
    use super::{is_printable, quote};

    #[test]
    fn strings_are_quoted_as_python_quotes_them() {
        let cases = [
            ("it's", "\"it's\""),
            ("'\"", "'\\'\"'"),
            (
                "a\n\x00\u{a0}\u{200d}\u{e9}\u{1f600}",
                "'a\\n\\x00\\xa0\\u200d\u{e9}\u{1f600}'",
            ),
            ("\u{e0001}", "'\\U000e0001'"),
            ("e\u{301}", "'e\u{301}'"),
        ];
        for (text, quoted) in cases {
            let mut out = String::new();
            quote(text, &mut out);
            assert_eq!(out, quoted);
        }
    }

    #[test]
    fn printable_is_what_is_seen() {
        assert!(is_printable('\u{301}') && is_printable('\u{4f60}') && is_printable(' '));
        assert!(!is_printable('\u{feff}') && !is_printable('\u{2028}') && !is_printable('\u{e000}'));
    }
}
