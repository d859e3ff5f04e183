//! A case's rows, read by the program's own readers.

use std::io::Write;

use gonogo::model::encoded::EncodeError;
use gonogo::model::example::Example;
use gonogo::model::record::Record;
use gonogo::shape::{Columns, Layout, detect};
use gonogo::source::{Limits, Part, discover, open};

use super::case::{Case, Outcome};

/// The rows of a set, and what it has in common.
pub(crate) struct Rows {
    pub(crate) records: Vec<Record<'static>>,
    /// Columns of the whole set.
    pub(crate) columns: Vec<String>,
    layout: Option<Layout>,
}

impl Rows {
    pub(crate) fn read(case: &Case) -> Result<Self, Outcome> {
        let mut file = tempfile::Builder::new()
            .suffix(".jsonl")
            .tempfile()
            .expect("a temporary file");
        for row in case.rows()? {
            // Rows of an array may stand on several lines.
            let row: Box<serde_json::value::RawValue> = serde_json::from_str(&row).expect("a row is JSON");
            let row = row.get().replace(['\n', '\r'], " ");
            writeln!(file, "{row}").expect("written");
        }
        let found = discover(&[file.path().to_owned()], &mut std::io::empty());
        let inputs = found.map_err(|error| Outcome::Differs(error.to_string()))?.inputs;
        let mut records = Vec::new();
        let mut unread = None;
        let mut reader = open(&inputs[0], 0, Part::Whole, &Limits::default());
        while let Some(batch) = reader.next() {
            batch.rows(&mut |row| match row {
                Ok(record) => records.push(Record {
                    place: record.place,
                    value: record.value.into_owned(),
                    bytes: None,
                    quirks: record.quirks,
                }),
                Err(error) => unread = Some(error.message),
            });
        }
        if let Some(message) = unread {
            return Err(Outcome::Differs(message));
        }
        let mut columns: Vec<String> = Vec::new();
        for key in records
            .iter()
            .filter_map(|record| record.value.as_object())
            .flat_map(gonogo::model::value::Object::keys)
        {
            if !columns.iter().any(|known| known == key) {
                columns.push(key.to_owned());
            }
        }
        let layout = detect(records.iter().map(|record| &record.value), None, &Columns::default()).layout;
        Ok(Self {
            records,
            columns,
            layout,
        })
    }

    /// Makes the rows what datasets makes of them.
    pub(crate) fn load(&mut self, case: &Case) -> Result<(), EncodeError> {
        let schema = super::loaded::schema(case, &self.records)?;
        self.columns = super::loaded::columns(&schema).collect();
        for record in &mut self.records {
            let loaded = schema.apply(&record.place, &record.value).into_owned();
            record.value = loaded.into_owned();
        }
        self.layout = detect(
            self.records.iter().map(|record| &record.value),
            None,
            &Columns::default(),
        )
        .layout;
        Ok(())
    }

    /// What a row means, if that is known here.
    pub(crate) fn example<'r>(&'r self, record: &'r Record<'r>) -> Example<'r> {
        let read = self.layout.as_ref().and_then(|layout| layout.read(record).ok());
        read.unwrap_or(Example {
            shape: gonogo::model::example::Shape::Text,
            turns: Vec::new(),
            tools: None,
            template_kwargs: None,
            conversational: false,
        })
    }
}
