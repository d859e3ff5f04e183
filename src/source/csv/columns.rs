//! The header, and what pandas makes of a column's fields.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use super::records::Split;
use crate::model::value::{Object, Value};

pub(super) struct Header {
    pub delimiter: u8,
    columns: Vec<Column>,
}

/// A column's name and what its values so far have in common.
struct Column {
    name: String,
    /// `None` before the first value.
    kind: Option<Kind>,
    /// Whether a value is missing somewhere.
    gaps: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Integer,
    Float,
    Boolean,
    Text,
}

/// What pandas reads as missing (`pandas/_libs/parsers.pyx: STR_NA_VALUES`, 3.1).
const MISSING: &[&str] = &[
    "", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A", "NA",
    "NULL", "NaN", "None", "n/a", "nan", "null",
];

impl Header {
    /// Columns of these names, made unique as pandas does: `a`, `a.1`; `Unnamed: 0` for none.
    pub(super) fn new(names: Vec<String>, delimiter: u8) -> Self {
        let mut taken: HashSet<String> = names.iter().cloned().collect();
        let mut repeats: HashMap<String, u64> = HashMap::new();
        let mut columns = Vec::with_capacity(names.len());
        for (index, name) in names.into_iter().enumerate() {
            let base = if name.is_empty() {
                format!("Unnamed: {index}")
            } else {
                name
            };
            let repeat = repeats.entry(base.clone()).or_insert(0);
            let mut name = base.clone();
            while *repeat > 0 {
                name = format!("{base}.{repeat}");
                *repeat += 1;
                if taken.insert(name.clone()) {
                    break;
                }
            }
            *repeat = (*repeat).max(1);
            columns.push(Column {
                name,
                kind: None,
                gaps: false,
            });
        }
        Self { delimiter, columns }
    }

    /// Takes a row into account.
    pub(super) fn learn(&mut self, fields: &mut Split<'_>) {
        if fields.len() == self.columns.len() {
            for (column, field) in self.columns.iter_mut().zip(fields) {
                column.learn(field);
            }
        }
    }

    /// The row of these fields, or why they are none.
    pub(super) fn row<'a>(&'a self, fields: &mut Split<'a>) -> Result<Value<'a>, String> {
        if fields.len() != self.columns.len() {
            return Err(format!(
                "the row has {} fields, and the header has {}",
                fields.len(),
                self.columns.len()
            ));
        }
        let mut object = Object::with_capacity(self.columns.len());
        for (column, field) in self.columns.iter().zip(fields) {
            object.push(Cow::Borrowed(column.name.as_str()), column.value(field));
        }
        Ok(Value::Object(object))
    }
}

impl Column {
    fn learn(&mut self, field: &str) {
        if MISSING.contains(&field) {
            self.gaps = true;
            return;
        }
        let kind = Kind::of(field);
        self.kind = Some(self.kind.map_or(kind, |before| before.and(kind)));
    }

    fn value<'a>(&self, field: &'a str) -> Value<'a> {
        if MISSING.contains(&field) {
            return Value::Null;
        }
        let typed = match self.kind {
            // As in pandas, where a column of integers with a gap becomes one of floats.
            Some(Kind::Integer) if self.gaps => float(field),
            Some(Kind::Integer) => integer(field),
            Some(Kind::Float) => float(field),
            Some(Kind::Boolean) => boolean(field),
            Some(Kind::Text) | None => None,
        };
        // Where a later value does not fit the type, datasets fails; here it stays a text.
        typed.unwrap_or(Value::Str(Cow::Borrowed(field)))
    }
}

impl Kind {
    fn of(field: &str) -> Self {
        if integer(field).is_some() {
            Self::Integer
        } else if float(field).is_some() {
            Self::Float
        } else if boolean(field).is_some() {
            Self::Boolean
        } else {
            Self::Text
        }
    }

    /// The kind of a column that holds both.
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (one, other) if one == other => one,
            (Self::Integer | Self::Float, Self::Integer | Self::Float) => Self::Float,
            _ => Self::Text,
        }
    }
}

fn integer(field: &str) -> Option<Value<'static>> {
    let field = field.trim_ascii();
    let signed = field.parse().map(Value::Int).ok();
    signed.or_else(|| field.parse().map(Value::UInt).ok())
}

fn float(field: &str) -> Option<Value<'static>> {
    let field = field.trim_ascii();
    // Rust takes any spelling of nan; pandas only those of its list of missing values.
    let value: f64 = field.parse().ok()?;
    (!value.is_nan()).then_some(Value::Float(value))
}

fn boolean(field: &str) -> Option<Value<'static>> {
    match field {
        "True" | "TRUE" | "true" => Some(Value::Bool(true)),
        "False" | "FALSE" | "false" => Some(Value::Bool(false)),
        _ => None,
    }
}
