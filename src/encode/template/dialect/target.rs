//! What a value is assigned to.

use super::lexer::Kind;
use super::parser::{Looping, Parser};
use crate::encode::template::error::{PyClass, TemplateError};

type Result<T> = std::result::Result<T, TemplateError>;

/// What a value is assigned to.
pub(super) struct Target {
    pub(super) code: String,
    /// Several names, so that the value is taken apart.
    pub(super) several: bool,
    /// An attribute of a namespace.
    pub(super) attribute: bool,
    /// An attribute transformers refuses, because its name begins with an underscore.
    pub(super) private: bool,
}

impl Target {
    /// The filter that minds what is stored.
    pub(super) fn guard(&self) -> &'static str {
        match self {
            Self { private: true, .. } => "|_private",
            Self { attribute: true, .. } => "|_store",
            Self { several: true, .. } => "|_unpacked",
            _ => "",
        }
    }
}

impl Parser<'_> {
    /// What is assigned to: a name, several, or with `attributes` one of a namespace.
    pub(super) fn target(&mut self, ends: &[&str], attributes: bool) -> Result<Target> {
        let mut targets = Vec::new();
        let mut tuple = false;
        loop {
            let over = match self.current() {
                Kind::BlockEnd | Kind::VariableEnd | Kind::Operator(")") => true,
                Kind::Name(name) => ends.contains(&name.as_str()),
                _ => false,
            };
            if over {
                break;
            }
            targets.push(self.single_target(attributes)?);
            if !self.skip_operator(",") {
                break;
            }
            tuple = true;
        }
        if targets.is_empty() {
            return Err(self.fail(format!("Expected an expression, got '{}'", self.current().describe())));
        }
        if targets.len() == 1 && !tuple {
            return Ok(targets.remove(0));
        }
        if targets.iter().any(|target| target.private || target.attribute) {
            return Err(self.unsupported("attributes among several targets of an assignment"));
        }
        let names: Vec<&str> = targets.iter().map(|target| target.code.as_str()).collect();
        let comma = if names.len() == 1 { "," } else { "" };
        Ok(Target {
            code: format!("{}{comma}", names.join(", ")),
            several: true,
            attribute: false,
            private: false,
        })
    }

    fn single_target(&mut self, attributes: bool) -> Result<Target> {
        if self.skip_operator("(") {
            let inner = self.nested(|parser| parser.target(&[], attributes))?;
            self.expect_operator(")")?;
            return Ok(Target {
                code: format!("({})", inner.code),
                ..inner
            });
        }
        let Kind::Name(name) = self.current() else {
            return Err(self.fail(format!("can't assign to '{}'", self.current().describe())));
        };
        if matches!(name.as_str(), "true" | "True" | "false" | "False" | "none" | "None") {
            return Err(self.fail("can't assign to 'const'"));
        }
        self.advance();
        if attributes && self.skip_operator(".") {
            let attribute = self.expect_name()?;
            let private = attribute.starts_with('_');
            return Ok(Target {
                code: format!("{name}.{attribute}"),
                several: false,
                attribute: true,
                private,
            });
        }
        if name == "loop" && (self.looping != Looping::No || !attributes) {
            let message = "Can't assign to special loop variable in for-loop target";
            return Err(TemplateError::python(PyClass::TemplateAssertionError, message).at(self.line()));
        }
        Ok(Target {
            code: name.clone(),
            several: false,
            attribute: false,
            private: false,
        })
    }
}
