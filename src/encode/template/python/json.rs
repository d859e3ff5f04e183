//! `json.dumps`, as transformers' `tojson` calls it: nothing is escaped for HTML.

use std::fmt::Write as _;

use minijinja::{Error, Value};

use super::args::Args;
use super::kind::{Py, index, type_name};
use super::{float, limits};
use crate::encode::template::error::{PyClass, raise, type_error, value_error};

/// The options of `tojson`.
struct Dump {
    ensure_ascii: bool,
    indent: Option<String>,
    between_items: String,
    after_key: String,
    sort_keys: bool,
}

/// The filter `tojson(ensure_ascii=False, indent=None, separators=None, sort_keys=False)`.
pub(in crate::encode::template) fn tojson(value: &Value, args: &[Value]) -> Result<Value, Error> {
    let dump = if args.is_empty() {
        Dump::default()
    } else {
        Dump::from_args(args)?
    };
    let mut out = String::new();
    dump.write(value, 0, &mut out)?;
    Ok(Value::from(out))
}

impl Default for Dump {
    fn default() -> Self {
        Self {
            ensure_ascii: false,
            indent: None,
            between_items: ", ".into(),
            after_key: ": ".into(),
            sort_keys: false,
        }
    }
}

impl Dump {
    fn from_args(args: &[Value]) -> Result<Self, Error> {
        let [ensure_ascii, indent, separators, sort_keys] =
            Args::new(args).bind("tojson", ["ensure_ascii", "indent", "separators", "sort_keys"])?;
        let truth = |value: Option<Value>| value.is_some_and(|value| value.is_true());
        let indent = match indent.as_ref().map(Py::of) {
            None | Some(Py::None) => None,
            Some(Py::Str(text)) => Some(text.to_owned()),
            Some(_) => {
                let width = index(indent.as_ref().unwrap_or(&Value::UNDEFINED))?;
                let width = usize::try_from(width.max(0))
                    .ok()
                    .filter(|width| *width < limits::BYTES);
                Some(" ".repeat(width.ok_or_else(limits::exceeded)?))
            }
        };
        let mut dump = Self {
            ensure_ascii: truth(ensure_ascii),
            between_items: if indent.is_some() { "," } else { ", " }.into(),
            indent,
            sort_keys: truth(sort_keys),
            ..Self::default()
        };
        match separators.as_ref().map(Py::of) {
            None | Some(Py::None) => {}
            Some(Py::List([items, keys]) | Py::Tuple([items, keys])) => match (items.as_str(), keys.as_str()) {
                (Some(items), Some(keys)) => {
                    dump.between_items = items.into();
                    dump.after_key = keys.into();
                }
                _ => return Err(type_error("separators are not strings")),
            },
            Some(_) => return Err(value_error("separators are not a pair")),
        }
        Ok(dump)
    }

    fn write(&self, value: &Value, depth: usize, out: &mut String) -> Result<(), Error> {
        if depth > limits::DEPTH {
            return Err(raise(PyClass::RecursionError, "maximum recursion depth exceeded"));
        }
        match Py::of(value) {
            Py::None => out.push_str("null"),
            Py::Bool(flag) => out.push_str(if flag { "true" } else { "false" }),
            Py::Int(integer) => write!(out, "{integer}").expect("a string takes all that is written"),
            Py::Float(value) => number(value, out),
            Py::Str(text) => self.string(text, out),
            Py::List(items) | Py::Tuple(items) => self.list(items, depth, out)?,
            Py::Dict(dict) => self.dict(dict.entries(), depth, out)?,
            _ => {
                return Err(type_error(format!(
                    "Object of type {} is not JSON serializable",
                    type_name(value)
                )));
            }
        }
        if out.len() > limits::BYTES {
            Err(limits::exceeded())
        } else {
            Ok(())
        }
    }

    fn list(&self, items: &[Value], depth: usize, out: &mut String) -> Result<(), Error> {
        if items.is_empty() {
            out.push_str("[]");
            return Ok(());
        }
        out.push('[');
        for (at, item) in items.iter().enumerate() {
            if at > 0 {
                out.push_str(&self.between_items);
            }
            self.new_line(depth + 1, out);
            self.write(item, depth + 1, out)?;
        }
        self.new_line(depth, out);
        out.push(']');
        Ok(())
    }

    fn dict(&self, entries: &[(Value, Value)], depth: usize, out: &mut String) -> Result<(), Error> {
        if entries.is_empty() {
            out.push_str("{}");
            return Ok(());
        }
        let mut sorted;
        let entries = if self.sort_keys {
            sorted = entries.to_vec();
            super::operators::sort_by_key(&mut sorted, |(key, _)| key, false)?;
            sorted.as_slice()
        } else {
            entries
        };
        out.push('{');
        for (at, (key, value)) in entries.iter().enumerate() {
            if at > 0 {
                out.push_str(&self.between_items);
            }
            self.new_line(depth + 1, out);
            self.key(key, out)?;
            out.push_str(&self.after_key);
            self.write(value, depth + 1, out)?;
        }
        self.new_line(depth, out);
        out.push('}');
        Ok(())
    }

    /// Keys that are no strings become what they are in JSON, as strings.
    fn key(&self, key: &Value, out: &mut String) -> Result<(), Error> {
        match Py::of(key) {
            Py::Str(text) => self.string(text, out),
            Py::None | Py::Bool(_) | Py::Int(_) | Py::Float(_) => {
                out.push('"');
                self.write(key, 0, out)?;
                out.push('"');
            }
            _ => {
                let kind = type_name(key);
                return Err(type_error(format!(
                    "keys must be str, int, float, bool or None, not {kind}"
                )));
            }
        }
        Ok(())
    }

    fn new_line(&self, depth: usize, out: &mut String) {
        if let Some(indent) = &self.indent {
            out.push('\n');
            for _ in 0..depth {
                out.push_str(indent);
            }
        }
    }

    fn string(&self, text: &str, out: &mut String) {
        out.push('"');
        let mut plain = 0;
        for (at, letter) in text.char_indices() {
            let escape = match letter {
                '"' => "\\\"",
                '\\' => "\\\\",
                '\n' => "\\n",
                '\r' => "\\r",
                '\t' => "\\t",
                '\u{8}' => "\\b",
                '\u{c}' => "\\f",
                letter if letter < ' ' || self.ensure_ascii && letter > '~' => "",
                _ => continue,
            };
            out.push_str(&text[plain..at]);
            plain = at + letter.len_utf8();
            if escape.is_empty() {
                for unit in letter.encode_utf16(&mut [0; 2]) {
                    write!(out, "\\u{unit:04x}").expect("a string takes all that is written");
                }
            } else {
                out.push_str(escape);
            }
        }
        out.push_str(&text[plain..]);
        out.push('"');
    }
}

fn number(value: f64, out: &mut String) {
    if value.is_finite() {
        float::repr(value, out);
    } else {
        out.push_str(if value.is_nan() {
            "NaN"
        } else if value > 0.0 {
            "Infinity"
        } else {
            "-Infinity"
        });
    }
}

#[cfg(test)]
mod tests {
    use minijinja::Value;

    use super::tojson;

    #[test]
    fn strings_are_escaped_only_as_json_asks() {
        let dumped = tojson(&Value::from("<a> & 'b' \"c\"\u{7f}\u{1}\u{2028}é"), &[]).expect("dumps");
        assert_eq!(dumped.as_str(), Some("\"<a> & 'b' \\\"c\\\"\u{7f}\\u0001\u{2028}é\""));
    }
}
