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
pub mod continuation;
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
use python::missed::Missed;
use spans::{Progress, Sink};
pub(super) use variables::REASONING;
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
    /// takes more than 20 million steps or makes more than 256 MiB. `out` is then as good as empty.
    pub fn render(&self, vars: &Vars<'_>, out: &mut Rendered) -> Result<(), TemplateError> {
        let mut bytes = std::mem::take(&mut out.text).into_bytes();
        bytes.clear();
        out.generation.clear();
        out.generation_misplaced = false;
        let progress = self.has_generation_markers().then(|| Arc::new(Progress::default()));
        let variables = Variables::new(vars, &self.fixed, progress.clone())?;
        let template = self.env.get_template(NAME).map_err(|error| self.error(&error))?;
        let sink = Sink::new(&mut bytes, progress.as_deref());
        template
            .render_captured_to(minijinja::Value::from_object(variables), sink)
            .map_err(|error| self.named(self.error(&error), vars))?;
        out.text = String::from_utf8(bytes).expect("the engine writes strings");
        if let Some(progress) = progress {
            out.generation_misplaced = !progress.spans(&out.text, &mut out.generation);
        }
        Ok(())
    }

    /// The error with the name of what is undefined, where that is its cause.
    fn named(&self, mut error: TemplateError, vars: &Vars<'_>) -> TemplateError {
        let undefined = error.kind == ErrorKind::Python(PyClass::UndefinedError);
        let (true, Ok(template)) = (
            undefined && error.message.contains("ndefined"),
            self.env.get_template(NAME),
        ) else {
            return error;
        };
        let missed = python::missed::watch(|| {
            if let Ok(variables) = Variables::new(vars, &self.fixed, None) {
                // It fails as it did before.
                let _ = template.render_captured_to(minijinja::Value::from_object(variables), std::io::sink());
            }
        });
        let global = |name: &str| self.env.globals().any(|(known, _)| known == name);
        let used = |missed: &&Missed| !matches!(missed, Missed::Variable(name) if global(name));
        if let Some(last) = missed.iter().rfind(used) {
            error.message = last.message();
        }
        error
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

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::{ErrorKind, Message, Preparation, PyClass, Rendered, Setup, Template, TemplateError, Vars};
    use crate::model::value::{Object, Value};

    fn message<'v>(entries: &[(&'static str, Value<'v>)]) -> Value<'v> {
        let mut object = Object::new();
        for (key, value) in entries {
            object.push(Cow::Borrowed(key), value.clone());
        }
        Value::Object(object)
    }

    fn text(text: &str) -> Value<'_> {
        Value::Str(Cow::Borrowed(text))
    }

    fn render(source: &str, vars: &Vars<'_>) -> Result<Rendered, TemplateError> {
        let mut rendered = Rendered::default();
        Template::compile(source, &Setup::default())?.render(vars, &mut rendered)?;
        Ok(rendered)
    }

    const HI: [Message<'static>; 1] = [Message::Said {
        role: "user",
        content: "hi",
    }];

    #[test]
    fn transformers_5_drops_nulls_and_4_does_not() {
        let raw = message(&[("content", Value::Null), ("reasoning", text("why"))]);
        let messages = [Message::Raw(&raw)];
        let source = "{% for m in messages %}{{ m }}{{ m.content is defined }}{{ m.thinking }}{% endfor %}{{ tools }}";
        let five = render(source, &Vars::new(&messages)).expect("renders");
        assert_eq!(
            five.text,
            "{'thinking': 'why', 'reasoning': 'why', 'reasoning_content': 'why'}FalsewhyNone"
        );
        let four = Vars {
            preparation: Preparation::Transformers4,
            ..Vars::new(&messages)
        };
        let four = render(source, &four).expect("renders");
        assert_eq!(four.text, "{'content': None, 'reasoning': 'why'}TrueNone");
        let bare = Vars {
            preparation: Preparation::Bare,
            ..Vars::new(&messages)
        };
        assert!(render(source, &bare).expect("renders").text.ends_with("True"));
    }

    #[test]
    fn transformers_5_refuses_what_is_no_conversation() {
        let class = |messages: &[Message<'_>]| render("x", &Vars::new(messages)).expect_err("refused").kind;
        assert_eq!(class(&[]), ErrorKind::Python(PyClass::ValueError));
        assert_eq!(
            class(&[Message::Raw(&text("hi"))]),
            ErrorKind::Python(PyClass::AttributeError)
        );
    }

    #[test]
    fn a_filter_of_a_loop_is_asked_when_the_loop_comes_to_it() {
        let messages = ["a", "b", "c"].map(|content| Message::Said { role: "user", content });
        let first =
            "{% set ns = namespace(n=0) %}{% for m in messages if ns.n < 2 %}{% set ns.n = ns.n + 1 %}{{ m.content }}";
        let still = "{% for m in messages if m.content != 'b' %}{{ loop.index }}{{ m.content }}";
        for (source, expected) in [(first, "ab"), (still, "1a2c")] {
            let source = format!("{source}{{% endfor %}}");
            let rendered = render(&source, &Vars::new(&messages)).expect("renders");
            assert_eq!(rendered.text, expected, "{source}");
        }
        for rest in ["{{ loop.index }}{% endfor %}", "{% else %}none{% endfor %}"] {
            let error = render(&format!("{first}{rest}"), &Vars::new(&messages)).expect_err("refused");
            assert_eq!(error.kind, ErrorKind::Unsupported);
        }
    }

    /// What jinja2 3.1.6 says of these.
    #[test]
    fn what_is_undefined_is_named() {
        for (source, said) in [
            ("{{ nope.x }}", "'nope' is undefined"),
            ("{{ nope() }}", "'nope' is undefined"),
            (
                "{{ messages[0].tool_calls[0] }}",
                "'dict object' has no attribute 'tool_calls'",
            ),
            ("{{ messages[0]['x']['y'] }}", "'dict object' has no attribute 'x'"),
            (
                "{% set ns = namespace() %}{{ messages[0].x.strip() }}",
                "'dict object' has no attribute 'x'",
            ),
            (
                "{{ 'a' + messages[0].x }}{{ messages[0].y }}",
                "'dict object' has no attribute 'x'",
            ),
            (
                "{% macro f(a) %}{{ a.b }}{% endmacro %}{{ f(messages[0].zz) }}",
                "'dict object' has no attribute 'zz'",
            ),
        ] {
            let error = render(source, &Vars::new(&HI)).expect_err("refused");
            assert_eq!(error.kind, ErrorKind::Python(PyClass::UndefinedError), "{source}");
            assert_eq!(error.message, said, "{source}");
        }
    }

    #[test]
    fn variables_come_before_special_tokens() {
        let mut own = Object::new();
        own.push(Cow::Borrowed("bos_token"), text("<row>"));
        own.push(Cow::Borrowed("messages"), text("no"));
        let mut run = Object::new();
        run.push(Cow::Borrowed("bos_token"), Value::Str(Cow::Borrowed("<run>")));
        run.push(Cow::Borrowed("eos_token"), Value::Str(Cow::Borrowed("</run>")));
        let special = ["bos_token", "eos_token", "pad_token"].map(|name| (name.to_owned(), "<s>".to_owned()));
        let setup = Setup {
            special_tokens: special.into(),
            kwargs: run,
            ..Setup::default()
        };
        let source = "{{ bos_token }}{{ eos_token }}{{ pad_token }}{{ messages|length }}{{ unk_token }}";
        let template = Template::compile(source, &setup).expect("compiles");
        let vars = Vars {
            kwargs: Some(&own),
            ..Vars::new(&HI)
        };
        let mut rendered = Rendered::default();
        template.render(&vars, &mut rendered).expect("renders");
        assert_eq!(rendered.text, "<row></run><s>1");
    }

    #[test]
    fn markers_are_placed_where_transformers_places_them() {
        let span = |rendered: &Rendered| (rendered.generation[0].start, rendered.generation[0].end);
        let right = render("é{% generation %}ab{% endgeneration %}c", &Vars::new(&HI)).expect("renders");
        assert_eq!((span(&right), right.generation_misplaced), ((2, 4), false));

        // The fault of transformers: what a macro marks is taken to begin where the macro was called.
        let source = "A{% macro m(x) %}PRE{% generation %}{{ x }}{% endgeneration %}{% endmacro %}{{ m('hi') }}B";
        let wrong = render(source, &Vars::new(&HI)).expect("renders");
        assert_eq!(wrong.text, "APREhiB");
        assert_eq!((span(&wrong), wrong.generation_misplaced), ((1, 3), true));

        let markers = |source: &str| {
            let template = Template::compile(source, &Setup::default()).expect("compiles");
            (
                template.has_generation_markers(),
                template.has_hidden_generation_markers(),
            )
        };
        assert_eq!(markers("{# {% generation %} #}"), (false, false));
        assert_eq!(markers("{%- generation -%}{% endgeneration %}"), (true, false));
        assert_eq!(markers(source), (true, true));
    }

    #[test]
    fn errors_say_their_class_and_their_line() {
        let error = |source: &str| render(source, &Vars::new(&HI)).expect_err(source);
        let raised = error("a\n{%- if messages %}\n\n{{- raise_exception('no ' ~ 1) }}{% endif %}");
        assert_eq!(
            (raised.kind, raised.message.as_str(), raised.line),
            (ErrorKind::Raised, "no 1", Some(4))
        );
        assert_eq!(raised.to_string(), "TemplateError: no 1 (line 4 of the template)");
        let class = |source: &str| (error(source).python_class(), error(source).line);
        assert_eq!(class("\n{{ nope.x }}"), (Some("UndefinedError"), Some(2)));
        assert_eq!(class("\n\n{{ 'a' + 1 }}"), (Some("TypeError"), Some(3)));
        assert_eq!(class("{% if %}"), (Some("TemplateSyntaxError"), Some(1)));
        assert_eq!(class("\n{{ 'a'|nope }}"), (Some("TemplateAssertionError"), Some(2)));
        assert_eq!(class("\n{{ messages|pprint }}"), (None, Some(2)));
    }

    #[test]
    fn buffers_are_used_again_and_hold_nothing_old() {
        let template = Template::compile("{{ messages[0].content.x.y }}", &Setup::default()).expect("compiles");
        let mut rendered = Rendered {
            text: "old".into(),
            generation: vec![0..1, 1..2],
            generation_misplaced: true,
        };
        assert!(template.render(&Vars::new(&HI), &mut rendered).is_err());
        assert_eq!(rendered, Rendered::default());
    }
}
