//! Arithmetic. Integers are exact to 127 bits; beyond that Python goes on and this stops, by name.

use minijinja::{Error, Value};

use super::kind::{Py, type_name, undefined};
use crate::encode::template::error::{PyClass, TemplateError, raise, type_error};

/// A number; a bool is one too.
#[derive(Clone, Copy, Debug)]
pub(in crate::encode::template) enum Number {
    Int(i128),
    Float(f64),
}

impl Number {
    pub(in crate::encode::template) fn of(value: &Value) -> Option<Self> {
        match Py::of(value) {
            Py::Int(integer) => Some(Self::Int(integer)),
            Py::Bool(flag) => Some(Self::Int(i128::from(flag))),
            Py::Float(float) => Some(Self::Float(float)),
            _ => None,
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "asked for as a float")]
    pub(in crate::encode::template) fn as_float(self) -> f64 {
        match self {
            Self::Int(integer) => integer as f64,
            Self::Float(float) => float,
        }
    }
}

/// An integer of the smallest kind that holds it, as the engine's own are.
pub(in crate::encode::template) fn integer(value: i128) -> Value {
    i64::try_from(value).map_or_else(|_| Value::from(value), Value::from)
}

fn exact(value: Option<i128>) -> Result<Value, Error> {
    value
        .map(integer)
        .ok_or_else(|| TemplateError::unsupported("an integer beyond 127 bits").into())
}

/// Two operands that are not both numbers.
pub(in crate::encode::template) fn unsupported(operator: &str, left: &Value, right: &Value) -> Error {
    if left.is_undefined() || right.is_undefined() {
        return undefined();
    }
    let (left, right) = (type_name(left), type_name(right));
    type_error(format!(
        "unsupported operand type(s) for {operator}: '{left}' and '{right}'"
    ))
}

fn numbers(operator: &str, left: &Value, right: &Value) -> Result<(Number, Number), Error> {
    match (Number::of(left), Number::of(right)) {
        (Some(left), Some(right)) => Ok((left, right)),
        _ => Err(unsupported(operator, left, right)),
    }
}

pub(in crate::encode::template) fn add(left: &Value, right: &Value) -> Result<Value, Error> {
    match numbers("+", left, right)? {
        (Number::Int(left), Number::Int(right)) => exact(left.checked_add(right)),
        (left, right) => Ok(Value::from(left.as_float() + right.as_float())),
    }
}

pub(in crate::encode::template) fn sub(left: &Value, right: &Value) -> Result<Value, Error> {
    match numbers("-", left, right)? {
        (Number::Int(left), Number::Int(right)) => exact(left.checked_sub(right)),
        (left, right) => Ok(Value::from(left.as_float() - right.as_float())),
    }
}

pub(in crate::encode::template) fn mul(left: &Value, right: &Value) -> Result<Value, Error> {
    match numbers("*", left, right)? {
        (Number::Int(left), Number::Int(right)) => exact(left.checked_mul(right)),
        (left, right) => Ok(Value::from(left.as_float() * right.as_float())),
    }
}

pub(in crate::encode::template) fn div(left: &Value, right: &Value) -> Result<Value, Error> {
    let (left, right) = numbers("/", left, right)?;
    let divisor = right.as_float();
    if divisor == 0.0 {
        return Err(by_zero(if matches!((left, right), (Number::Int(_), Number::Int(_))) {
            "division by zero"
        } else {
            "float division by zero"
        }));
    }
    Ok(Value::from(left.as_float() / divisor))
}

pub(in crate::encode::template) fn floordiv(left: &Value, right: &Value) -> Result<Value, Error> {
    match numbers("//", left, right)? {
        (Number::Int(_), Number::Int(0)) => Err(by_zero("integer division or modulo by zero")),
        (Number::Int(left), Number::Int(right)) => exact(left.checked_div_euclid(right).map(|quotient| {
            // Euclid's quotient rounds so that the rest is positive; Python's so that it has the divisor's sign.
            if right < 0 && left.rem_euclid(right) != 0 {
                quotient - 1
            } else {
                quotient
            }
        })),
        (left, right) => {
            let (left, right) = (left.as_float(), right.as_float());
            if right == 0.0 {
                return Err(by_zero("float floor division by zero"));
            }
            let rest = float_mod(left, right);
            Ok(Value::from(((left - rest) / right).round()))
        }
    }
}

pub(in crate::encode::template) fn modulo(left: &Value, right: &Value) -> Result<Value, Error> {
    match numbers("%", left, right)? {
        (Number::Int(_), Number::Int(0)) => Err(by_zero("integer modulo by zero")),
        (Number::Int(left), Number::Int(right)) => exact(left.checked_rem(right).or(Some(0)).map(|rest| {
            if rest != 0 && (rest < 0) != (right < 0) {
                rest + right
            } else {
                rest
            }
        })),
        (left, right) => {
            let (left, right) = (left.as_float(), right.as_float());
            if right == 0.0 {
                return Err(by_zero("float modulo"));
            }
            Ok(Value::from(float_mod(left, right)))
        }
    }
}

fn float_mod(left: f64, right: f64) -> f64 {
    let rest = left % right;
    if rest == 0.0 {
        0.0_f64.copysign(right)
    } else if (rest < 0.0) == (right < 0.0) {
        rest
    } else {
        rest + right
    }
}

pub(in crate::encode::template) fn pow(left: &Value, right: &Value) -> Result<Value, Error> {
    let (base, exponent) = numbers("** or pow()", left, right)?;
    if let (Number::Int(base), Number::Int(exponent)) = (base, exponent)
        && exponent >= 0
    {
        // 0, 1 and -1 have any power; anything else with a power beyond 127 does not fit.
        let folded = if base.abs() <= 1 {
            exponent.min(2 + exponent % 2)
        } else {
            exponent
        };
        return exact(
            u32::try_from(folded)
                .ok()
                .and_then(|exponent| base.checked_pow(exponent)),
        );
    }
    let (base, exponent) = (base.as_float(), exponent.as_float());
    if base == 0.0 && exponent < 0.0 {
        return Err(by_zero("0.0 cannot be raised to a negative power"));
    }
    if base < 0.0 && exponent.fract() != 0.0 {
        return Err(TemplateError::unsupported("a complex number").into());
    }
    Ok(Value::from(base.powf(exponent)))
}

pub(in crate::encode::template) fn neg(value: &Value) -> Result<Value, Error> {
    match Number::of(value) {
        Some(Number::Int(integer)) => exact(integer.checked_neg()),
        Some(Number::Float(float)) => Ok(Value::from(-float)),
        None => Err(bad_unary('-', value)),
    }
}

pub(in crate::encode::template) fn pos(value: &Value) -> Result<Value, Error> {
    match Number::of(value) {
        Some(Number::Int(int)) => Ok(integer(int)),
        Some(Number::Float(float)) => Ok(Value::from(float)),
        None => Err(bad_unary('+', value)),
    }
}

fn bad_unary(sign: char, value: &Value) -> Error {
    if value.is_undefined() {
        return undefined();
    }
    type_error(format!("bad operand type for unary {sign}: '{}'", type_name(value)))
}

fn by_zero(message: &str) -> Error {
    raise(PyClass::ZeroDivisionError, message)
}

#[cfg(test)]
mod tests {
    use minijinja::Value;

    use super::{floordiv, modulo, mul, pow};

    #[test]
    fn division_rounds_towards_the_floor() {
        for (left, right, quotient, rest) in [
            (7, 2, 3, 1),
            (-7, 2, -4, 1),
            (7, -2, -4, -1),
            (-7, -2, 3, -1),
            (6, -2, -3, 0),
        ] {
            let (left, right) = (Value::from(left), Value::from(right));
            assert_eq!(floordiv(&left, &right).expect("divides"), Value::from(quotient));
            assert_eq!(modulo(&left, &right).expect("divides"), Value::from(rest));
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let large = Value::from(i128::MAX);
        assert!(mul(&large, &Value::from(2)).is_err());
        assert!(pow(&Value::from(2), &Value::from(127)).is_err());
        assert_eq!(
            pow(&Value::from(-1), &Value::from(1_000_001)).expect("a power"),
            Value::from(-1)
        );
    }
}
