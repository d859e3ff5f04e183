//! `'...'.format(...)`, with what the sandbox lets its fields reach.

use minijinja::{Error, Value};

use super::args::Args;
use super::{limits, repr, spec, subscript};
use crate::encode::template::error::{PyClass, TemplateError, raise, value_error};

/// How fields without a name are counted.
#[derive(Clone, Copy, PartialEq)]
enum Counting {
    Undecided,
    /// The next field's number.
    Automatic(usize),
    Manual,
}

struct Formatter<'a> {
    args: &'a Args<'a>,
    counting: Counting,
}

/// `format.format(*args)`.
pub(super) fn format(format: &str, args: &Args<'_>) -> Result<String, Error> {
    Formatter {
        args,
        counting: Counting::Undecided,
    }
    .run(format, 2)
}

impl Formatter<'_> {
    /// `depth` is how deep fields may stand in the formats of fields.
    fn run(&mut self, format: &str, depth: usize) -> Result<String, Error> {
        let mut out = String::new();
        let mut rest = format;
        while let Some(at) = rest.find(['{', '}']) {
            out.push_str(&rest[..at]);
            let brace = &rest[at..=at];
            rest = &rest[at + 1..];
            if let Some(after) = rest.strip_prefix(brace) {
                out.push_str(brace);
                rest = after;
            } else if brace == "}" {
                return Err(value_error("Single '}' encountered in format string"));
            } else {
                let len = field_end(rest)?;
                out.push_str(&self.field(&rest[..len], depth)?);
                rest = &rest[len + 1..];
            }
            if out.len() > limits::BYTES {
                return Err(limits::exceeded());
            }
        }
        out.push_str(rest);
        Ok(out)
    }

    /// `name!conversion:format`.
    fn field(&mut self, field: &str, depth: usize) -> Result<String, Error> {
        let (name, format) = field.split_once(':').unwrap_or((field, ""));
        let (name, conversion) = match name.split_once('!') {
            Some((name, conversion)) => (name, Some(conversion)),
            None => (name, None),
        };
        let value = self.value(name)?;
        let value = match conversion {
            None => value,
            Some("s") => Value::from(repr::str(&value)?),
            Some("r") => Value::from(repr::repr(&value)?),
            Some(other) => return Err(TemplateError::unsupported(format!("the conversion !{other}")).into()),
        };
        let format = if format.contains('{') {
            match depth {
                0 | 1 => return Err(value_error("Max string recursion exceeded")),
                _ => self.run(format, depth - 1)?,
            }
        } else {
            format.to_owned()
        };
        spec::format(&value, &format)
    }

    /// `name.attribute[key]...`.
    fn value(&mut self, path: &str) -> Result<Value, Error> {
        let end = path.find(['.', '[']).unwrap_or(path.len());
        let (first, mut rest) = path.split_at(end);
        let mut value = self.argument(first)?;
        while !rest.is_empty() {
            if let Some(after) = rest.strip_prefix('.') {
                let end = after.find(['.', '[']).unwrap_or(after.len());
                value = subscript::attribute(&value, &after[..end])?;
                rest = &after[end..];
            } else {
                let inside = rest
                    .strip_prefix('[')
                    .ok_or_else(|| value_error("Only '.' or '[' may follow ']' in format field specifier"))?;
                let end = inside
                    .find(']')
                    .ok_or_else(|| value_error("Missing ']' in format string"))?;
                let key = &inside[..end];
                let key = key.parse::<i64>().map_or_else(|_| Value::from(key), Value::from);
                value = subscript::getitem(&value, &key)?;
                rest = &inside[end + 1..];
            }
        }
        Ok(value)
    }

    fn argument(&mut self, name: &str) -> Result<Value, Error> {
        let number = if name.is_empty() {
            let number = match self.counting {
                Counting::Undecided => 0,
                Counting::Automatic(next) => next,
                Counting::Manual => return Err(switched("manual field specification", "automatic field numbering")),
            };
            self.counting = Counting::Automatic(number + 1);
            Some(number)
        } else if let Ok(number) = name.parse() {
            if matches!(self.counting, Counting::Automatic(_)) {
                return Err(switched("automatic field numbering", "manual field specification"));
            }
            self.counting = Counting::Manual;
            Some(number)
        } else {
            None
        };
        if let Some(number) = number {
            self.args.positional.get(number).cloned().ok_or_else(|| {
                let message = format!("Replacement index {number} out of range for positional args tuple");
                raise(PyClass::IndexError, message)
            })
        } else {
            let found = self.args.named.iter().find(|(known, _)| known == name);
            found
                .map(|(_, value)| value.clone())
                .ok_or_else(|| raise(PyClass::KeyError, format!("'{name}'")))
        }
    }
}

fn switched(from: &str, to: &str) -> Error {
    value_error(format!("cannot switch from {from} to {to}"))
}

/// Where the field ends whose brace is past: at the brace that closes it.
fn field_end(rest: &str) -> Result<usize, Error> {
    let mut open = 0;
    for (at, letter) in rest.char_indices() {
        match letter {
            '{' => open += 1,
            '}' if open == 0 => return Ok(at),
            '}' => open -= 1,
            _ => {}
        }
    }
    Err(value_error(if rest.is_empty() {
        "Single '{' encountered in format string"
    } else {
        "expected '}' before end of string"
    }))
}

#[cfg(test)]
mod tests {
    use minijinja::Value;

    use super::super::args::Args;
    use super::format;

    #[test]
    fn fields_are_filled_in() {
        let args = [Value::from(2.71459), Value::from("ab")];
        let args = Args::new(&args);
        assert_eq!(format("{:.2f}|{:>5}|{{}}", &args).expect("formats"), "2.71|   ab|{}");
        assert!(
            format("{1!r}{0:{1}}", &args)
                .map_err(|error| error.to_string())
                .is_err()
        );
        assert!(format("{0}{}", &args).is_err() && format("{", &args).is_err() && format("{2}", &args).is_err());
    }
}
