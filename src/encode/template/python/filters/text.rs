//! Filters that make text.

use std::fmt::Write as _;

use minijinja::{Error, State, Value};

use super::pick::Path;
use crate::encode::template::error::{PyClass, raise, type_error};
use crate::encode::template::python::args::{Args, required};
use crate::encode::template::python::kind::{self, Py, index, type_name, undefined};
use crate::encode::template::python::operators::like;
use crate::encode::template::python::printf::{self, Values};
use crate::encode::template::python::{containers, limits, methods, repr, strings, text};

type Outcome = Result<Value, Error>;

/// `soft_str`: a string as it is, anything else by `str()`.
fn soft(value: &Value) -> Outcome {
    if value.as_str().is_some() {
        Ok(value.clone())
    } else {
        Ok(Value::from(repr::str(value)?))
    }
}

fn method(state: &mut State<'_, '_>, value: &Value, name: &str, args: &[Value]) -> Outcome {
    methods::call(state, &soft(value)?, name, args)
}

pub(super) fn lower(state: &mut State<'_, '_>, value: &Value, args: &[Value]) -> Outcome {
    method(state, value, "lower", args)
}

pub(super) fn upper(state: &mut State<'_, '_>, value: &Value, args: &[Value]) -> Outcome {
    method(state, value, "upper", args)
}

pub(super) fn capitalize(state: &mut State<'_, '_>, value: &Value, args: &[Value]) -> Outcome {
    method(state, value, "capitalize", args)
}

pub(super) fn center(state: &mut State<'_, '_>, value: &Value, args: &[Value]) -> Outcome {
    let [width] = Args::new(args).bind("do_center", ["width"])?;
    method(state, value, "center", &[width.unwrap_or(Value::from(80))])
}

pub(super) fn trim(state: &mut State<'_, '_>, value: &Value, args: &[Value]) -> Outcome {
    let [letters] = Args::new(args).bind("do_trim", ["chars"])?;
    method(state, value, "strip", &[letters.unwrap_or(Value::from(()))])
}

pub(super) fn string(_: &mut State<'_, '_>, value: &Value, args: &[Value]) -> Outcome {
    let [] = Args::new(args).bind("soft_str", [])?;
    soft(value)
}

pub(super) fn safe(_: &mut State<'_, '_>, value: &Value, args: &[Value]) -> Outcome {
    let [] = Args::new(args).bind("do_mark_safe", [])?;
    Ok(Value::from_safe_string(repr::str(value)?))
}

/// `markupsafe.escape` of plain text.
pub(in crate::encode::template) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\'' => out.push_str("&#39;"),
            '"' => out.push_str("&#34;"),
            letter => out.push(letter),
        }
    }
    out
}

pub(super) fn escape_filter(state: &mut State<'_, '_>, value: &Value, args: &[Value]) -> Outcome {
    if value.is_safe() {
        Ok(value.clone())
    } else {
        forceescape(state, value, args)
    }
}

pub(super) fn forceescape(state: &mut State<'_, '_>, value: &Value, args: &[Value]) -> Outcome {
    let [] = Args::new(args).bind("escape", [])?;
    let escaped = escape(&repr::str(value)?);
    limits::charge(state, escaped.len())?;
    Ok(Value::from_safe_string(escaped))
}

/// A word begins after white space, a hyphen or an opening bracket.
pub(super) fn title(_: &mut State<'_, '_>, value: &Value, args: &[Value]) -> Outcome {
    let [] = Args::new(args).bind("do_title", [])?;
    let text = repr::str(value)?;
    let parts = |letter: char| text::is_space(letter) || matches!(letter, '-' | '(' | '{' | '[' | '<');
    let mut out = String::with_capacity(text.len());
    for word in text.split_inclusive(parts) {
        let end = word.trim_end_matches(parts).len();
        let mut letters = word[..end].chars();
        if let Some(first) = letters.next() {
            out.extend(first.to_uppercase());
            out.push_str(&letters.as_str().to_lowercase());
        }
        out.push_str(&word[end..]);
    }
    Ok(Value::from(out))
}

pub(super) fn replace(state: &mut State<'_, '_>, value: &Value, args: &[Value]) -> Outcome {
    let [old, new, count] = Args::new(args).bind("do_replace", ["old", "new", "count"])?;
    let old = repr::str(&required(old, "do_replace", "old")?)?;
    let new = repr::str(&required(new, "do_replace", "new")?)?;
    let count = match count {
        Some(count) if !count.is_none() => usize::try_from(index(&count)?).ok(),
        _ => None,
    };
    Ok(Value::from(strings::replaced(
        state,
        &repr::str(value)?,
        &old,
        &new,
        count,
    )?))
}

pub(super) fn join(state: &mut State<'_, '_>, value: &Value, args: &[Value]) -> Outcome {
    let [separator, attribute] = Args::new(args).bind("do_join", ["d", "attribute"])?;
    let separator = separator.map_or(Ok(String::new()), |separator| repr::str(&separator))?;
    let path = Path::new(attribute.as_ref());
    let mut joined = String::new();
    for (at, item) in kind::items(value)?.iter().enumerate() {
        if at > 0 {
            joined.push_str(&separator);
        }
        repr::write_str(&path.of(item)?, &mut joined)?;
        if joined.len() > limits::BYTES {
            return Err(limits::exceeded());
        }
    }
    limits::charge(state, joined.len())?;
    Ok(Value::from(joined))
}

pub(super) fn format(state: &mut State<'_, '_>, value: &Value, args: &[Value]) -> Outcome {
    let args = Args::new(args);
    let format = repr::str(value)?;
    let named;
    let values = if args.named.is_empty() {
        Values::Several(args.positional)
    } else if args.positional.is_empty() {
        let entries = args
            .named
            .iter()
            .map(|(name, value)| (Value::from(name.as_str()), value.clone()));
        named = Value::from_object(containers::Dict::from_unique(entries.collect()));
        Values::One(&named)
    } else {
        let message = "can't handle positional and keyword arguments at the same time";
        return Err(raise(PyClass::FilterArgumentError, message));
    };
    let text = printf::format(&format, &values)?;
    limits::charge(state, text.len())?;
    Ok(like(value, text))
}

pub(super) fn indent(state: &mut State<'_, '_>, value: &Value, args: &[Value]) -> Outcome {
    let [width, first, blank] = Args::new(args).bind("do_indent", ["width", "first", "blank"])?;
    let Some(text) = value.as_str() else {
        return Err(match Py::of(value) {
            Py::Undefined => undefined(),
            // Python adds the line break to the list, and only then misses the method.
            Py::List(_) => raise(PyClass::AttributeError, "'list' object has no attribute 'splitlines'"),
            _ => type_error(format!(
                "unsupported operand type(s) for +=: '{}' and 'str'",
                type_name(value)
            )),
        });
    };
    let indention = match width.as_ref().map(Py::of) {
        None => " ".repeat(4),
        Some(Py::Str(indention)) => indention.to_owned(),
        Some(_) => {
            let width =
                usize::try_from(index(width.as_ref().unwrap_or(&Value::UNDEFINED))?.max(0)).unwrap_or(usize::MAX);
            limits::charge(state, width)?;
            " ".repeat(width)
        }
    };
    let truth = |value: Option<Value>| value.is_some_and(|value| value.is_true());
    let (first, blank) = (truth(first), truth(blank));
    // The line break Jinja adds keeps `splitlines` from dropping a last empty line.
    let whole = format!("{text}\n");
    let lines = text::split_lines(&whole, false);
    limits::charge(
        state,
        text.len()
            .saturating_add(lines.len().saturating_mul(indention.len() + 1)),
    )?;
    let mut out = if first { indention.clone() } else { String::new() };
    for (at, line) in lines.iter().enumerate() {
        if at > 0 {
            out.push('\n');
            if blank || !line.is_empty() {
                out.push_str(&indention);
            }
        }
        out.push_str(line);
    }
    Ok(like(value, out))
}

pub(super) fn truncate(state: &mut State<'_, '_>, value: &Value, args: &[Value]) -> Outcome {
    let names = ["length", "killwords", "end", "leeway"];
    let [length, kill, end, leeway] = Args::new(args).bind("do_truncate", names)?;
    let number = |value: Option<Value>, default: i128| match value {
        Some(value) if !value.is_none() => index(&value),
        _ => Ok(default),
    };
    let (length, leeway) = (number(length, 255)?, number(leeway, 5)?);
    let end = end.map_or(Ok("...".to_owned()), |end| repr::str(&end))?;
    let room = length - i128::try_from(end.chars().count()).unwrap_or(i128::MAX);
    if room < 0 {
        return Err(raise(
            PyClass::AssertionError,
            format!("expected length >= {}, got {length}", end.chars().count()),
        ));
    }
    if i128::try_from(kind::len(value)?).unwrap_or(i128::MAX) <= length.saturating_add(leeway) {
        return Ok(value.clone());
    }
    let Some(text) = value.as_str() else {
        return Err(type_error(format!(
            "truncate wants a string, not '{}'",
            type_name(value)
        )));
    };
    let kept: String = text.chars().take(usize::try_from(room).unwrap_or(usize::MAX)).collect();
    let kept = if kill.is_some_and(|kill| kill.is_true()) {
        kept.as_str()
    } else {
        kept.rsplit_once(' ').map_or(kept.as_str(), |(before, _)| before)
    };
    limits::charge(state, kept.len() + end.len())?;
    Ok(Value::from(format!("{kept}{end}")))
}

pub(super) fn wordcount(_: &mut State<'_, '_>, value: &Value, args: &[Value]) -> Outcome {
    let [] = Args::new(args).bind("do_wordcount", [])?;
    let text = repr::str(value)?;
    let (mut words, mut inside) = (0, false);
    for letter in text.chars() {
        let word = letter == '_' || text::is_alnum(letter)?;
        words += usize::from(word && !inside);
        inside = word;
    }
    Ok(Value::from(words))
}

pub(super) fn urlencode(state: &mut State<'_, '_>, value: &Value, args: &[Value]) -> Outcome {
    let [] = Args::new(args).bind("do_urlencode", [])?;
    let mut out = String::new();
    let mut pairs = |pairs: Vec<(Value, Value)>| {
        for (at, (name, value)) in pairs.iter().enumerate() {
            if at > 0 {
                out.push('&');
            }
            out.push_str(&quote(&repr::str(name)?, true));
            out.push('=');
            out.push_str(&quote(&repr::str(value)?, true));
        }
        Ok::<_, Error>(())
    };
    match Py::of(value) {
        Py::Dict(dict) => pairs(dict.entries().to_vec())?,
        Py::List(_) | Py::Tuple(_) | Py::View(_) | Py::Generator(_) => {
            let items = kind::items(value)?;
            let split = items.iter().map(|item| match kind::items(item)?.as_slice() {
                [name, value] => Ok((name.clone(), value.clone())),
                _ => Err(raise(PyClass::ValueError, "not enough values to unpack (expected 2)")),
            });
            pairs(split.collect::<Result<_, Error>>()?)?;
        }
        _ => out = quote(&repr::str(value)?, false),
    }
    limits::charge(state, out.len())?;
    Ok(Value::from(out))
}

/// `urllib.parse.quote`; in a query a space is `+` and a slash is not safe.
fn quote(text: &str, query: bool) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'.' | b'-' | b'~' => out.push(char::from(byte)),
            b'/' if !query => out.push('/'),
            b' ' if query => out.push('+'),
            byte => write!(out, "%{byte:02X}").expect("a string takes all that is written"),
        }
    }
    out
}
