//! Filters on numbers.

use minijinja::{Error, State, Value};

use crate::encode::template::error::{PyClass, TemplateError, raise, type_error, value_error};
use crate::encode::template::python::args::Args;
use crate::encode::template::python::kind::{Py, index, type_name, undefined};
use crate::encode::template::python::number::{Number, integer, neg};
use crate::encode::template::python::spec::truncated;
use crate::encode::template::python::text::{Ends, strip};

type Outcome = Result<Value, Error>;

pub(super) fn abs(_: &mut State<'_, '_>, value: &Value, args: &[Value]) -> Outcome {
    let [] = Args::new(args).positional("abs")?;
    match Number::of(value) {
        Some(Number::Int(number)) if number < 0 => neg(value),
        Some(Number::Int(number)) => Ok(integer(number)),
        Some(Number::Float(number)) => Ok(Value::from(number.abs())),
        None => Err(type_error(format!(
            "bad operand type for abs(): '{}'",
            type_name(value)
        ))),
    }
}

/// `int(text, base)`; `None` where Python finds no integer.
fn parse_int(text: &str, base: i128) -> Result<Option<i128>, Error> {
    let Some(base) = u32::try_from(base)
        .ok()
        .filter(|base| *base == 0 || (2..=36).contains(base))
    else {
        return Err(value_error("int() base must be >= 2 and <= 36, or 0"));
    };
    let text = strip(text, None, Ends::Both);
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let prefixed = |letter: char| {
        digits
            .strip_prefix('0')
            .and_then(|rest| rest.strip_prefix([letter, letter.to_ascii_uppercase()]))
    };
    let (base, digits) = [(16, 'x'), (8, 'o'), (2, 'b')]
        .into_iter()
        .find_map(|(own, letter)| {
            let rest = prefixed(letter).filter(|_| base == 0 || base == own)?;
            Some((own, rest.strip_prefix('_').unwrap_or(rest)))
        })
        .unwrap_or((if base == 0 { 10 } else { base }, digits));
    let well_formed = !digits.is_empty()
        && !digits.starts_with('_')
        && !digits.ends_with('_')
        && !digits.contains("__")
        && digits.chars().all(|digit| digit == '_' || digit.is_digit(base));
    if !well_formed {
        return Ok(None);
    }
    let digits = digits.replace('_', "");
    match i128::from_str_radix(&digits, base) {
        Ok(size) => Ok(Some(if negative { -size } else { size })),
        Err(_) => Err(TemplateError::unsupported("an integer beyond 127 bits").into()),
    }
}

/// `float(text)`; `None` where Python finds no float.
fn parse_float(text: &str) -> Option<f64> {
    let text = strip(text, None, Ends::Both);
    if text.contains('_') {
        let bytes = text.as_bytes();
        let between = |at: usize| {
            let digit = |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_digit);
            digit(at.checked_sub(1)) && digit(Some(at + 1))
        };
        if !(0..bytes.len()).filter(|&at| bytes[at] == b'_').all(between) {
            return None;
        }
        return text.replace('_', "").parse().ok();
    }
    text.parse().ok()
}

pub(super) fn int(_: &mut State<'_, '_>, value: &Value, args: &[Value]) -> Outcome {
    let [default, base] = Args::new(args).bind("do_int", ["default", "base"])?;
    let base = base.map_or(Ok(10), |base| index(&base))?;
    let default = default.unwrap_or(Value::from(0));
    match Py::of(value) {
        Py::Undefined => Err(undefined()),
        Py::Int(number) => Ok(integer(number)),
        Py::Bool(flag) => Ok(Value::from(i64::from(flag))),
        Py::Float(number) if number.is_nan() => Ok(default),
        Py::Float(number) => truncated(number).map(integer),
        Py::Str(text) => {
            if let Some(number) = parse_int(text, base).or_else(|error| {
                // A base out of range is a ValueError, which the filter takes for no number.
                if base == 0 || (2..=36).contains(&base) {
                    Err(error)
                } else {
                    Ok(None)
                }
            })? {
                return Ok(integer(number));
            }
            match parse_float(text) {
                Some(number) if number.is_finite() => truncated(number).map(integer),
                _ => Ok(default),
            }
        }
        _ => Ok(default),
    }
}

pub(super) fn float(_: &mut State<'_, '_>, value: &Value, args: &[Value]) -> Outcome {
    let [default] = Args::new(args).bind("do_float", ["default"])?;
    if value.is_undefined() {
        return Err(undefined());
    }
    let number = match Number::of(value) {
        Some(number) => Some(number.as_float()),
        None => value.as_str().and_then(parse_float),
    };
    Ok(number.map_or_else(|| default.unwrap_or(Value::from(0.0)), Value::from))
}

pub(super) fn round(_: &mut State<'_, '_>, value: &Value, args: &[Value]) -> Outcome {
    let [precision, method] = Args::new(args).bind("do_round", ["precision", "method"])?;
    let precision = precision.map_or(Ok(0), |precision| index(&precision))?;
    let method = method.unwrap_or_else(|| Value::from("common"));
    let method = method
        .as_str()
        .filter(|method| matches!(*method, "common" | "ceil" | "floor"));
    let method = method.ok_or_else(|| raise(PyClass::FilterArgumentError, "method must be common, ceil or floor"))?;
    let number = Number::of(value);
    let number =
        number.ok_or_else(|| type_error(format!("type {} doesn't define __round__ method", type_name(value))))?;
    let digits = u16::try_from(precision).ok().filter(|digits| *digits <= 300);
    let digits = digits.ok_or_else(|| TemplateError::unsupported(format!("rounding to {precision} digits")))?;
    match (method, number) {
        ("common", Number::Int(number)) => Ok(integer(number)),
        ("common", Number::Float(number)) if number.is_finite() => {
            let places = usize::from(digits);
            Ok(Value::from(format!("{number:.places$}").parse().unwrap_or(number)))
        }
        ("common", Number::Float(number)) if precision != 0 || method == "common" => Ok(Value::from(number)),
        (_, number) => {
            let scale = 10_f64.powi(i32::from(digits));
            let scaled = number.as_float() * scale;
            if !scaled.is_finite() {
                truncated(scaled)?;
            }
            let cut = if method == "ceil" {
                scaled.ceil()
            } else {
                scaled.floor()
            };
            Ok(Value::from(cut / scale))
        }
    }
}

pub(super) fn filesizeformat(_: &mut State<'_, '_>, value: &Value, args: &[Value]) -> Outcome {
    let [binary] = Args::new(args).bind("do_filesizeformat", ["binary"])?;
    let bytes = match Number::of(value) {
        Some(number) => number.as_float(),
        None if value.is_undefined() => return Err(undefined()),
        None => match value.as_str() {
            Some(text) => parse_float(text).ok_or_else(|| value_error("could not convert string to float"))?,
            None => return Err(type_error("float() argument must be a string or a real number")),
        },
    };
    let (base, units) = if binary.is_some_and(|binary| binary.is_true()) {
        (1024.0, ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB", "YiB"])
    } else {
        (1000.0, ["kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"])
    };
    #[expect(clippy::float_cmp, reason = "as Python compares it")]
    if bytes == 1.0 {
        return Ok(Value::from("1 Byte"));
    }
    if bytes < base {
        return Ok(Value::from(format!("{} Bytes", truncated(bytes)?)));
    }
    let mut unit: f64 = base;
    let mut written = String::new();
    for name in units {
        unit *= base;
        written = format!("{:.1} {name}", base * bytes / unit);
        if bytes < unit {
            break;
        }
    }
    Ok(Value::from(written))
}
