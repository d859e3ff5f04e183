//! The global functions of a chat template.

use std::sync::{Arc, Mutex, PoisonError};

use minijinja::value::{Object, ObjectRepr, Rest, ValueOrKwargs};
use minijinja::{Environment, Error, ErrorKind as EngineKind, State, Value};

use super::args::{Args, required};
use super::containers::{Dict, Range};
use super::kind::{Py, index, items, type_name};
use super::operators::hashable;
use super::{methods, repr, subscript};
use crate::encode::template::clock::Clock;
use crate::encode::template::error::{ErrorKind, PyClass, TemplateError, raise, type_error, value_error};

/// The longest range Jinja's sandbox lets be made.
const MAX_RANGE: usize = 100_000;

/// Adds all of them.
pub(in crate::encode::template) fn register(env: &mut Environment<'_>, clock: Clock) {
    // The engine's own namespaces are the only objects it lets be assigned to.
    let namespace = env
        .globals()
        .find(|(name, _)| *name == "namespace")
        .map(|(_, function)| function);
    if let Some(namespace) = namespace {
        env.add_global("_flag", namespace.clone());
        env.add_function(
            "namespace",
            move |state: &mut State<'_, '_>, args: Rest<ValueOrKwargs>| {
                let attributes = attributes(&args.into_values())?;
                namespace.call(state, &[attributes])
            },
        );
    }
    env.remove_global("debug");
    env.add_global("dict", Value::from_object(DictType));
    env.add_function("range", |args: Rest<ValueOrKwargs>| range(&args.into_values()));
    env.add_function("cycler", |args: Rest<ValueOrKwargs>| cycler(args.into_values()));
    env.add_function("joiner", |args: Rest<ValueOrKwargs>| joiner(&args.into_values()));
    env.add_function("lipsum", |_: Rest<ValueOrKwargs>| {
        Err::<Value, Error>(TemplateError::unsupported("lipsum, which is random").into())
    });
    env.add_function("raise_exception", |args: Rest<ValueOrKwargs>| {
        let values = args.into_values();
        let [message] = Args::new(&values).bind("raise_exception", ["message"])?;
        let message = repr::str(&required(message, "raise_exception", "message")?)?;
        Err::<Value, Error>(
            TemplateError {
                kind: ErrorKind::Raised,
                message,
                line: None,
            }
            .into(),
        )
    });
    env.add_function("strftime_now", move |args: Rest<ValueOrKwargs>| {
        let values = args.into_values();
        let [format] = Args::new(&values).bind("strftime_now", ["format"])?;
        let format = required(format, "strftime_now", "format")?;
        match format.as_str() {
            Some(format) => Ok(clock.strftime(format)?),
            None => Err(type_error(format!(
                "strftime() argument 1 must be str, not {}",
                type_name(&format)
            ))),
        }
    });
}

/// What `dict(*args, **kwargs)` makes.
fn dict(args: &[Value]) -> Result<Dict, Error> {
    let args = Args::new(args);
    let mut dict = Dict::default();
    if let [first, rest @ ..] = args.positional {
        if !rest.is_empty() {
            let given = args.positional.len();
            return Err(type_error(format!("dict expected at most 1 argument, got {given}")));
        }
        match Py::of(first) {
            Py::Dict(other) => {
                other
                    .entries()
                    .iter()
                    .for_each(|(key, value)| dict.insert(key.clone(), value.clone()));
            }
            _ => {
                for (at, pair) in items(first)?.iter().enumerate() {
                    match items(pair)?.as_slice() {
                        [key, value] => {
                            hashable(key)?;
                            dict.insert(key.clone(), value.clone());
                        }
                        other => {
                            let len = other.len();
                            return Err(value_error(format!(
                                "dictionary update sequence element #{at} has length {len}; 2 is required"
                            )));
                        }
                    }
                }
            }
        }
    }
    for (name, value) in args.named {
        dict.insert(Value::from(name), value);
    }
    Ok(dict)
}

/// What a namespace begins with. transformers refuses names with an underscore.
fn attributes(args: &[Value]) -> Result<Value, Error> {
    let dict = dict(args)?;
    for (name, value) in dict.entries() {
        subscript::storable(value)?;
        if name.as_str().is_some_and(|name| name.starts_with('_')) {
            let message = "chat templates cannot store underscore-prefixed attributes on a namespace";
            return Err(raise(PyClass::SecurityError, message));
        }
    }
    Ok(Value::from_object(dict))
}

fn range(args: &[Value]) -> Result<Value, Error> {
    let [start, stop, step] = Args::new(args).positional("range")?;
    let bound = |value: Value| {
        i64::try_from(index(&value)?).map_err(|_| Error::from(TemplateError::unsupported("a range beyond 64 bits")))
    };
    let start = start.ok_or_else(|| type_error("range expected at least 1 argument, got 0"))?;
    let (start, stop) = match stop {
        Some(stop) => (bound(start)?, bound(stop)?),
        None => (0, bound(start)?),
    };
    let step = step.map_or(Ok(1), bound)?;
    let range = Range::new(start, stop, step).ok_or_else(|| value_error("range() arg 3 must not be zero"))?;
    if range.len() > MAX_RANGE {
        let message = format!("Range too big. The sandbox blocks ranges larger than MAX_RANGE ({MAX_RANGE}).");
        return Err(raise(PyClass::OverflowError, message));
    }
    Ok(Value::from_object(range))
}

/// The global `dict`.
#[derive(Debug)]
struct DictType;

impl Object for DictType {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn call(self: &Arc<Self>, _: &mut State<'_, '_>, args: &[Value]) -> Result<Value, Error> {
        dict(args).map(Value::from_object)
    }

    fn call_method(self: &Arc<Self>, _: &mut State<'_, '_>, name: &str, args: &[Value]) -> Result<Value, Error> {
        if name == "fromkeys" {
            methods::from_keys(args)
        } else {
            Err(EngineKind::UnknownMethod.into())
        }
    }
}

fn cycler(items: Vec<Value>) -> Result<Value, Error> {
    if items.is_empty() {
        return Err(raise(PyClass::RuntimeError, "at least one item has to be provided"));
    }
    Ok(Value::from_object(Cycler {
        items,
        at: Mutex::new(0),
    }))
}

/// The global `cycler`: goes round its items.
#[derive(Debug)]
struct Cycler {
    items: Vec<Value>,
    at: Mutex<usize>,
}

impl Object for Cycler {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let at = *self.at.lock().unwrap_or_else(PoisonError::into_inner);
        (key.as_str() == Some("current")).then(|| self.items[at].clone())
    }

    fn call_method(self: &Arc<Self>, _: &mut State<'_, '_>, name: &str, _: &[Value]) -> Result<Value, Error> {
        let mut at = self.at.lock().unwrap_or_else(PoisonError::into_inner);
        match name {
            "next" => {
                let item = self.items[*at].clone();
                *at = (*at + 1) % self.items.len();
                Ok(item)
            }
            "reset" => {
                *at = 0;
                Ok(Value::from(()))
            }
            _ => Err(EngineKind::UnknownMethod.into()),
        }
    }
}

fn joiner(args: &[Value]) -> Result<Value, Error> {
    let [separator] = Args::new(args).bind("joiner", ["sep"])?;
    let separator = separator.unwrap_or_else(|| Value::from(", "));
    Ok(Value::from_object(Joiner {
        separator,
        used: Mutex::new(false),
    }))
}

/// The global `joiner`: nothing at first, then the separator.
#[derive(Debug)]
struct Joiner {
    separator: Value,
    used: Mutex<bool>,
}

impl Object for Joiner {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn call(self: &Arc<Self>, _: &mut State<'_, '_>, _: &[Value]) -> Result<Value, Error> {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(if std::mem::replace(&mut *used, true) {
            self.separator.clone()
        } else {
            Value::from("")
        })
    }
}
