//! Expressions by operator: `jinja2.parser` from `parse_expression` down to `parse_unary`, each read
//! and written in one go.

use super::code::Code;
use super::lexer::Kind;
use super::parser::Parser;
use crate::encode::template::error::TemplateError;

type Result<T> = std::result::Result<T, TemplateError>;

/// What commas may part.
pub(super) enum Items {
    One(Code),
    Many(Vec<Code>),
}

impl Parser<'_> {
    /// `parse_tuple`: an expression, or several with commas between.
    pub(super) fn tuple(&mut self, conditional: bool, ends: &[&str]) -> Result<Code> {
        match self.tuple_items(conditional, ends)? {
            Items::One(code) => Ok(code),
            Items::Many(items) if items.is_empty() => {
                Err(self.fail(format!("Expected an expression, got '{}'", self.current().describe())))
            }
            Items::Many(items) => Ok(Code::tuple(&items)),
        }
    }

    pub(super) fn tuple_items(&mut self, conditional: bool, ends: &[&str]) -> Result<Items> {
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
            let comma = self.skip_operator(",");
            if !comma && items.is_empty() {
                return Ok(Items::One(item));
            }
            items.push(item);
            if !comma {
                return Ok(Items::Many(items));
            }
        }
    }

    /// An expression; with `conditional` it may be one of two.
    pub(super) fn expression(&mut self, conditional: bool) -> Result<Code> {
        let code = self.nested(|parser| if conditional { parser.conditional() } else { parser.or() })?;
        code.checked(self.line())
    }

    fn conditional(&mut self) -> Result<Code> {
        let begin = self.unknown.len();
        let mut value = self.or()?;
        while self.skip_name("if") {
            let test = self.or()?;
            let otherwise = if self.skip_name("else") {
                Some(self.expression(true)?)
            } else {
                None
            };
            value = Code::conditional(&value, &test, otherwise.as_ref());
            // Either branch may never be reached.
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

    fn left_to_right(&mut self, word: &str, operand: impl Fn(&mut Self) -> Result<Code>) -> Result<Code> {
        let first = operand(self)?;
        if !self.current().is_name(word) {
            return Ok(first);
        }
        let mut operands = vec![first];
        while self.skip_name(word) {
            operands.push(operand(self)?);
        }
        Ok(Code::joined(&format!(" {word} "), &operands))
    }

    fn not(&mut self) -> Result<Code> {
        if self.skip_name("not") {
            return Ok(Code::not(&self.nested(Self::not)?));
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
            comparisons.push(Code::comparison(&left, operator, &right));
            left = right;
        }
        Ok(match comparisons.len() {
            0 => left,
            1 => comparisons.remove(0),
            // Python compares each with the next; what stands between has no side effects.
            _ => Code::joined(" and ", &comparisons),
        })
    }

    fn sum(&mut self) -> Result<Code> {
        let mut terms = vec![self.concatenation()?];
        let total = |terms: &mut Vec<Code>| {
            if terms.len() == 1 {
                terms.remove(0)
            } else {
                Code::chain("_add", terms)
            }
        };
        loop {
            if self.skip_operator("+") {
                terms.push(self.concatenation()?);
            } else if self.skip_operator("-") {
                let right = self.concatenation()?;
                terms = vec![total(&mut terms).filtered("_sub", &[&right]).checked(self.line())?];
            } else {
                return Ok(total(&mut terms));
            }
        }
    }

    fn concatenation(&mut self) -> Result<Code> {
        let mut parts = vec![self.product()?];
        while self.skip_operator("~") {
            parts.push(self.product()?);
        }
        Ok(if parts.len() == 1 {
            parts.remove(0)
        } else {
            Code::chain("_concat", &parts)
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
            left = left.filtered(filter, &[&self.power()?]).checked(self.line())?;
        }
    }

    fn power(&mut self) -> Result<Code> {
        let mut left = self.unary(true)?;
        while self.skip_operator("**") {
            left = left.filtered("_pow", &[&self.unary(true)?]).checked(self.line())?;
        }
        Ok(left)
    }

    fn unary(&mut self, filters: bool) -> Result<Code> {
        let code = if self.skip_operator("-") {
            Code::negative(&self.nested(|parser| parser.unary(false))?)
        } else if self.skip_operator("+") {
            self.nested(|parser| parser.unary(false))?.filtered("_pos", &[])
        } else {
            self.primary()?
        };
        let code = self.postfix(code)?;
        if filters {
            self.filters_and_tests(code)
        } else {
            Ok(code)
        }
    }
}
