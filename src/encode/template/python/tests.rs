//! Jinja's tests, as in `x is defined`.

use std::cmp::Ordering;

use minijinja::value::{Rest, ValueOrKwargs};
use minijinja::{Environment, Error, Value};

use super::args::{Args, required};
use super::kind::{Py, Special, type_name, undefined};
use super::{number, operators, repr, subscript, text};
use crate::encode::template::dialect::{FILTERS, TESTS};

/// A test of a value, by itself or against another.
enum Test {
    Alone(fn(&Value) -> Result<bool, Error>),
    Against(fn(&Value, &Value) -> Result<bool, Error>),
}

use Test::{Against, Alone};

/// The tests of Jinja; `dialect::TESTS` names the same.
const TABLE: &[(&str, Test)] = &[
    ("!=", Against(|value, other| Ok(value != other))),
    ("<", Against(is_less)),
    ("<=", Against(is_at_most)),
    ("==", Against(|value, other| Ok(value == other))),
    (">", Against(is_greater)),
    (">=", Against(is_at_least)),
    ("boolean", Alone(|value| Ok(matches!(Py::of(value), Py::Bool(_))))),
    (
        "callable",
        Alone(|value| Ok(value.is_undefined() || Special::of(value) == Special::Callable)),
    ),
    ("defined", Alone(|value| Ok(!value.is_undefined()))),
    ("divisibleby", Against(|value, divisor| is_rest(value, divisor, 0))),
    ("eq", Against(|value, other| Ok(value == other))),
    ("equalto", Against(|value, other| Ok(value == other))),
    ("escaped", Alone(|value| Ok(value.is_safe()))),
    ("even", Alone(|value| is_rest(value, &Value::from(2), 0))),
    ("false", Alone(|value| Ok(matches!(Py::of(value), Py::Bool(false))))),
    ("filter", Alone(|value| is_name_in(value, FILTERS))),
    ("float", Alone(|value| Ok(matches!(Py::of(value), Py::Float(_))))),
    ("ge", Against(is_at_least)),
    ("greaterthan", Against(is_greater)),
    ("gt", Against(is_greater)),
    ("in", Against(|value, container| operators::contains(container, value))),
    ("integer", Alone(|value| Ok(matches!(Py::of(value), Py::Int(_))))),
    ("iterable", Alone(|value| Ok(is_iterable(value)))),
    ("le", Against(is_at_most)),
    ("lessthan", Against(is_less)),
    ("lower", Alone(|value| in_case(value, "islower"))),
    ("lt", Against(is_less)),
    ("mapping", Alone(|value| Ok(matches!(Py::of(value), Py::Dict(_))))),
    ("ne", Against(|value, other| Ok(value != other))),
    ("none", Alone(|value| Ok(value.is_none()))),
    (
        "number",
        Alone(|value| Ok(matches!(Py::of(value), Py::Int(_) | Py::Float(_) | Py::Bool(_)))),
    ),
    ("odd", Alone(|value| is_rest(value, &Value::from(2), 1))),
    ("sameas", Against(|value, other| Ok(subscript::is_same(value, other)))),
    ("sequence", Alone(|value| Ok(is_sequence(value)))),
    ("string", Alone(|value| Ok(value.as_str().is_some()))),
    ("test", Alone(|value| is_name_in(value, TESTS))),
    ("true", Alone(|value| Ok(matches!(Py::of(value), Py::Bool(true))))),
    ("undefined", Alone(|value| Ok(value.is_undefined()))),
    ("upper", Alone(|value| in_case(value, "isupper"))),
];

/// Adds all of them.
pub(in crate::encode::template) fn register(env: &mut Environment<'_>) {
    for (name, test) in TABLE {
        match test {
            Alone(test) => env.add_test(*name, |value: &Value, args: Rest<ValueOrKwargs>| {
                let [] = Args::new(&args.into_values()).bind(name, [])?;
                test(value)
            }),
            Against(test) => env.add_test(*name, |value: &Value, args: Rest<ValueOrKwargs>| {
                let [other] = Args::new(&args.into_values()).bind(name, ["other"])?;
                test(value, &required(other, name, "other")?)
            }),
        }
    }
}

fn is_less(value: &Value, other: &Value) -> Result<bool, Error> {
    Ok(operators::compare("<", value, other)?.is_some_and(Ordering::is_lt))
}

fn is_at_most(value: &Value, other: &Value) -> Result<bool, Error> {
    Ok(operators::compare("<=", value, other)?.is_some_and(Ordering::is_le))
}

fn is_greater(value: &Value, other: &Value) -> Result<bool, Error> {
    Ok(operators::compare(">", value, other)?.is_some_and(Ordering::is_gt))
}

fn is_at_least(value: &Value, other: &Value) -> Result<bool, Error> {
    Ok(operators::compare(">=", value, other)?.is_some_and(Ordering::is_ge))
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

fn is_name_in(value: &Value, names: &[&str]) -> Result<bool, Error> {
    operators::hashable(value)?;
    Ok(value.as_str().is_some_and(|name| names.contains(&name)))
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
