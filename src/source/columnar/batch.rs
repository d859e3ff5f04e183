//! Record batches as rows.

use arrow::array::RecordBatch;

use super::column::{Column, Reading, Refused};
use super::guarded;
use crate::model::record::{Fault, Quirks, Record, Unreadable};
use crate::model::value::{Object, Value};
use crate::place::Place;
use crate::source::{Batch, Limits};

/// Some decoded rows.
pub(super) struct Decoded {
    pub batch: RecordBatch,
    /// Where its first row stands.
    pub first: Place,
    pub limits: Limits,
    pub progress: u64,
}

impl Batch for Decoded {
    fn rows(&self, each: &mut dyn FnMut(Result<Record<'_>, Unreadable>)) {
        show(&self.batch, self.first, &self.limits, each);
    }

    fn bytes(&self) -> u64 {
        self.progress
    }
}

/// Shows the rows of a batch, of which the first stands at `first`.
pub(super) fn show(
    batch: &RecordBatch,
    first: Place,
    limits: &Limits,
    each: &mut dyn FnMut(Result<Record<'_>, Unreadable>),
) {
    let schema = batch.schema_ref();
    let columns = schema.fields().iter().zip(batch.columns());
    let ready = columns.map(|(field, array)| Ok((field.name().as_str(), Column::new(field, array)?)));
    let ready: Result<Vec<(&str, Column<'_>)>, String> = guarded(|| ready.collect()).unwrap_or_else(Err);
    let columns = match ready {
        Ok(columns) => columns,
        Err(message) => return each(Err(unreadable(first, Fault::Damaged, message))),
    };
    for row in 0..batch.num_rows() {
        let place = Place {
            row: first.row + row as u64,
            ..first
        };
        let read = guarded(|| read(&columns, row, limits));
        each(match read {
            Ok(Ok((value, quirks))) => Ok(Record {
                place,
                value,
                bytes: None,
                quirks,
            }),
            Ok(Err((_, Refused::TooLarge))) => {
                let message = format!(
                    "the row has more than {} bytes, and no more are read",
                    limits.max_row_bytes
                );
                Err(unreadable(place, Fault::OversizedRow, message))
            }
            Ok(Err((column, Refused::Json(fault, message)))) => {
                Err(unreadable(place, fault, format!("column `{column}`: {message}")))
            }
            Err(message) => Err(unreadable(place, Fault::Damaged, message)),
        });
    }
}

type Named<'c, 'a> = &'c [(&'a str, Column<'a>)];

/// One row, or the column that cannot be read.
fn read<'a>(columns: Named<'_, 'a>, row: usize, limits: &Limits) -> Result<(Value<'a>, Quirks), (&'a str, Refused)> {
    let mut reading = Reading {
        room: limits.max_row_bytes,
        quirks: Quirks::default(),
        max_depth: limits.max_depth,
    };
    let mut entries = Vec::with_capacity(columns.len());
    for (name, column) in columns {
        let value = column.value(row, &mut reading).map_err(|refused| (*name, refused))?;
        entries.push(((*name).into(), value));
    }
    let (object, repeated) = Object::from_entries(entries);
    reading.quirks.duplicate_key |= repeated;
    Ok((Value::Object(object), reading.quirks))
}

fn unreadable(place: Place, fault: Fault, message: String) -> Unreadable {
    Unreadable {
        place,
        column: None,
        fault,
        message,
    }
}
