//! Filters that pick from items: by attribute, by test, through another filter.

use minijinja::value::Kwargs;
use minijinja::{Error, State, Value};

use crate::encode::template::dialect::{FILTERS, TESTS};
use crate::encode::template::error::{PyClass, raise};
use crate::encode::template::python::args::{Args, required};
use crate::encode::template::python::containers::Generator;
use crate::encode::template::python::kind::items;
use crate::encode::template::python::{limits, repr, subscript};

type Outcome = Result<Value, Error>;

/// An attribute as filters take it: `a.b.0`, a number, or none at all.
pub(super) struct Path(Vec<Value>);

impl Path {
    pub(super) fn new(attribute: Option<&Value>) -> Self {
        let parts = match attribute {
            None => Vec::new(),
            Some(attribute) if attribute.is_none() => Vec::new(),
            Some(attribute) => match attribute.as_str() {
                Some(path) => path
                    .split('.')
                    .map(|part| part.parse::<u64>().map_or_else(|_| Value::from(part), Value::from))
                    .collect(),
                None => vec![attribute.clone()],
            },
        };
        Self(parts)
    }

    pub(super) fn of(&self, item: &Value) -> Outcome {
        self.0
            .iter()
            .try_fold(item.clone(), |item, part| subscript::getitem(&item, part))
    }

    /// The same, where each step that leads nowhere leads to `default`.
    pub(super) fn of_or(&self, item: &Value, default: Option<&Value>) -> Outcome {
        self.0.iter().try_fold(item.clone(), |item, part| {
            let found = subscript::getitem(&item, part)?;
            Ok(match default {
                Some(default) if found.is_undefined() && !default.is_none() => default.clone(),
                _ => found,
            })
        })
    }
}

/// `a|default(value, boolean)`.
pub(super) fn default(_: &mut State<'_, '_>, value: &Value, args: &[Value]) -> Outcome {
    let [default, boolean] = Args::new(args).bind("do_default", ["default_value", "boolean"])?;
    let replace = value.is_undefined() || boolean.is_some_and(|boolean| boolean.is_true()) && !value.is_true();
    Ok(if replace {
        default.unwrap_or_else(|| Value::from(""))
    } else {
        value.clone()
    })
}

/// `a|attr(name)`: what Python's own types have, never a key.
pub(super) fn attr(_: &mut State<'_, '_>, value: &Value, args: &[Value]) -> Outcome {
    let [name] = Args::new(args).bind("do_attr", ["name"])?;
    let name = required(name, "do_attr", "name")?;
    let name = repr::str(&name)?;
    if let Some(found) = subscript::own_attribute(value, &name)? {
        return Ok(found);
    }
    // A namespace, a loop or a macro has attributes; a dict only keys.
    match value.as_object() {
        Some(object) if object.type_name().starts_with("minijinja::") => value.get_attr(&name),
        _ => Ok(Value::UNDEFINED),
    }
}

/// Arguments passed on, the named ones as the engine wants them.
fn passed_on(first: &Value, positional: &[Value], named: &[(String, Value)]) -> Vec<Value> {
    let mut values = Vec::with_capacity(positional.len() + 2);
    values.push(first.clone());
    values.extend_from_slice(positional);
    if !named.is_empty() {
        let named = named.iter().map(|(name, value)| (name.as_str(), value.clone()));
        values.push(Value::from(named.collect::<Kwargs>()));
    }
    values
}

pub(super) fn map(state: &mut State<'_, '_>, value: &Value, args: &[Value]) -> Outcome {
    Ok(Generator::value(mapped(state, value, args)))
}

fn mapped(state: &mut State<'_, '_>, value: &Value, args: &[Value]) -> Result<Vec<Value>, Error> {
    if !value.is_true() {
        return Ok(Vec::new());
    }
    let mut args = Args::new(args);
    let mut mapped = Vec::new();
    if let Some((filter, positional)) = args.positional.split_first() {
        let name = filter.as_str().filter(|name| FILTERS.contains(name));
        let name = name.ok_or_else(|| unknown("filter", filter))?;
        for item in items(value)? {
            mapped.push(state.apply_filter(name, &passed_on(&item, positional, &args.named))?);
        }
    } else {
        let mut take = |name: &str| {
            let at = args.named.iter().position(|(known, _)| known == name)?;
            Some(args.named.remove(at).1)
        };
        let attribute = take("attribute").ok_or_else(|| argument("map requires a filter argument"))?;
        let default = take("default");
        if let Some((name, _)) = args.named.first() {
            return Err(argument(format!("Unexpected keyword argument '{name}'")));
        }
        let path = Path::new(Some(&attribute));
        for item in items(value)? {
            mapped.push(path.of_or(&item, default.as_ref())?);
        }
    }
    limits::charge_items(state, mapped.len())?;
    Ok(mapped)
}

fn argument(message: impl Into<String>) -> Error {
    raise(PyClass::FilterArgumentError, message)
}

fn unknown(what: &str, name: &Value) -> Error {
    raise(PyClass::TemplateRuntimeError, format!("No {what} named {name:?}."))
}

fn pick(state: &mut State<'_, '_>, value: &Value, args: &[Value], by_attribute: bool, wanted: bool) -> Outcome {
    Ok(Generator::value(picked(state, value, args, by_attribute, wanted)))
}

/// The items for which a test, or their own truth, is as wanted.
fn picked(
    state: &mut State<'_, '_>,
    value: &Value,
    args: &[Value],
    by_attribute: bool,
    wanted: bool,
) -> Result<Vec<Value>, Error> {
    if !value.is_true() {
        return Ok(Vec::new());
    }
    let args = Args::new(args);
    let (path, rest) = match args.positional.split_first() {
        Some((attribute, rest)) if by_attribute => (Path::new(Some(attribute)), rest),
        None if by_attribute => return Err(argument("Missing parameter for attribute name")),
        _ => (Path::new(None), args.positional),
    };
    let mut kept = Vec::new();
    for item in items(value)? {
        let asked = path.of(&item)?;
        let answer = match rest.split_first() {
            None => asked.is_true(),
            Some((test, rest)) => {
                let name = test.as_str().filter(|name| TESTS.contains(name));
                let name = name.ok_or_else(|| unknown("test", test))?;
                state.perform_test(name, &passed_on(&asked, rest, &args.named))?
            }
        };
        if answer == wanted {
            kept.push(item);
        }
    }
    limits::charge_items(state, kept.len())?;
    Ok(kept)
}

pub(super) fn select(state: &mut State<'_, '_>, value: &Value, args: &[Value]) -> Outcome {
    pick(state, value, args, false, true)
}

pub(super) fn reject(state: &mut State<'_, '_>, value: &Value, args: &[Value]) -> Outcome {
    pick(state, value, args, false, false)
}

pub(super) fn selectattr(state: &mut State<'_, '_>, value: &Value, args: &[Value]) -> Outcome {
    pick(state, value, args, true, true)
}

pub(super) fn rejectattr(state: &mut State<'_, '_>, value: &Value, args: &[Value]) -> Outcome {
    pick(state, value, args, true, false)
}
