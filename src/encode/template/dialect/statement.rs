//! Statements: the tags of Jinja, transformers' `generation`, and `break` and `continue`.

use super::code::Code;
use super::lazy::{self, Filter};
use super::lexer::Kind;
use super::parser::{Looping, Parser};
use crate::encode::template::error::{PyClass, TemplateError};

type Result<T> = std::result::Result<T, TemplateError>;

/// How many branches a condition may have; the engine reads each inside the one before.
const MAX_BRANCHES: usize = 200;

/// What is put aside while a body with a scope of its own is read.
pub(super) struct Outer {
    soft: bool,
    captured: bool,
    looping: Looping,
}

impl Parser<'_> {
    /// Reads the whole template.
    pub(super) fn template(&mut self) -> Result<()> {
        self.body(&[])?;
        match self.unknown.first() {
            Some((message, line)) => {
                Err(TemplateError::python(PyClass::TemplateAssertionError, message.clone()).at(*line))
            }
            None => self.outside_loop.take().map_or(Ok(()), Err),
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
    pub(super) fn whole_body(&mut self, end: &str) -> Result<()> {
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

    pub(super) fn enter(&mut self, captured: bool, looping: Looping) -> Outer {
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

    pub(super) fn leave(&mut self, outer: &Outer) {
        self.soft = outer.soft;
        self.captured = outer.captured;
        self.looping = outer.looping;
    }

    fn for_loop(&mut self, line: u32) -> Result<()> {
        let target = self.target(&["in"], false)?;
        self.expect_keyword("in")?;
        let items = self.tuple(false, &["recursive"])?;
        let iterate = if target.several { "_iter_unpacked" } else { "_iter" };
        let mut code = format!("for {} in {}|{iterate}", target.code, items.operand());
        let outer = self.enter(false, Looping::Yes);
        let mut inside = None;
        if self.skip_name("if") {
            let filter = lazy::filter(self.ahead());
            let asked = self.expression(true)?.text().to_owned();
            match filter {
                Filter::Apart => code.push_str(&format!(" if {asked}")),
                Filter::Inside => inside = Some(format!("if {asked}")),
                Filter::Counted => {
                    return Err(self.unsupported("a loop that counts what passes a filter which its body changes"));
                }
            }
        }
        let recursive = self.skip_name("recursive");
        if recursive {
            // A function to Python, which hands its text back when it is through.
            code.push_str(" recursive");
            self.captured = true;
            self.writer.block(line, "filter _captured");
        }
        // Python notes at the end of a body that there was one, and `continue` passes that by.
        let flag = self.else_depends_on_control().then(|| self.flag());
        if let Some(flag) = &flag {
            self.writer.block(line, &format!("set {flag} = _flag()"));
        }
        self.writer.block(line, &code);
        if let Some(inside) = &inside {
            self.writer.block(line, inside);
        }
        self.body_after_tag(&["endfor", "else"])?;
        if inside.is_some() {
            self.writer.block(self.line(), "endif");
        }
        self.looping = outer.looping;
        if let Some(flag) = &flag {
            self.writer.block(self.line(), &format!("set {flag}.ran = true"));
            self.writer.block(self.line(), "endfor");
            self.writer.block(self.line(), &format!("if not {flag}.ran"));
        }
        if self.skip_name("else") {
            if flag.is_none() {
                self.writer.block(self.line(), "else");
            }
            self.loop_else()?;
        }
        self.leave(&outer);
        self.writer
            .block(self.line(), if flag.is_some() { "endif" } else { "endfor" });
        if recursive {
            self.writer.block(self.line(), "endfilter");
        }
        self.expect_keyword("endfor")
    }

    /// What is done when there was nothing to loop over. Its variables are its own.
    fn loop_else(&mut self) -> Result<()> {
        if !self.sets_before_end_of_loop() {
            return self.body_after_tag(&["endfor"]);
        }
        self.looping = self.looping.behind();
        self.writer.block(self.line(), "with");
        self.body_after_tag(&["endfor"])?;
        self.writer.block(self.line(), "endwith");
        Ok(())
    }

    fn sets_before_end_of_loop(&self) -> bool {
        let mut depth = 0;
        for window in self.ahead().windows(2) {
            match [&window[0].kind, &window[1].kind] {
                [Kind::BlockBegin, Kind::Name(tag)] if tag == "for" => depth += 1,
                [Kind::BlockBegin, Kind::Name(tag)] if tag == "endfor" && depth == 0 => break,
                [Kind::BlockBegin, Kind::Name(tag)] if tag == "endfor" => depth -= 1,
                [Kind::BlockBegin, Kind::Name(tag)] if tag == "set" || tag == "macro" => return true,
                _ => {}
            }
        }
        false
    }

    /// Whether the loop whose head is past has both an `else` and a `break` or `continue`.
    fn else_depends_on_control(&self) -> bool {
        let mut open = Vec::new();
        let mut control = false;
        for window in self.ahead().windows(2) {
            let [Kind::BlockBegin, Kind::Name(tag)] = [&window[0].kind, &window[1].kind] else {
                continue;
            };
            match tag.as_str() {
                "for" | "if" => open.push(tag.as_str()),
                "endfor" | "else" if open.is_empty() => return control && tag == "else",
                "endfor" | "endif" => {
                    open.pop();
                }
                "break" | "continue" => control |= !open.contains(&"for"),
                _ => {}
            }
        }
        false
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
    pub(super) fn scoped_body(&mut self, end: &str) -> Result<()> {
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
            Looping::No => {
                // It is Python that minds, when Jinja is through with the template.
                let error = TemplateError::python(PyClass::SyntaxError, format!("'{tag}' outside loop"));
                self.outside_loop.get_or_insert(error.at(line));
                Ok(())
            }
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
}
