//! A row's values as the engine holds them.
//!
//! The engine owns what it renders, so strings are copied here, once; nothing else is.

use std::sync::Arc;

use minijinja::{Error, Value as Engine};

use super::error::{PyClass, TemplateError};
use super::python::containers::Dict;
use super::python::limits::DEPTH;
use crate::model::value::{Object, Value};

/// Converts a value.
pub(super) fn value(value: &Value<'_>) -> Result<Engine, TemplateError> {
    at_depth(value, 0)
}

fn at_depth(value: &Value<'_>, depth: usize) -> Result<Engine, TemplateError> {
    if depth > DEPTH {
        return Err(TemplateError::python(
            PyClass::RecursionError,
            format!("a value nests deeper than {DEPTH} levels"),
        ));
    }
    Ok(match value {
        Value::Null => Engine::from(()),
        Value::Bool(flag) => Engine::from(*flag),
        Value::Int(number) => Engine::from(*number),
        Value::UInt(number) => Engine::from(*number),
        Value::Float(number) => Engine::from(*number),
        Value::Str(text) => Engine::from(text.as_ref()),
        Value::Datetime(_) => datetime(),
        Value::Array(items) => {
            let items = items.iter().map(|item| at_depth(item, depth + 1));
            Engine::from(items.collect::<Result<Vec<_>, _>>()?)
        }
        Value::Object(object) => dict(entries(object, depth + 1)?),
    })
}

/// What raises wherever a template reads it: transformers from 5.22.2 on gives templates the text `<datetime>`,
/// before it gave them the object, which prints as a date and cannot be joined to a text.
fn datetime() -> Engine {
    let message =
        "a text that the loader makes a datetime of: what it is in a template depends on the version of transformers";
    Engine::from(Error::from(TemplateError::unsupported(message)))
}

pub(super) type Entries = Vec<(Engine, Engine)>;

fn entries(object: &Object<'_>, depth: usize) -> Result<Entries, TemplateError> {
    let mut entries = Vec::with_capacity(object.len());
    for (key, value) in object.iter() {
        entries.push((Engine::from(key), at_depth(value, depth)?));
    }
    Ok(entries)
}

/// The entries of an object whose value is not null.
pub(super) fn entries_without_null(object: &Object<'_>) -> Result<Entries, TemplateError> {
    // Room for the aliases a message may get.
    let mut entries = Vec::with_capacity(object.len() + 2);
    for (key, value) in object.iter().filter(|(_, value)| !value.is_null()) {
        entries.push((Engine::from(key), at_depth(value, 1)?));
    }
    Ok(entries)
}

pub(super) fn dict(entries: Entries) -> Engine {
    Engine::from_dyn_object(Arc::new(Dict::from_unique(entries)))
}
