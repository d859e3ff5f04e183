//! Blocks whose text is collected before it is put out: macros, calls, filters and markers.

use super::Markers;
use super::code::Code;
use super::lexer::{Kind, Token};
use super::parser::{Looping, Parser};
use crate::encode::template::error::TemplateError;

type Result<T> = std::result::Result<T, TemplateError>;

/// Parameters of a macro, each with its default if it has one.
#[derive(Default)]
struct Signature<'t> {
    names: Vec<&'t str>,
    defaults: Vec<Option<Code>>,
}

impl<'t> Parser<'t> {
    pub(super) fn macro_block(&mut self, line: u32) -> Result<()> {
        let name = self.expect_name()?;
        let signature = self.signature()?;
        self.writer
            .block(line, &format!("macro {name}({})", signature.names.join(", ")));
        let guarded = self.macros.contains(name);
        self.macro_body(line, &signature, guarded, "endmacro")
    }

    pub(super) fn call_block(&mut self, line: u32) -> Result<()> {
        let signature = if self.current().is_operator("(") {
            self.signature()?
        } else {
            Signature::default()
        };
        let call = self.expression(true)?;
        if !call.is_call() {
            return Err(self.fail("expected call"));
        }
        let names = if signature.names.is_empty() {
            String::new()
        } else {
            format!("({})", signature.names.join(", "))
        };
        self.writer.block(line, &format!("call{names} {}", call.text()));
        self.macro_body(line, &signature, false, "endcall")
    }

    fn macro_body(&mut self, line: u32, signature: &Signature<'t>, guarded: bool, end: &str) -> Result<()> {
        let mut parameters = self.parameters.clone().unwrap_or_default();
        parameters.extend(&signature.names);
        let outer_parameters = self.parameters.replace(parameters);
        let outer = self.enter(true, Looping::No);
        // The engine takes a name that is set somewhere in a macro for a local one throughout. Read
        // once at the top, it is the outer one until it is set, as in Python.
        for name in assigned(self.ahead(), end) {
            if !signature.names.contains(&name) {
                self.writer.block(line, &format!("if false and {name}"));
                self.writer.block(line, "endif");
            }
        }
        for (name, default) in signature.names.iter().zip(&signature.defaults) {
            if let Some(default) = default {
                self.writer.block(line, &format!("if {name} is undefined"));
                self.writer.block(line, &format!("set {name} = {}", default.text()));
                self.writer.block(line, "endif");
            }
            if guarded {
                self.writer.block(line, &format!("set {name} = {name}|_received"));
            }
        }
        self.whole_body(end)?;
        self.leave(&outer);
        self.parameters = outer_parameters;
        self.writer.block(self.line(), end);
        Ok(())
    }

    fn signature(&mut self) -> Result<Signature<'t>> {
        let mut signature = Signature::default();
        self.expect_operator("(")?;
        while !self.current().is_operator(")") {
            if !signature.names.is_empty() {
                self.expect_operator(",")?;
            }
            signature.names.push(self.expect_name()?);
            let default = if self.skip_operator("=") {
                Some(self.expression(true)?)
            } else if signature.defaults.iter().any(Option::is_some) {
                return Err(self.fail("non-default argument follows default argument"));
            } else {
                None
            };
            signature.defaults.push(default);
        }
        self.expect_operator(")")?;
        Ok(signature)
    }

    pub(super) fn filter_block(&mut self, line: u32) -> Result<()> {
        let outer = self.enter(true, self.looping.behind());
        let filters = self.filter_chain()?;
        self.writer.block(line, &format!("filter {filters}|_text"));
        self.scoped_body("endfilter")?;
        self.leave(&outer);
        self.writer.block(self.line(), "endfilter");
        Ok(())
    }

    pub(super) fn generation(&mut self, line: u32) -> Result<()> {
        let found = if self.captured { Markers::Hidden } else { Markers::Plain };
        self.markers = self.markers.max(found);
        // A macro to Python, which `break` cannot leave.
        let outer = self.enter(true, Looping::No);
        self.writer.block(line, "filter _generation");
        self.scoped_body("endgeneration")?;
        self.leave(&outer);
        self.writer.block(self.line(), "endfilter");
        Ok(())
    }
}

/// Names that are set between here and the tag `end`.
fn assigned<'t>(tokens: &'t [Token], end: &str) -> Vec<&'t str> {
    let mut names = Vec::new();
    for window in tokens.windows(3) {
        match [&window[0].kind, &window[1].kind, &window[2].kind] {
            [Kind::BlockBegin, Kind::Name(tag), _] if tag == end => break,
            [Kind::BlockBegin, Kind::Name(tag), Kind::Name(name)]
                if tag == "set" && !names.contains(&name.as_str()) =>
            {
                names.push(name);
            }
            _ => {}
        }
    }
    names
}
