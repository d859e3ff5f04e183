//! Filters on sequences.

use std::collections::HashSet;

use minijinja::{Error, State, Value};

use super::pick::Path;
use crate::encode::template::error::{PyClass, raise, type_error};
use crate::encode::template::python::args::{Args, required};
use crate::encode::template::python::containers::{Generator, pair};
use crate::encode::template::python::kind::{self, Py, index, type_name};
use crate::encode::template::python::{limits, operators, subscript};

type Outcome = Result<Value, Error>;

fn truth(value: Option<Value>) -> bool {
    value.is_some_and(|value| value.is_true())
}

pub(super) fn length(_: &mut State<'_, '_>, value: &Value, args: &[Value]) -> Outcome {
    let [] = Args::new(args).positional("len")?;
    Ok(Value::from(kind::len(value)?))
}

pub(super) fn list(state: &mut State<'_, '_>, value: &Value, args: &[Value]) -> Outcome {
    let [] = Args::new(args).bind("do_list", [])?;
    if let Py::Str(text) = Py::of(value) {
        limits::charge_items(state, text.len())?;
    }
    Ok(Value::from(kind::items(value)?))
}

pub(super) fn first(_: &mut State<'_, '_>, value: &Value, args: &[Value]) -> Outcome {
    let [] = Args::new(args).bind("do_first", [])?;
    Ok(match Py::of(value) {
        Py::Str(text) => text.chars().next().map(Value::from),
        Py::List(items) | Py::Tuple(items) => items.first().cloned(),
        Py::Generator(generator) => generator.next()?,
        _ => kind::items(value)?.into_iter().next(),
    }
    .unwrap_or_default())
}

pub(super) fn last(_: &mut State<'_, '_>, value: &Value, args: &[Value]) -> Outcome {
    let [] = Args::new(args).bind("do_last", [])?;
    Ok(match Py::of(value) {
        Py::Str(text) => text.chars().next_back().map(Value::from),
        Py::List(items) | Py::Tuple(items) => items.last().cloned(),
        Py::Generator(_) => return Err(type_error(format!("'{}' object is not reversible", type_name(value)))),
        _ => kind::items(value)?.pop(),
    }
    .unwrap_or_default())
}

pub(super) fn reverse(state: &mut State<'_, '_>, value: &Value, args: &[Value]) -> Outcome {
    let [] = Args::new(args).bind("do_reverse", [])?;
    let none = Value::from(());
    if matches!(Py::of(value), Py::Str(_)) {
        return subscript::slice(state, value, [&none, &none, &Value::from(-1)]);
    }
    let mut items = kind::items(value).map_err(|_| raise(PyClass::FilterArgumentError, "argument must be iterable"))?;
    items.reverse();
    Ok(match Py::of(value) {
        Py::Generator(_) => Value::from(items),
        Py::List(_) => Generator::named("list_reverseiterator", Ok(items)),
        _ => Generator::named("reversed", Ok(items)),
    })
}

pub(super) fn items(_: &mut State<'_, '_>, value: &Value, args: &[Value]) -> Outcome {
    let [] = Args::new(args).bind("do_items", [])?;
    Ok(Generator::value(match Py::of(value) {
        Py::Undefined => Ok(Vec::new()),
        Py::Dict(dict) => Ok(dict
            .entries()
            .iter()
            .map(|(key, value)| pair(key.clone(), value.clone()))
            .collect()),
        _ => Err(type_error("Can only get item pairs from a mapping.")),
    }))
}

/// Strings without regard to case, unless asked for.
fn folded(value: Value, case_sensitive: bool) -> Value {
    match value.as_str() {
        Some(text) if !case_sensitive => Value::from(text.to_lowercase()),
        _ => value,
    }
}

/// Items with what they are ordered by.
fn keyed(items: Vec<Value>, key: impl Fn(&Value) -> Outcome) -> Result<Vec<(Value, Value)>, Error> {
    items.into_iter().map(|item| Ok((key(&item)?, item))).collect()
}

pub(super) fn sort(state: &mut State<'_, '_>, value: &Value, args: &[Value]) -> Outcome {
    let [reverse, case_sensitive, attribute] =
        Args::new(args).bind("do_sort", ["reverse", "case_sensitive", "attribute"])?;
    let case_sensitive = truth(case_sensitive);
    let paths: Vec<Path> = match attribute.as_ref().and_then(Value::as_str) {
        Some(several) => several
            .split(',')
            .map(|one| Path::new(Some(&Value::from(one))))
            .collect(),
        None => vec![Path::new(attribute.as_ref())],
    };
    let mut keyed = keyed(kind::items(value)?, |item| {
        let parts = paths.iter().map(|path| Ok(folded(path.of(item)?, case_sensitive)));
        Ok(Value::from(parts.collect::<Result<Vec<_>, Error>>()?))
    })?;
    limits::charge_items(state, keyed.len().saturating_mul(3))?;
    operators::sort_by_key(&mut keyed, |(key, _)| key, truth(reverse))?;
    Ok(Value::from(keyed.into_iter().map(|(_, item)| item).collect::<Vec<_>>()))
}

pub(super) fn dictsort(_: &mut State<'_, '_>, value: &Value, args: &[Value]) -> Outcome {
    let [case_sensitive, by, reverse] = Args::new(args).bind("do_dictsort", ["case_sensitive", "by", "reverse"])?;
    let by_value = match by.as_ref().map_or(Some("key"), Value::as_str) {
        Some("key") => false,
        Some("value") => true,
        _ => {
            let message = "You can only sort by either \"key\" or \"value\"";
            return Err(raise(PyClass::FilterArgumentError, message));
        }
    };
    let Py::Dict(dict) = Py::of(value) else {
        let message = format!("'{} object' has no attribute 'items'", type_name(value));
        let class = if value.is_undefined() {
            PyClass::UndefinedError
        } else {
            PyClass::AttributeError
        };
        return Err(raise(class, message));
    };
    let case_sensitive = truth(case_sensitive);
    let mut entries: Vec<(Value, Value)> = dict
        .entries()
        .iter()
        .map(|(key, value)| {
            let ordered_by = if by_value { value } else { key };
            (
                folded(ordered_by.clone(), case_sensitive),
                pair(key.clone(), value.clone()),
            )
        })
        .collect();
    operators::sort_by_key(&mut entries, |(key, _)| key, truth(reverse))?;
    Ok(Value::from(
        entries.into_iter().map(|(_, entry)| entry).collect::<Vec<_>>(),
    ))
}

pub(super) fn unique(_: &mut State<'_, '_>, value: &Value, args: &[Value]) -> Outcome {
    let [case_sensitive, attribute] = Args::new(args).bind("do_unique", ["case_sensitive", "attribute"])?;
    let (case_sensitive, path) = (truth(case_sensitive), Path::new(attribute.as_ref()));
    Ok(Generator::value(distinct(value, &path, case_sensitive)))
}

fn distinct(value: &Value, path: &Path, case_sensitive: bool) -> Result<Vec<Value>, Error> {
    let mut seen = HashSet::new();
    let mut kept = Vec::new();
    for item in kind::items(value)? {
        let key = folded(path.of(&item)?, case_sensitive);
        operators::hashable(&key)?;
        // True is 1, and has its hash.
        let key = if matches!(Py::of(&key), Py::Bool(_)) {
            Value::from(i64::from(key.is_true()))
        } else {
            key
        };
        if seen.insert(key) {
            kept.push(item);
        }
    }
    Ok(kept)
}

fn extreme(value: &Value, args: &[Value], function: &str, operator: &str) -> Outcome {
    let [case_sensitive, attribute] = Args::new(args).bind(function, ["case_sensitive", "attribute"])?;
    let (case_sensitive, path) = (truth(case_sensitive), Path::new(attribute.as_ref()));
    let keyed = keyed(kind::items(value)?, |item| Ok(folded(path.of(item)?, case_sensitive)))?;
    let mut best: Option<(Value, Value)> = None;
    for (key, item) in keyed {
        let better = match &best {
            None => true,
            Some((best, _)) => match operators::compare(operator, &key, best)? {
                Some(order) => {
                    if operator == "<" {
                        order.is_lt()
                    } else {
                        order.is_gt()
                    }
                }
                None => false,
            },
        };
        if better {
            best = Some((key, item));
        }
    }
    Ok(best.map(|(_, item)| item).unwrap_or_default())
}

pub(super) fn min(_: &mut State<'_, '_>, value: &Value, args: &[Value]) -> Outcome {
    extreme(value, args, "do_min", "<")
}

pub(super) fn max(_: &mut State<'_, '_>, value: &Value, args: &[Value]) -> Outcome {
    extreme(value, args, "do_max", ">")
}

pub(super) fn sum(state: &mut State<'_, '_>, value: &Value, args: &[Value]) -> Outcome {
    let [attribute, start] = Args::new(args).bind("do_sum", ["attribute", "start"])?;
    let path = Path::new(attribute.as_ref());
    let mut total = start.unwrap_or(Value::from(0));
    if total.as_str().is_some() {
        return Err(type_error("sum() can't sum strings [use ''.join(seq) instead]"));
    }
    for item in kind::items(value)? {
        total = operators::add(state, &total, &path.of(&item)?)?;
    }
    Ok(total)
}

pub(super) fn groupby(_: &mut State<'_, '_>, value: &Value, args: &[Value]) -> Outcome {
    let [attribute, default, case_sensitive] =
        Args::new(args).bind("do_groupby", ["attribute", "default", "case_sensitive"])?;
    let path = Path::new(Some(&required(attribute, "do_groupby", "attribute")?));
    let case_sensitive = truth(case_sensitive);
    let grouper = |item: &Value| path.of_or(item, default.as_ref());
    let mut keyed = keyed(kind::items(value)?, |item| Ok(folded(grouper(item)?, case_sensitive)))?;
    operators::sort_by_key(&mut keyed, |(key, _)| key, false)?;
    let mut groups = Vec::new();
    for group in keyed.chunk_by(|(left, _), (right, _)| left == right) {
        let members: Vec<Value> = group.iter().map(|(_, item)| item.clone()).collect();
        groups.push(pair(grouper(&members[0])?, Value::from(members)));
    }
    Ok(Value::from(groups))
}

pub(super) fn batch(state: &mut State<'_, '_>, value: &Value, args: &[Value]) -> Outcome {
    let [linecount, fill] = Args::new(args).bind("do_batch", ["linecount", "fill_with"])?;
    let size = required(linecount, "do_batch", "linecount")?;
    Ok(Generator::value(batches(state, value, &size, fill)))
}

fn batches(state: &mut State<'_, '_>, value: &Value, size: &Value, fill: Option<Value>) -> Result<Vec<Value>, Error> {
    let items = kind::items(value)?;
    let size = index(size)?;
    let Some(size) = usize::try_from(size).ok().filter(|size| *size > 0) else {
        // No batch is ever full, but for the first, empty one if none may have an item.
        let empty = (size == 0).then(|| Value::from(Vec::<Value>::new()));
        return Ok(if items.is_empty() {
            items
        } else {
            empty.into_iter().chain([Value::from(items)]).collect()
        });
    };
    let mut batches: Vec<Vec<Value>> = items.chunks(size).map(<[Value]>::to_vec).collect();
    if let (Some(last), Some(fill)) = (batches.last_mut(), fill.filter(|fill| !fill.is_none())) {
        limits::charge_items(state, size)?;
        last.resize(size, fill);
    }
    Ok(batches.into_iter().map(Value::from).collect())
}

pub(super) fn slice(state: &mut State<'_, '_>, value: &Value, args: &[Value]) -> Outcome {
    let [slices, fill] = Args::new(args).bind("do_slice", ["slices", "fill_with"])?;
    let slices = required(slices, "do_slice", "slices")?;
    Ok(Generator::value(parts(
        state,
        value,
        &slices,
        fill.filter(|fill| !fill.is_none()),
    )))
}

fn parts(state: &mut State<'_, '_>, value: &Value, slices: &Value, fill: Option<Value>) -> Result<Vec<Value>, Error> {
    let items = kind::items(value)?;
    let slices = index(slices)?;
    let slices = match usize::try_from(slices) {
        Ok(0) => return Err(raise(PyClass::ZeroDivisionError, "integer division or modulo by zero")),
        Ok(slices) => slices,
        Err(_) if slices < 0 => return Ok(Vec::new()),
        Err(_) => return Err(limits::exceeded()),
    };
    limits::charge_items(state, slices)?;
    let (each, extra) = (items.len() / slices, items.len() % slices);
    let mut rest = items.as_slice();
    let mut parts = Vec::with_capacity(slices);
    for nth in 0..slices {
        let (part, after) = rest.split_at(each + usize::from(nth < extra));
        rest = after;
        let mut part = part.to_vec();
        if nth >= extra {
            part.extend(fill.clone());
        }
        parts.push(Value::from(part));
    }
    Ok(parts)
}
