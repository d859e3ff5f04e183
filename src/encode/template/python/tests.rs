//! Jinja's tests, as in `x is defined`.

use std::cmp::Ordering;

use minijinja::value::{Rest, ValueOrKwargs};
use minijinja::{Environment, Error, Value};

use super::args::{Args, required};
use super::kind::{Py, Special, type_name, undefined};
use super::{number, operators, repr, subscript, text};
use crate::encode::template::dialect::{FILTERS, TESTS};

/// A test: the value asked about, and its arguments.
type Test = fn(&Value, Args<'_>) -> Result<bool, Error>;

/// The tests of Jinja; `dialect::TESTS` names the same.
const TABLE: &[(&str, Test)] = &[
    ("!=", |value, args| Ok(*value != other(args)?)),
    ("<", |value, args| ordered("<", value, args, Ordering::is_lt)),
    ("<=", |value, args| ordered("<=", value, args, Ordering::is_le)),
    ("==", |value, args| Ok(*value == other(args)?)),
    (">", |value, args| ordered(">", value, args, Ordering::is_gt)),
    (">=", |value, args| ordered(">=", value, args, Ordering::is_ge)),
    ("boolean", |value, _| Ok(matches!(Py::of(value), Py::Bool(_)))),
    ("callable", |value, _| {
        Ok(value.is_undefined() || Special::of(value) == Special::Callable)
    }),
    ("defined", |value, _| Ok(!value.is_undefined())),
    ("divisibleby", |value, args| is_rest(value, &other(args)?, 0)),
    ("eq", |value, args| Ok(*value == other(args)?)),
    ("equalto", |value, args| Ok(*value == other(args)?)),
    ("escaped", |value, _| Ok(value.is_safe())),
    ("even", |value, _| is_rest(value, &Value::from(2), 0)),
    ("false", |value, _| Ok(matches!(Py::of(value), Py::Bool(false)))),
    ("filter", |value, _| {
        Ok(value.as_str().is_some_and(|name| FILTERS.contains(&name)))
    }),
    ("float", |value, _| Ok(matches!(Py::of(value), Py::Float(_)))),
    ("ge", |value, args| ordered(">=", value, args, Ordering::is_ge)),
    ("greaterthan", |value, args| ordered(">", value, args, Ordering::is_gt)),
    ("gt", |value, args| ordered(">", value, args, Ordering::is_gt)),
    ("in", |value, args| operators::contains(&other(args)?, value)),
    ("integer", |value, _| Ok(matches!(Py::of(value), Py::Int(_)))),
    ("iterable", |value, _| Ok(is_iterable(value))),
    ("le", |value, args| ordered("<=", value, args, Ordering::is_le)),
    ("lessthan", |value, args| ordered("<", value, args, Ordering::is_lt)),
    ("lower", |value, _| in_case(value, "islower")),
    ("lt", |value, args| ordered("<", value, args, Ordering::is_lt)),
    ("mapping", |value, _| Ok(matches!(Py::of(value), Py::Dict(_)))),
    ("ne", |value, args| Ok(*value != other(args)?)),
    ("none", |value, _| Ok(value.is_none())),
    ("number", |value, _| {
        Ok(matches!(Py::of(value), Py::Int(_) | Py::Float(_) | Py::Bool(_)))
    }),
    ("odd", |value, _| is_rest(value, &Value::from(2), 1)),
    ("sameas", |value, args| Ok(subscript::is_same(value, &other(args)?))),
    ("sequence", |value, _| Ok(is_sequence(value))),
    ("string", |value, _| Ok(value.as_str().is_some())),
    ("test", |value, _| {
        Ok(value.as_str().is_some_and(|name| TESTS.contains(&name)))
    }),
    ("true", |value, _| Ok(matches!(Py::of(value), Py::Bool(true)))),
    ("undefined", |value, _| Ok(value.is_undefined())),
    ("upper", |value, _| in_case(value, "isupper")),
];

/// Adds all of them.
pub(in crate::encode::template) fn register(env: &mut Environment<'_>) {
    for (name, test) in TABLE {
        env.add_test(*name, |value: &Value, args: Rest<ValueOrKwargs>| {
            test(value, Args::new(&args.into_values()))
        });
    }
}

/// The argument of a test that takes one.
fn other(args: Args<'_>) -> Result<Value, Error> {
    let [other] = args.bind("test", ["other"])?;
    required(other, "test", "other")
}

fn ordered(operator: &str, value: &Value, args: Args<'_>, holds: fn(Ordering) -> bool) -> Result<bool, Error> {
    Ok(operators::compare(operator, value, &other(args)?)?.is_some_and(holds))
}

/// Whether `value % divisor == rest`.
fn is_rest(value: &Value, divisor: &Value, rest: i64) -> Result<bool, Error> {
    match value.as_str() {
        // `%` formats a string, which is no number.
        Some(_) if divisor.is_undefined() => Err(undefined()),
        Some(format) => super::printf::format(format, &super::printf::Values::One(divisor)).map(|_| false),
        None => Ok(number::modulo(value, divisor)? == Value::from(rest)),
    }
}

fn is_iterable(value: &Value) -> bool {
    !matches!(Py::of(value), Py::None | Py::Bool(_) | Py::Int(_) | Py::Float(_))
        && (!matches!(Py::of(value), Py::Other) || Special::of(value) == Special::Loop)
}

/// Whether it has a length and subscripts: an undefined value has both.
fn is_sequence(value: &Value) -> bool {
    matches!(
        Py::of(value),
        Py::Undefined | Py::Str(_) | Py::List(_) | Py::Tuple(_) | Py::Dict(_) | Py::Range(_)
    )
}

fn in_case(value: &Value, predicate: &str) -> Result<bool, Error> {
    let text = repr::str(value)?;
    text::predicate(&text, predicate).unwrap_or_else(|| unreachable!("{predicate} of {}", type_name(value)))
}

#[cfg(test)]
mod checks {
    use super::TABLE;
    use crate::encode::template::dialect::TESTS;

    #[test]
    fn every_test_the_dialect_knows_is_here() {
        let names: Vec<&str> = TABLE.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, TESTS);
    }
}
