//! Jinja2 as transformers runs it, rewritten for minijinja.
//!
//! Both speak nearly the same language, and where they differ a template would be rendered wrongly
//! in silence. So a template is read here with Jinja's own grammar and written again in the part of
//! the language both agree on; every operator Python defines otherwise becomes a call of one of our
//! filters (`a + b` is written `a|_add(b)`), which `python` implements. White space control is
//! settled on the way, constants go into the text, and each line remembers where it came from.

mod code;
mod expression;
mod lazy;
mod lexer;
mod literal;
mod macros;
mod names;
mod parser;
mod primary;
mod scan;
mod statement;
mod target;
mod writer;

use crate::encode::template::error::TemplateError;

pub(super) use names::{FILTERS, TESTS};

/// A template in the engine's language.
pub(super) struct Translated {
    pub(super) source: String,
    /// The template's line for each line of `source`.
    lines: Vec<u32>,
    pub(super) markers: Markers,
}

/// What `{% generation %}` tags a template has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Markers {
    None,
    /// All where transformers computes their places rightly.
    Plain,
    /// Some inside a macro, a call, a filter or a set block, or another marker: the text is moved
    /// after transformers has noted where it was.
    Hidden,
}

impl Translated {
    /// The template's line for a line of `source`, both from one.
    pub(super) fn line(&self, line: usize) -> u32 {
        let line = line.clamp(1, self.lines.len());
        self.lines[line - 1]
    }
}

/// Rewrites a template.
///
/// # Errors
///
/// Where Jinja would not compile it, or for what has no counterpart here.
pub(super) fn translate(source: &str) -> Result<Translated, TemplateError> {
    let tokens = lexer::lex(source)?;
    let mut parser = parser::Parser::new(&tokens);
    parser.template()?;
    let (source, lines) = parser.writer.finish();
    Ok(Translated {
        source,
        lines,
        markers: parser.markers,
    })
}
