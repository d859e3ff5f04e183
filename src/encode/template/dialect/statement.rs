//! Statements: the tags of Jinja, transformers' `generation`, and `break` and `continue`.

use super::Markers;
use super::code::Code;
use super::lexer::{Kind, Token};
use super::parser::{Looping, Parser};
use super::target::Target;
use crate::encode::template::error::{PyClass, TemplateError};

type Result<T> = std::result::Result<T, TemplateError>;

/// How many branches a condition may have; the engine reads each inside the one before.
const MAX_BRANCHES: usize = 200;

/// What is put aside while a body with a scope of its own is read.
struct Outer {
    soft: bool,
    captured: bool,
    looping: Looping,
}

impl<'t> Parser<'t> {
    /// Reads the whole template.
    pub(super) fn template(&mut self) -> Result<()> {
        self.body(&[])?;
        match self.unknown.first() {
            Some((message, line)) => {
                Err(TemplateError::python(PyClass::TemplateAssertionError, message.clone()).at(*line))
            }
            None => Ok(()),
        }
    }

    /// Text, outputs and statements, up to a tag in `ends`, at whose name it stops.
    fn body(&mut self, ends: &[&str]) -> Result<()> {
        loop {
            match self.current() {
                Kind::Data(text) => {
                    self.advance();
                    self.writer.text(text);
                }
                Kind::VariableBegin => {
                    let line = self.line();
                    self.advance();
                    let code = self.tuple(true, &[])?;
                    self.expect_end(&Kind::VariableEnd)?;
                    self.output(line, &code);
                }
                Kind::BlockBegin => {
                    self.advance();
                    if let Kind::Name(name) = self.current()
                        && ends.contains(&name.as_str())
                    {
                        return Ok(());
                    }
                    self.nested(|parser| parser.statement(ends))?;
                    self.expect_end(&Kind::BlockEnd)?;
                }
                _ if ends.is_empty() => return Ok(()),
                _ => {
                    let looked_for = ends.join("' or '");
                    return Err(self.fail(format!(
                        "Unexpected end of template. Jinja was looking for the following tags: '{looked_for}'."
                    )));
                }
            }
        }
    }

    /// The rest of an opening tag, and its body up to the name of the closing one.
    fn body_after_tag(&mut self, ends: &[&str]) -> Result<()> {
        self.skip_operator(":");
        self.expect_end(&Kind::BlockEnd)?;
        self.body(ends)
    }

    /// The same, past the name of the closing tag.
    fn whole_body(&mut self, end: &str) -> Result<()> {
        self.body_after_tag(&[end])?;
        self.expect_keyword(end)
    }

    fn output(&mut self, line: u32, code: &Code) {
        match code.constant() {
            Some(text) => self.writer.text(text),
            None => self.writer.output(line, code.text()),
        }
    }

    fn statement(&mut self, ends: &[&str]) -> Result<()> {
        let line = self.line();
        let Kind::Name(tag) = self.current() else {
            return Err(self.fail("tag name expected"));
        };
        self.advance();
        match tag.as_str() {
            "for" => self.for_loop(line),
            "if" => self.condition(line),
            "set" => self.assignment(line),
            "with" => self.with(line),
            "macro" => self.macro_block(line),
            "call" => self.call_block(line),
            "filter" => self.filter_block(line),
            "generation" => self.generation(line),
            "print" => self.print(line),
            "break" | "continue" => self.loop_control(line, tag),
            "autoescape" => self.autoescape(line),
            "block" => Err(self.unsupported("template inheritance (block)")),
            "extends" | "include" | "import" | "from" => self.other_template(line),
            _ => {
                let looked_for = if ends.is_empty() {
                    String::new()
                } else {
                    format!(" Jinja was looking for the following tags: '{}'.", ends.join("' or '"))
                };
                Err(self.fail(format!("Encountered unknown tag '{tag}'.{looked_for}")))
            }
        }
    }

    fn enter(&mut self, captured: bool, looping: Looping) -> Outer {
        let outer = Outer {
            soft: self.soft,
            captured: self.captured,
            looping: self.looping,
        };
        self.soft = false;
        self.captured |= captured;
        self.looping = looping;
        outer
    }

    fn leave(&mut self, outer: &Outer) {
        self.soft = outer.soft;
        self.captured = outer.captured;
        self.looping = outer.looping;
    }

    fn for_loop(&mut self, line: u32) -> Result<()> {
        let target = self.target(&["in"], false)?;
        self.expect_keyword("in")?;
        let items = self.tuple(false, &["recursive"])?;
        let mut code = format!("for {} in {}|_iter", target.code, items.operand());
        let outer = self.enter(false, Looping::Yes);
        if self.skip_name("if") {
            code.push_str(&format!(" if {}", self.expression(true)?.text()));
        }
        if self.skip_name("recursive") {
            code.push_str(" recursive");
        }
        self.writer.block(line, &code);
        self.body_after_tag(&["endfor", "else"])?;
        self.looping = outer.looping;
        if self.skip_name("else") {
            self.writer.block(self.line(), "else");
            self.body_after_tag(&["endfor"])?;
        }
        self.leave(&outer);
        self.writer.block(self.line(), "endfor");
        self.expect_keyword("endfor")
    }

    fn condition(&mut self, line: u32) -> Result<()> {
        let soft = std::mem::replace(&mut self.soft, true);
        let test = self.tuple(false, &[])?;
        self.writer.block(line, &format!("if {}", test.text()));
        self.body_after_tag(&["elif", "else", "endif"])?;
        let mut branches = 1;
        while self.skip_name("elif") {
            branches += 1;
            if branches > MAX_BRANCHES {
                return Err(self.unsupported(format!("a condition of more than {MAX_BRANCHES} branches")));
            }
            let line = self.line();
            let test = self.tuple(false, &[])?;
            self.writer.block(line, &format!("elif {}", test.text()));
            self.body_after_tag(&["elif", "else", "endif"])?;
        }
        if self.skip_name("else") {
            self.writer.block(self.line(), "else");
            self.body_after_tag(&["endif"])?;
        }
        self.soft = soft;
        self.writer.block(self.line(), "endif");
        self.expect_keyword("endif")
    }

    fn assignment(&mut self, line: u32) -> Result<()> {
        let target = self.target(&[], true)?;
        if self.skip_operator("=") {
            let value = self.tuple(true, &[])?;
            let guard = target.guard();
            let code = if guard.is_empty() {
                value.text().to_owned()
            } else {
                format!("{}{guard}", value.operand())
            };
            self.writer.block(line, &format!("set {} = {code}", target.code));
            return Ok(());
        }
        if target.private {
            return Err(self.unsupported("a set block for an attribute with an underscore"));
        }
        let mut code = format!("set {}", target.code);
        let outer = self.enter(true, self.looping.behind());
        if self.skip_operator("|") {
            code.push_str(&format!(" | {}", self.filter_chain()?));
        }
        self.writer.block(line, &code);
        self.scoped_body("endset")?;
        self.leave(&outer);
        self.writer.block(self.line(), "endset");
        Ok(())
    }

    /// A body whose own variables end with it.
    fn scoped_body(&mut self, end: &str) -> Result<()> {
        let line = self.line();
        self.writer.block(line, "with");
        self.whole_body(end)?;
        self.writer.block(self.line(), "endwith");
        Ok(())
    }

    fn with(&mut self, line: u32) -> Result<()> {
        let (mut targets, mut values) = (Vec::new(), Vec::new());
        while *self.current() != Kind::BlockEnd {
            if !targets.is_empty() {
                self.expect_operator(",")?;
            }
            targets.push(self.target(&[], false)?.code);
            self.expect_operator("=")?;
            values.push(self.expression(true)?);
        }
        // All values are those outside the block, so several are assigned at once.
        let code = match values.as_slice() {
            [] => "with".to_owned(),
            [value] => format!("with ({}) = {}", targets[0], value.text()),
            values => {
                let values: Vec<&str> = values.iter().map(Code::text).collect();
                format!("with ({}) = ({})", targets.join(", "), values.join(", "))
            }
        };
        let outer = self.enter(false, self.looping.behind());
        self.writer.block(line, &code);
        self.whole_body("endwith")?;
        self.leave(&outer);
        self.writer.block(self.line(), "endwith");
        Ok(())
    }

    fn macro_block(&mut self, line: u32) -> Result<()> {
        let name = self.expect_name()?;
        let signature = self.signature()?;
        self.writer
            .block(line, &format!("macro {name}({})", signature.names.join(", ")));
        let guarded = self.macros.contains(name);
        self.macro_body(line, &signature, guarded, "endmacro")
    }

    fn call_block(&mut self, line: u32) -> Result<()> {
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

    fn filter_block(&mut self, line: u32) -> Result<()> {
        let outer = self.enter(true, self.looping.behind());
        let filters = self.filter_chain()?;
        self.writer.block(line, &format!("filter {filters}"));
        self.scoped_body("endfilter")?;
        self.leave(&outer);
        self.writer.block(self.line(), "endfilter");
        Ok(())
    }

    fn generation(&mut self, line: u32) -> Result<()> {
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

    fn print(&mut self, line: u32) -> Result<()> {
        let mut first = true;
        while *self.current() != Kind::BlockEnd {
            if !std::mem::take(&mut first) {
                self.expect_operator(",")?;
            }
            let code = self.expression(true)?;
            self.output(line, &code);
        }
        Ok(())
    }

    fn loop_control(&mut self, line: u32, tag: &str) -> Result<()> {
        match self.looping {
            Looping::Yes => {
                self.writer.block(line, tag);
                Ok(())
            }
            Looping::Behind => Err(self.unsupported(format!("{tag} out of a block inside a loop"))),
            Looping::No => Err(self.fail(format!("'{tag}' outside loop"))),
        }
    }

    fn autoescape(&mut self, line: u32) -> Result<()> {
        if self.expression(true)?.text() != "false" {
            return Err(self.unsupported("autoescape"));
        }
        let outer = self.enter(false, self.looping.behind());
        self.writer.block(line, "with");
        self.whole_body("endautoescape")?;
        self.leave(&outer);
        self.writer.block(self.line(), "endwith");
        Ok(())
    }

    /// transformers gives no loader, so that any tag that names another template fails if reached.
    fn other_template(&mut self, line: u32) -> Result<()> {
        while !matches!(self.current(), Kind::BlockEnd | Kind::End) {
            self.advance();
        }
        self.writer.output(line, "none|_no_loader");
        Ok(())
    }

    /// What is assigned to: a name, several, or with `attributes` one of a namespace.
    fn target(&mut self, ends: &[&str], attributes: bool) -> Result<Target> {
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
                attribute: true,
                private,
            });
        }
        if name == "loop" && self.looping != Looping::No {
            return Err(self.fail("Can't assign to special loop variable in for-loop target"));
        }
        Ok(Target {
            code: name.clone(),
            attribute: false,
            private: false,
        })
    }
}

/// Parameters of a macro, each with its default if it has one.
#[derive(Default)]
struct Signature<'t> {
    names: Vec<&'t str>,
    defaults: Vec<Option<Code>>,
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
