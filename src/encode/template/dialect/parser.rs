//! What reading statements and reading expressions have in common: the tokens and the state.

use std::collections::HashSet;

use super::Markers;
use super::lexer::{Kind, Token};
use super::writer::Writer;
use crate::encode::template::error::{PyClass, TemplateError};

/// How deep expressions and statements may nest; the engine's own limit is beyond it.
const MAX_DEPTH: usize = 48;

/// Reads tokens with the grammar of `jinja2.parser` and writes the same template for the engine.
pub(super) struct Parser<'t> {
    tokens: &'t [Token],
    at: usize,
    depth: usize,
    pub(super) writer: Writer,
    pub(super) markers: Markers,
    /// Macros that have defaults. What is undefined is handed to them in a way that does not look
    /// like no argument at all.
    pub(super) macros: HashSet<&'t str>,
    /// Filters and tests Jinja does not know, where it minds at once; with their lines.
    pub(super) unknown: Vec<(String, u32)>,
    /// The first `break` or `continue` that has no loop.
    pub(super) outside_loop: Option<TemplateError>,
    /// Inside the branch of a condition, where Jinja minds an unknown filter only if it gets there.
    pub(super) soft: bool,
    /// Inside a macro, a call, a filter, a set block or a marker: output is collected.
    pub(super) captured: bool,
    pub(super) looping: Looping,
    /// Flags that were needed so far.
    flags: usize,
    /// Names declared as parameters by the macros around this place; `None` outside macros.
    pub(super) parameters: Option<Vec<&'t str>>,
}

/// Whether `break` and `continue` have a loop to act on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Looping {
    No,
    Yes,
    /// There is a loop, with a block between which the engine would not leave properly.
    Behind,
}

impl Looping {
    /// The state inside a block that has a scope of its own.
    pub(super) fn behind(self) -> Self {
        if self == Self::No { Self::No } else { Self::Behind }
    }
}

impl<'t> Parser<'t> {
    pub(super) fn new(tokens: &'t [Token]) -> Self {
        Self {
            tokens,
            at: 0,
            depth: 0,
            writer: Writer::new(),
            markers: Markers::None,
            macros: macros_with_defaults(tokens),
            unknown: Vec::new(),
            outside_loop: None,
            soft: false,
            captured: false,
            looping: Looping::No,
            flags: 0,
            parameters: None,
        }
    }

    pub(super) fn current(&self) -> &'t Kind {
        &self.tokens[self.at].kind
    }

    /// The token after the current one.
    pub(super) fn next(&self) -> &'t Kind {
        let last = self.tokens.len() - 1;
        &self.tokens[(self.at + 1).min(last)].kind
    }

    /// The tokens from the current one on.
    pub(super) fn ahead(&self) -> &'t [Token] {
        &self.tokens[self.at..]
    }

    pub(super) fn line(&self) -> u32 {
        self.tokens[self.at].line
    }

    /// A new name for a flag, which is not set by accident.
    pub(super) fn flag(&mut self) -> String {
        self.flags += 1;
        format!("_flag_{}", self.flags)
    }

    /// Steps over the current token; the end is never left.
    pub(super) fn advance(&mut self) {
        self.at = (self.at + 1).min(self.tokens.len() - 1);
    }

    pub(super) fn skip_operator(&mut self, operator: &str) -> bool {
        let found = self.current().is_operator(operator);
        if found {
            self.advance();
        }
        found
    }

    pub(super) fn skip_name(&mut self, name: &str) -> bool {
        let found = self.current().is_name(name);
        if found {
            self.advance();
        }
        found
    }

    pub(super) fn expect_operator(&mut self, operator: &str) -> Result<(), TemplateError> {
        if self.skip_operator(operator) {
            Ok(())
        } else {
            Err(self.expected(operator))
        }
    }

    pub(super) fn expect_name(&mut self) -> Result<&'t str, TemplateError> {
        match self.current() {
            Kind::Name(name) => {
                self.advance();
                Ok(name)
            }
            _ => Err(self.expected("name")),
        }
    }

    pub(super) fn expect_keyword(&mut self, name: &str) -> Result<(), TemplateError> {
        if self.skip_name(name) {
            Ok(())
        } else {
            Err(self.expected(name))
        }
    }

    pub(super) fn expect_end(&mut self, end: &Kind) -> Result<(), TemplateError> {
        if self.current() == end {
            self.advance();
            Ok(())
        } else {
            Err(self.expected(&end.describe()))
        }
    }

    fn expected(&self, what: &str) -> TemplateError {
        match self.current() {
            Kind::End => self.fail(format!("unexpected end of template, expected '{what}'.")),
            found => self.fail(format!("expected token '{what}', got '{}'", found.describe())),
        }
    }

    pub(super) fn fail(&self, message: impl Into<String>) -> TemplateError {
        TemplateError::python(PyClass::TemplateSyntaxError, message).at(self.line())
    }

    pub(super) fn unsupported(&self, feature: impl Into<String>) -> TemplateError {
        TemplateError::unsupported(feature).at(self.line())
    }

    /// Notes a filter or a test that is not Jinja's. In a branch it may never be reached, and the
    /// engine says so if it is.
    pub(super) fn unknown(&mut self, what: &str, name: &str) {
        if !self.soft {
            self.unknown.push((format!("No {what} named '{name}'."), self.line()));
        }
    }

    /// Runs `read` one level deeper.
    pub(super) fn nested<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, TemplateError>,
    ) -> Result<T, TemplateError> {
        if self.depth >= MAX_DEPTH {
            return Err(self.unsupported(format!("more than {MAX_DEPTH} levels of nesting")));
        }
        self.depth += 1;
        let result = read(self);
        self.depth -= 1;
        result
    }
}

fn macros_with_defaults(tokens: &[Token]) -> HashSet<&str> {
    let mut names = HashSet::new();
    for (at, window) in tokens.windows(3).enumerate() {
        if let [Kind::BlockBegin, Kind::Name(tag), Kind::Name(name)] =
            [&window[0].kind, &window[1].kind, &window[2].kind]
            && tag == "macro"
            && tokens[at..]
                .iter()
                .take_while(|token| token.kind != Kind::BlockEnd)
                .any(|token| token.kind.is_operator("="))
        {
            names.insert(name.as_str());
        }
    }
    names
}
