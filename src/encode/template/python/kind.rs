//! Which Python type a value of the engine stands for.

use minijinja::value::{Tuple, ValueKind};
use minijinja::{Error, Value};

use super::containers::{Dict, Generator, Method, Range, View};
use crate::encode::template::error::{PyClass, raise, type_error};

/// A value by its Python type.
pub(in crate::encode::template) enum Py<'v> {
    Undefined,
    None,
    Bool(bool),
    Int(i128),
    Float(f64),
    Str(&'v str),
    List(&'v [Value]),
    Tuple(&'v [Value]),
    Dict(&'v Dict),
    Generator(&'v Generator),
    View(&'v View),
    Range(&'v Range),
    /// A function, a macro, a namespace, a loop.
    Other,
}

impl<'v> Py<'v> {
    pub(in crate::encode::template) fn of(value: &'v Value) -> Self {
        match value.kind() {
            ValueKind::String => Self::Str(value.as_str().unwrap_or_default()),
            ValueKind::Undefined => Self::Undefined,
            ValueKind::None => Self::None,
            ValueKind::Bool => Self::Bool(value.is_true()),
            ValueKind::Number if value.is_integer() => match i128::try_from(value.clone()) {
                Ok(integer) => Self::Int(integer),
                Err(_) => Self::Other,
            },
            ValueKind::Number => match f64::try_from(value.clone()) {
                Ok(float) => Self::Float(float),
                Err(_) => Self::Other,
            },
            _ => Self::of_object(value),
        }
    }

    fn of_object(value: &'v Value) -> Self {
        if let Some(dict) = value.downcast_object_ref::<Dict>() {
            Self::Dict(dict)
        } else if let Some(list) = value.downcast_object_ref::<Vec<Value>>() {
            Self::List(list)
        } else if let Some(tuple) = value.downcast_object_ref::<Tuple>() {
            Self::Tuple(tuple)
        } else if let Some(generator) = value.downcast_object_ref::<Generator>() {
            Self::Generator(generator)
        } else if let Some(view) = value.downcast_object_ref::<View>() {
            Self::View(view)
        } else if let Some(range) = value.downcast_object_ref::<Range>() {
            Self::Range(range)
        } else {
            Self::Other
        }
    }

    /// `type(value).__name__`.
    pub(in crate::encode::template) fn type_name(&self) -> &'static str {
        match self {
            Self::Undefined => "Undefined",
            Self::None => "NoneType",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Float(_) => "float",
            Self::Str(_) => "str",
            Self::List(_) => "list",
            Self::Tuple(_) => "tuple",
            Self::Dict(_) => "dict",
            Self::Generator(generator) => generator.type_name(),
            Self::View(view) => view.type_name(),
            Self::Range(_) => "range",
            Self::Other => "object",
        }
    }
}

/// What kind of engine object a [`Py::Other`] is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::encode::template) enum Special {
    Namespace,
    Callable,
    Loop,
    Unknown,
}

impl Special {
    pub(in crate::encode::template) fn of(value: &Value) -> Self {
        if value.downcast_object_ref::<Method>().is_some() {
            return Self::Callable;
        }
        // The engine keeps its own types to itself, but not their names.
        match value
            .as_object()
            .map_or("", minijinja::value::DynObject::type_name)
            .rsplit("::")
            .next()
        {
            Some("Namespace") => Self::Namespace,
            Some("Loop") => Self::Loop,
            Some("Macro" | "BoxedFunction" | "DictType" | "Cycler" | "Joiner" | "Function") => Self::Callable,
            _ => Self::Unknown,
        }
    }
}

/// `type(value).__name__`.
pub(in crate::encode::template) fn type_name(value: &Value) -> &'static str {
    match Py::of(value) {
        Py::Other => match Special::of(value) {
            Special::Namespace => "Namespace",
            Special::Callable => "function",
            Special::Loop => "LoopContext",
            Special::Unknown => "object",
        },
        known => known.type_name(),
    }
}

/// What using an undefined value raises.
pub(in crate::encode::template) fn undefined() -> Error {
    raise(PyClass::UndefinedError, "a value is undefined")
}

/// The items of anything Python iterates over.
pub(in crate::encode::template) fn items(value: &Value) -> Result<Vec<Value>, Error> {
    Ok(match Py::of(value) {
        Py::Undefined => Vec::new(),
        Py::Str(text) => text.chars().map(Value::from).collect(),
        Py::List(items) | Py::Tuple(items) => items.to_vec(),
        Py::Dict(dict) => dict.keys().cloned().collect(),
        Py::Generator(generator) => generator.drain()?,
        Py::View(view) => view.items(),
        Py::Range(range) => range.items(),
        _ => return Err(type_error(format!("'{}' object is not iterable", type_name(value)))),
    })
}

/// `len(value)`.
pub(in crate::encode::template) fn len(value: &Value) -> Result<usize, Error> {
    Ok(match Py::of(value) {
        Py::Undefined => 0,
        Py::Str(text) => text.chars().count(),
        Py::List(items) | Py::Tuple(items) => items.len(),
        Py::Dict(dict) => dict.len(),
        Py::View(view) => view.len(),
        Py::Range(range) => range.len(),
        _ => {
            return Err(type_error(format!(
                "object of type '{}' has no len()",
                type_name(value)
            )));
        }
    })
}

/// `operator.index(value)`: an integer, and nothing that could merely become one.
pub(in crate::encode::template) fn index(value: &Value) -> Result<i128, Error> {
    match Py::of(value) {
        Py::Int(integer) => Ok(integer),
        Py::Bool(flag) => Ok(i128::from(flag)),
        _ => Err(type_error(format!(
            "'{}' object cannot be interpreted as an integer",
            type_name(value)
        ))),
    }
}
