//! Numbers and texts written to a format: the common ground of `%` and `str.format`.

use std::fmt::Write as _;

use minijinja::{Error, Value};

use super::kind::{Py, type_name};
use super::number::Number;
use super::{float, limits, repr};
use crate::encode::template::error::{PyClass, TemplateError, raise, type_error, value_error};

/// `[[fill]align][sign][#][0][width][,][.precision][type]`.
#[derive(Clone, Debug)]
pub(super) struct Spec {
    pub(super) fill: char,
    pub(super) align: Option<char>,
    pub(super) sign: char,
    pub(super) alternate: bool,
    pub(super) zero: bool,
    pub(super) width: usize,
    pub(super) grouping: Option<char>,
    pub(super) precision: Option<usize>,
    pub(super) kind: Option<char>,
}

impl Default for Spec {
    fn default() -> Self {
        Self {
            fill: ' ',
            align: None,
            sign: '-',
            alternate: false,
            zero: false,
            width: 0,
            grouping: None,
            precision: None,
            kind: None,
        }
    }
}

impl Spec {
    pub(super) fn parse(text: &str) -> Result<Self, Error> {
        let mut spec = Self::default();
        let mut rest = text;
        let is_align = |letter: char| matches!(letter, '<' | '>' | '=' | '^');
        let mut letters = rest.chars();
        let mut filled = false;
        match (letters.next(), letters.next()) {
            (Some(fill), Some(align)) if is_align(align) => {
                filled = true;
                (spec.fill, spec.align) = (fill, Some(align));
                rest = letters.as_str();
            }
            (Some(align), _) if is_align(align) => {
                spec.align = Some(align);
                rest = &rest[1..];
            }
            _ => {}
        }
        if let Some(sign) = rest.chars().next().filter(|sign| matches!(sign, '+' | '-' | ' ')) {
            spec.sign = sign;
            rest = &rest[1..];
        }
        if rest.starts_with('z') {
            return Err(TemplateError::unsupported("the format option z").into());
        }
        spec.alternate = take(&mut rest, '#');
        spec.zero = take(&mut rest, '0');
        if spec.zero && !filled {
            spec.fill = '0';
        }
        spec.width = number(&mut rest)?.unwrap_or(0);
        if let Some(grouping) = rest.chars().next().filter(|grouping| matches!(grouping, ',' | '_')) {
            spec.grouping = Some(grouping);
            rest = &rest[1..];
        }
        if take(&mut rest, '.') {
            spec.precision = Some(number(&mut rest)?.ok_or_else(|| value_error("Format specifier missing precision"))?);
        }
        let mut letters = rest.chars();
        spec.kind = letters.next();
        if letters.next().is_some() {
            return Err(value_error(format!("Invalid format specifier '{text}'")));
        }
        Ok(spec)
    }

    /// The text with its padding; `prefix` bytes at its start are sign and base, after which `=` pads.
    pub(super) fn pad(&self, text: &str, prefix: usize, default: char) -> String {
        let missing = self.width.saturating_sub(text.chars().count());
        let fill = |count: usize| self.fill.to_string().repeat(count);
        match self.align.unwrap_or(default) {
            '<' => format!("{text}{}", fill(missing)),
            '^' => format!("{}{text}{}", fill(missing / 2), fill(missing - missing / 2)),
            '=' => format!("{}{}{}", &text[..prefix], fill(missing), &text[prefix..]),
            _ => format!("{}{text}", fill(missing)),
        }
    }
}

fn take(rest: &mut &str, letter: char) -> bool {
    match rest.strip_prefix(letter) {
        Some(after) => {
            *rest = after;
            true
        }
        None => false,
    }
}

/// Digits at the start, if there are any.
pub(super) fn number(rest: &mut &str) -> Result<Option<usize>, Error> {
    let len = rest.bytes().take_while(u8::is_ascii_digit).count();
    if len == 0 {
        return Ok(None);
    }
    let value = rest[..len]
        .parse()
        .ok()
        .filter(|value| *value <= limits::BYTES)
        .ok_or_else(limits::exceeded)?;
    *rest = &rest[len..];
    Ok(Some(value))
}

/// `format(value, spec)`.
pub(super) fn format(value: &Value, text: &str) -> Result<String, Error> {
    if text.is_empty() {
        return repr::str(value);
    }
    let mut spec = Spec::parse(text)?;
    match (Py::of(value), Number::of(value)) {
        (Py::Str(string), _) => format_text(string, &mut spec),
        (_, Some(number)) => format_number(number, &mut spec),
        _ => Err(type_error(format!(
            "unsupported format string passed to {}.__format__",
            type_name(value)
        ))),
    }
}

fn format_text(text: &str, spec: &mut Spec) -> Result<String, Error> {
    if spec.kind.is_some_and(|kind| kind != 's') {
        return Err(unknown_code(spec.kind, "str"));
    }
    if spec.align == Some('=') || spec.sign != '-' || spec.alternate || spec.grouping.is_some() {
        return Err(value_error("format option not allowed in string format specifier"));
    }
    let kept: String = text.chars().take(spec.precision.unwrap_or(usize::MAX)).collect();
    Ok(spec.pad(&kept, 0, '<'))
}

fn format_number(value: Number, spec: &mut Spec) -> Result<String, Error> {
    if spec.zero && spec.align.is_none() {
        spec.align = Some('=');
    }
    let written = match (value, spec.kind) {
        (Number::Int(integer), None | Some('d' | 'b' | 'o' | 'x' | 'X')) => {
            if spec.precision.is_some() {
                return Err(value_error("Precision not allowed in integer format specifier"));
            }
            let digits = match spec.kind {
                Some('b') => format!("{:b}", integer.unsigned_abs()),
                Some('o') => format!("{:o}", integer.unsigned_abs()),
                Some('x') => format!("{:x}", integer.unsigned_abs()),
                Some('X') => format!("{:X}", integer.unsigned_abs()),
                _ => integer.unsigned_abs().to_string(),
            };
            let base = match spec.kind {
                Some(base @ ('b' | 'o' | 'x' | 'X')) if spec.alternate => format!("0{base}"),
                _ => String::new(),
            };
            (integer < 0, base, digits)
        }
        (value, Some('e' | 'E' | 'f' | 'F' | 'g' | 'G' | '%')) => float_digits(value.as_float(), spec)?,
        (Number::Float(float), None) => default_digits(float, spec)?,
        (_, Some('n' | 'c')) => return Err(TemplateError::unsupported("the format types n and c").into()),
        (Number::Int(_), kind) => return Err(unknown_code(kind, "int")),
        (Number::Float(_), kind) => return Err(unknown_code(kind, "float")),
    };
    Ok(assemble(written, spec))
}

fn unknown_code(kind: Option<char>, name: &str) -> Error {
    value_error(format!(
        "Unknown format code '{}' for object of type '{name}'",
        kind.unwrap_or_default()
    ))
}

/// Puts sign, base and digits together: grouped and padded.
fn assemble((negative, base, digits): (bool, String, String), spec: &Spec) -> String {
    let mut text = match (negative, spec.sign) {
        (true, _) => "-".to_owned(),
        (false, sign @ ('+' | ' ')) => sign.to_string(),
        _ => String::new(),
    };
    text.push_str(&base);
    let prefix = text.len();
    let whole = digits.bytes().take_while(u8::is_ascii_alphanumeric).count();
    match spec.grouping {
        // An exponent has letters too, but no group reaches it: it follows a single digit.
        Some(separator) if !digits.contains(['e', 'E', 'n']) || base.starts_with("0x") => {
            let size = if matches!(spec.kind, Some('b' | 'o' | 'x' | 'X')) {
                4
            } else {
                3
            };
            let mut integer = digits[..whole].to_owned();
            if spec.align == Some('=') && spec.fill == '0' {
                // Zeros that pad are grouped with the rest.
                let room = spec.width.saturating_sub(prefix + digits.len() - whole);
                while integer.len() + integer.len().saturating_sub(1) / size < room {
                    integer.insert(0, '0');
                }
            }
            text.push_str(&grouped(&integer, separator, size));
            text.push_str(&digits[whole..]);
        }
        _ => text.push_str(&digits),
    }
    spec.pad(&text, prefix, '>')
}

fn grouped(digits: &str, separator: char, size: usize) -> String {
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(size) {
            text.push(separator);
        }
        text.push(digit);
    }
    text
}

/// Sign and digits of a float, by the type of the format.
pub(super) fn float_digits(value: f64, spec: &Spec) -> Result<(bool, String, String), Error> {
    let kind = spec.kind.unwrap_or('g');
    let (value, percent) = if kind == '%' { (value * 100.0, "%") } else { (value, "") };
    let negative = value.is_sign_negative() && !value.is_nan();
    let size = value.abs();
    if !size.is_finite() {
        let name = if size.is_nan() { "nan" } else { "inf" };
        let name = if kind.is_ascii_uppercase() {
            name.to_ascii_uppercase()
        } else {
            name.to_owned()
        };
        return Ok((negative, String::new(), name + percent));
    }
    let precision = precision(spec)?.unwrap_or(6);
    let mut digits = match kind {
        'e' | 'E' => exponential(size, precision),
        'g' | 'G' => general(size, precision.max(1), spec.alternate),
        _ => format!("{size:.precision$}"),
    };
    if spec.alternate && precision == 0 && !digits.contains('.') {
        let at = digits.find('e').unwrap_or(digits.len());
        digits.insert(at, '.');
    }
    if kind.is_ascii_uppercase() {
        digits.make_ascii_uppercase();
    }
    Ok((negative, String::new(), digits + percent))
}

/// A float without a type: as `repr`, or to a precision with at least one digit after the point.
fn default_digits(value: f64, spec: &Spec) -> Result<(bool, String, String), Error> {
    let negative = value.is_sign_negative() && !value.is_nan();
    let mut digits = String::new();
    match precision(spec)? {
        None => float::repr(value.abs(), &mut digits),
        Some(_) if !value.is_finite() => return float_digits(value, spec),
        Some(precision) => {
            digits = general_until(value.abs(), precision.max(1), precision.max(1) - 1, spec.alternate);
            if !digits.contains(['.', 'e']) {
                digits.push_str(".0");
            }
        }
    }
    Ok((negative, String::new(), digits))
}

/// Digits after the point, of which no float has more than these.
fn precision(spec: &Spec) -> Result<Option<usize>, Error> {
    match spec.precision {
        Some(1100..) => Err(TemplateError::unsupported("a precision beyond 1,099 digits").into()),
        precision => Ok(precision),
    }
}

fn exponential(size: f64, precision: usize) -> String {
    let written = format!("{size:.precision$e}");
    let (mantissa, exponent) = written.split_once('e').unwrap_or((&written, "0"));
    let (sign, exponent) = exponent
        .strip_prefix('-')
        .map_or(('+', exponent), |exponent| ('-', exponent));
    format!("{mantissa}e{sign}{exponent:0>2}")
}

/// `%g`: to `precision` digits, with an exponent where the number is small or needs more digits.
fn general(size: f64, precision: usize, alternate: bool) -> String {
    general_until(size, precision, precision, alternate)
}

/// The same, with an exponent from `limit` digits before the point on.
fn general_until(size: f64, precision: usize, limit: usize, alternate: bool) -> String {
    let scientific = exponential(size, precision - 1);
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "+00"));
    let power: i64 = exponent.parse().unwrap_or(0);
    let trimmed = |digits: &str| {
        if alternate || !digits.contains('.') {
            digits.to_owned()
        } else {
            digits.trim_end_matches('0').trim_end_matches('.').to_owned()
        }
    };
    if power < -4 || power >= i64::try_from(limit).unwrap_or(i64::MAX) {
        return format!("{}e{exponent}", trimmed(mantissa));
    }
    let decimals = i64::try_from(precision).unwrap_or(i64::MAX) - 1 - power;
    let decimals = usize::try_from(decimals).unwrap_or(0);
    let mut digits = String::new();
    write!(digits, "{size:.decimals$}").expect("a string takes all that is written");
    trimmed(&digits)
}

/// A number where `%` needs one.
pub(super) fn real(value: &Value, kind: char) -> Result<Number, Error> {
    Number::of(value).ok_or_else(|| {
        if value.is_undefined() {
            return super::kind::undefined();
        }
        type_error(format!(
            "%{kind} format: a real number is required, not {}",
            type_name(value)
        ))
    })
}

/// A float cut to an integer, as `int()` cuts it.
pub(super) fn truncated(float: f64) -> Result<i128, Error> {
    if float.is_nan() {
        return Err(value_error("cannot convert float NaN to integer"));
    }
    if float.is_infinite() {
        return Err(raise(
            PyClass::OverflowError,
            "cannot convert float infinity to integer",
        ));
    }
    if float.abs() >= 1.7e38 {
        return Err(TemplateError::unsupported("an integer beyond 127 bits").into());
    }
    #[expect(clippy::cast_possible_truncation, reason = "within range, and meant to cut")]
    Ok(float as i128)
}
