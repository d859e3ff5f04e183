//! What the rows of a file usually hold where a shape leaves it open: texts or messages in a column,
//! an optional column there or not.
//!
//! A loader gives a column one type and every row all columns: a text among lists of messages is a value of
//! another kind to the trainer (`datasets` 5.2 keeps both as JSON), and a column that one row lacks is there
//! with `None` in it.

use crate::model::example::{Misfit, MisfitKind, Shape};
use crate::model::value::{Object, Value};

use super::columns::Columns;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    List,
    /// Messages of `from` and `value`, of which a template for `role` and `content` prints nothing.
    Sharegpt,
    Object,
    Flag,
    Number,
}

impl Kind {
    fn of(value: &Value<'_>) -> Option<Self> {
        match value {
            Value::Null => None,
            Value::Str(_) | Value::Datetime(_) => Some(Self::Text),
            Value::Array(items) => {
                let first = items.iter().find_map(Value::as_object);
                let sharegpt = first.is_some_and(|first| first.contains_key("from") && !first.contains_key("role"));
                Some(if sharegpt { Self::Sharegpt } else { Self::List })
            }
            Value::Object(_) => Some(Self::Object),
            Value::Bool(_) => Some(Self::Flag),
            Value::Int(_) | Value::UInt(_) | Value::Float(_) => Some(Self::Number),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Text => "a string",
            Self::List => "a list",
            Self::Sharegpt => "a list of `from` and `value`",
            Self::Object => "an object",
            Self::Flag => "a boolean",
            Self::Number => "a number",
        }
    }
}

/// The columns of a shape that may hold this or that, or may not be there.
fn open(shape: Shape) -> &'static [&'static str] {
    match shape {
        Shape::Preference => &["prompt", "chosen", "rejected"],
        Shape::PromptCompletion => &["prompt", "completion"],
        Shape::Kto => &["prompt", "completion", "label"],
        Shape::Tokenised => &["labels", "attention_mask", "completion_mask", "assistant_masks"],
        Shape::Messages | Shape::Sharegpt | Shape::Alpaca | Shape::Text => &[],
    }
}

/// What each open column of a row holds, in the order of [`open`]; `None` where it is missing or null.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Holds(Vec<Option<Kind>>);

impl Holds {
    pub(super) fn of(object: &Object<'_>, shape: Shape, columns: &Columns) -> Self {
        let kind = |column: &&'static str| object.get(columns.actual(column)).and_then(Kind::of);
        Self(open(shape).iter().map(kind).collect())
    }
}

/// What most of the first rows of a file hold, in the order of the shape's open columns; empty where it is not known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Usual(Vec<Option<Kind>>);

impl Usual {
    /// Of rows of one layout. Of equals what stood first is taken, which is what most loaders go by.
    pub(super) fn of(rows: &[Holds]) -> Self {
        let columns = rows.first().map_or(0, |Holds(kinds)| kinds.len());
        let most = |column: usize| {
            let count = |kind| rows.iter().filter(|row| row.0[column] == kind).count();
            let first_of_equals = rows.iter().rev().map(|row| row.0[column]);
            first_of_equals.max_by_key(|kind| count(*kind)).flatten()
        };
        Self((0..columns).map(most).collect())
    }

    /// Whether a row holds what is usual. A column that others have not may be there.
    ///
    /// # Errors
    ///
    /// Names the first column that is not as usual.
    pub(super) fn fits(&self, object: &Object<'_>, shape: Shape, columns: &Columns) -> Result<(), Misfit> {
        for (column, usual) in open(shape).iter().zip(&self.0) {
            let Some(usual) = usual else { continue };
            let name = columns.actual(column);
            let misfit = |kind, message| Misfit {
                kind,
                pointer: Some(format!("/{}", name.replace('~', "~0").replace('/', "~1"))),
                message,
            };
            match object.get(name).and_then(Kind::of) {
                Some(kind) if kind == *usual => {}
                Some(kind) => {
                    let message = format!(
                        "column `{name}` is {} where most of the first rows have {}",
                        kind.name(),
                        usual.name()
                    );
                    return Err(misfit(MisfitKind::WrongType, message));
                }
                None => {
                    let was = if object.contains_key(name) { "null" } else { "missing" };
                    let message = format!(
                        "column `{name}` is {was} where most of the first rows have {}",
                        usual.name()
                    );
                    return Err(misfit(MisfitKind::MissingColumn, message));
                }
            }
        }
        Ok(())
    }
}
