//! Expressions: `jinja2.parser` from `parse_expression` down, each read and written in one go.

use super::code::{Binding, Code, chain, joined};
use super::lexer::Kind;
use super::names::is_attribute;
use super::parser::Parser;
use crate::encode::template::error::TemplateError;

type Result<T> = std::result::Result<T, TemplateError>;

impl Parser<'_> {
    /// `parse_tuple`: an expression, or several with commas between.
    pub(super) fn tuple(&mut self, conditional: bool, ends: &[&str]) -> Result<Code> {
        let items = self.tuple_items(conditional, ends)?;
        match items {
            Items::One(code) => Ok(code),
            Items::Many(items) if items.is_empty() => {
                Err(self.fail(format!("Expected an expression, got '{}'", self.current().describe())))
            }
            Items::Many(items) => Ok(tuple_code(&items)),
        }
    }

    fn tuple_items(&mut self, conditional: bool, ends: &[&str]) -> Result<Items> {
        let mut items = Vec::new();
        loop {
            let over = match self.current() {
                Kind::VariableEnd | Kind::BlockEnd | Kind::Operator(")") => true,
                Kind::Name(name) => ends.contains(&name.as_str()),
                _ => false,
            };
            if over {
                return Ok(Items::Many(items));
            }
            let item = self.expression(conditional)?;
            if self.skip_operator(",") {
                items.push(item);
            } else if items.is_empty() {
                return Ok(Items::One(item));
            } else {
                items.push(item);
                return Ok(Items::Many(items));
            }
        }
    }

    pub(super) fn expression(&mut self, conditional: bool) -> Result<Code> {
        self.nested(|parser| if conditional { parser.conditional() } else { parser.or() })
    }

    fn conditional(&mut self) -> Result<Code> {
        let begin = self.unknown.len();
        let mut value = self.or()?;
        while self.skip_name("if") {
            let test = self.or()?;
            let text = if self.skip_name("else") {
                let otherwise = self.expression(true)?;
                format!("{} if {} else {}", value.operand(), test.operand(), otherwise.operand())
            } else {
                format!("{} if {}", value.operand(), test.operand())
            };
            value = Code::new(text, Binding::Loose);
            self.unknown.truncate(begin);
        }
        Ok(value)
    }

    fn or(&mut self) -> Result<Code> {
        self.left_to_right("or", Self::and)
    }

    fn and(&mut self) -> Result<Code> {
        self.left_to_right("and", Self::not)
    }

    fn left_to_right(&mut self, word: &str, mut operand: impl FnMut(&mut Self) -> Result<Code>) -> Result<Code> {
        let first = operand(self)?;
        if !self.current().is_name(word) {
            return Ok(first);
        }
        let mut operands = vec![first];
        while self.skip_name(word) {
            operands.push(operand(self)?);
        }
        Ok(joined(&format!(" {word} "), &operands))
    }

    fn not(&mut self) -> Result<Code> {
        if self.skip_name("not") {
            let operand = self.nested(Self::not)?;
            return Ok(Code::new(format!("not {}", operand.operand()), Binding::Loose));
        }
        self.compare()
    }

    fn compare(&mut self) -> Result<Code> {
        let mut left = self.sum()?;
        let mut comparisons = Vec::new();
        loop {
            let operator = match self.current() {
                Kind::Operator(operator @ ("==" | "!=" | "<" | "<=" | ">" | ">=")) => operator,
                Kind::Name(name) if name == "in" => "in",
                Kind::Name(name) if name == "not" && self.next().is_name("in") => {
                    self.advance();
                    "not in"
                }
                _ => break,
            };
            self.advance();
            let right = self.sum()?;
            comparisons.push(comparison(&left, operator, &right));
            left = right;
        }
        Ok(match comparisons.len() {
            0 => left,
            1 => comparisons.remove(0),
            // Python compares each with the next; what stands between has no side effects.
            _ => joined(" and ", &comparisons),
        })
    }

    fn sum(&mut self) -> Result<Code> {
        let mut terms = vec![self.concatenation()?];
        loop {
            if self.skip_operator("+") {
                terms.push(self.concatenation()?);
            } else if self.skip_operator("-") {
                let right = self.concatenation()?;
                let left = if terms.len() == 1 {
                    terms.remove(0)
                } else {
                    chain("_add", &terms)
                };
                terms = vec![left.filtered("_sub", &[&right])];
            } else {
                break;
            }
        }
        Ok(if terms.len() == 1 {
            terms.remove(0)
        } else {
            chain("_add", &terms)
        })
    }

    fn concatenation(&mut self) -> Result<Code> {
        let mut parts = vec![self.product()?];
        while self.skip_operator("~") {
            parts.push(self.product()?);
        }
        Ok(if parts.len() == 1 {
            parts.remove(0)
        } else {
            chain("_concat", &parts)
        })
    }

    fn product(&mut self) -> Result<Code> {
        let mut left = self.power()?;
        loop {
            let filter = match self.current() {
                Kind::Operator("*") => "_mul",
                Kind::Operator("/") => "_div",
                Kind::Operator("//") => "_floordiv",
                Kind::Operator("%") => "_mod",
                _ => return Ok(left),
            };
            self.advance();
            let right = self.power()?;
            left = left.filtered(filter, &[&right]);
        }
    }

    fn power(&mut self) -> Result<Code> {
        let mut left = self.unary(true)?;
        while self.skip_operator("**") {
            let right = self.unary(true)?;
            left = left.filtered("_pow", &[&right]);
        }
        Ok(left)
    }

    fn unary(&mut self, filters: bool) -> Result<Code> {
        let mut code = if self.skip_operator("-") {
            let number = matches!(self.current(), Kind::Int(_) | Kind::Float(_));
            let operand = self.nested(|parser| parser.unary(false))?;
            if number && operand.binding == Binding::Atom {
                Code::new(format!("(-{})", operand.text), Binding::Atom)
            } else {
                operand.filtered("_neg", &[])
            }
        } else if self.skip_operator("+") {
            self.nested(|parser| parser.unary(false))?.filtered("_pos", &[])
        } else {
            self.primary()?
        };
        code = self.postfix(code)?;
        if filters {
            code = self.filters_and_tests(code)?;
        }
        Ok(code)
    }

    pub(super) fn primary(&mut self) -> Result<Code> {
        let token = self.current();
        let code = match token {
            Kind::Name(name) => {
                self.advance();
                match name.as_str() {
                    "true" | "True" => Code::new("true", Binding::Atom),
                    "false" | "False" => Code::new("false", Binding::Atom),
                    "none" | "None" => Code::new("none", Binding::Atom),
                    "self" | "super" if self.current().is_operator("(") || self.current().is_operator(".") => {
                        return Err(self.unsupported(format!("{name} of template inheritance")));
                    }
                    "varargs" | "kwargs"
                        if self
                            .parameters
                            .as_ref()
                            .is_some_and(|own| !own.contains(&name.as_str())) =>
                    {
                        return Err(self.unsupported(format!("{name} in a macro")));
                    }
                    _ => Code::new(name, Binding::Atom),
                }
            }
            Kind::Str(text) => {
                self.advance();
                let mut text = text.clone();
                while let Kind::Str(more) = self.current() {
                    text.push_str(more);
                    self.advance();
                }
                Code::string(text)
            }
            Kind::Int(digits) => {
                if digits.parse::<i128>().is_err() {
                    return Err(self.unsupported("an integer beyond 127 bits"));
                }
                self.advance();
                Code::new(digits, Binding::Atom)
            }
            Kind::Float(value) => {
                self.advance();
                // Too large for a float is infinite, in Python as here.
                let text = if value.is_finite() {
                    format!("{value:?}")
                } else {
                    "1e999".into()
                };
                Code::new(text, Binding::Atom)
            }
            Kind::Operator("(") => {
                self.advance();
                let items = self.tuple_items(true, &[])?;
                self.expect_operator(")")?;
                match items {
                    Items::One(code) => Code {
                        text: code.atom(),
                        binding: Binding::Atom,
                        constant: code.constant,
                    },
                    Items::Many(items) => tuple_code(&items),
                }
            }
            Kind::Operator("[") => self.list()?,
            Kind::Operator("{") => self.dict()?,
            other => return Err(self.fail(format!("unexpected '{}'", other.describe()))),
        };
        Ok(code)
    }

    fn list(&mut self) -> Result<Code> {
        self.expect_operator("[")?;
        let mut items = Vec::new();
        while !self.current().is_operator("]") {
            if !items.is_empty() {
                self.expect_operator(",")?;
                if self.current().is_operator("]") {
                    break;
                }
            }
            items.push(self.expression(true)?.text);
        }
        self.expect_operator("]")?;
        Ok(Code::new(format!("[{}]", items.join(", ")), Binding::Atom))
    }

    fn dict(&mut self) -> Result<Code> {
        self.expect_operator("{")?;
        let mut items = Vec::new();
        while !self.current().is_operator("}") {
            if !items.is_empty() {
                self.expect_operator(",")?;
                if self.current().is_operator("}") {
                    break;
                }
            }
            let key = self.expression(true)?;
            self.expect_operator(":")?;
            let value = self.expression(true)?;
            items.push(format!("{}: {}", key.operand(), value.text));
        }
        self.expect_operator("}")?;
        Ok(Code::new(format!("{{ {} }}|_dict", items.join(", ")), Binding::Filter))
    }

    pub(super) fn postfix(&mut self, mut code: Code) -> Result<Code> {
        loop {
            code = match self.current() {
                Kind::Operator(".") => self.attribute(&code)?,
                Kind::Operator("[") => self.subscript(&code)?,
                Kind::Operator("(") => self.call(&code)?,
                _ => return Ok(code),
            };
        }
    }

    fn attribute(&mut self, object: &Code) -> Result<Code> {
        self.expect_operator(".")?;
        let name = match self.current() {
            Kind::Name(name) => name,
            Kind::Int(index) => {
                self.advance();
                return Ok(Code::new(format!("{}[{index}]", object.atom()), Binding::Atom));
            }
            _ => return Err(self.fail("expected name or number")),
        };
        self.advance();
        let called = self.current().is_operator("(");
        if name == "cycle" && called {
            return self.cycle(object);
        }
        if name.starts_with('_') || !called && is_attribute(name) {
            return Ok(object.filtered("_attr", &[&Code::string(name.clone())]));
        }
        Ok(Code::new(format!("{}.{name}", object.atom()), Binding::Atom))
    }

    /// `loop.cycle(...)`, which the engine only stands with arguments.
    fn cycle(&mut self, object: &Code) -> Result<Code> {
        if self.next().is_operator(")") {
            self.advance();
            self.advance();
            return Ok(object.filtered("_cycle_of_nothing", &[]));
        }
        if self.next().is_operator("*") {
            return Err(self.unsupported("cycle with unpacked arguments"));
        }
        let arguments = self.arguments(false)?;
        Ok(Code::new(format!("{}.cycle{arguments}", object.atom()), Binding::Call))
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
            (None, [key]) => Ok(Code::new(format!("{}[{}]", object.atom(), key.text), Binding::Atom)),
            (None, items) => Ok(Code::new(
                format!("{}[{}]", object.atom(), tuple_code(items).text),
                Binding::Atom,
            )),
            (Some(_), _) => Err(self.unsupported("a slice beside other subscripts")),
        }
    }

    fn subscribed(&mut self) -> Result<Subscript> {
        let none = || Code::new("none", Binding::Atom);
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

    pub(super) fn call(&mut self, callee: &Code) -> Result<Code> {
        let known = self.macros.contains(callee.text.as_str());
        let arguments = self.arguments(known)?;
        Ok(Code::new(format!("{}{arguments}", callee.atom()), Binding::Call))
    }

    /// The arguments of a call with their parentheses. With `guarded` what is undefined is marked as
    /// given, for a macro to tell it from what was left out.
    pub(super) fn arguments(&mut self, guarded: bool) -> Result<String> {
        let guard = |code: Code| {
            if guarded {
                code.filtered("_given", &[]).text
            } else {
                code.text
            }
        };
        self.expect_operator("(")?;
        let mut arguments = Vec::new();
        let (mut named, mut unpacked) = (false, false);
        while !self.current().is_operator(")") {
            if !arguments.is_empty() {
                self.expect_operator(",")?;
                if self.current().is_operator(")") {
                    break;
                }
            }
            if self.skip_operator("**") {
                arguments.push(format!("**{}", self.expression(true)?.operand()));
                (named, unpacked) = (true, true);
            } else if self.skip_operator("*") {
                arguments.push(format!("*{}", self.expression(true)?.operand()));
                unpacked = true;
            } else if let (Kind::Name(name), true) = (self.current(), self.next().is_operator("=")) {
                self.advance();
                self.advance();
                arguments.push(format!("{name}={}", guard(self.expression(true)?)));
                named = true;
            } else if named || unpacked {
                return Err(self.fail("invalid syntax for function call expression"));
            } else {
                arguments.push(guard(self.expression(true)?));
            }
        }
        self.expect_operator(")")?;
        Ok(format!("({})", arguments.join(", ")))
    }
}

enum Items {
    One(Code),
    Many(Vec<Code>),
}

enum Subscript {
    Item(Code),
    Slice([Code; 3]),
}

fn tuple_code(items: &[Code]) -> Code {
    let items: Vec<&str> = items.iter().map(|item| item.text.as_str()).collect();
    let comma = if items.len() == 1 { "," } else { "" };
    Code::new(format!("({}{comma})", items.join(", ")), Binding::Atom)
}

fn comparison(left: &Code, operator: &str, right: &Code) -> Code {
    let filter = match operator {
        "<" => "_lt",
        "<=" => "_le",
        ">" => "_gt",
        ">=" => "_ge",
        "in" if left.constant.is_none() => "_in",
        "not in" if left.constant.is_none() => "_not_in",
        _ => {
            return Code::new(
                format!("{} {operator} {}", left.operand(), right.operand()),
                Binding::Loose,
            );
        }
    };
    left.filtered(filter, &[right])
}
