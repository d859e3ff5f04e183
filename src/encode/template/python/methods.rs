//! Methods of Python's own types, which the sandbox lets be called if they change nothing.

use std::sync::Arc;

use minijinja::value::Tuple;
use minijinja::{Error, ErrorKind, State, Value};

use super::args::{Args, required};
use super::containers::{Dict, View, Viewed};
use super::kind::{Py, Special, items, type_name};
use super::operators::hashable;
use super::strings;
use crate::encode::template::error::{PyClass, TemplateError, raise, value_error};

const LIST: &[&str] = &["copy", "count", "index"];
const LIST_MUTATING: &[&str] = &[
    "append", "clear", "extend", "insert", "pop", "remove", "reverse", "sort",
];
const DICT: &[&str] = &["copy", "fromkeys", "get", "items", "keys", "values"];
const DICT_MUTATING: &[&str] = &["clear", "pop", "popitem", "setdefault", "update"];
const TUPLE: &[&str] = &["count", "index"];

/// Whether `type(object)` has this method.
pub(super) fn exists(object: &Value, name: &str) -> bool {
    match Py::of(object) {
        Py::Str(_) => strings::NAMES.binary_search(&name).is_ok(),
        Py::List(_) => LIST.contains(&name) || LIST_MUTATING.contains(&name),
        Py::Dict(_) => DICT.contains(&name) || DICT_MUTATING.contains(&name),
        Py::Tuple(_) | Py::Range(_) => TUPLE.contains(&name),
        _ => false,
    }
}

/// Whether calling it would change the object.
pub(super) fn mutates(object: &Value, name: &str) -> bool {
    match Py::of(object) {
        Py::List(_) => LIST_MUTATING.contains(&name),
        Py::Dict(_) => DICT_MUTATING.contains(&name),
        _ => false,
    }
}

/// `object.name(*args)`.
pub(in crate::encode::template) fn call(
    state: &mut State<'_, '_>,
    object: &Value,
    name: &str,
    args: &[Value],
) -> Result<Value, Error> {
    if mutates(object, name) || name.starts_with("__") && Special::of(object) != Special::Namespace {
        let kind = type_name(object);
        let message = format!("access to attribute '{name}' of '{kind}' object is unsafe.");
        return Err(raise(PyClass::SecurityError, message));
    }
    match Py::of(object) {
        Py::Int(_) | Py::Float(_) | Py::Bool(_) if is_numeric_method(name) => {
            Err(TemplateError::unsupported(format!("the method {name} of a number")).into())
        }
        _ if !exists(object, name) => {
            let message = format!("'{} object' has no attribute '{name}'", type_name(object));
            Err(Error::new(ErrorKind::UnknownMethod, message))
        }
        Py::Str(_) => strings::call(state, object, name, args),
        Py::Dict(_) => dict(object, name, args),
        _ => sequence(object, name, args),
    }
}

fn is_numeric_method(name: &str) -> bool {
    matches!(
        name,
        "as_integer_ratio" | "bit_count" | "bit_length" | "conjugate" | "hex" | "is_integer" | "to_bytes"
    )
}

fn dict(object: &Value, name: &str, args: &[Value]) -> Result<Value, Error> {
    let Some(dict) = object.downcast_object::<Dict>() else {
        return Ok(Value::UNDEFINED);
    };
    let viewed = match name {
        "get" => {
            let [key, default] = Args::new(args).positional(name)?;
            let key = required(key, "get", "key")?;
            hashable(&key)?;
            return Ok(dict.get(&key).cloned().or(default).unwrap_or(Value::from(())));
        }
        "fromkeys" => return from_keys(args),
        "copy" => {
            let [] = Args::new(args).positional(name)?;
            return Ok(Value::from_object(Dict::from_unique(dict.entries().to_vec())));
        }
        "keys" => Viewed::Keys,
        "values" => Viewed::Values,
        _ => Viewed::Items,
    };
    let [] = Args::new(args).positional(name)?;
    Ok(View::value(Arc::clone(&dict), viewed))
}

/// `dict.fromkeys(keys, value=None)`.
pub(super) fn from_keys(args: &[Value]) -> Result<Value, Error> {
    let [keys, value] = Args::new(args).positional("fromkeys")?;
    let value = value.unwrap_or(Value::from(()));
    let mut dict = Dict::default();
    for key in items(&required(keys, "fromkeys", "iterable")?)? {
        hashable(&key)?;
        dict.insert(key, value.clone());
    }
    Ok(Value::from_object(dict))
}

fn sequence(object: &Value, name: &str, args: &[Value]) -> Result<Value, Error> {
    let own = items(object)?;
    if name == "copy" {
        let [] = Args::new(args).positional(name)?;
        return Ok(if object.is_tuple() {
            Value::from(Tuple::from(own))
        } else {
            Value::from(own)
        });
    }
    let [wanted, start, stop] = Args::new(args).positional(name)?;
    let wanted = required(wanted, name, "value")?;
    if name == "count" {
        return Ok(Value::from(own.iter().filter(|item| **item == wanted).count()));
    }
    if start.is_some() || stop.is_some() {
        return Err(TemplateError::unsupported("index with bounds").into());
    }
    match own.iter().position(|item| *item == wanted) {
        Some(at) => Ok(Value::from(at)),
        None => Err(value_error("the value is not in the list")),
    }
}
