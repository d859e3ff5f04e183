//! Rows cut out of a document, not yet parsed.

use std::ops::Range;

use crate::model::record::{Fault, Record, Unreadable};
use crate::model::value::{Object, Value};
use crate::place::Place;
use crate::source::json::{self, Line};
use crate::source::{Batch, Limits};

pub(super) struct DocumentBatch {
    pub bytes: Vec<u8>,
    pub entries: Vec<Entry>,
    /// The rows are bare texts, each to become `{"text": ...}`.
    pub texts: bool,
    pub limits: Limits,
    pub progress: u64,
}

pub(super) enum Entry {
    Row(Cut),
    Said(Unreadable),
}

/// A row cut out of the document.
pub(super) struct Cut {
    pub place: Place,
    /// One-based column of its first byte, in characters.
    pub column: u64,
    pub bytes: Range<usize>,
    pub flaw: Option<Flaw>,
}

/// What was seen to be wrong while the row was cut out.
#[derive(Clone, Copy)]
pub(super) enum Flaw {
    /// No comma before it.
    CommaMissing,
    /// Its brackets or quotes do not fit; the bytes go up to where that shows.
    Broken,
    /// This many bytes, of which only the first are kept.
    Oversized(u64),
}

impl Batch for DocumentBatch {
    fn rows(&self, each: &mut dyn FnMut(Result<Record<'_>, Unreadable>)) {
        for entry in &self.entries {
            each(match entry {
                Entry::Said(unreadable) => Err(unreadable.clone()),
                Entry::Row(cut) => self.row(cut),
            });
        }
    }

    fn bytes(&self) -> u64 {
        self.progress
    }
}

impl DocumentBatch {
    fn row(&self, cut: &Cut) -> Result<Record<'_>, Unreadable> {
        let bad = |message: &str| Unreadable {
            place: cut.place,
            column: Some(cut.column),
            fault: Fault::BadJson,
            message: message.to_owned(),
        };
        match cut.flaw {
            Some(Flaw::Oversized(bytes)) => return Err(json::oversized(cut.place, bytes, &self.limits)),
            Some(Flaw::CommaMissing) => return Err(bad("expected `,` before this row")),
            Some(Flaw::Broken) | None => {}
        }
        let line = Line {
            place: cut.place,
            bytes: &self.bytes[cut.bytes.clone()],
            column: cut.column,
            text: None,
        };
        let mut record = json::read(&line, &self.limits)?;
        if cut.flaw.is_some() {
            return Err(bad("the brackets of the row do not fit"));
        }
        if self.texts {
            let mut object = Object::with_capacity(1);
            object.push("text".into(), record.value);
            record.value = Value::Object(object);
        }
        Ok(record)
    }
}
