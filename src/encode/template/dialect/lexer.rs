//! Template source to tokens, as `jinja2.lexer` cuts it under transformers' settings.
//!
//! What white space a tag eats is decided here (`trim_blocks`, `lstrip_blocks`, `-` and `+`), so
//! that the engine is given text which it passes on as it stands.

use crate::encode::template::error::{PyClass, TemplateError};
use crate::encode::template::python::text::is_space;

/// One token, and the line it begins on.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) line: u32,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    Data(String),
    VariableBegin,
    VariableEnd,
    BlockBegin,
    BlockEnd,
    Name(String),
    Str(String),
    /// The digits in base ten; they may be beyond any machine integer.
    Int(String),
    Float(f64),
    Operator(&'static str),
    End,
}

impl Kind {
    pub(super) fn is_name(&self, name: &str) -> bool {
        matches!(self, Self::Name(found) if found == name)
    }

    pub(super) fn is_operator(&self, operator: &str) -> bool {
        matches!(self, Self::Operator(found) if *found == operator)
    }

    /// The token in the words of Jinja's messages.
    pub(super) fn describe(&self) -> String {
        match self {
            Self::Data(_) => "template data".into(),
            Self::VariableBegin => "begin of print statement".into(),
            Self::VariableEnd => "end of print statement".into(),
            Self::BlockBegin => "begin of statement block".into(),
            Self::BlockEnd => "end of statement block".into(),
            Self::Name(name) => name.clone(),
            Self::Str(text) => text.clone(),
            Self::Int(digits) => digits.clone(),
            Self::Float(value) => value.to_string(),
            Self::Operator(operator) => (*operator).into(),
            Self::End => "end of template".into(),
        }
    }
}

/// Longest first, so that the first that fits is the right one.
const OPERATORS: [&str; 26] = [
    "**", "//", "==", "!=", "<=", ">=", "+", "-", "*", "/", "%", "~", "[", "]", "(", ")", "{", "}", ">", "<", "=", ".",
    ":", "|", ",", ";",
];

/// Which end a tag is looking for.
#[derive(Clone, Copy, PartialEq)]
enum Tag {
    Variable,
    Block,
}

struct Lexer<'s> {
    source: &'s str,
    at: usize,
    line: u32,
    /// Whether the last match ended a line; text before a tag is then at the start of one.
    line_starting: bool,
    tokens: Vec<Token>,
}

/// Cuts a template. The last token is [`Kind::End`].
pub(super) fn lex(source: &str) -> Result<Vec<Token>, TemplateError> {
    let mut source = source.replace("\r\n", "\n").replace('\r', "\n");
    if source.ends_with('\n') {
        source.pop();
    }
    let mut lexer = Lexer {
        source: &source,
        at: 0,
        line: 1,
        line_starting: true,
        tokens: Vec::new(),
    };
    lexer.run()?;
    lexer.push(Kind::End);
    Ok(lexer.tokens)
}

impl<'s> Lexer<'s> {
    fn run(&mut self) -> Result<(), TemplateError> {
        while self.at < self.source.len() {
            let rest = self.rest();
            let Some(found) = find_tag(rest) else {
                self.data(rest);
                self.at = self.source.len();
                break;
            };
            let (text, tag) = (&rest[..found], &rest[found..]);
            if let Some(raw) = RawBegin::matching(tag) {
                self.text_before(text, raw.sign, true);
                self.pass(tag, raw.len);
                self.raw()?;
                continue;
            }
            let sign = Sign::of(&tag[2..]);
            self.text_before(text, sign, !tag.starts_with("{{"));
            let open = 2 + sign.len();
            if tag.starts_with("{#") {
                self.pass(tag, open);
                self.comment()?;
            } else if tag.starts_with("{%") {
                self.push(Kind::BlockBegin);
                self.pass(tag, open);
                self.inside(Tag::Block)?;
            } else {
                self.push(Kind::VariableBegin);
                self.pass(tag, open);
                self.inside(Tag::Variable)?;
            }
        }
        Ok(())
    }

    fn rest(&self) -> &'s str {
        &self.source[self.at..]
    }

    fn push(&mut self, kind: Kind) {
        self.tokens.push(Token { kind, line: self.line });
    }

    fn data(&mut self, text: &str) {
        if !text.is_empty() {
            self.push(Kind::Data(text.into()));
        }
    }

    /// Steps over the first `len` bytes of `text`, which stands at the cursor.
    fn pass(&mut self, text: &str, len: usize) {
        self.line += newlines(&text[..len]);
        self.line_starting = text[..len].ends_with('\n');
        self.at += len;
    }

    /// The text in front of a tag, less what the tag eats of it.
    fn text_before(&mut self, text: &str, sign: Sign, block: bool) {
        let kept = match sign {
            Sign::Minus => text.trim_end_matches(is_space),
            Sign::None if block => {
                let line = text.rfind('\n').map_or(0, |newline| newline + 1);
                if (line > 0 || self.line_starting) && text[line..].chars().all(is_space) {
                    &text[..line]
                } else {
                    text
                }
            }
            Sign::None | Sign::Plus => text,
        };
        self.data(kept);
        self.line += newlines(text);
        self.at += text.len();
    }

    fn comment(&mut self) -> Result<(), TemplateError> {
        let rest = self.rest();
        let Some(close) = rest.find("#}") else {
            return Err(self.fail("Missing end of comment tag"));
        };
        // The sign belongs to the end only if the comment itself does not need it: `{#-#}` has none left.
        let len = match rest[..close].chars().next_back() {
            Some('-') => close + 2 + leading_space(&rest[close + 2..]),
            Some('+') => close + 2,
            _ => close + 2 + usize::from(rest[close + 2..].starts_with('\n')),
        };
        self.pass(rest, len);
        Ok(())
    }

    fn raw(&mut self) -> Result<(), TemplateError> {
        let rest = self.rest();
        let mut from = 0;
        while let Some(found) = rest[from..].find("{%").map(|found| from + found) {
            if let Some((sign, len)) = end_raw(&rest[found..]) {
                self.text_before(&rest[..found], sign, true);
                self.pass(&rest[found..], len);
                return Ok(());
            }
            from = found + 2;
        }
        Err(self.fail("Missing end of raw directive"))
    }

    /// The inside of a tag, to its end or the end of the template.
    fn inside(&mut self, tag: Tag) -> Result<(), TemplateError> {
        let mut open: Vec<char> = Vec::new();
        while self.at < self.source.len() {
            let rest = self.rest();
            if open.is_empty()
                && let Some(len) = end_of(tag, rest)
            {
                self.push(if tag == Tag::Block {
                    Kind::BlockEnd
                } else {
                    Kind::VariableEnd
                });
                self.pass(rest, len);
                return Ok(());
            }
            let space = leading_space(rest);
            if space > 0 {
                self.pass(rest, space);
                continue;
            }
            let before = self.source[..self.at].chars().next_back();
            let (kind, len) = if let Some((value, len)) = float(rest, before) {
                (Kind::Float(value), len)
            } else if let Some((digits, len)) = integer(rest) {
                (Kind::Int(digits), len)
            } else if let Some(len) = word(rest) {
                let name = &rest[..len];
                if name.starts_with(|first: char| first.is_numeric()) {
                    return Err(self.fail("Invalid character in identifier"));
                }
                (Kind::Name(name.into()), len)
            } else if let Some(len) = string(rest) {
                let text = super::literal::decode(&rest[1..len - 1]).map_err(|error| error.at(self.line))?;
                (Kind::Str(text), len)
            } else if let Some(operator) = OPERATORS.iter().find(|operator| rest.starts_with(**operator)) {
                self.balance(operator, &mut open)?;
                (Kind::Operator(operator), operator.len())
            } else {
                let found = rest.chars().next().unwrap_or_default();
                return Err(self.fail(&format!("unexpected char {found:?} at {}", self.at)));
            };
            self.push(kind);
            self.pass(rest, len);
        }
        Ok(())
    }

    fn balance(&self, operator: &str, open: &mut Vec<char>) -> Result<(), TemplateError> {
        match operator {
            "(" => open.push(')'),
            "[" => open.push(']'),
            "{" => open.push('}'),
            ")" | "]" | "}" => match open.pop() {
                None => return Err(self.fail(&format!("unexpected '{operator}'"))),
                Some(expected) if !operator.starts_with(expected) => {
                    return Err(self.fail(&format!("unexpected '{operator}', expected '{expected}'")));
                }
                Some(_) => {}
            },
            _ => {}
        }
        Ok(())
    }

    fn fail(&self, message: &str) -> TemplateError {
        TemplateError::python(PyClass::TemplateSyntaxError, message).at(self.line)
    }
}

/// The white-space control beside a tag's delimiter.
#[derive(Clone, Copy, PartialEq)]
enum Sign {
    None,
    Minus,
    Plus,
}

impl Sign {
    fn of(text: &str) -> Self {
        match text.as_bytes().first() {
            Some(b'-') => Self::Minus,
            Some(b'+') => Self::Plus,
            _ => Self::None,
        }
    }

    fn len(self) -> usize {
        usize::from(self != Self::None)
    }
}

struct RawBegin {
    sign: Sign,
    len: usize,
}

impl RawBegin {
    fn matching(tag: &str) -> Option<Self> {
        let (sign, rest) = after_word(tag, "raw")?;
        let end = if let Some(after) = rest.strip_prefix("-%}") {
            3 + leading_space(after)
        } else if rest.starts_with("%}") {
            2
        } else {
            return None;
        };
        Some(Self {
            sign,
            len: tag.len() - rest.len() + end,
        })
    }
}

fn end_raw(tag: &str) -> Option<(Sign, usize)> {
    let (sign, rest) = after_word(tag, "endraw")?;
    Some((sign, tag.len() - rest.len() + end_of(Tag::Block, rest)?))
}

/// `{%`, a sign, `word`, with white space around it: the sign and what follows.
fn after_word<'s>(tag: &'s str, word: &str) -> Option<(Sign, &'s str)> {
    let rest = tag.strip_prefix("{%")?;
    let sign = Sign::of(rest);
    let rest = rest[sign.len()..].trim_start_matches(is_space).strip_prefix(word)?;
    Some((sign, rest.trim_start_matches(is_space)))
}

/// How long the end of a tag is, if it stands here: with the white space a `-` eats, or the newline
/// that `trim_blocks` does.
fn end_of(tag: Tag, text: &str) -> Option<usize> {
    let close = if tag == Tag::Block { "%}" } else { "}}" };
    if let Some(rest) = text.strip_prefix('-').and_then(|rest| rest.strip_prefix(close)) {
        return Some(3 + leading_space(rest));
    }
    if tag == Tag::Block && text.strip_prefix('+').is_some_and(|rest| rest.starts_with(close)) {
        return Some(3);
    }
    let rest = text.strip_prefix(close)?;
    Some(2 + usize::from(tag == Tag::Block && rest.starts_with('\n')))
}

fn find_tag(text: &str) -> Option<usize> {
    memchr::memchr_iter(b'{', text.as_bytes())
        .find(|&at| matches!(text.as_bytes().get(at + 1), Some(b'{' | b'%' | b'#')))
}

fn newlines(text: &str) -> u32 {
    u32::try_from(memchr::memchr_iter(b'\n', text.as_bytes()).count()).unwrap_or(u32::MAX)
}

fn leading_space(text: &str) -> usize {
    text.len() - text.trim_start_matches(is_space).len()
}

fn word(text: &str) -> Option<usize> {
    let len = text
        .find(|letter: char| !letter.is_alphanumeric() && letter != '_')
        .unwrap_or(text.len());
    (len > 0).then_some(len)
}

/// A quoted string, with its quotes.
fn string(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let quote = *bytes.first().filter(|quote| matches!(quote, b'\'' | b'"'))?;
    let mut at = 1;
    loop {
        match *bytes.get(at)? {
            b'\\' => at += 2,
            found if found == quote => return Some(at + 1),
            _ => at += 1,
        }
    }
}

/// Digits with single underscores between them.
fn digits(text: &str, allowed: impl Fn(u8) -> bool) -> usize {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let underscored = byte == b'_' && at > 0 && bytes.get(at + 1).is_some_and(|&next| allowed(next));
        if !allowed(byte) && !underscored {
            break;
        }
        at += 1;
    }
    at
}

fn float(text: &str, before: Option<char>) -> Option<(f64, usize)> {
    if before == Some('.') {
        return None;
    }
    let decimal = |byte: u8| byte.is_ascii_digit();
    let whole = digits(text, decimal);
    if whole == 0 {
        return None;
    }
    let fraction = match text[whole..].strip_prefix('.').map(|rest| digits(rest, decimal)) {
        Some(len) if len > 0 => 1 + len,
        _ => 0,
    };
    let exponent = text[whole + fraction..].strip_prefix(['e', 'E']).map_or(0, |rest| {
        let sign = usize::from(rest.starts_with(['+', '-']));
        match digits(&rest[sign..], decimal) {
            0 => 0,
            len => 1 + sign + len,
        }
    });
    let len = whole + fraction + exponent;
    if len == whole {
        return None;
    }
    Some((text[..len].replace('_', "").parse().ok()?, len))
}

fn integer(text: &str) -> Option<(String, usize)> {
    let radix = match text.as_bytes() {
        [b'0', b'x' | b'X', ..] => 16,
        [b'0', b'o' | b'O', ..] => 8,
        [b'0', b'b' | b'B', ..] => 2,
        _ => 10,
    };
    if radix != 10 {
        // An underscore may follow the prefix itself, as in `0x_ff`.
        let skip = 2 + usize::from(text[2..].starts_with('_'));
        let len = digits(&text[skip..], |byte| char::from(byte).is_digit(radix));
        if len > 0 {
            let plain = text[skip..skip + len].replace('_', "");
            // Beyond 128 bits it stays as it is, which is no decimal, and is refused later, by name.
            let value =
                u128::from_str_radix(&plain, radix).map_or_else(|_| text[..skip + len].into(), |v| v.to_string());
            return Some((value, skip + len));
        }
    }
    let zeros = digits(text, |byte| byte == b'0');
    let len = if zeros > 0 {
        zeros
    } else {
        digits(text, |byte| byte.is_ascii_digit())
    };
    (len > 0).then(|| {
        let plain = text[..len].replace('_', "");
        (if zeros > 0 { "0".into() } else { plain }, len)
    })
}

#[cfg(test)]
mod tests;
