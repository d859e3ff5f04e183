//! Where and why a text is not JSON, and how that is said.

use crate::model::record::Fault;

/// The first thing in a text that Python's `json` would not take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wrong {
    /// Byte offset in the text; its length where the text ends too early.
    pub at: usize,
    pub what: What,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    ValueExpected,
    KeyExpected,
    ColonExpected,
    /// After an entry of an object.
    CommaOrBraceExpected,
    /// After an item of an array.
    CommaOrBracketExpected,
    /// A comma before the closing `}` or `]`, which is given.
    TrailingComma(char),
    /// The string that opens here has no end.
    OpenString,
    /// A raw control character inside a string.
    Control(u8),
    /// A backslash before a character that needs or allows none.
    Escape,
    /// `\u` without four hex digits.
    UnicodeEscape,
    /// An integer of more digits than Python converts (`sys.int_info.default_max_str_digits`).
    HugeInteger,
    TooDeep,
    /// The value is whole, but something follows it.
    TextAfter,
}

impl Wrong {
    pub(crate) fn fault(&self) -> Fault {
        if self.what == What::TooDeep {
            Fault::TooDeep
        } else {
            Fault::BadJson
        }
    }

    /// Whether more text might have made it right: it is the end that comes too early.
    pub(crate) fn is_cut_off(&self, text: &str) -> bool {
        self.what == What::OpenString || text[self.at.min(text.len())..].trim_ascii().is_empty()
    }

    /// One-based line in the text and one-based column in characters.
    pub(crate) fn line_and_column(&self, text: &str) -> (u64, u64) {
        let before = &text.as_bytes()[..self.at.min(text.len())];
        let line_start = memchr::memrchr(b'\n', before).map_or(0, |newline| newline + 1);
        let lines = memchr::memchr_iter(b'\n', before).count();
        (lines as u64 + 1, characters(&before[line_start..]) + 1)
    }

    /// What is wrong with `text`, in words.
    pub(crate) fn message(&self, text: &str, max_depth: u32) -> String {
        let rest = &text[self.at.min(text.len())..];
        let next = rest.chars().next();
        let expected = match self.what {
            What::ValueExpected if is_conflict(text) => return "a mark of a merge that was not resolved".to_owned(),
            What::ValueExpected => "a value",
            What::KeyExpected => "a key in double quotes",
            What::ColonExpected => "`:`",
            What::CommaOrBraceExpected => "`,` or `}`",
            What::CommaOrBracketExpected => "`,` or `]`",
            What::TrailingComma(closing) => return format!("trailing comma before `{closing}`"),
            What::OpenString => return open_string(text).to_owned(),
            What::Control(byte) => return control(byte),
            What::Escape => return escape(rest),
            What::UnicodeEscape => return "`\\u` is not followed by four hex digits".to_owned(),
            What::HugeInteger => {
                let digits = rest
                    .trim_start_matches('-')
                    .bytes()
                    .take_while(u8::is_ascii_digit)
                    .count();
                return format!("an integer of {digits} digits, and Python reads at most {MAX_DIGITS}");
            }
            What::TooDeep => return format!("the row nests deeper than {max_depth} levels"),
            What::TextAfter => return after(rest).to_owned(),
        };
        match next {
            None => format!("the row is cut off: expected {expected}"),
            Some('\'') => format!("expected {expected}, found a single quote: JSON strings stand in double quotes"),
            Some(_) => match python_word(rest) {
                Some((python, json)) => {
                    format!("expected {expected}, found Python's `{python}`, which is `{json}` in JSON")
                }
                None => format!("expected {expected}"),
            },
        }
    }
}

/// Digits Python converts to an integer; `json.loads` fails beyond with a `ValueError`.
pub(super) const MAX_DIGITS: usize = 4300;

/// Characters in valid UTF-8.
pub(crate) fn characters(bytes: &[u8]) -> u64 {
    bytes.iter().filter(|&&byte| byte & 0xC0 != 0x80).count() as u64
}

/// Whether a line is one of those Git leaves around what two sides changed.
fn is_conflict(line: &str) -> bool {
    line.starts_with("<<<<<<< ") || line.starts_with(">>>>>>> ") || line.trim_end() == "======="
}

fn open_string(text: &str) -> &'static str {
    // A row that ends in its closing bracket was not cut: a quote is missing inside.
    if text.trim_ascii_end().ends_with(['}', ']']) {
        "unterminated string: it opens here and never closes"
    } else {
        "the row is cut off in the middle of a string, which opens here"
    }
}

fn control(byte: u8) -> String {
    let written = match byte {
        b'\n' => "`\\n`".to_owned(),
        b'\r' => "`\\r`".to_owned(),
        b'\t' => "`\\t`".to_owned(),
        _ => format!("`\\u{byte:04x}`"),
    };
    format!("raw control character U+{byte:04X} inside a string, where JSON wants {written}")
}

fn escape(rest: &str) -> String {
    match rest.chars().nth(1) {
        Some(escaped) if !escaped.is_control() => format!("`\\{escaped}` is not a JSON escape"),
        _ => "a backslash escapes nothing here".to_owned(),
    }
}

fn after(rest: &str) -> &'static str {
    let rest = rest.trim_ascii_end();
    match rest.as_bytes().first() {
        Some(b',') if rest.len() == 1 => "a comma after the row, as in a list without its brackets",
        Some(b'{' | b'[' | b'"') => "a second value on the same line, where one line is one row",
        _ => "text after the end of the row",
    }
}

fn python_word(rest: &str) -> Option<(&'static str, &'static str)> {
    [("True", "true"), ("False", "false"), ("None", "null")]
        .into_iter()
        .find(|(python, _)| rest.starts_with(python))
}
