//! `'...' % values`.

use minijinja::{Error, Value};

use super::kind::{Py, index, type_name, undefined};
use super::number::Number;
use super::spec::{self, Spec};
use super::{limits, repr};
use crate::encode::template::error::{PyClass, TemplateError, raise, type_error, value_error};

/// What is put into the string.
pub(super) enum Values<'v> {
    /// Anything but a tuple. A dict may be asked by key.
    One(&'v Value),
    Several(&'v [Value]),
}

struct Taker<'v> {
    values: &'v Values<'v>,
    taken: usize,
}

impl<'v> Taker<'v> {
    fn next(&mut self) -> Result<&'v Value, Error> {
        let value = match self.values {
            Values::One(value) => Some(*value).filter(|_| self.taken == 0),
            Values::Several(values) => values.get(self.taken),
        };
        self.taken += 1;
        value.ok_or_else(|| type_error("not enough arguments for format string"))
    }

    fn by_key(&self, key: &str) -> Result<&'v Value, Error> {
        let Values::One(value) = self.values else {
            return Err(type_error("format requires a mapping"));
        };
        let dict = match Py::of(value) {
            Py::Dict(dict) => dict,
            Py::Undefined => return Err(undefined()),
            _ => return Err(type_error("format requires a mapping")),
        };
        dict.get_str(key)
            .ok_or_else(|| raise(PyClass::KeyError, format!("'{key}'")))
    }

    /// Python minds values left over, unless they stood in something with subscripts.
    fn finish(&self) -> Result<(), Error> {
        let left = match self.values {
            Values::One(value) => {
                self.taken == 0 && !matches!(Py::of(value), Py::Undefined | Py::Dict(_) | Py::List(_) | Py::Range(_))
            }
            Values::Several(values) => self.taken < values.len(),
        };
        if left {
            Err(type_error("not all arguments converted during string formatting"))
        } else {
            Ok(())
        }
    }
}

/// `format % values`.
pub(super) fn format(format: &str, values: &Values<'_>) -> Result<String, Error> {
    let mut taker = Taker { values, taken: 0 };
    let mut out = String::new();
    let mut rest = format;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        convert(&mut rest, &mut taker, &mut out)?;
        if out.len() > limits::BYTES {
            return Err(limits::exceeded());
        }
    }
    out.push_str(rest);
    taker.finish()?;
    Ok(out)
}

/// One conversion, whose `%` is past.
fn convert(rest: &mut &str, taker: &mut Taker<'_>, out: &mut String) -> Result<(), Error> {
    let mut named = None;
    if let Some(inside) = rest.strip_prefix('(') {
        let end = inside.find(')').ok_or_else(|| value_error("incomplete format key"))?;
        named = Some(taker.by_key(&inside[..end])?);
        *rest = &inside[end + 1..];
    }
    let mut spec = Spec::default();
    loop {
        match rest.bytes().next() {
            Some(b'-') => spec.align = Some('<'),
            Some(b'+') => spec.sign = '+',
            Some(b' ') if spec.sign == '-' => spec.sign = ' ',
            Some(b' ') => {}
            Some(b'#') => spec.alternate = true,
            Some(b'0') => spec.zero = true,
            _ => break,
        }
        *rest = &rest[1..];
    }
    spec.width = match star(rest, taker)? {
        Some(width) => {
            if width < 0 {
                spec.align = Some('<');
            }
            usize::try_from(width.unsigned_abs())
                .ok()
                .filter(|width| *width <= limits::BYTES)
                .ok_or_else(limits::exceeded)?
        }
        None => spec::number(rest)?.unwrap_or(0),
    };
    if let Some(after) = rest.strip_prefix('.') {
        *rest = after;
        spec.precision = Some(match star(rest, taker)? {
            Some(precision) => usize::try_from(precision.max(0))
                .unwrap_or(usize::MAX)
                .min(limits::BYTES),
            None => spec::number(rest)?.unwrap_or(0),
        });
    }
    *rest = rest.trim_start_matches(['h', 'l', 'L']);
    let kind = rest.chars().next().ok_or_else(|| value_error("incomplete format"))?;
    *rest = &rest[kind.len_utf8()..];
    if kind == '%' {
        out.push('%');
        return Ok(());
    }
    let value = match named {
        Some(value) => value,
        None => taker.next()?,
    };
    out.push_str(&converted(value, kind, &mut spec)?);
    Ok(())
}

fn star(rest: &mut &str, taker: &mut Taker<'_>) -> Result<Option<i128>, Error> {
    let Some(after) = rest.strip_prefix('*') else {
        return Ok(None);
    };
    *rest = after;
    match Py::of(taker.next()?) {
        Py::Int(width) => Ok(Some(width)),
        _ => Err(type_error("* wants int")),
    }
}

fn converted(value: &Value, kind: char, spec: &mut Spec) -> Result<String, Error> {
    let cut = |text: String, spec: &Spec| match spec.precision {
        Some(precision) => text.chars().take(precision).collect(),
        None => text,
    };
    match kind {
        's' => Ok(spec.pad(&cut(repr::str(value)?, spec), 0, '>')),
        'r' => Ok(spec.pad(&cut(repr::repr(value)?, spec), 0, '>')),
        'a' => {
            let text = repr::repr(value)?;
            if !text.is_ascii() {
                return Err(TemplateError::unsupported("%a of text beyond ASCII").into());
            }
            Ok(spec.pad(&cut(text, spec), 0, '>'))
        }
        'c' => {
            let letter = match Py::of(value) {
                Py::Str(text) if text.chars().count() == 1 => text.to_owned(),
                Py::Int(code) => {
                    let letter = u32::try_from(code).ok().and_then(char::from_u32);
                    letter
                        .ok_or_else(|| raise(PyClass::OverflowError, "%c arg not in range(0x110000)"))?
                        .to_string()
                }
                _ => return Err(type_error("%c requires int or char")),
            };
            Ok(spec.pad(&letter, 0, '>'))
        }
        'd' | 'i' | 'u' => {
            let integer = match spec::real(value, kind)? {
                Number::Int(integer) => integer,
                Number::Float(float) => spec::truncated(float)?,
            };
            Ok(integer_text(integer < 0, "", integer.unsigned_abs().to_string(), spec))
        }
        'x' | 'X' | 'o' => {
            if matches!(Py::of(value), Py::Float(_) | Py::Str(_) | Py::None) {
                return Err(type_error(format!(
                    "%{kind} format: an integer is required, not {}",
                    type_name(value)
                )));
            }
            let integer = index(value)?;
            let size = integer.unsigned_abs();
            let (base, digits) = match kind {
                'x' => ("0x", format!("{size:x}")),
                'X' => ("0X", format!("{size:X}")),
                _ => ("0o", format!("{size:o}")),
            };
            Ok(integer_text(
                integer < 0,
                if spec.alternate { base } else { "" },
                digits,
                spec,
            ))
        }
        'e' | 'E' | 'f' | 'F' | 'g' | 'G' => {
            let float = spec::real(value, kind)?.as_float();
            spec.kind = Some(kind);
            let (negative, _, digits) = spec::float_digits(float, spec)?;
            Ok(signed(negative, "", &digits, spec))
        }
        _ => {
            let code = u32::from(kind);
            Err(value_error(format!(
                "unsupported format character '{kind}' (0x{code:x})"
            )))
        }
    }
}

fn integer_text(negative: bool, base: &str, digits: String, spec: &Spec) -> String {
    let missing = spec.precision.unwrap_or(0).saturating_sub(digits.len());
    signed(negative, base, &("0".repeat(missing) + &digits), spec)
}

fn signed(negative: bool, base: &str, digits: &str, spec: &Spec) -> String {
    let sign = match (negative, spec.sign) {
        (true, _) => "-",
        (false, '+') => "+",
        (false, ' ') => " ",
        _ => "",
    };
    let text = format!("{sign}{base}{digits}");
    let prefix = sign.len() + base.len();
    if spec.zero && spec.align.is_none() {
        let padded = Spec {
            fill: '0',
            align: Some('='),
            ..spec.clone()
        };
        return padded.pad(&text, prefix, '>');
    }
    spec.pad(&text, prefix, '>')
}
