//! Hugging Face chat templates, rendered byte for byte as transformers 5.23 with Jinja2 3.1.6 does.
//!
//! A template is a small program of the model's author, and what it puts out is what is trained on.
//! [`Template::compile`] reads it once, with Jinja's grammar, and [`Template::render`] runs it for a
//! conversation, on any number of threads. Where Python would raise, so does this, with the name of
//! Python's class; what is not reproduced is refused by name and never guessed.
//!
//! minijinja is the engine. It speaks another dialect, with other operators and methods: `dialect`
//! rewrites a template so that it means the same there, `python` has the operators, filters, tests
//! and methods as Python has them, `spans` follows `{% generation %}`. [`select`] finds the template
//! of a tokenizer.

mod clock;
mod data;
mod dialect;
mod error;
mod python;
pub mod select;
mod spans;
mod variables;

use std::ops::Range;
use std::sync::Arc;

use minijinja::syntax::SyntaxConfig;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};

pub use clock::Clock;
pub use error::{ErrorKind, PyClass, TemplateError};
pub use variables::{Message, Preparation, Vars};

use crate::model::value::Object;
use dialect::{Markers, Translated};
use python::limits;
use spans::{Progress, Sink};
use variables::Variables;

/// The name of the only template of an environment.
const NAME: &str = "chat";

/// What a run's renders have in common.
#[derive(Clone, Debug, Default)]
pub struct Setup {
    /// `special_tokens_map`: `bos_token`, `eos_token` and so on, those that are set.
    pub special_tokens: Vec<(String, String)>,
    /// Variables of every render, as a config's `chat_template_kwargs`; before special tokens.
    pub kwargs: Object<'static>,
    pub clock: Clock,
}

/// A compiled template.
#[derive(Debug)]
pub struct Template {
    env: Environment<'static>,
    fixed: Arc<data::Entries>,
    lines: Lines,
    markers: Markers,
}

/// The template's lines behind the engine's.
struct Lines(Translated);

impl std::fmt::Debug for Lines {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("lines")
    }
}

/// What a render gives; it can be used again for the next one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rendered {
    pub text: String,
    /// Byte ranges of what `{% generation %}` marks, in the order transformers lists them and where
    /// transformers takes them to be. They may overlap, and run past the end of the text.
    pub generation: Vec<Range<u32>>,
    /// Whether some of these ranges hold other text than was marked: transformers computes wrong
    /// places for markers inside macros and set blocks, and trains on them all the same.
    pub generation_misplaced: bool,
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    ///
    /// Where transformers would fail to compile it, or for a feature that is not reproduced.
    pub fn compile(source: &str, setup: &Setup) -> Result<Self, TemplateError> {
        let translated = dialect::translate(source)?;
        let mut env = environment(setup.clock);
        env.add_template_owned(NAME, translated.source.clone())
            .map_err(|error| {
                // Jinja's grammar has let it pass, so what is left are the engine's own limits.
                let found = TemplateError::from_engine(&error, |line| translated.line(line));
                TemplateError {
                    kind: ErrorKind::Unsupported,
                    ..found
                }
            })?;
        let mut fixed = data::Entries::new();
        for (name, value) in setup.kwargs.iter() {
            fixed.push((name.into(), data::value(value)?));
        }
        fixed.extend(
            setup
                .special_tokens
                .iter()
                .map(|(name, token)| (name.as_str().into(), token.as_str().into())),
        );
        let markers = translated.markers;
        Ok(Self {
            env,
            fixed: Arc::new(fixed),
            lines: Lines(translated),
            markers,
        })
    }

    /// Whether the template marks what the assistant says, for a mask.
    pub fn has_generation_markers(&self) -> bool {
        self.markers != Markers::None
    }

    /// Whether some markers stand inside a macro, a call, a filter, a set block or another marker,
    /// where transformers may compute wrong places. [`Rendered::generation_misplaced`] says whether
    /// it did.
    pub fn has_hidden_generation_markers(&self) -> bool {
        self.markers == Markers::Hidden
    }

    /// Renders a conversation into `out`.
    ///
    /// # Errors
    ///
    /// Where transformers would raise, for a feature that is not reproduced, and for a render that
    /// takes more than 100 million steps or makes more than 1 GiB. `out` is then as good as empty.
    pub fn render(&self, vars: &Vars<'_>, out: &mut Rendered) -> Result<(), TemplateError> {
        let mut bytes = std::mem::take(&mut out.text).into_bytes();
        bytes.clear();
        out.generation.clear();
        out.generation_misplaced = false;
        let progress = Arc::new(Progress::default());
        let variables = Variables::new(vars, &self.fixed, &progress)?;
        let template = self.env.get_template(NAME).map_err(|error| self.error(&error))?;
        let sink = Sink::new(&mut bytes, &progress, self.has_generation_markers());
        template
            .render_captured_to(minijinja::Value::from_object(variables), sink)
            .map_err(|error| self.error(&error))?;
        out.text = String::from_utf8(bytes).expect("the engine writes strings");
        if self.has_generation_markers() {
            out.generation_misplaced = !progress.spans(&out.text, &mut out.generation);
        }
        Ok(())
    }

    fn error(&self, error: &minijinja::Error) -> TemplateError {
        TemplateError::from_engine(error, |line| self.lines.0.line(line))
    }
}

/// The engine, told to be Python.
fn environment(clock: Clock) -> Environment<'static> {
    let mut env = Environment::new();
    env.set_debug(false);
    env.set_auto_reload(false);
    env.set_undefined_behavior(UndefinedBehavior::Lenient);
    env.set_auto_escape_callback(|_| AutoEscape::None);
    env.set_fuel(Some(limits::STEPS));
    // What white space stays was settled when the template was read.
    let syntax = SyntaxConfig::builder().keep_trailing_newline(true).build();
    env.set_syntax(syntax.expect("the engine's own delimiters are valid"));
    env.set_formatter(|out, _, value| match value.as_str() {
        Some(text) => out.write_str(text).map_err(minijinja::Error::from),
        None => out
            .write_str(&python::repr::str(value)?)
            .map_err(minijinja::Error::from),
    });
    env.set_unknown_method_callback(python::methods::call);
    python::filters::register(&mut env);
    python::tests::register(&mut env);
    python::functions::register(&mut env, clock);
    env.add_filter("_generation", spans::mark);
    env
}
