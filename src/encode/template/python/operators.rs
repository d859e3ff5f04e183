//! Operators on anything: sums, comparisons, `in`, and what ties strings together.

use std::cmp::Ordering;

use minijinja::value::Tuple;
use minijinja::{Error, State, Value};

use super::kind::{Py, type_name, undefined};
use super::number::{self, Number};
use super::{filters, limits, printf, repr};
use crate::encode::template::error::{PyClass, raise, type_error};

/// `left + right`.
pub(in crate::encode::template) fn add(state: &mut State<'_, '_>, left: &Value, right: &Value) -> Result<Value, Error> {
    if left.as_str().is_some() && right.as_str().is_some() {
        return add_all(state, left, std::slice::from_ref(right));
    }
    match (Py::of(left), Py::of(right)) {
        (Py::List(first), Py::List(second)) => {
            limits::charge_items(state, first.len() + second.len())?;
            Ok(Value::from([first, second].concat()))
        }
        (Py::Tuple(first), Py::Tuple(second)) => {
            limits::charge_items(state, first.len() + second.len())?;
            Ok(Value::from(Tuple::from([first, second].concat())))
        }
        (Py::Str(_) | Py::List(_) | Py::Tuple(_), _) if !right.is_undefined() => {
            let (left, right) = (type_name(left), type_name(right));
            Err(type_error(format!(
                "can only concatenate {left} (not \"{right}\") to {left}"
            )))
        }
        _ => number::add(left, right),
    }
}

/// A sum of several, from the left. All strings, as it nearly always is, is one string at once.
pub(in crate::encode::template) fn add_all(
    state: &mut State<'_, '_>,
    first: &Value,
    rest: &[Value],
) -> Result<Value, Error> {
    let terms = || std::iter::once(first).chain(rest);
    let mut len = 0;
    let plain = terms().all(|term| match term.as_str() {
        Some(text) => {
            len += text.len();
            !term.is_safe()
        }
        None => false,
    });
    if plain {
        limits::charge(state, len)?;
        let mut text = String::with_capacity(len);
        terms().filter_map(Value::as_str).for_each(|term| text.push_str(term));
        return Ok(Value::from(text));
    }
    let mut sum = first.clone();
    for term in rest {
        sum = match (sum.as_str(), term.as_str()) {
            (Some(left), Some(right)) if sum.is_safe() || term.is_safe() => {
                // Text marked as safe for HTML makes the other safe by escaping it.
                let escape = |text: &str, safe: bool| {
                    if safe {
                        text.to_owned()
                    } else {
                        filters::text::escape(text)
                    }
                };
                let joined = escape(left, sum.is_safe()) + &escape(right, term.is_safe());
                limits::charge(state, joined.len())?;
                Value::from_safe_string(joined)
            }
            (Some(left), Some(right)) => {
                limits::charge(state, left.len() + right.len())?;
                Value::from([left, right].concat())
            }
            _ => add(state, &sum, term)?,
        };
    }
    Ok(sum)
}

/// `left ~ right ~ ...`: each as `str()`, joined.
pub(in crate::encode::template) fn concat(
    state: &mut State<'_, '_>,
    first: &Value,
    rest: &[Value],
) -> Result<Value, Error> {
    let mut text = String::new();
    for part in std::iter::once(first).chain(rest) {
        repr::write_str(part, &mut text)?;
        if text.len() > limits::BYTES {
            return Err(limits::exceeded());
        }
    }
    limits::charge(state, text.len())?;
    Ok(Value::from(text))
}

/// `left * right`.
pub(in crate::encode::template) fn mul(state: &mut State<'_, '_>, left: &Value, right: &Value) -> Result<Value, Error> {
    let (sequence, count) = if is_sequence(left) {
        (left, right)
    } else {
        (right, left)
    };
    if !is_sequence(sequence) {
        return number::mul(left, right);
    }
    if count.is_undefined() {
        return Err(undefined());
    }
    let (Py::Int(_) | Py::Bool(_)) = Py::of(count) else {
        return Err(type_error(format!(
            "can't multiply sequence by non-int of type '{}'",
            type_name(count)
        )));
    };
    let count = usize::try_from(super::kind::index(count)?.max(0)).unwrap_or(usize::MAX);
    match Py::of(sequence) {
        Py::List(items) | Py::Tuple(items) => {
            let len = items.len().saturating_mul(count);
            limits::charge_items(state, len)?;
            let items: Vec<Value> = items.iter().cycle().take(len).cloned().collect();
            Ok(if sequence.is_tuple() {
                Value::from(Tuple::from(items))
            } else {
                Value::from(items)
            })
        }
        _ => {
            let text = sequence.as_str().unwrap_or_default();
            limits::charge(state, text.len().saturating_mul(count))?;
            let text = if text.is_empty() {
                String::new()
            } else {
                text.repeat(count)
            };
            Ok(like(sequence, text))
        }
    }
}

fn is_sequence(value: &Value) -> bool {
    matches!(Py::of(value), Py::Str(_) | Py::List(_) | Py::Tuple(_))
}

/// `text` as a string of the class `model` is of.
pub(in crate::encode::template) fn like(model: &Value, text: String) -> Value {
    if model.is_safe() {
        Value::from_safe_string(text)
    } else {
        Value::from(text)
    }
}

/// `left % right`: the rest of a division, or a string formatted.
pub(in crate::encode::template) fn modulo(
    state: &mut State<'_, '_>,
    left: &Value,
    right: &Value,
) -> Result<Value, Error> {
    match left.as_str() {
        Some(format) => {
            let values = match Py::of(right) {
                Py::Tuple(items) => printf::Values::Several(items),
                _ => printf::Values::One(right),
            };
            let text = printf::format(format, &values)?;
            limits::charge(state, text.len())?;
            Ok(like(left, text))
        }
        None => number::modulo(left, right),
    }
}

/// Which of two comes first; `None` where neither does (NaN).
pub(in crate::encode::template) fn compare(
    operator: &str,
    left: &Value,
    right: &Value,
) -> Result<Option<Ordering>, Error> {
    compare_at(operator, left, right, 0)
}

fn compare_at(operator: &str, left: &Value, right: &Value, depth: usize) -> Result<Option<Ordering>, Error> {
    if depth > limits::DEPTH {
        return Err(raise(
            PyClass::RecursionError,
            "maximum recursion depth exceeded in comparison",
        ));
    }
    if let (Some(left), Some(right)) = (Number::of(left), Number::of(right)) {
        return Ok(match (left, right) {
            (Number::Int(left), Number::Int(right)) => Some(left.cmp(&right)),
            (left, right) => left.as_float().partial_cmp(&right.as_float()),
        });
    }
    match (Py::of(left), Py::of(right)) {
        (Py::Undefined, _) | (_, Py::Undefined) => Err(undefined()),
        (Py::Str(left), Py::Str(right)) => Ok(Some(left.cmp(right))),
        (Py::List(first), Py::List(second)) | (Py::Tuple(first), Py::Tuple(second)) => {
            for (left, right) in first.iter().zip(second) {
                if left != right {
                    return compare_at(operator, left, right, depth + 1);
                }
            }
            Ok(Some(first.len().cmp(&second.len())))
        }
        _ => {
            let (left, right) = (type_name(left), type_name(right));
            Err(type_error(format!(
                "'{operator}' not supported between instances of '{left}' and '{right}'"
            )))
        }
    }
}

/// Sorts as `sorted(items, key=key, reverse=reverse)` does: stable, and an error where two do not compare.
pub(in crate::encode::template) fn sort_by_key<T>(
    items: &mut [T],
    key: impl Fn(&T) -> &Value,
    reverse: bool,
) -> Result<(), Error> {
    let mut failure = None;
    items.sort_by(|left, right| {
        let order = compare("<", key(left), key(right)).unwrap_or_else(|error| {
            failure.get_or_insert(error);
            None
        });
        let order = order.unwrap_or(Ordering::Equal);
        if reverse { order.reverse() } else { order }
    });
    failure.map_or(Ok(()), Err)
}

/// `item in container`.
pub(in crate::encode::template) fn contains(container: &Value, item: &Value) -> Result<bool, Error> {
    Ok(match Py::of(container) {
        Py::Undefined => false,
        Py::Str(text) => {
            if let Some(part) = item.as_str() {
                text.contains(part)
            } else {
                let kind = type_name(item);
                return Err(type_error(format!(
                    "'in <string>' requires string as left operand, not {kind}"
                )));
            }
        }
        Py::List(items) | Py::Tuple(items) => items.contains(item),
        Py::Dict(dict) => {
            hashable(item)?;
            dict.get(item).is_some()
        }
        Py::Generator(generator) => {
            // Python stops at the first that is equal and leaves the rest.
            while let Some(found) = generator.next()? {
                if found == *item {
                    return Ok(true);
                }
            }
            false
        }
        Py::View(_) | Py::Range(_) => super::kind::items(container)?.contains(item),
        _ => {
            return Err(type_error(format!(
                "argument of type '{}' is not iterable",
                type_name(container)
            )));
        }
    })
}

/// Whether a value may be a key.
pub(in crate::encode::template) fn hashable(value: &Value) -> Result<(), Error> {
    match Py::of(value) {
        Py::List(_) | Py::Dict(_) => Err(type_error(format!("unhashable type: '{}'", type_name(value)))),
        Py::Tuple(items) => items.iter().try_for_each(hashable),
        _ => Ok(()),
    }
}
