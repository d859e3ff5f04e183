//! What stands in a column of a preference set, and the prompt two answers share.

use std::borrow::Cow;

use crate::model::encoded::EncodeError;
use crate::model::value::{Object, Value};
use crate::trainer::python::type_name;
use crate::trainer::trl::options::raises;
use crate::trainer::trl::row::{Looks, Row, looks};

/// A text, messages, or neither.
#[derive(Clone, Copy, Debug)]
pub(super) enum Said<'r> {
    Text(&'r str),
    Messages(&'r [Value<'r>]),
    /// By the name of Python's type.
    Other(&'static str),
}

impl<'r> Said<'r> {
    /// The column's value; `KeyError` where the set has no such column.
    pub(super) fn of(row: Row<'r>, column: &str) -> Result<Self, EncodeError> {
        Ok(match row.get(column)? {
            Value::Str(text) => Self::Text(text),
            Value::Array(items) => Self::Messages(items),
            other => Self::Other(type_name(other)),
        })
    }

    pub(super) fn looks(self, by_role: bool) -> Looks {
        match self {
            Self::Messages(items) => looks(Some(items), by_role),
            Self::Text(_) | Self::Other(_) => Looks::Plain,
        }
    }

    pub(super) fn kind(self) -> &'static str {
        match self {
            Self::Text(_) => "str",
            Self::Messages(_) => "list",
            Self::Other(kind) => kind,
        }
    }

    /// The text whose `.endswith` is asked for.
    pub(super) fn ending(self, column: &str) -> Result<&'r str, EncodeError> {
        match self {
            Self::Text(text) => Ok(text),
            other => Err(raises(
                "AttributeError",
                format!(
                    "'{}' object has no attribute 'endswith' (column `{column}`)",
                    other.kind()
                ),
            )),
        }
    }

    /// The text a tokenizer is called with.
    pub(super) fn text(self, column: &str) -> Result<&'r str, EncodeError> {
        match self {
            Self::Text(text) => Ok(text),
            other => Err(raises(
                "ValueError",
                format!(
                    "the tokenizer is given a {} for a text (column `{column}`)",
                    other.kind()
                ),
            )),
        }
    }
}

/// `prompt + answer`, which Python refuses for two kinds.
pub(super) fn cannot_join(prompt: Said<'_>, answer: Said<'_>) -> EncodeError {
    let (left, right) = (prompt.kind(), answer.kind());
    raises(
        "TypeError",
        format!("can only concatenate {left} (not \"{right}\") to {left}: prompt and answers are not all of one kind"),
    )
}

/// A row's prompt and the two answers to it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sides<'r> {
    pub(super) prompt: Said<'r>,
    pub(super) chosen: Said<'r>,
    pub(super) rejected: Said<'r>,
}

impl<'r> Sides<'r> {
    /// `extract_prompt` (`data_utils.py`): what both answers begin with.
    ///
    /// Texts are compared by character, conversations by message; a space before the first
    /// difference goes to the answers. Where nothing differs, the last element does not belong to
    /// the prompt. Where the very first differs, Python looks at the one before it, which is the
    /// last: an answer that ends in a space then loses all but that to the prompt.
    pub(super) fn extract(chosen: Said<'r>, rejected: Said<'r>) -> Result<Self, EncodeError> {
        match (chosen, rejected) {
            (Said::Text(chosen), Said::Text(rejected)) => {
                let at = shared(
                    chosen.chars().count().min(rejected.chars().count()),
                    chosen
                        .chars()
                        .zip(rejected.chars())
                        .position(|(left, right)| left != right),
                    |at| chosen.chars().nth(at) == Some(' '),
                    chosen.chars().count(),
                )?;
                let cut = |text: &'r str| text.split_at(byte(text, at));
                let ((prompt, chosen), (_, rejected)) = (cut(chosen), cut(rejected));
                Ok(Self {
                    prompt: Said::Text(prompt),
                    chosen: Said::Text(chosen),
                    rejected: Said::Text(rejected),
                })
            }
            (Said::Messages(chosen), Said::Messages(rejected)) => {
                let at = shared(
                    chosen.len().min(rejected.len()),
                    chosen
                        .iter()
                        .zip(rejected)
                        .position(|(left, right)| !equal(left, right)),
                    |at| chosen[at].as_str() == Some(" "),
                    chosen.len(),
                )?;
                let cut = |items: &'r [Value<'r>]| items.split_at(at.of(items.len()));
                let ((prompt, chosen), (_, rejected)) = (cut(chosen), cut(rejected));
                Ok(Self {
                    prompt: Said::Messages(prompt),
                    chosen: Said::Messages(chosen),
                    rejected: Said::Messages(rejected),
                })
            }
            (Said::Other(kind), _) | (_, Said::Other(kind)) => Err(raises(
                "TypeError",
                format!("object of type '{kind}' has no len(): chosen and rejected are needed to find the prompt"),
            )),
            (chosen, rejected) => Err(cannot_join(chosen, rejected)),
        }
    }
}

/// An index as Python takes it: from the start, or the last element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    Start(usize),
    Last,
}

impl At {
    fn of(self, len: usize) -> usize {
        match self {
            Self::Start(at) => at.min(len),
            Self::Last => len.saturating_sub(1),
        }
    }
}

/// Where the prompt ends, from the first difference in the first `common` elements of `len`.
fn shared(
    common: usize,
    differs: Option<usize>,
    is_space: impl Fn(usize) -> bool,
    len: usize,
) -> Result<At, EncodeError> {
    if common == 0 {
        return Err(raises(
            "UnboundLocalError",
            "cannot access local variable 'idx': chosen or rejected is empty, and there is no prompt",
        ));
    }
    Ok(match differs {
        None => At::Start(common - 1),
        Some(0) if is_space(len - 1) => At::Last,
        Some(at) if at > 0 && is_space(at - 1) => At::Start(at - 1),
        Some(at) => At::Start(at),
    })
}

fn byte(text: &str, at: At) -> usize {
    match at {
        At::Start(at) => text.char_indices().nth(at).map_or(text.len(), |(byte, _)| byte),
        At::Last => text.char_indices().next_back().map_or(0, |(byte, _)| byte),
    }
}

/// Python's `==`: keys in any order, and numbers and booleans by their value.
fn equal(left: &Value<'_>, right: &Value<'_>) -> bool {
    match (left, right) {
        (Value::Object(left), Value::Object(right)) => {
            let same = |(key, value): (&str, &Value<'_>)| right.get(key).is_some_and(|other| equal(value, other));
            left.len() == right.len() && left.iter().all(same)
        }
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| equal(left, right))
        }
        (Value::Bool(flag), other) | (other, Value::Bool(flag)) => match other {
            Value::Bool(other) => flag == other,
            other => other.as_f64() == Some(f64::from(u8::from(*flag))),
        },
        (Value::Float(_), other) | (other, Value::Float(_)) => {
            left.as_f64().is_some() && other.as_f64().is_some() && left.as_f64() == right.as_f64()
        }
        (left, right) => left == right,
    }
}

/// The row without the nulls inside its dicts, as the versions saw it that removed them.
pub(super) fn cleaned<'r>(value: &'r Value<'r>, removes_none: bool) -> Cow<'r, Value<'r>> {
    if removes_none && crate::trainer::python::has_nulls(value) {
        Cow::Owned(crate::trainer::python::without_nulls(value))
    } else {
        Cow::Borrowed(value)
    }
}

/// The row as a dict.
pub(super) fn dict<'r>(value: &'r Value<'r>) -> Result<&'r Object<'r>, EncodeError> {
    value
        .as_object()
        .ok_or_else(|| raises("TypeError", "the row is no object"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As `extract_prompt` of TRL 1.16.0 splits them.
    #[test]
    fn texts_are_split_as_python_splits_them() {
        let split = |chosen, rejected| {
            let sides = Sides::extract(Said::Text(chosen), Said::Text(rejected)).expect("split");
            match (sides.prompt, sides.chosen, sides.rejected) {
                (Said::Text(prompt), Said::Text(chosen), Said::Text(rejected)) => {
                    (prompt.to_owned(), chosen.to_owned(), rejected.to_owned())
                }
                other => panic!("{other:?}"),
            }
        };
        let cases = [
            ("The sky is blue", "The sky is green", ("The sky is", " blue", " green")),
            ("same", "same", ("sam", "e", "e")),
            ("same", "same and more", ("sam", "e", "e and more")),
            ("ähnlich", "äonen", ("ä", "hnlich", "onen")),
            ("yes", "no", ("", "yes", "no")),
            // Python's index -1.
            ("yes ", "no", ("yes", " ", "o")),
            (" a", " b", ("", " a", " b")),
        ];
        for (chosen, rejected, (prompt, left, right)) in cases {
            let expected = (prompt.to_owned(), left.to_owned(), right.to_owned());
            assert_eq!(split(chosen, rejected), expected, "{chosen:?} {rejected:?}");
        }
        let error = Sides::extract(Said::Text(""), Said::Text("b")).expect_err("nothing to compare");
        assert_eq!(error.class, "UnboundLocalError");
    }

    #[test]
    fn messages_are_equal_as_python_finds_them() {
        let value = |text| Value::from_json(text).expect("JSON");
        for (left, right) in [
            (r#"{"a":1,"b":[true]}"#, r#"{"b":[1.0],"a":1}"#),
            ("[null]", "[null]"),
            ("0", "false"),
        ] {
            assert!(equal(&value(left), &value(right)), "{left} {right}");
        }
        for (left, right) in [(r#"{"a":1}"#, r#"{"a":2}"#), (r#"{"a":1}"#, "{}"), ("1", r#""1""#)] {
            assert!(!equal(&value(left), &value(right)), "{left} {right}");
        }
    }
}
