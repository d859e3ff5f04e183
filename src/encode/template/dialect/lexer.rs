//! Template source to tokens, as `jinja2.lexer` cuts it under transformers' settings.
//!
//! What white space a tag eats is decided here (`trim_blocks`, `lstrip_blocks`, `-` and `+`), so
//! that the engine is given text which it passes on as it stands.

use super::scan::{float, integer, leading_space, newlines, string, word};
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
            if rest.is_empty() {
                return Ok(());
            }
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
        if rest.is_empty() {
            return Ok(());
        }
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

#[cfg(test)]
mod tests {
    use super::{Kind, lex};

    fn data(source: &str) -> String {
        let tokens = lex(source).expect("lexes");
        tokens
            .into_iter()
            .map(|token| match token.kind {
                Kind::Data(text) => text,
                Kind::VariableBegin => "<".into(),
                Kind::VariableEnd => ">".into(),
                Kind::BlockBegin => "[".into(),
                Kind::BlockEnd => "]".into(),
                Kind::End => String::new(),
                other => other.describe(),
            })
            .collect()
    }

    #[test]
    fn tags_eat_the_white_space_jinja_lets_them_eat() {
        assert_eq!(data("a\n  {% x %}\n  b"), "a\n[x]  b");
        assert_eq!(data("a  {% x %}\nb"), "a  [x]b");
        assert_eq!(data("a\n  {{ x }}\nb\n"), "a\n  <x>\nb");
        assert_eq!(data("a \n {%- x -%} \n b"), "a[x]b");
        assert_eq!(data("  {%+ x +%}\nb"), "  [x]\nb");
        assert_eq!(data("a\r\n  {# c #}\r\nb"), "a\nb");
        assert_eq!(data("a {#- c -#} b"), "ab");
        assert_eq!(data("{% x %}\n  {% y %}\nb"), "[x][y]b");
    }

    #[test]
    fn raw_blocks_are_data() {
        assert_eq!(data("{% raw %}{{ x }}{% endraw %}"), "{{ x }}");
        assert_eq!(data("a {%- raw -%} {% x %} {%- endraw -%} b"), "a{% x %}b");
    }

    #[test]
    fn numbers_are_cut_as_python_cuts_them() {
        assert_eq!(
            data("{{ 1_000 0x_ff 1.5e3 a.0.1 }}"),
            "<1000255".to_owned() + "1500a.0.1>"
        );
    }

    #[test]
    fn braces_inside_a_tag_do_not_end_it() {
        assert_eq!(data("{{ {'a': {'b': 1}} }}x"), "<{a:{b:1}}>x");
    }

    #[test]
    fn lines_are_counted_through_eaten_white_space() {
        let tokens = lex("a\n\n{%- x\n%}\n\n{{ y }}").expect("lexes");
        let line = |name: &str| {
            tokens
                .iter()
                .find(|token| token.kind.is_name(name))
                .map(|token| token.line)
        };
        assert_eq!((line("x"), line("y")), (Some(3), Some(6)));
    }

    #[test]
    fn what_cannot_be_cut_is_a_syntax_error() {
        for source in ["{{ 'a }}", "{# x", "{% raw %}x", "{{ a) }}", "{{ (a] }}", "{{ a ? b }}"] {
            assert!(lex(source).is_err(), "{source}");
        }
    }
}
