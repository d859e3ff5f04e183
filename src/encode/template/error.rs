//! Why a template could not be compiled or rendered, in the classes Python would raise.

use std::fmt;

use minijinja::ErrorKind as EngineKind;

/// A failure to compile or to render.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateError {
    pub kind: ErrorKind,
    /// What was said; for [`ErrorKind::Raised`] the template's own words.
    pub message: String,
    /// Line of the template, from one, where it is known.
    pub line: Option<u32>,
}

/// What went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The template called `raise_exception`: a `TemplateError` in Python.
    Raised,
    /// transformers would raise this.
    Python(PyClass),
    /// Python may well render this; it is not reproduced here, and not guessed.
    Unsupported,
    /// The render took more steps, or made more text, than any sane template does.
    OutOfFuel,
}

macro_rules! classes {
    ($($name:ident),* $(,)?) => {
        /// The exception classes a render can end in, by their Python names.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum PyClass {
            $($name),*
        }

        impl PyClass {
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name)),*
                }
            }
        }
    };
}

classes! {
    AssertionError,
    AttributeError,
    FilterArgumentError,
    IndexError,
    KeyError,
    OverflowError,
    RecursionError,
    RuntimeError,
    SecurityError,
    SyntaxError,
    TemplateAssertionError,
    TemplateRuntimeError,
    TemplateSyntaxError,
    TypeError,
    UndefinedError,
    ValueError,
    ZeroDivisionError,
}

impl TemplateError {
    pub(super) fn python(class: PyClass, message: impl Into<String>) -> Self {
        Self {
            kind: ErrorKind::Python(class),
            message: message.into(),
            line: None,
        }
    }

    pub(super) fn unsupported(feature: impl Into<String>) -> Self {
        Self {
            kind: ErrorKind::Unsupported,
            message: feature.into(),
            line: None,
        }
    }

    /// The error with the line it happened on, unless it has one.
    #[must_use]
    pub(super) fn at(mut self, line: u32) -> Self {
        self.line.get_or_insert(line);
        self
    }

    /// The name of the exception transformers would raise, where it would raise one.
    pub fn python_class(&self) -> Option<&'static str> {
        match self.kind {
            ErrorKind::Raised => Some("TemplateError"),
            ErrorKind::Python(class) => Some(class.name()),
            ErrorKind::Unsupported | ErrorKind::OutOfFuel => None,
        }
    }

    /// What the engine says, in our words. `line_of` turns its lines into those of the template.
    pub(super) fn from_engine(error: &minijinja::Error, line_of: impl Fn(usize) -> u32) -> Self {
        let line = error.line().map(line_of);
        let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
        while let Some(found) = cause {
            if let Some(Raise(ours)) = found.downcast_ref() {
                return Self {
                    line: ours.line.or(line),
                    ..ours.clone()
                };
            }
            cause = found.source();
        }
        let message: String = error.detail().map_or_else(|| error.kind().to_string(), Into::into);
        let message = match message.strip_suffix(" is unknown") {
            Some(name) if error.kind() == EngineKind::UnknownFunction => format!("'{name}' is undefined"),
            _ => message,
        };
        let kind = match error.kind() {
            EngineKind::OutOfFuel => ErrorKind::OutOfFuel,
            EngineKind::UndefinedError | EngineKind::UnknownFunction | EngineKind::UnknownMethod => {
                ErrorKind::Python(PyClass::UndefinedError)
            }
            EngineKind::UnknownFilter | EngineKind::UnknownTest => ErrorKind::Python(PyClass::TemplateRuntimeError),
            EngineKind::SyntaxError | EngineKind::BadEscape => ErrorKind::Python(PyClass::TemplateSyntaxError),
            EngineKind::CannotUnpack => ErrorKind::Python(PyClass::ValueError),
            EngineKind::InvalidOperation if message.contains("recursion limit") => {
                ErrorKind::Python(PyClass::RecursionError)
            }
            EngineKind::InvalidOperation if message.contains("undefined is not callable") => {
                ErrorKind::Python(PyClass::UndefinedError)
            }
            EngineKind::InvalidOperation if message.contains("can only assign to namespaces") => {
                ErrorKind::Python(PyClass::TemplateRuntimeError)
            }
            // Whatever an operator or a call was given that it cannot take.
            _ => ErrorKind::Python(PyClass::TypeError),
        };
        Self { kind, message, line }
    }
}

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            ErrorKind::Unsupported => write!(f, "template not checkable: {}", self.message)?,
            ErrorKind::OutOfFuel => write!(f, "template stopped: {}", self.message)?,
            ErrorKind::Raised | ErrorKind::Python(_) => {
                write!(f, "{}: {}", self.python_class().unwrap_or_default(), self.message)?;
            }
        }
        match self.line {
            Some(line) => write!(f, " (line {line} of the template)"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for TemplateError {}

/// One of our errors on its way through the engine.
#[derive(Debug)]
struct Raise(TemplateError);

impl fmt::Display for Raise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Raise {}

impl From<TemplateError> for minijinja::Error {
    fn from(error: TemplateError) -> Self {
        Self::new(EngineKind::InvalidOperation, error.message.clone()).with_source(Raise(error))
    }
}

/// An exception of Python, for the functions the engine calls.
pub(super) fn raise(class: PyClass, message: impl Into<String>) -> minijinja::Error {
    TemplateError::python(class, message).into()
}

pub(super) fn type_error(message: impl Into<String>) -> minijinja::Error {
    raise(PyClass::TypeError, message)
}

pub(super) fn value_error(message: impl Into<String>) -> minijinja::Error {
    raise(PyClass::ValueError, message)
}
