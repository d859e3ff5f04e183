//! What operators stand between: names and literals, and what may follow them, which is attributes,
//! subscripts, calls, filters and tests (`jinja2.parser` from `parse_primary` on).

use super::code::{Arguments, Code};
use super::expression::Items;
use super::lexer::Kind;
use super::names::{FILTERS, FILTERS_WITHOUT_COUNTERPART, TESTS, is_attribute};
use super::parser::Parser;
use crate::encode::template::error::TemplateError;

type Result<T> = std::result::Result<T, TemplateError>;

enum Subscript {
    Item(Code),
    Slice([Code; 3]),
}

impl Parser<'_> {
    pub(super) fn primary(&mut self) -> Result<Code> {
        match self.current() {
            Kind::Name(name) => self.name(name),
            Kind::Str(text) => {
                self.advance();
                let mut text = text.clone();
                while let Kind::Str(more) = self.current() {
                    text.push_str(more);
                    self.advance();
                }
                Ok(Code::string(text))
            }
            Kind::Int(digits) => {
                if digits.parse::<i128>().is_err() {
                    return Err(self.unsupported("an integer beyond 127 bits"));
                }
                self.advance();
                Ok(Code::atom(digits))
            }
            Kind::Float(value) => {
                self.advance();
                // Too large for a float is infinite, in Python as here.
                Ok(Code::atom(if value.is_finite() {
                    format!("{value:?}")
                } else {
                    "1e999".into()
                }))
            }
            Kind::Operator("(") => {
                self.advance();
                let items = self.tuple_items(true, &[])?;
                self.expect_operator(")")?;
                Ok(match items {
                    Items::One(code) => code.parenthesised(),
                    Items::Many(items) => Code::tuple(&items),
                })
            }
            Kind::Operator("[") => {
                let items = self.bracketed("[", "]", |parser, items| {
                    items.push(parser.expression(true)?);
                    Ok(())
                })?;
                Ok(Code::sequence("[", &items, "]"))
            }
            Kind::Operator("{") => {
                let items = self.bracketed("{", "}", |parser, items| {
                    items.push(parser.expression(true)?);
                    parser.expect_operator(":")?;
                    items.push(parser.expression(true)?);
                    Ok(())
                })?;
                Ok(Code::dict(&items))
            }
            other => Err(self.fail(format!("unexpected '{}'", other.describe()))),
        }
    }

    fn name(&mut self, name: &str) -> Result<Code> {
        self.advance();
        Ok(Code::atom(match name {
            "true" | "True" => "true",
            "false" | "False" => "false",
            "none" | "None" => "none",
            // A variable of this name, which nobody can set: Jinja lets it be asked for.
            "and" | "else" | "if" | "in" | "is" | "not" | "or" => "_keyword",
            "self" => return Err(self.unsupported("self, which is of template inheritance")),
            "varargs" | "kwargs" if self.parameters.as_ref().is_some_and(|own| !own.contains(&name)) => {
                return Err(self.unsupported(format!("{name} in a macro")));
            }
            name => name,
        }))
    }

    /// Items with commas between, and perhaps behind the last.
    fn bracketed(
        &mut self,
        open: &str,
        close: &str,
        read: impl Fn(&mut Self, &mut Vec<Code>) -> Result<()>,
    ) -> Result<Vec<Code>> {
        self.expect_operator(open)?;
        let mut items = Vec::new();
        while !self.current().is_operator(close) {
            if !items.is_empty() {
                self.expect_operator(",")?;
                if self.current().is_operator(close) {
                    break;
                }
            }
            read(self, &mut items)?;
        }
        self.expect_operator(close)?;
        Ok(items)
    }

    pub(super) fn postfix(&mut self, mut code: Code) -> Result<Code> {
        loop {
            code = match self.current() {
                Kind::Operator(".") => self.attribute(&code)?,
                Kind::Operator("[") => self.subscript(&code)?,
                Kind::Operator("(") => self.call(&code)?,
                _ => return Ok(code),
            }
            .checked(self.line())?;
        }
    }

    fn attribute(&mut self, object: &Code) -> Result<Code> {
        self.expect_operator(".")?;
        let name = match self.current() {
            Kind::Name(name) => name,
            Kind::Int(index) => {
                self.advance();
                return Ok(object.subscript(&Code::atom(index)));
            }
            _ => return Err(self.fail("expected name or number")),
        };
        self.advance();
        let called = self.current().is_operator("(");
        if name == "cycle" && called {
            return self.cycle(object);
        }
        if !called && is_attribute(name) {
            return Ok(object.filtered("_attr", &[&Code::string(name.clone())]));
        }
        Ok(object.attribute(name))
    }

    /// `loop.cycle(...)`, which the engine only stands with arguments.
    fn cycle(&mut self, object: &Code) -> Result<Code> {
        if self.next().is_operator(")") {
            self.advance();
            self.advance();
            return Ok(object.filtered("_cycle_of_nothing", &[]));
        }
        if self.next().is_operator("*") || self.next().is_operator("**") {
            return Err(self.unsupported("cycle with unpacked arguments"));
        }
        let arguments = self.arguments(false)?;
        Ok(object.attribute("cycle").call(&arguments))
    }

    fn subscript(&mut self, object: &Code) -> Result<Code> {
        self.expect_operator("[")?;
        let mut items = Vec::new();
        let mut slice = None;
        while !self.current().is_operator("]") {
            if !items.is_empty() || slice.is_some() {
                self.expect_operator(",")?;
            }
            match self.subscribed()? {
                Subscript::Item(item) => items.push(item),
                Subscript::Slice(bounds) => slice = Some(bounds),
            }
        }
        self.expect_operator("]")?;
        match (slice, items.as_slice()) {
            (Some([start, stop, step]), []) => Ok(object.filtered("_slice", &[&start, &stop, &step])),
            (None, [key]) if key.constant().is_some_and(is_attribute) => Ok(object.filtered("_item", &[key])),
            (None, [key]) if key.may_be_float() => Ok(object.filtered("_getitem", &[key])),
            (None, [key]) => Ok(object.subscript(key)),
            (None, keys) => Ok(object.subscript(&Code::tuple(keys))),
            (Some(_), _) => Err(self.unsupported("a slice beside other subscripts")),
        }
    }

    fn subscribed(&mut self) -> Result<Subscript> {
        let none = || Code::atom("none");
        let start = if self.skip_operator(":") {
            none()
        } else {
            let item = self.expression(true)?;
            if !self.skip_operator(":") {
                return Ok(Subscript::Item(item));
            }
            item
        };
        let over = |parser: &Self| parser.current().is_operator("]") || parser.current().is_operator(",");
        let stop = if self.current().is_operator(":") || over(self) {
            none()
        } else {
            self.expression(true)?
        };
        let step = if self.skip_operator(":") && !over(self) {
            self.expression(true)?
        } else {
            none()
        };
        Ok(Subscript::Slice([start, stop, step]))
    }

    fn call(&mut self, callee: &Code) -> Result<Code> {
        let known = self.macros.contains(callee.text());
        let arguments = self.arguments(known)?;
        Ok(callee.call(&arguments))
    }

    /// The arguments of a call. With `guarded` what is undefined is marked as given, for a macro to
    /// tell it from what was left out.
    fn arguments(&mut self, guarded: bool) -> Result<Arguments> {
        let guard = |code: Code| if guarded { code.filtered("_given", &[]) } else { code };
        self.expect_operator("(")?;
        let mut arguments = Arguments::default();
        let (mut named, mut unpacked) = (false, false);
        while !self.current().is_operator(")") {
            if !arguments.text.is_empty() {
                self.expect_operator(",")?;
                if self.current().is_operator(")") {
                    break;
                }
            }
            if self.skip_operator("**") {
                arguments.add("**", &self.expression(true)?.parenthesised());
                (named, unpacked) = (true, true);
            } else if self.skip_operator("*") {
                arguments.add("*", &self.expression(true)?.parenthesised());
                unpacked = true;
            } else if let (Kind::Name(name), true) = (self.current(), self.next().is_operator("=")) {
                self.advance();
                self.advance();
                arguments.add(&format!("{name}="), &guard(self.expression(true)?));
                named = true;
            } else if named || unpacked {
                return Err(self.fail("invalid syntax for function call expression"));
            } else {
                arguments.add("", &guard(self.expression(true)?));
            }
        }
        self.expect_operator(")")?;
        Ok(arguments.close())
    }

    pub(super) fn filters_and_tests(&mut self, mut code: Code) -> Result<Code> {
        loop {
            code = match self.current() {
                Kind::Operator("|") => {
                    self.advance();
                    let (name, arguments) = self.filter()?;
                    code.filter(&name, &arguments)
                }
                Kind::Name(name) if name == "is" => self.test(&code)?,
                Kind::Operator("(") => self.call(&code)?,
                _ => return Ok(code),
            }
            .checked(self.line())?;
        }
    }

    /// Filters without what they are applied to, as set blocks and filter blocks have them.
    pub(super) fn filter_chain(&mut self) -> Result<String> {
        let mut filters = Vec::new();
        loop {
            let (name, arguments) = self.filter()?;
            filters.push(name + &arguments.text);
            if !self.skip_operator("|") {
                break;
            }
        }
        if filters.len() > 20 {
            return Err(self.unsupported("more than 20 filters on a block"));
        }
        Ok(filters.join("|"))
    }

    fn filter(&mut self) -> Result<(String, Arguments)> {
        let name = self.dotted_name()?;
        if FILTERS_WITHOUT_COUNTERPART.contains(&name.as_str()) {
            return Err(self.unsupported(format!("the filter {name}")));
        }
        if !FILTERS.contains(&name.as_str()) {
            self.unknown("filter", &name);
        }
        let called = self.current().is_operator("(");
        Ok((
            name,
            if called {
                self.arguments(false)?
            } else {
                Arguments::default()
            },
        ))
    }

    fn test(&mut self, subject: &Code) -> Result<Code> {
        self.expect_keyword("is")?;
        let not = self.skip_name("not");
        let name = self.dotted_name()?;
        if !TESTS.contains(&name.as_str()) {
            self.unknown("test", &name);
        }
        let arguments = match self.current() {
            Kind::Operator("(") => self.arguments(false)?,
            Kind::Name(word) if word == "is" => return Err(self.fail("You cannot chain multiple tests with is")),
            Kind::Name(word) if matches!(word.as_str(), "else" | "or" | "and") => Arguments::default(),
            Kind::Name(_) | Kind::Str(_) | Kind::Int(_) | Kind::Float(_) | Kind::Operator("[" | "{") => {
                let argument = self.primary()?;
                let mut arguments = Arguments::default();
                arguments.add("", &self.postfix(argument)?);
                arguments.close()
            }
            _ => Arguments::default(),
        };
        Ok(subject.test(not, &name, &arguments))
    }

    fn dotted_name(&mut self) -> Result<String> {
        let mut name = self.expect_name()?.to_owned();
        while self.skip_operator(".") {
            name = format!("{name}.{}", self.expect_name()?);
        }
        Ok(name)
    }
}
