//! Python format strings, as prompts are written in them: `"USER: {instruction}\n"`.

use std::borrow::Cow;

use crate::model::encoded::EncodeError;

use crate::trainer::failure::{key_error, raises, unsupported};

/// A format string, taken apart.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Format(Vec<Piece>);

#[derive(Clone, Debug, PartialEq)]
enum Piece {
    Text(Cow<'static, str>),
    Field(Cow<'static, str>),
    /// What Python finds wrong when it gets there.
    Fault(EncodeError),
}

impl Format {
    /// # Errors
    ///
    /// For a field with a conversion, a width, an attribute or a subscript.
    pub(super) fn parse(source: &str) -> Result<Self, EncodeError> {
        let mut pieces = Vec::new();
        let mut text = String::new();
        let mut rest = source;
        while let Some(at) = rest.find(['{', '}']) {
            text.push_str(&rest[..at]);
            let brace = &rest[at..=at];
            rest = &rest[at + 1..];
            if let Some(after) = rest.strip_prefix(brace) {
                text.push_str(brace);
                rest = after;
                continue;
            }
            if !text.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut text).into()));
            }
            let field = if brace == "{" { rest.find('}') } else { None };
            let Some(end) = field else {
                let message = format!("Single '{brace}' encountered in format string");
                pieces.push(Piece::Fault(raises("ValueError", message)));
                return Ok(Self(pieces));
            };
            let name = &rest[..end];
            rest = &rest[end + 1..];
            if name.contains(['!', ':', '.', '[', '{']) {
                return Err(unsupported(format!("the field {{{name}}} in a format string")));
            }
            if name.bytes().all(|byte| byte.is_ascii_digit()) {
                let message = format!("Replacement index {name} out of range for positional args tuple");
                pieces.push(Piece::Fault(raises("IndexError", message)));
                return Ok(Self(pieces));
            }
            pieces.push(Piece::Field(name.to_owned().into()));
        }
        text.push_str(rest);
        if !text.is_empty() {
            pieces.push(Piece::Text(text.into()));
        }
        Ok(Self(pieces))
    }

    /// Writes the string with its fields filled in, and shows `at` the bytes each field takes.
    ///
    /// # Errors
    ///
    /// What Python raises for the string, or for a field that is not given.
    pub(super) fn write(
        &self,
        out: &mut String,
        fields: &[(&str, &str)],
        mut at: impl FnMut(&str, std::ops::Range<usize>),
    ) -> Result<(), EncodeError> {
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Field(name) => {
                    let given = fields.iter().find(|(known, _)| known == name);
                    let (_, value) = given.ok_or_else(|| key_error(name))?;
                    let start = out.len();
                    out.push_str(value);
                    at(name, start..out.len());
                }
                Piece::Fault(fault) => return Err(fault.clone()),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(format: &str) -> Result<String, EncodeError> {
        let mut out = String::new();
        Format::parse(format)?.write(&mut out, &[("instruction", "I{x}"), ("input", "")], |_, _| {})?;
        Ok(out)
    }

    #[test]
    fn fields_are_filled_and_braces_doubled() {
        assert_eq!(
            written("a {instruction}|{input}|{{b}}").expect("a string"),
            "a I{x}||{b}"
        );
        assert_eq!(written("{{{instruction}}}").expect("a string"), "{I{x}}");
    }

    #[test]
    fn what_python_raises() {
        let class = |format| written(format).expect_err("an exception").class;
        assert_eq!(class("{nope}"), "KeyError");
        assert_eq!(class("{instruction"), "ValueError");
        assert_eq!(class("}"), "ValueError");
        assert_eq!(class("{}"), "IndexError");
        assert_eq!(class("{input!r}"), "Unsupported");
    }

    #[test]
    fn where_fields_stand() {
        let mut found = Vec::new();
        let format = Format::parse("<{input}>").expect("a format");
        format
            .write(&mut String::from("ab"), &[("input", "xyz")], |name, at| {
                found.push((name.to_owned(), at));
            })
            .expect("a string");
        assert_eq!(found, [("input".to_owned(), 3..6)]);
    }
}
