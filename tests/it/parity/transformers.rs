//! transformers' collators, tokenizer calls and chat templates: kinds `hf_*` and `render`.

use gonogo::encode::kit::Kit;
use gonogo::model::encoded::{EncodeError, EncodeErrorKind};
use gonogo::model::value::Value as Row;
use gonogo::trainer::transformers::chat::{ChatCall, Chatted};
use gonogo::trainer::transformers::collate::{Collator, Tensors};
use gonogo::trainer::transformers::feature::{Column, Features};
use gonogo::trainer::transformers::options::CollatorClass;
use gonogo::trainer::transformers::tensor::Tensor;
use gonogo::trainer::transformers::tokenize::{self, Tokenize};
use gonogo::trainer::transformers::versions;
use gonogo::trainer::version::Version;
use serde_json::{Map, Value, json};

use super::case::{Case, Outcome};

/// The records of a run, or of the exception that ended it.
pub(crate) fn ended(result: Result<Vec<Value>, EncodeError>) -> Result<Vec<Value>, Outcome> {
    match result {
        Ok(records) => Ok(records),
        Err(error) if error.kind == EncodeErrorKind::Unsupported => Err(Outcome::Unsupported(error.message)),
        Err(error) => Ok(vec![
            json!({"kind": "error", "error_type": error.class, "error": error.message}),
        ]),
    }
}

/// The case's rows as a script tokenises them.
pub(crate) fn features(case: &Case, kit: &Kit) -> Result<Result<Vec<Features>, EncodeError>, Outcome> {
    let options: tokenize::Options = match &case.config["tokenize"] {
        Value::Null => tokenize::Options::default(),
        given => serde_json::from_value(given.clone()).map_err(|error| Outcome::Unsupported(error.to_string()))?,
    };
    let rows = case.rows()?;
    let read = || {
        let tokenize = Tokenize::new(kit, &options)?;
        let mut scratch = tokenize::Row::default();
        let rows = rows.iter().map(|row| Row::from_json(row).expect("rows are JSON"));
        rows.map(|row| tokenize.features(kit, &row, &mut scratch)).collect()
    };
    Ok(read())
}

pub(crate) fn row(index: usize, features: &Features) -> Value {
    let mut record = json!({"kind": "row", "index": index, "src": index});
    for (name, column) in features.iter() {
        record[name] = match column {
            Column::Ints(ints) => json!(ints),
            Column::Json(value) => plain(value),
        };
    }
    record
}

pub(crate) fn collators(case: &Case) -> Result<Vec<Value>, Outcome> {
    let kit = super::kit::load(case)?;
    let features = match features(case, &kit)? {
        Ok(features) => features,
        Err(error) => return ended(Err(error)),
    };
    ended(batches(case, &kit, &features))
}

fn batches(case: &Case, kit: &Kit, features: &[Features]) -> Result<Vec<Value>, EncodeError> {
    let version = if case.is_legacy() {
        Version::new(4, 53, 3)
    } else {
        versions::NEWEST
    };
    let range = versions::features(version).expect("covered");
    let mut records: Vec<Value> = features
        .iter()
        .enumerate()
        .map(|(at, row)| self::row(at, row))
        .collect();
    let kind = match case.kind() {
        "hf_lm" => CollatorClass::Language,
        "hf_seq2seq" => CollatorClass::Seq2Seq,
        "hf_flattening" => CollatorClass::Flattening,
        "hf_padding" => CollatorClass::Padding,
        "hf_default" => CollatorClass::Default,
        _ => return Ok(records),
    };
    let none = Map::new();
    let arguments = case.config["collator_args"].as_object();
    // The recorder hands the default collator no arguments.
    let arguments = arguments.filter(|_| kind != CollatorClass::Default).unwrap_or(&none);
    let collator = Collator::new(kind, arguments, range)?;
    let size = usize::try_from(case.config["batch_size"].as_u64().unwrap_or(2)).expect("small");
    for (index, rows) in features.chunks(size).enumerate() {
        records.push(batch(index, &collator.collate(rows, kit.facts())?));
    }
    Ok(records)
}

fn batch(index: usize, batch: &Tensors) -> Value {
    let mut record = json!({"kind": "batch", "index": index});
    for (name, tensor) in batch {
        record[name.as_ref()] = match tensor {
            Tensor::None => Value::Null,
            Tensor::Number(number) => json!(number),
            Tensor::Ints(ints) => json!(ints),
            Tensor::Matrix(rows) => json!(rows),
            Tensor::Other(value) => plain(value),
        };
    }
    record
}

fn plain(value: &Row<'_>) -> Value {
    match value {
        Row::Null => Value::Null,
        Row::Bool(flag) => json!(flag),
        Row::Int(number) => json!(number),
        Row::UInt(number) => json!(number),
        Row::Float(number) => json!(number),
        Row::Str(text) => json!(text),
        Row::Datetime(text) => json!(text),
        Row::Array(items) => items.iter().map(plain).collect(),
        Row::Object(object) => object
            .iter()
            .map(|(name, value)| (name.to_owned(), plain(value)))
            .collect(),
    }
}

/// Texts, ids and masks of `apply_chat_template`, row by row; a row that raises is a record of its own.
pub(crate) fn render(case: &Case) -> Result<Vec<Value>, Outcome> {
    let kit = super::kit::load(case)?;
    let mut records = Vec::new();
    let mut out = Chatted::default();
    for (index, text) in case.rows()?.iter().enumerate() {
        let row = Row::from_json(text).expect("rows are JSON");
        let own: Value = serde_json::from_str(text).expect("rows are JSON");
        let mut call = case.config["call"].as_object().cloned().unwrap_or_default();
        call.extend(own["call"].as_object().cloned().unwrap_or_default());
        let mut record = json!({"kind": "row", "index": index, "src": index});
        match rendered(&kit, &row, &call, &mut out, &mut record) {
            Ok(()) => {}
            Err(error) if error.kind == EncodeErrorKind::Unsupported => {
                return Err(Outcome::Unsupported(format!("row {index}: {}", error.message)));
            }
            Err(error) => {
                record["error_type"] = json!(error.class);
                record["error"] = json!(error.message);
            }
        }
        records.push(record);
    }
    Ok(records)
}

fn rendered(
    kit: &Kit,
    row: &Row<'_>,
    call: &Map<String, Value>,
    out: &mut Chatted,
    record: &mut Value,
) -> Result<(), EncodeError> {
    // The recorder renders without asking for a mask first, and then once more with it.
    let mut unmasked = call.clone();
    let masked = unmasked.remove("return_assistant_tokens_mask");
    ChatCall::read(kit, &unmasked)?.render(kit, row, &mut out.rendered)?;
    record["text"] = json!(out.rendered.text);
    ChatCall::read(kit, call)?.encode(kit, row, out)?;
    record["input_ids"] = json!(out.called.tokens.ids);
    if masked.is_some_and(|masked| masked == true) {
        record["assistant_masks"] = out.mask.iter().map(|kept| json!(u8::from(*kept))).collect();
    }
    Ok(())
}
