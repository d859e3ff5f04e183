//! Records to examples: what the columns of a row mean.
//!
//! The shape is settled once per file, by [`detect()`], and every row is then read as that shape: a
//! row that does not fit is a finding. Each shape has a file of its own.

mod alpaca;
mod columns;
mod conversation;
mod detect;
mod label;
mod preference;
mod prompt_completion;
mod text;
mod tokenised;
mod usual;

use crate::model::example::{Example, Misfit, MisfitKind, Shape};
use crate::model::record::Record;
use crate::model::value::{Object, Value};

pub use columns::{Columns, is_known, is_of};
pub use detect::{Detection, classify, detect};
pub use usual::Usual;

/// How the rows of a file are laid out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    pub shape: Shape,
    pub columns: Columns,
    /// What most rows hold where the shape leaves it open.
    pub usual: Usual,
}

impl Layout {
    /// Reads one row.
    ///
    /// # Errors
    ///
    /// If the row is not an object, or lacks what the shape needs, or has it in another type.
    pub fn read<'r>(&'r self, record: &'r Record<'r>) -> Result<Example<'r>, Misfit> {
        let Value::Object(object) = &record.value else {
            return Err(Misfit {
                kind: MisfitKind::NotAnObject,
                pointer: None,
                message: format!("the row is {}, not an object", record.value.a_kind()),
            });
        };
        let row = Fields {
            object,
            columns: &self.columns,
        };
        let read = match self.shape {
            Shape::Messages | Shape::Sharegpt => conversation::read(self.shape, row),
            Shape::Alpaca => alpaca::read(row),
            Shape::PromptCompletion | Shape::Kto => prompt_completion::read(self.shape, row),
            Shape::Text => text::read(row),
            Shape::Preference => preference::read(row),
            Shape::Tokenised => tokenised::read(row),
        };
        read.and_then(|example| {
            self.usual.fits(object, self.shape, &self.columns)?;
            Ok(example)
        })
        .map_err(|misfit| self.or_other_shape(object, misfit))
    }

    /// The columns its rows are told by, under the names they have.
    fn columns(&self) -> impl Iterator<Item = &str> {
        let known: &[&str] = match self.shape {
            Shape::Messages | Shape::Sharegpt => &["messages"],
            Shape::Alpaca => &["instruction", "output"],
            Shape::PromptCompletion => &["prompt", "completion"],
            Shape::Kto => &["prompt", "completion", "messages", "label"],
            Shape::Text => &["text"],
            Shape::Preference => &["prompt", "chosen", "rejected"],
            Shape::Tokenised => &["input_ids"],
        };
        known.iter().map(|column| self.columns.actual(column))
    }

    /// A row that lacks a column may be whole in another shape, which says more, unless that has no columns but this one's.
    fn or_other_shape(&self, object: &Object<'_>, misfit: Misfit) -> Misfit {
        if misfit.kind != MisfitKind::MissingColumn {
            return misfit;
        }
        match classify(object, &Columns::default()) {
            Some(other)
                if other.shape != self.shape && !other.columns().all(|name| self.columns().any(|own| own == name)) =>
            {
                Misfit {
                    kind: MisfitKind::OtherShape,
                    pointer: misfit.pointer,
                    message: format!(
                        "{} row in {} file",
                        with_article(other.shape.name()),
                        with_article(self.shape.name())
                    ),
                }
            }
            _ => misfit,
        }
    }
}

fn with_article(name: &str) -> String {
    let article = if name.starts_with(['a', 'e', 'i', 'o', 'u']) {
        "an"
    } else {
        "a"
    };
    format!("{article} {name}")
}

/// A row's columns by the names the shape knows them under.
#[derive(Clone, Copy)]
struct Fields<'r> {
    object: &'r Object<'r>,
    columns: &'r Columns,
}

impl<'r> Fields<'r> {
    /// The name the column has in this file.
    fn name(self, column: &'static str) -> &'r str {
        self.columns.actual(column)
    }

    /// The column's value; `None` where it is missing or null, which loaders make the same.
    fn get(self, column: &'static str) -> Option<&'r Value<'r>> {
        self.object.get(self.name(column)).filter(|value| !value.is_null())
    }

    fn need(self, column: &'static str) -> Result<&'r Value<'r>, Misfit> {
        self.get(column).ok_or_else(|| {
            let name = self.name(column);
            let was = if self.object.contains_key(name) {
                "null"
            } else {
                "missing"
            };
            Misfit {
                kind: MisfitKind::MissingColumn,
                pointer: Some(format!("/{name}")),
                message: format!("column `{name}` is {was}"),
            }
        })
    }

    fn need_text(self, column: &'static str) -> Result<&'r str, Misfit> {
        let value = self.need(column)?;
        value.as_str().ok_or_else(|| self.wrong(column, value, "a string"))
    }

    /// A text column that may be absent.
    fn text(self, column: &'static str) -> Result<Option<&'r str>, Misfit> {
        self.get(column)
            .map(|value| value.as_str().ok_or_else(|| self.wrong(column, value, "a string")))
            .transpose()
    }

    fn wrong(self, column: &'static str, value: &Value<'_>, wanted: &str) -> Misfit {
        let name = self.name(column);
        Misfit {
            kind: MisfitKind::WrongType,
            pointer: Some(format!("/{name}")),
            message: format!("column `{name}` is {}, not {wanted}", value.a_kind()),
        }
    }

    fn example(self, shape: Shape, conversational: bool) -> Example<'r> {
        Example {
            shape,
            turns: Vec::new(),
            tools: self.get("tools"),
            template_kwargs: self.get("chat_template_kwargs"),
            conversational,
        }
    }
}
