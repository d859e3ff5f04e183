//! An expression, read, as it is written for the engine.

use super::literal;

/// An expression as it is written for the engine.
pub(super) struct Code {
    pub(super) text: String,
    pub(super) binding: Binding,
    /// Its value, where that is a string known now.
    pub(super) constant: Option<String>,
}

/// How strongly the outermost operator binds.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Binding {
    /// A name, a literal, or either with attributes and subscripts.
    Atom,
    /// An atom that ends in a call.
    Call,
    /// A filter was applied last.
    Filter,
    /// Anything else.
    Loose,
}

impl Code {
    pub(super) fn new(text: impl Into<String>, binding: Binding) -> Self {
        Self {
            text: text.into(),
            binding,
            constant: None,
        }
    }

    pub(super) fn string(value: String) -> Self {
        Self {
            text: literal::encode(&value),
            binding: Binding::Atom,
            constant: Some(value),
        }
    }

    pub(super) fn is_call(&self) -> bool {
        self.binding == Binding::Call
    }

    pub(super) fn constant(&self) -> Option<&str> {
        self.constant.as_deref()
    }

    /// As a whole expression.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// As what an attribute, a subscript or a call is asked of.
    pub(super) fn atom(&self) -> String {
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

    pub(super) fn filtered(&self, filter: &str, arguments: &[&Self]) -> Self {
        let mut text = format!("{}|{filter}", self.operand());
        if !arguments.is_empty() {
            let arguments: Vec<&str> = arguments.iter().map(|argument| argument.text.as_str()).collect();
            text.push_str(&format!("({})", arguments.join(", ")));
        }
        Self::new(text, Binding::Filter)
    }
}

/// The left operand of an operator, joined with the next ones.
pub(super) fn joined(operator: &str, operands: &[Code]) -> Code {
    let text: Vec<String> = operands.iter().map(Code::operand).collect();
    Code::new(text.join(operator), Binding::Loose)
}

/// A sum or a concatenation of any number of operands, from left to right.
pub(super) fn chain(filter: &str, operands: &[Code]) -> Code {
    if let Some(constants) = operands.iter().map(Code::constant).collect::<Option<Vec<_>>>() {
        return Code::string(constants.concat());
    }
    let (first, rest) = operands.split_first().expect("an operator has operands");
    let rest: Vec<&Code> = rest.iter().collect();
    // The short ones, which are nearly all, have filters that need not collect their arguments.
    match rest.len() {
        1 => first.filtered(filter, &rest),
        2 | 3 => first.filtered(&format!("{filter}{}", rest.len()), &rest),
        _ => first.filtered(&format!("{filter}_all"), &rest),
    }
}
