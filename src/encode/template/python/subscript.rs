//! Attributes, subscripts and slices.

use std::sync::Arc;

use minijinja::value::Tuple;
use minijinja::{Error, State, Value};

use super::containers::{Method, Range};
use super::kind::{Py, Special, index, type_name, undefined};
use super::missed;
use super::operators::like;
use super::{limits, methods};
use crate::encode::template::error::{PyClass, raise, type_error, value_error};

/// `object.name` where Python's types have attributes of that name: those come before keys.
pub(in crate::encode::template) fn attribute(object: &Value, name: &str) -> Result<Value, Error> {
    match own_attribute(object, name)? {
        Some(value) => Ok(value),
        None => key(object, name),
    }
}

/// `object['name']` where Python's types have attributes of that name: those come after keys.
pub(in crate::encode::template) fn item(object: &Value, name: &str) -> Result<Value, Error> {
    let found = key(object, name)?;
    if !found.is_undefined() {
        return Ok(found);
    }
    Ok(own_attribute(object, name)?.unwrap_or(Value::UNDEFINED))
}

/// `environment.getitem`: what filters do with `attribute='name'`.
pub(in crate::encode::template) fn getitem(object: &Value, subscript: &Value) -> Result<Value, Error> {
    if object.is_undefined() {
        return Err(undefined());
    }
    match (Py::of(object), Py::of(subscript)) {
        (_, Py::Str(name)) => item(object, name),
        (Py::Dict(dict), _) => Ok(dict.get(subscript).cloned().unwrap_or_default()),
        (_, Py::Int(_) | Py::Bool(_)) => object.get_item(&super::number::integer(index(subscript)?)),
        _ => Ok(Value::UNDEFINED),
    }
}

/// A key, or the engine's own idea of an attribute.
fn key(object: &Value, name: &str) -> Result<Value, Error> {
    match Py::of(object) {
        Py::Undefined => Err(undefined()),
        Py::Dict(dict) => Ok(dict.get_str(name).cloned().unwrap_or_else(|| {
            missed::attribute("dict", name);
            Value::UNDEFINED
        })),
        Py::Other => object.get_attr(name),
        other => {
            missed::attribute(other.type_name(), name);
            Ok(Value::UNDEFINED)
        }
    }
}

/// `getattr(object, name)` for what Python's own types have; the sandbox lets only some be used.
pub(in crate::encode::template) fn own_attribute(object: &Value, name: &str) -> Result<Option<Value>, Error> {
    if object.is_undefined() {
        return Err(undefined());
    }
    // What the sandbox does not let be used is undefined, and raises only when something is done with it.
    if name.starts_with("__") && name.ends_with("__") {
        return Ok(Some(Value::UNDEFINED));
    }
    match (Py::of(object), name) {
        (Py::Other, _) if Special::of(object) == Special::Namespace => return Ok(None),
        // The pairs of `groupby` are the only tuples templates meet that have names for their parts.
        (Py::Tuple([grouper, _]), "grouper") => return Ok(Some(grouper.clone())),
        (Py::Tuple([_, list]), "list") => return Ok(Some(list.clone())),
        (Py::Bool(flag), "real" | "numerator") => return Ok(Some(Value::from(i64::from(flag)))),
        (Py::Int(_), "real" | "numerator") | (Py::Float(_), "real") => return Ok(Some(object.clone())),
        (Py::Int(_) | Py::Bool(_), "imag") => return Ok(Some(Value::from(0))),
        (Py::Float(_), "imag") => return Ok(Some(Value::from(0.0))),
        _ => {}
    }
    if !methods::exists(object, name) {
        return Ok(None);
    }
    if methods::mutates(object, name) {
        return Ok(Some(Value::UNDEFINED));
    }
    Ok(Some(Value::from_object(Method {
        object: object.clone(),
        name: name.to_owned(),
    })))
}

/// `value[start:stop:step]`.
pub(in crate::encode::template) fn slice(
    state: &mut State<'_, '_>,
    value: &Value,
    bounds: [&Value; 3],
) -> Result<Value, Error> {
    match Py::of(value) {
        Py::Str(text) if text.is_ascii() => {
            let picked = Picked::new(bounds, text.len())?;
            limits::charge(state, picked.len)?;
            if picked.step == 1 {
                return Ok(like(value, text[picked.start..picked.start + picked.len].to_owned()));
            }
            let bytes = text.as_bytes();
            Ok(like(value, picked.indices().map(|at| char::from(bytes[at])).collect()))
        }
        Py::Str(text) => {
            let letters: Vec<char> = text.chars().collect();
            let picked = Picked::new(bounds, letters.len())?;
            limits::charge(state, text.len())?;
            Ok(like(value, picked.indices().map(|at| letters[at]).collect()))
        }
        Py::List(items) => {
            let picked = Picked::new(bounds, items.len())?;
            limits::charge_items(state, picked.len)?;
            Ok(Value::from(picked.of(items)))
        }
        Py::Tuple(items) => Ok(Value::from(Tuple::from(Picked::new(bounds, items.len())?.of(items)))),
        Py::Range(range) => {
            let picked = Picked::new(bounds, range.len())?;
            let at = |index: i64| range.start + range.step * index;
            let start = at(i64::try_from(picked.start).unwrap_or(i64::MAX));
            let sliced = Range::new(start, at(picked.stop), range.step * picked.step);
            Ok(sliced.map_or(Value::UNDEFINED, Value::from_object))
        }
        Py::Undefined => Err(undefined()),
        Py::Dict(_) => Err(type_error("unhashable type: 'slice'")),
        _ => Err(type_error(format!(
            "'{}' object is not subscriptable",
            type_name(value)
        ))),
    }
}

/// The indices a slice picks: `len` of them from `start`, `step` apart, before `stop`.
struct Picked {
    start: usize,
    stop: i64,
    len: usize,
    step: i64,
}

impl Picked {
    /// `slice(start, stop, step).indices(len)`.
    fn new([start, stop, step]: [&Value; 3], len: usize) -> Result<Self, Error> {
        let bound = |value: &Value| match Py::of(value) {
            Py::None => Ok(None),
            Py::Int(_) | Py::Bool(_) => index(value).map(Some),
            _ => Err(type_error(
                "slice indices must be integers or None or have an __index__ method",
            )),
        };
        let total = i128::try_from(len).unwrap_or(i128::MAX);
        let step = bound(step)?.unwrap_or(1);
        if step == 0 {
            return Err(value_error("slice step cannot be zero"));
        }
        let (low, high) = if step > 0 { (0, total) } else { (-1, total - 1) };
        let clamp = |at: i128| {
            if at < 0 {
                (at.saturating_add(total)).max(low)
            } else {
                at.min(high)
            }
        };
        let start = bound(start)?.map_or(if step > 0 { low } else { high }, clamp);
        let stop = bound(stop)?.map_or(if step > 0 { high } else { low }, clamp);
        let (distance, stride) = if step > 0 {
            (stop - start, step)
        } else {
            (start - stop, step.saturating_neg())
        };
        let count = if distance <= 0 { 0 } else { (distance - 1) / stride + 1 };
        Ok(Self {
            start: usize::try_from(start).unwrap_or(0),
            stop: i64::try_from(stop).unwrap_or(i64::MAX),
            len: usize::try_from(count).unwrap_or(0),
            // A step past the end picks one item, however far it goes.
            step: i64::try_from(step.clamp(-total - 1, total + 1)).unwrap_or(1),
        })
    }

    fn indices(&self) -> impl Iterator<Item = usize> {
        let (start, step) = (self.start, self.step);
        (0..self.len)
            .filter_map(move |nth| start.checked_add_signed(isize::try_from(step).ok()? * isize::try_from(nth).ok()?))
    }

    fn of(&self, items: &[Value]) -> Vec<Value> {
        self.indices().map(|at| items[at].clone()).collect()
    }
}

/// What a `for` loop goes through: strings by letter, and nothing Python would not go through.
pub(in crate::encode::template) fn iterate(state: &mut State<'_, '_>, value: &Value) -> Result<Value, Error> {
    match Py::of(value) {
        Py::Str(text) => {
            limits::charge_items(state, text.chars().count())?;
            Ok(Value::from(text.chars().map(Value::from).collect::<Vec<_>>()))
        }
        // The engine could not tell its length, which a loop may be asked for.
        Py::Generator(generator) => Ok(Value::from(generator.drain()?)),
        Py::Undefined | Py::List(_) | Py::Tuple(_) | Py::Dict(_) | Py::View(_) | Py::Range(_) => Ok(value.clone()),
        _ => Err(type_error(format!("'{}' object is not iterable", type_name(value)))),
    }
}

/// The same where each item is taken apart: the engine does that only with its own sequences.
pub(in crate::encode::template) fn iterate_unpacked(state: &mut State<'_, '_>, value: &Value) -> Result<Value, Error> {
    let whole = iterate(state, value)?;
    match Py::of(&whole) {
        Py::List(items)
            if !items
                .iter()
                .all(|item| matches!(Py::of(item), Py::List(_) | Py::Tuple(_))) =>
        {
            let unpacked = items.iter().map(unpacked);
            Ok(Value::from(unpacked.collect::<Result<Vec<_>, Error>>()?))
        }
        Py::Tuple(_) | Py::Dict(_) | Py::Range(_) => {
            let unpacked = super::kind::items(&whole)?;
            Ok(Value::from(
                unpacked.iter().map(self::unpacked).collect::<Result<Vec<_>, Error>>()?,
            ))
        }
        _ => Ok(whole),
    }
}

/// A value about to be taken apart.
pub(in crate::encode::template) fn unpacked(value: &Value) -> Result<Value, Error> {
    match Py::of(value) {
        Py::List(_) | Py::Tuple(_) => Ok(value.clone()),
        _ => super::kind::items(value)
            .map(Value::from)
            .map_err(|_| type_error(format!("cannot unpack non-iterable {} object", type_name(value)))),
    }
}

/// A value about to be kept in a namespace, which outlives the loop it is set in: it may not nest
/// without end, nor hold a namespace, which could hold itself.
pub(in crate::encode::template) fn storable(value: &Value) -> Result<Value, Error> {
    fn check(value: &Value, depth: usize) -> Result<(), Error> {
        if depth > limits::DEPTH {
            return Err(raise(PyClass::RecursionError, "maximum recursion depth exceeded"));
        }
        match Py::of(value) {
            Py::List(items) | Py::Tuple(items) => items.iter().try_for_each(|item| check(item, depth + 1)),
            Py::Dict(dict) => dict.entries().iter().try_for_each(|(_, value)| check(value, depth + 1)),
            Py::Other if Special::of(value) == Special::Namespace => {
                Err(crate::encode::template::error::TemplateError::unsupported("a namespace inside a namespace").into())
            }
            _ => Ok(()),
        }
    }
    check(value, 0)?;
    Ok(value.clone())
}

/// `value is other`.
pub(in crate::encode::template) fn is_same(value: &Value, other: &Value) -> bool {
    match (value.as_object(), other.as_object()) {
        (Some(left), Some(right)) => super::containers::same(left, right),
        (None, None) => type_name(value) == type_name(other) && value == other,
        _ => false,
    }
}

/// A dict literal, whose later keys win.
pub(in crate::encode::template) fn dict_literal(value: &Value) -> Result<Value, Error> {
    let mut dict = super::containers::Dict::default();
    let pairs = value.as_object().and_then(minijinja::value::DynObject::try_iter_pairs);
    for (key, value) in pairs.into_iter().flatten() {
        super::operators::hashable(&key)?;
        dict.insert(key, value);
    }
    Ok(Value::from_dyn_object(Arc::new(dict)))
}
