//! Methods of `str`.

use minijinja::value::Tuple;
use minijinja::{Error, State, Value};

use super::args::Args;
use super::kind::{Py, index, items, type_name};
use super::operators::like;
use super::text::{self, Ends};
use super::{filters, limits, strformat};
use crate::encode::template::error::{TemplateError, type_error, value_error};

/// Every method of `str`, in order.
pub(super) const NAMES: &[&str] = &[
    "capitalize",
    "casefold",
    "center",
    "count",
    "encode",
    "endswith",
    "expandtabs",
    "find",
    "format",
    "format_map",
    "index",
    "isalnum",
    "isalpha",
    "isascii",
    "isdecimal",
    "isdigit",
    "isidentifier",
    "islower",
    "isnumeric",
    "isprintable",
    "isspace",
    "istitle",
    "isupper",
    "join",
    "ljust",
    "lower",
    "lstrip",
    "maketrans",
    "partition",
    "removeprefix",
    "removesuffix",
    "replace",
    "rfind",
    "rindex",
    "rjust",
    "rpartition",
    "rsplit",
    "rstrip",
    "split",
    "splitlines",
    "startswith",
    "strip",
    "swapcase",
    "title",
    "translate",
    "upper",
    "zfill",
];

/// `string.name(*args)`.
pub(super) fn call(state: &mut State<'_, '_>, string: &Value, name: &str, args: &[Value]) -> Result<Value, Error> {
    let made = method(state, string, name, args)?;
    if let Some(text) = made.as_str() {
        limits::charge(state, text.len())?;
    }
    Ok(made)
}

fn method(state: &mut State<'_, '_>, string: &Value, name: &str, args: &[Value]) -> Result<Value, Error> {
    let text = string.as_str().unwrap_or_default();
    let made = |text: String| Ok(like(string, text));
    if let Some(answer) = text::predicate(text, name) {
        no_arguments(args, name)?;
        return answer.map(Value::from);
    }
    match name {
        "lower" | "upper" | "capitalize" | "title" | "swapcase" | "casefold" => {
            no_arguments(args, name)?;
            made(cased(text, name)?)
        }
        "strip" | "lstrip" | "rstrip" => {
            let [letters] = Args::new(args).positional(name)?;
            let letters = optional_text(string, letters, name)?;
            let ends = match name {
                "lstrip" => Ends::Left,
                "rstrip" => Ends::Right,
                _ => Ends::Both,
            };
            made(text::strip(text, letters.as_deref(), ends).to_owned())
        }
        "split" | "rsplit" => split(state, string, name, args),
        "splitlines" => {
            let [keep] = Args::new(args).bind(name, ["keepends"])?;
            pieces(
                state,
                string,
                text::split_lines(text, keep.is_some_and(|keep| keep.is_true())),
            )
        }
        "startswith" | "endswith" => with_affix(string, name, args),
        "find" | "rfind" | "index" | "rindex" | "count" => search(text, name, args),
        "replace" => replace(state, string, args),
        "join" => {
            let [parts] = Args::new(args).positional(name)?;
            join(
                state,
                string,
                &parts.ok_or_else(|| type_error("str.join() takes exactly one argument (0 given)"))?,
            )
        }
        "partition" | "rpartition" => {
            let [separator] = Args::new(args).positional(name)?;
            let separator = text_argument(string, separator, name)?;
            if separator.is_empty() {
                return Err(value_error("empty separator"));
            }
            let found = if name == "partition" {
                text.split_once(&separator)
            } else {
                text.rsplit_once(&separator)
            };
            let parts = match found {
                Some((before, after)) => [before, &separator, after],
                None if name == "partition" => [text, "", ""],
                None => ["", "", text],
            };
            Ok(Value::from(Tuple::from(
                parts.map(|part| like(string, part.to_owned())),
            )))
        }
        "removeprefix" | "removesuffix" => {
            let [affix] = Args::new(args).positional(name)?;
            let affix = text_argument(string, affix, name)?;
            let cut = if name == "removeprefix" {
                text.strip_prefix(&*affix)
            } else {
                text.strip_suffix(&*affix)
            };
            made(cut.unwrap_or(text).to_owned())
        }
        "center" | "ljust" | "rjust" => {
            let [width, fill] = Args::new(args).positional(name)?;
            let width = width_argument(width, name)?;
            let fill = optional_text(string, fill, name)?.unwrap_or_else(|| " ".into());
            let mut letters = fill.chars();
            let (Some(fill), None) = (letters.next(), letters.next()) else {
                return Err(type_error("The fill character must be exactly one character long"));
            };
            let at = match name {
                "ljust" => Ends::Left,
                "rjust" => Ends::Right,
                _ => Ends::Both,
            };
            made(text::justify(text, width, fill, at))
        }
        "zfill" => {
            let [width] = Args::new(args).positional(name)?;
            made(text::zfill(text, width_argument(width, name)?))
        }
        "expandtabs" => {
            let [size] = Args::new(args).bind(name, ["tabsize"])?;
            let size = size.map_or(Ok(8), |size| width_argument(Some(size), name))?;
            limits::charge(state, text.matches('\t').count().saturating_mul(size))?;
            made(text::expand_tabs(text, size))
        }
        "format" => made(strformat::format(text, &Args::new(args))?),
        _ => Err(TemplateError::unsupported(format!("str.{name}")).into()),
    }
}

fn no_arguments(args: &[Value], name: &str) -> Result<(), Error> {
    match args.len() {
        0 => Ok(()),
        given => Err(type_error(format!("str.{name}() takes no arguments ({given} given)"))),
    }
}

fn cased(text: &str, name: &str) -> Result<String, Error> {
    Ok(match name {
        "lower" => text.to_lowercase(),
        "upper" => text.to_uppercase(),
        "capitalize" => text::capitalize(text),
        "title" => text::title(text),
        "swapcase" => text::swap_case(text),
        _ if text.is_ascii() => text.to_ascii_lowercase(),
        _ => return Err(TemplateError::unsupported("casefold beyond ASCII").into()),
    })
}

/// A string argument; if the string itself is safe for HTML, the argument is made so.
fn text_argument(string: &Value, argument: Option<Value>, name: &str) -> Result<String, Error> {
    let argument = argument.ok_or_else(|| type_error(format!("str.{name}() takes an argument (0 given)")))?;
    match argument.as_str() {
        Some(text) if string.is_safe() && !argument.is_safe() => Ok(filters::text::escape(text)),
        Some(text) => Ok(text.to_owned()),
        None => Err(type_error(format!(
            "{name}: a str is required, not '{}'",
            type_name(&argument)
        ))),
    }
}

fn optional_text(string: &Value, argument: Option<Value>, name: &str) -> Result<Option<String>, Error> {
    match argument {
        Some(argument) if !argument.is_none() => text_argument(string, Some(argument), name).map(Some),
        _ => Ok(None),
    }
}

fn width_argument(width: Option<Value>, name: &str) -> Result<usize, Error> {
    let width = width.ok_or_else(|| type_error(format!("{name} expected at least 1 argument, got 0")))?;
    let width = usize::try_from(index(&width)?.max(0)).unwrap_or(usize::MAX);
    if width > limits::BYTES {
        Err(limits::exceeded())
    } else {
        Ok(width)
    }
}

fn pieces(state: &mut State<'_, '_>, string: &Value, pieces: Vec<&str>) -> Result<Value, Error> {
    limits::charge_items(state, pieces.len())?;
    let text = string.as_str().map_or(0, str::len);
    limits::charge(state, text)?;
    Ok(Value::from(
        pieces
            .into_iter()
            .map(|piece| like(string, piece.to_owned()))
            .collect::<Vec<_>>(),
    ))
}

fn split(state: &mut State<'_, '_>, string: &Value, name: &str, args: &[Value]) -> Result<Value, Error> {
    let text = string.as_str().unwrap_or_default();
    let [separator, limit] = Args::new(args).bind(name, ["sep", "maxsplit"])?;
    let limit = match limit {
        Some(limit) => usize::try_from(index(&limit)?).ok(),
        None => None,
    };
    let from_right = name == "rsplit";
    let separator = optional_text(string, separator, name)?;
    let found = match &separator {
        None => text::split_space(text, limit, from_right),
        Some(separator) if separator.is_empty() => return Err(value_error("empty separator")),
        Some(separator) => text::split_at(text, separator, limit, from_right),
    };
    pieces(state, string, found)
}

/// The bytes between two positions given in letters, and the letters before; `None` where the first
/// is past the end.
fn section(text: &str, start: Option<Value>, end: Option<Value>) -> Result<Option<(&str, usize)>, Error> {
    let bound = |value: Option<Value>, default: i128| match value {
        Some(value) if !value.is_none() => index(&value),
        _ => Ok(default),
    };
    if start.is_none() && end.is_none() {
        return Ok(Some((text, 0)));
    }
    let len = i128::try_from(text.chars().count()).unwrap_or(i128::MAX);
    let wrap = |at: i128| if at < 0 { (at + len).max(0) } else { at };
    let (start, end) = (wrap(bound(start, 0)?), wrap(bound(end, len)?).min(len));
    if start > len || start > end {
        return Ok(None);
    }
    let byte = |letters: i128| {
        let letters = usize::try_from(letters).unwrap_or(usize::MAX);
        text.char_indices().nth(letters).map_or(text.len(), |(at, _)| at)
    };
    Ok(Some((
        &text[byte(start)..byte(end)],
        usize::try_from(start).unwrap_or(0),
    )))
}

fn with_affix(string: &Value, name: &str, args: &[Value]) -> Result<Value, Error> {
    let text = string.as_str().unwrap_or_default();
    let [affix, start, end] = Args::new(args).positional(name)?;
    let affix = affix.ok_or_else(|| type_error(format!("{name} expected at least 1 argument, got 0")))?;
    let affixes = match Py::of(&affix) {
        Py::Str(_) => std::slice::from_ref(&affix),
        Py::Tuple(affixes) => affixes,
        _ => {
            let kind = type_name(&affix);
            return Err(type_error(format!(
                "{name} first arg must be str or a tuple of str, not {kind}"
            )));
        }
    };
    let Some((part, _)) = section(text, start, end)? else {
        return Ok(Value::from(false));
    };
    for affix in affixes {
        let Some(affix) = affix.as_str() else {
            let kind = type_name(affix);
            return Err(type_error(format!(
                "tuple for {name} must only contain str, not {kind}"
            )));
        };
        if if name == "startswith" {
            part.starts_with(affix)
        } else {
            part.ends_with(affix)
        } {
            return Ok(Value::from(true));
        }
    }
    Ok(Value::from(false))
}

fn search(text: &str, name: &str, args: &[Value]) -> Result<Value, Error> {
    let [wanted, start, end] = Args::new(args).positional(name)?;
    let wanted = wanted.ok_or_else(|| type_error(format!("{name} expected at least 1 argument, got 0")))?;
    let Some(wanted) = wanted.as_str() else {
        return Err(type_error(format!("must be str, not {}", type_name(&wanted))));
    };
    let section = section(text, start, end)?;
    if name == "count" {
        return Ok(Value::from(section.map_or(0, |(part, _)| part.matches(wanted).count())));
    }
    let found = section.and_then(|(part, before)| {
        let at = if name.starts_with('r') {
            part.rfind(wanted)
        } else {
            part.find(wanted)
        };
        at.map(|at| before + part[..at].chars().count())
    });
    match found {
        Some(at) => Ok(Value::from(at)),
        None if name.ends_with("find") => Ok(Value::from(-1)),
        None => Err(value_error("substring not found")),
    }
}

fn replace(state: &mut State<'_, '_>, string: &Value, args: &[Value]) -> Result<Value, Error> {
    let args = Args::new(args);
    if args.named.iter().any(|(name, _)| name == "count") {
        let feature = "replace with a count by name, which only Python 3.13 takes";
        return Err(TemplateError::unsupported(feature).into());
    }
    let [old, new, count] = args.positional("replace")?;
    let (old, new) = (
        text_argument(string, old, "replace")?,
        text_argument(string, new, "replace")?,
    );
    let count = match count {
        Some(count) => usize::try_from(index(&count)?).ok(),
        None => None,
    };
    let text = string.as_str().unwrap_or_default();
    Ok(like(string, replaced(state, text, &old, &new, count)?))
}

/// `text.replace(old, new, count)`.
pub(super) fn replaced(
    state: &mut State<'_, '_>,
    text: &str,
    old: &str,
    new: &str,
    count: Option<usize>,
) -> Result<String, Error> {
    if new.len() > old.len() {
        let times = text.matches(old).count().min(count.unwrap_or(usize::MAX));
        limits::charge(
            state,
            text.len().saturating_add(times.saturating_mul(new.len() - old.len())),
        )?;
    }
    Ok(match count {
        Some(count) => text.replacen(old, new, count),
        None => text.replace(old, new),
    })
}

fn join(state: &mut State<'_, '_>, string: &Value, parts: &Value) -> Result<Value, Error> {
    let separator = string.as_str().unwrap_or_default();
    let mut joined = String::new();
    for (at, part) in items(parts)?.iter().enumerate() {
        if at > 0 {
            joined.push_str(separator);
        }
        match part.as_str() {
            Some(text) if string.is_safe() && !part.is_safe() => joined.push_str(&filters::text::escape(text)),
            Some(text) => joined.push_str(text),
            None => {
                let kind = type_name(part);
                return Err(type_error(format!(
                    "sequence item {at}: expected str instance, {kind} found"
                )));
            }
        }
        if joined.len() > limits::BYTES {
            return Err(limits::exceeded());
        }
    }
    limits::charge(state, joined.len())?;
    Ok(like(string, joined))
}
