//! An expression as it is written for the engine, and how expressions are put together.

use super::literal;
use crate::encode::template::error::TemplateError;

/// How high a tree of expressions may be; the engine goes through it by recursion.
const MAX_HEIGHT: usize = 200;

/// An expression as it is written for the engine.
#[derive(Clone, Debug)]
pub(super) struct Code {
    text: String,
    binding: Binding,
    /// Its value, where that is a string known now.
    constant: Option<String>,
    /// Expressions one inside the other.
    height: usize,
}

/// How strongly the outermost operator binds.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Binding {
    /// A name, a literal, or either with attributes and subscripts.
    Atom,
    /// An atom that ends in a call.
    Call,
    /// A filter was applied last.
    Filter,
    /// Anything else.
    Loose,
}

/// The arguments of a call, with their parentheses.
#[derive(Debug, Default)]
pub(super) struct Arguments {
    pub(super) text: String,
    pub(super) height: usize,
}

impl Arguments {
    pub(super) fn add(&mut self, prefix: &str, argument: &Code) {
        self.text.push_str(if self.text.is_empty() { "(" } else { ", " });
        self.text.push_str(prefix);
        self.text.push_str(&argument.text);
        self.height = self.height.max(argument.height);
    }

    pub(super) fn close(mut self) -> Self {
        self.text.push_str(if self.text.is_empty() { "()" } else { ")" });
        self
    }
}

impl Code {
    fn new(text: impl Into<String>, binding: Binding, height: usize) -> Self {
        Self {
            text: text.into(),
            binding,
            constant: None,
            height,
        }
    }

    /// A name or a literal.
    pub(super) fn atom(text: impl Into<String>) -> Self {
        Self::new(text, Binding::Atom, 1)
    }

    pub(super) fn string(value: String) -> Self {
        Self {
            text: literal::encode(&value),
            binding: Binding::Atom,
            constant: Some(value),
            height: 1,
        }
    }

    /// A list or a tuple, by its brackets.
    pub(super) fn sequence(open: &str, items: &[Self], close: &str) -> Self {
        let text: Vec<&str> = items.iter().map(|item| item.text.as_str()).collect();
        Self::new(format!("{open}{}{close}", text.join(", ")), Binding::Atom, above(items))
    }

    pub(super) fn tuple(items: &[Self]) -> Self {
        Self::sequence("(", items, if items.len() == 1 { ",)" } else { ")" })
    }

    /// A dict of keys and values by turns.
    pub(super) fn dict(items: &[Self]) -> Self {
        let pairs = items
            .chunks_exact(2)
            .map(|pair| format!("{}: {}", pair[0].operand(), pair[1].text));
        let text = format!("{{ {} }}|_dict", pairs.collect::<Vec<_>>().join(", "));
        Self::new(text, Binding::Filter, above(items) + 1)
    }

    /// Operands of one operator, from left to right.
    pub(super) fn joined(operator: &str, operands: &[Self]) -> Self {
        let text: Vec<String> = operands.iter().map(Self::operand).collect();
        Self::new(text.join(operator), Binding::Loose, above(operands) + operands.len())
    }

    pub(super) fn not(operand: &Self) -> Self {
        Self::new(format!("not {}", operand.operand()), Binding::Loose, operand.height + 1)
    }

    /// `value if test else otherwise`.
    pub(super) fn conditional(value: &Self, test: &Self, otherwise: Option<&Self>) -> Self {
        let mut text = format!("{} if {}", value.operand(), test.operand());
        let mut height = value.height.max(test.height);
        if let Some(otherwise) = otherwise {
            text.push_str(&format!(" else {}", otherwise.operand()));
            height = height.max(otherwise.height);
        }
        Self::new(text, Binding::Loose, height + 1)
    }

    /// A number with a minus, or an expression that is negated.
    pub(super) fn negative(operand: &Self) -> Self {
        if operand.binding == Binding::Atom && operand.text.parse::<f64>().is_ok() {
            return Self::atom(format!("(-{})", operand.text));
        }
        operand.filtered("_neg", &[])
    }

    /// As it stands in parentheses.
    pub(super) fn parenthesised(self) -> Self {
        Self {
            text: self.receiver(),
            binding: Binding::Atom,
            ..self
        }
    }

    pub(super) fn attribute(&self, name: &str) -> Self {
        Self::new(format!("{}.{name}", self.receiver()), Binding::Atom, self.height + 1)
    }

    pub(super) fn subscript(&self, key: &Self) -> Self {
        let height = self.height.max(key.height) + 1;
        Self::new(format!("{}[{}]", self.receiver(), key.text), Binding::Atom, height)
    }

    pub(super) fn call(&self, arguments: &Arguments) -> Self {
        let height = self.height.max(arguments.height) + 1;
        Self::new(format!("{}{}", self.receiver(), arguments.text), Binding::Call, height)
    }

    /// With a filter of ours.
    pub(super) fn filtered(&self, filter: &str, arguments: &[&Self]) -> Self {
        let mut list = Arguments::default();
        for argument in arguments {
            list.add("", argument);
        }
        let list = if arguments.is_empty() { list } else { list.close() };
        self.filter(filter, &list)
    }

    /// With a filter, whose arguments may be none at all.
    pub(super) fn filter(&self, name: &str, arguments: &Arguments) -> Self {
        let height = self.height.max(arguments.height) + 1;
        Self::new(
            format!("{}|{name}{}", self.operand(), arguments.text),
            Binding::Filter,
            height,
        )
    }

    pub(super) fn test(&self, not: bool, name: &str, arguments: &Arguments) -> Self {
        let not = if not { "not " } else { "" };
        let height = self.height.max(arguments.height) + 2;
        Self::new(
            format!("{} is {not}{name}{}", self.operand(), arguments.text),
            Binding::Loose,
            height,
        )
    }

    /// `left operator right`, each side of one comparison.
    pub(super) fn comparison(left: &Self, operator: &str, right: &Self) -> Self {
        let filter = match operator {
            "<" => "_lt",
            "<=" => "_le",
            ">" => "_gt",
            ">=" => "_ge",
            "in" if left.constant.is_none() => "_in",
            "not in" if left.constant.is_none() => "_not_in",
            _ => return Self::joined(&format!(" {operator} "), &[left.clone(), right.clone()]),
        };
        left.filtered(filter, &[right])
    }

    /// A sum (`_add`) or a concatenation (`_concat`) of any number of operands, from left to right.
    pub(super) fn chain(filter: &str, operands: &[Self]) -> Self {
        let mut merged: Vec<Self> = Vec::with_capacity(operands.len());
        for operand in operands {
            match (merged.last_mut(), operand.constant()) {
                (Some(last), Some(text)) if last.constant.is_some() => {
                    *last = Self::string(last.constant.take().unwrap_or_default() + text);
                }
                _ => merged.push(operand.clone()),
            }
        }
        let mut rest = merged.into_iter();
        let mut sum = rest.next().expect("an operator has operands");
        let mut terms: Vec<Self> = Vec::new();
        for term in rest {
            // Python adds what it has before it evaluates the next operand, and may fail there and then.
            if filter == "_add" && !term.is_simple() && !terms.is_empty() {
                sum = sum.filtered(filter, &terms.iter().collect::<Vec<_>>());
                terms.clear();
            }
            terms.push(term);
        }
        if terms.is_empty() {
            sum
        } else {
            sum.filtered(filter, &terms.iter().collect::<Vec<_>>())
        }
    }

    pub(super) fn is_call(&self) -> bool {
        self.binding == Binding::Call
    }

    pub(super) fn constant(&self) -> Option<&str> {
        self.constant.as_deref()
    }

    /// Whether it is a constant, a name, or one attribute of one: hardly anything that could fail.
    fn is_simple(&self) -> bool {
        self.constant.is_some() || !self.text.contains(['|', '(']) && self.text.matches(['.', '[']).count() < 2
    }

    /// Whether it could give a float, which is no index in Python.
    pub(super) fn may_be_float(&self) -> bool {
        let makers = ["|_div", "|_pow", "|float", "|round", "|sum"];
        let number = || self.text.parse::<i128>().is_err() && self.text.parse::<f64>().is_ok();
        self.constant.is_none() && (makers.iter().any(|maker| self.text.contains(maker)) || number())
    }

    /// As a whole expression.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// As what an attribute, a subscript or a call is asked of.
    fn receiver(&self) -> String {
        match self.binding {
            Binding::Atom | Binding::Call => self.text.clone(),
            Binding::Filter | Binding::Loose => format!("({})", self.text),
        }
    }

    /// As what a filter is applied to, or as an operand.
    pub(super) fn operand(&self) -> String {
        match self.binding {
            Binding::Loose => format!("({})", self.text),
            _ => self.text.clone(),
        }
    }

    /// The expression, unless the engine could not go through it.
    pub(super) fn checked(self, line: u32) -> Result<Self, TemplateError> {
        if self.height > MAX_HEIGHT {
            let feature = format!("an expression of more than {MAX_HEIGHT} levels");
            return Err(TemplateError::unsupported(feature).at(line));
        }
        Ok(self)
    }
}

/// The height of what stands above all of these.
fn above(items: &[Code]) -> usize {
    items.iter().map(|item| item.height).max().unwrap_or(0) + 1
}
