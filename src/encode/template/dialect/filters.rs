//! Filters and tests: what stands after `|` and `is`.

use super::code::{Binding, Code};
use super::lexer::Kind;
use super::names::{FILTERS, FILTERS_WITHOUT_COUNTERPART, TESTS};
use super::parser::Parser;
use crate::encode::template::error::TemplateError;

type Result<T> = std::result::Result<T, TemplateError>;

impl Parser<'_> {
    pub(super) fn filters_and_tests(&mut self, mut code: Code) -> Result<Code> {
        loop {
            code = match self.current() {
                Kind::Operator("|") => {
                    self.advance();
                    let filter = self.filter()?;
                    Code::new(format!("{}|{filter}", code.operand()), Binding::Filter)
                }
                Kind::Name(name) if name == "is" => self.test(&code)?,
                Kind::Operator("(") => self.call(&code)?,
                _ => return Ok(code),
            };
        }
    }

    /// Filters without what they are applied to, as set blocks and filter blocks have them.
    pub(super) fn filter_chain(&mut self) -> Result<String> {
        let mut text = self.filter()?;
        while self.skip_operator("|") {
            text = format!("{text}|{}", self.filter()?);
        }
        Ok(text)
    }

    pub(super) fn filter(&mut self) -> Result<String> {
        let name = self.dotted_name()?;
        if FILTERS_WITHOUT_COUNTERPART.contains(&name.as_str()) {
            return Err(self.unsupported(format!("the filter {name}")));
        }
        if !FILTERS.contains(&name.as_str()) {
            self.unknown("filter", &name);
        }
        let arguments = if self.current().is_operator("(") {
            self.arguments(false)?
        } else {
            String::new()
        };
        Ok(name + &arguments)
    }

    pub(super) fn test(&mut self, subject: &Code) -> Result<Code> {
        self.expect_keyword("is")?;
        let not = if self.skip_name("not") { "not " } else { "" };
        let name = self.dotted_name()?;
        if !TESTS.contains(&name.as_str()) {
            self.unknown("test", &name);
        }
        let arguments = match self.current() {
            Kind::Operator("(") => self.arguments(false)?,
            Kind::Name(word) if word == "is" => return Err(self.fail("You cannot chain multiple tests with is")),
            Kind::Name(word) if matches!(word.as_str(), "else" | "or" | "and") => String::new(),
            Kind::Name(_) | Kind::Str(_) | Kind::Int(_) | Kind::Float(_) | Kind::Operator("[" | "{") => {
                let argument = self.primary()?;
                format!("({})", self.postfix(argument)?.text)
            }
            _ => String::new(),
        };
        Ok(Code::new(
            format!("{} is {not}{name}{arguments}", subject.operand()),
            Binding::Loose,
        ))
    }

    pub(super) fn dotted_name(&mut self) -> Result<String> {
        let mut name = self.expect_name()?.to_owned();
        while self.skip_operator(".") {
            name = format!("{name}.{}", self.expect_name()?);
        }
        Ok(name)
    }
}
