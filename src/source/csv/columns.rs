//! The header, and what pandas makes of a column's fields.

use std::borrow::Cow;
use std::collections::HashSet;

use super::records::Split;
use crate::model::value::{Object, Value};

pub(super) struct Header {
    pub delimiter: u8,
    columns: Vec<Column>,
}

/// A column's name and what its values so far have in common.
struct Column {
    name: String,
    values: u64,
    missing: bool,
    integers: bool,
    floats: bool,
    booleans: bool,
}

/// What pandas reads as missing (`pandas/_libs/parsers.pyx: STR_NA_VALUES`, 2.3).
const MISSING: &[&str] = &[
    "", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A", "NA",
    "NULL", "NaN", "None", "n/a", "nan", "null",
];

impl Header {
    /// Columns of these names, made unique as pandas does: `a`, `a.1`; `Unnamed: 0` for none.
    pub(super) fn new(names: Vec<String>, delimiter: u8) -> Self {
        let given: HashSet<String> = names.iter().cloned().collect();
        let mut taken = HashSet::new();
        let mut columns = Vec::with_capacity(names.len());
        for (index, name) in names.into_iter().enumerate() {
            let base = if name.is_empty() {
                format!("Unnamed: {index}")
            } else {
                name
            };
            let mut name = base.clone();
            let mut count = 0_u64;
            while taken.contains(&name) || (count > 0 && given.contains(&name)) {
                count += 1;
                name = format!("{base}.{count}");
            }
            taken.insert(name.clone());
            columns.push(Column {
                name,
                values: 0,
                missing: false,
                integers: true,
                floats: true,
                booleans: true,
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
            self.missing = true;
            return;
        }
        self.values += 1;
        self.integers = self.integers && integer(field).is_some();
        self.floats = self.floats && float(field).is_some();
        self.booleans = self.booleans && boolean(field).is_some();
    }

    fn value<'a>(&self, field: &'a str) -> Value<'a> {
        if MISSING.contains(&field) {
            return Value::Null;
        }
        // A number column with a gap is a float column in pandas. Where a later value does not fit
        // the type, datasets fails; here it is kept as it stands.
        let typed = if self.values == 0 {
            None
        } else if self.integers && !self.missing {
            integer(field)
        } else if self.floats {
            float(field)
        } else if self.booleans {
            boolean(field)
        } else {
            None
        };
        typed.unwrap_or(Value::Str(Cow::Borrowed(field)))
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
