//! Cases of TRL's `SFTTrainer`, and what all of TRL's cases have in common.

use std::sync::Arc;

use gonogo::loader::{Datasets, Extent, LoadError, Loader, Look, Schema};
use gonogo::model::batch::{Batch, Extra, Sequence};
use gonogo::model::encoded::{EncodeError, EncodeErrorKind};
use gonogo::model::example::{Example, Shape};
use gonogo::model::record::{Quirks, Record};
use gonogo::model::value::Value;
use gonogo::place::Place;
use gonogo::plan::sampler::Order;
use gonogo::shape::{Columns, Layout, detect};
use gonogo::trainer::trl::options::Options;
use gonogo::trainer::trl::{First, sft as trainers};
use gonogo::trainer::version::Version;
use gonogo::trainer::{Pool, SitePackages};
use serde_json::json;

use super::case::{Case, Outcome};

pub(crate) type Records = Vec<serde_json::Value>;

pub(crate) fn sft(case: &Case) -> Result<Records, Outcome> {
    recorded(run(case))
}

/// The records of a run, or the one of its error.
pub(crate) fn recorded(run: Result<Records, Stop>) -> Result<Records, Outcome> {
    match run {
        Ok(records) => Ok(records),
        Err(Stop::Outcome(outcome)) => Err(outcome),
        Err(Stop::Raises(class, message)) => Ok(vec![json!({"kind": "error", "error_type": class, "error": message})]),
    }
}

/// Why a case ends before its records.
pub(crate) enum Stop {
    Outcome(Outcome),
    Raises(String, String),
}

impl From<Outcome> for Stop {
    fn from(outcome: Outcome) -> Self {
        Self::Outcome(outcome)
    }
}

impl From<EncodeError> for Stop {
    fn from(error: EncodeError) -> Self {
        match error.kind {
            // TRL's own files, which are not copied here.
            EncodeErrorKind::Unsupported if error.message.starts_with("TRL's training templates") => {
                Self::Outcome(Outcome::Skipped(error.message))
            }
            EncodeErrorKind::Unsupported => Self::Outcome(Outcome::Unsupported(error.message)),
            EncodeErrorKind::Template | EncodeErrorKind::Trainer => Self::Raises(error.class, error.message),
        }
    }
}

impl From<LoadError> for Stop {
    fn from(error: LoadError) -> Self {
        match error {
            LoadError::Raises { class, message, .. } => Self::Raises(class.to_owned(), message),
            LoadError::Unknown { reason, .. } => Self::Outcome(Outcome::Unsupported(reason)),
        }
    }
}

/// A case's rows as `datasets` gives them.
pub(crate) struct Set {
    pub(crate) first: First,
    pub(crate) records: Vec<Record<'static>>,
    layout: Option<Layout>,
}

impl Set {
    pub(crate) fn read(case: &Case) -> Result<Self, Stop> {
        let mut offset = 0;
        let rows: Vec<(Place, Value<'static>)> = (0u64..)
            .zip(case.rows()?)
            .map(|(row, text)| {
                let place = Place {
                    source: 0,
                    row,
                    line: row + 1,
                    offset,
                };
                offset += text.len() as u64 + 1;
                (place, Value::from_json(&text).expect("rows are JSON"))
            })
            .collect();
        let loader = match (case.config["loader"].as_str(), case.is_legacy()) {
            (Some("from_list"), _) => Loader::FromList,
            (_, true) => Loader::Json(Datasets::V3_6_0),
            (_, false) => Loader::Json(Datasets::V5_2_0),
        };
        let record = |place: Place, value: Value<'static>| Record {
            place,
            value,
            bytes: None,
            quirks: Quirks::default(),
        };
        let mut look = Look::default();
        for (place, value) in &rows {
            look.add(&record(*place, value.clone()), Extent::JSON_LINES);
        }
        let schema = Schema::of(&look, loader)?;
        let records: Vec<Record<'static>> = rows
            .iter()
            .map(|(place, value)| record(*place, schema.apply(place, value).into_owned().into_owned()))
            .collect();
        Ok(Self {
            first: First {
                columns: schema.columns().iter().map(|(name, _)| name.to_string()).collect(),
                row: records[0].value.clone(),
                chats: schema.chats(),
                // Numbers of rows are one more column.
                is_instruction: schema.is_instruction() && case.config["row_ids"] == false,
            },
            layout: detect(rows.iter().map(|(_, value)| value), None, &Columns::default()).layout,
            records,
        })
    }

    /// What a row means, if that is known here.
    pub(crate) fn example<'r>(&'r self, record: &'r Record<'r>) -> Example<'r> {
        let read = self.layout.as_ref().and_then(|layout| layout.read(record).ok());
        read.unwrap_or_else(nothing)
    }
}

/// The version of TRL that was recorded, or the one a case of our own names.
pub(crate) fn version(case: &Case) -> Version {
    match (case.config["trl"].as_str(), case.is_legacy()) {
        (Some(version), _) => version.parse().expect("a version"),
        (None, true) => Version::new(0, 19, 1),
        (None, false) => Version::new(1, 16, 0),
    }
}

/// Rows per batch.
pub(crate) fn batch_size(case: &Case) -> usize {
    usize::try_from(case.config["batch_size"].as_u64().unwrap_or(2)).expect("a small number")
}

fn run(case: &Case) -> Result<Records, Stop> {
    let set = Set::read(case)?;
    let kit = Arc::new(super::kit::load(case)?);
    let packages = SitePackages::of(std::env::var_os("GONOGO_PARITY_SITE_PACKAGES").map(Into::into), |_| {
        None
    });
    let trainer = trainers::trainer(kit, version(case), options(case), &set.first, &packages)?.trainer;
    let with_ids = case.config["row_ids"].as_bool().unwrap_or(true);
    let mut kept = Vec::new();
    for record in &set.records {
        let mut pool = Pool::default();
        trainer.encode(record, &set.example(record), &mut pool)?;
        for encoded in pool.sequences().iter().filter(|encoded| encoded.dropped.is_none()) {
            kept.push(Sequence {
                rows: vec![record.place.row],
                input_ids: encoded.input_ids.clone(),
                labels: encoded.labels.clone(),
                ..Sequence::default()
            });
        }
    }
    let sequences = trainer.arrange(kept)?;
    let packed = case.config["trainer_args"]["packing"] == true;
    // Before, no labels are made of rows, and those of a tokenised set are passed through.
    let labels = version(case) >= Version::new(0, 19, 0);
    let expected: Vec<&serde_json::Value> = case.expected.iter().filter(|record| record["kind"] == "row").collect();
    // Cases of our own between the recorded versions have batches alone.
    let rows = if expected.is_empty() { &[][..] } else { &sequences[..] };
    let mut records: Records = (0..)
        .zip(rows)
        .map(|(index, sequence)| row(index, sequence, packed, with_ids, labels, expected.get(index)))
        .collect();
    let size = batch_size(case);
    for (index, batch) in sequences.chunks(size).enumerate() {
        records.push(self::batch("batch", index, &trainer.collate(batch)?));
    }
    if case.config["dataloader"] == true {
        let rows = u32::try_from(sequences.len()).expect("few rows");
        let order = Order::Shuffled { seed: 42 }.draw(rows, 0, rows);
        let drop_last = case.config["trainer_args"]["dataloader_drop_last"] == true;
        for (index, rows) in order
            .chunks(size)
            .filter(|rows| !drop_last || rows.len() == size)
            .enumerate()
        {
            let batch: Vec<Sequence> = rows.iter().map(|row| sequences[*row as usize].clone()).collect();
            let mut record = self::batch("dataloader_batch", index, &trainer.collate(&batch)?);
            let keys = ["kind", "index", "input_ids", "labels"];
            record
                .as_object_mut()
                .expect("an object")
                .retain(|key, _| keys.contains(&key.as_str()));
            records.push(record);
        }
    }
    Ok(records)
}

fn nothing<'e>() -> Example<'e> {
    Example {
        shape: Shape::Text,
        turns: Vec::new(),
        tools: None,
        template_kwargs: None,
        conversational: false,
    }
}

fn options(case: &Case) -> Options {
    let mut given = case.config["trainer_args"].clone();
    if !given.is_object() {
        given = json!({});
    }
    for key in ["formatting_field", "completion_only_lm"] {
        if !case.config[key].is_null() {
            given[key] = case.config[key].clone();
        }
    }
    given["per_device_train_batch_size"] = case.config["batch_size"].clone();
    serde_json::from_value(given).expect("the options are known")
}

fn row(
    index: usize,
    sequence: &Sequence,
    packed: bool,
    with_ids: bool,
    labels: bool,
    expected: Option<&&serde_json::Value>,
) -> serde_json::Value {
    let mut record = json!({"kind": "row", "index": index, "input_ids": sequence.input_ids});
    // Columns the library passes through are no matter of tokens; labels are made here or in the collator.
    for (key, value) in expected.and_then(|expected| expected.as_object()).into_iter().flatten() {
        match key.as_str() {
            "labels" if labels => record["labels"] = json!(sequence.labels),
            "seq_lengths" => record["seq_lengths"] = json!(sequence.seq_lengths),
            "position_ids" => record["position_ids"] = json!(sequence.position_ids),
            "src" if with_ids && !packed => record["src"] = json!(sequence.rows[0]),
            "kind" | "index" | "input_ids" => {}
            _ => record[key] = value.clone(),
        }
    }
    record
}

pub(crate) fn batch(kind: &str, index: usize, batch: &Batch) -> serde_json::Value {
    let mut record = json!({"kind": kind, "index": index, "input_ids": batch.input_ids});
    if let Some(labels) = &batch.labels {
        record["labels"] = json!(labels);
    }
    if let Some(mask) = &batch.attention_mask {
        record["attention_mask"] = json!(mask);
    }
    if let Some(positions) = &batch.position_ids {
        record["position_ids"] = json!(positions);
    }
    for (name, extra) in &batch.others {
        record[name] = match extra {
            Extra::Flag(flag) => json!(flag),
            Extra::Number(number) => json!(number),
            Extra::Row(row) => json!(row),
            Extra::Flags(flags) => json!(flags),
            Extra::Floats(floats) => floats.iter().map(|float| f64::from(*float)).collect(),
            Extra::Matrix(matrix) => json!(matrix),
        };
    }
    record
}
