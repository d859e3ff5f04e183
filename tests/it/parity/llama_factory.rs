//! `lf_sft`, `lf_pt`, `lf_rm` and `lf_kto`: LLaMA-Factory's converter, template, processor and
//! collator.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use gonogo::encode::kit::Kit;
use gonogo::encode::template::Clock;
use gonogo::encode::tokenizer::Generation;
use gonogo::model::batch::{Batch, Extra, Sequence};
use gonogo::model::encoded::{EncodeError, EncodeErrorKind, Encoded, What};
use gonogo::model::example::{Example, Shape};
use gonogo::model::record::{Quirks, Record};
use gonogo::model::value::{Object, Value};
use gonogo::place::Place;
use gonogo::shape::{Columns, Layout, detect};
use gonogo::trainer::llama_factory::align::{Given, Message};
use gonogo::trainer::llama_factory::{DatasetAttr, KL, LlamaFactory, Options, Packing, Set, Stage, Surroundings};
use gonogo::trainer::{Encode, Fate, Pool, Trainer};
use serde_json::{Value as Json, json};

use super::case::{Case, Outcome};

pub(crate) fn run(case: &Case) -> Result<Vec<Json>, Outcome> {
    let rows: Vec<(u64, Json)> = offsets(case.rows()?)
        .map(|(offset, row)| (offset, serde_json::from_str(&row).expect("rows are JSON")))
        .collect();
    let kit = super::kit::load(case)?;
    match records(case, &rows, Arc::new(kit)) {
        Ok(records) => Ok(records),
        Err(error) if error.kind == EncodeErrorKind::Unsupported => Err(Outcome::Unsupported(error.message)),
        Err(error) => Ok(vec![json!({
            "kind": "error",
            "error_type": error.class,
            "error": error.message,
        })]),
    }
}

/// Rows with the place they have in a file of one row to a line.
fn offsets(rows: Vec<String>) -> impl Iterator<Item = (u64, String)> {
    let mut offset = 0;
    rows.into_iter().map(move |row| {
        let start = offset;
        offset += row.len() as u64 + 1;
        (start, row)
    })
}

/// The rows as the loader gives them, and the columns they have.
fn loaded<'r>(case: &Case, records: &'r [Record<'r>]) -> Result<(Vec<Record<'r>>, BTreeSet<String>), EncodeError> {
    let schema = super::loaded::schema(case, records)?;
    let columns = super::loaded::columns(&schema).collect();
    let rows = records.iter().map(|record| Record {
        value: schema.apply(&record.place, &record.value).into_owned(),
        ..record.clone()
    });
    Ok((rows.collect(), columns))
}

fn record_at(row: u64, offset: u64, value: &Json) -> Record<'_> {
    Record {
        place: Place {
            row,
            line: row + 1,
            offset,
            ..Place::default()
        },
        value: tree(value),
        bytes: None,
        quirks: Quirks::default(),
    }
}

fn records(case: &Case, rows: &[(u64, Json)], kit: Arc<Kit>) -> Result<Vec<Json>, EncodeError> {
    let mut options = case.config["data_args"].clone();
    // The recording made its collators itself, and their labels are padded with -100.
    options["ignore_pad_token_for_loss"] = true.into();
    options["stage"] = case.kind().trim_start_matches("lf_").into();
    let options: Options = serde_json::from_value(options).expect("data_args are options");
    let attr = match &case.config["dataset_attr"] {
        Json::Object(entry) => DatasetAttr::from_info(entry)?,
        _ => DatasetAttr::default(),
    };
    let read: Vec<Record<'_>> = (0..)
        .zip(rows)
        .map(|(row, (offset, value))| record_at(row, *offset, value))
        .collect();
    let loaded = loaded(case, &read);
    let set = Set {
        attr,
        columns: loaded.as_ref().ok().map(|(_, columns)| columns.clone()),
    };
    let stage = options.stage;
    let batch_rows = usize::try_from(options.preprocessing_batch_size).expect("a small number");
    let surroundings = Surroundings {
        has_processor: case.config["has_processor"] == true,
        today: None,
    };
    let trainer = LlamaFactory::new(kit, options, vec![set], &surroundings)?;
    // Options are read before rows are.
    let (records, _) = loaded?;

    let mut out = Vec::new();
    for (index, record) in records.iter().enumerate() {
        let row = trainer.align(record)?;
        out.push(json!({
            "kind": "aligned",
            "index": index,
            "_prompt": messages(&row.prompt),
            "_response": messages(&row.response),
            "_system": given(&row.system),
            "_tools": given(&row.tools),
        }));
    }

    let layout = layout(&records);
    let mut kept = Vec::new();
    let mut pool = Pool::default();
    for (at, record) in records.iter().enumerate() {
        let example = example(layout.as_ref(), record);
        let first = at / batch_rows * batch_rows;
        if at == first {
            // Batches are written as they come, and what is wrong with one before is said first.
            check_kept(&trainer, &kept, first)?;
        }
        let last = records.len().min(first + batch_rows) - 1;
        let donor = (stage == Stage::Kto).then(|| &records[if at == first { last } else { at - 1 }]);
        if let Some(donor) = donor {
            // The other row's answer is looked for before anything is encoded.
            pool.clear();
            let found = trainer.encode_kl(record, &example, donor, &mut pool);
            if let Err(error) = found.as_ref().map_err(Clone::clone)
                && error.class == "IndexError"
            {
                return Err(error);
            }
        }
        pool.clear();
        trainer.encode(record, &example, &mut pool)?;
        if let Some(donor) = donor {
            trainer.encode_kl(record, &example, donor, &mut pool)?;
        }
        for encoded in pool.sequences() {
            check(encoded, &example);
            if encoded.dropped.is_none() {
                kept.push(Sequence {
                    rows: vec![record.place.row],
                    side: encoded.side,
                    input_ids: encoded.input_ids.clone(),
                    labels: encoded.labels.clone(),
                    ..Sequence::default()
                });
            }
        }
    }
    check_kept(&trainer, &kept, records.len())?;
    let sequences = trainer.arrange_set(kept, records.len() as u64)?;
    let per_row = if matches!(stage, Stage::Rm | Stage::Dpo | Stage::Kto) {
        2
    } else {
        1
    };
    for (index, row) in sequences.chunks(per_row).enumerate() {
        out.push(record_of(&trainer, stage, index, row));
    }
    // Masks of neat packing are four-dimensional, and made-up pictures need an image processor, but
    // for plain texts: neither was recorded.
    if trainer.facts().packing == Packing::Neat || trainer.facts().media.is_some() && stage != Stage::Pt {
        return Ok(out);
    }
    let batch_size = usize::try_from(case.config["batch_size"].as_u64().unwrap_or(2)).expect("a small number");
    for (index, rows) in sequences.chunks(per_row * batch_size).enumerate() {
        let mut record = batch(trainer.collate(rows)?);
        record["index"] = index.into();
        out.push(record);
    }
    Ok(out)
}

/// The recording did not print an example, which is where the real one finds that there is none.
fn check_kept(trainer: &LlamaFactory, kept: &[Sequence], rows: usize) -> Result<(), EncodeError> {
    if kept.is_empty() {
        return Ok(());
    }
    let fates: Vec<Fate> = kept
        .iter()
        .map(|sequence| Fate {
            row: sequence.rows[0],
            tokens: sequence.input_ids.len(),
            dropped: false,
        })
        .collect();
    trainer.check_set(&fates, rows as u64)
}

fn record_of(trainer: &LlamaFactory, stage: Stage, index: usize, row: &[Sequence]) -> Json {
    let mut record = json!({"kind": "row", "index": index});
    for sequence in row {
        let prefix = match sequence.side {
            "chosen" => "chosen_",
            "rejected" => "rejected_",
            KL => "kl_",
            _ => "",
        };
        record[format!("{prefix}input_ids")] = json!(sequence.input_ids);
        record[format!("{prefix}attention_mask")] = json!(trainer.attention_mask(sequence));
        record[format!("{prefix}labels")] = json!(sequence.labels);
    }
    match stage {
        Stage::Kto => record["kto_tags"] = json!(row[0].side == "desirable"),
        Stage::Sft if trainer.facts().packing != Packing::None => {
            record["position_ids"] = json!(row[0].position_ids);
            if trainer.facts().packing == Packing::Neat {
                record["packing_params"] = packing_params(&row[0]);
            }
        }
        _ => {}
    }
    record
}

fn packing_params(sequence: &Sequence) -> Json {
    let mut bounds = vec![0];
    for length in &sequence.seq_lengths {
        bounds.push(bounds.last().expect("not empty") + *length as usize);
    }
    let padding = sequence.input_ids.len() - bounds.last().expect("not empty");
    bounds.push(sequence.input_ids.len());
    json!({
        "sequence_boundaries": bounds,
        "image_subseq_ids": [1u64 << 32],
        "video_subseq_ids": [1u64 << 32],
        "audio_subseq_ids": [1u64 << 32],
        "right_padding_length": padding,
    })
}

fn batch(batch: Batch) -> Json {
    let mut record = json!({
        "kind": "batch",
        "input_ids": batch.input_ids,
        "attention_mask": batch.attention_mask,
        "labels": batch.labels,
        "position_ids": batch.position_ids,
    });
    for (name, extra) in batch.others {
        record[name] = match extra {
            Extra::Flags(tags) => json!(tags),
            Extra::Matrix(matrix) => json!(matrix),
            other => panic!("{other:?} is in no batch of LLaMA-Factory"),
        };
    }
    record
}

/// What holds of every sequence, whatever was recorded.
fn check(encoded: &Encoded, example: &Example<'_>) {
    let count = encoded.input_ids.len();
    assert_eq!((encoded.labels.len(), encoded.offsets.len()), (count, count));
    assert!(encoded.dropped.is_some() || encoded.full_len >= count);
    assert!(encoded.full_trained + 1 >= encoded.trained());
    let text = encoded.text.len();
    assert!(
        encoded
            .offsets
            .iter()
            .all(|(start, end)| start <= end && *end as usize <= text)
    );
    let mut start = 0;
    for part in &encoded.parts {
        assert!(part.end > start, "parts go on");
        if let What::Turn(at) = part.what {
            assert!(usize::from(at) < example.turns.len());
        }
        start = part.end;
    }
    assert_eq!(start as usize, text);
}

fn messages(messages: &[Message<'_>]) -> Json {
    messages
        .iter()
        .map(|message| json!({"role": message.role.name(), "content": given(&message.content)}))
        .collect()
}

fn given(given: &Given<'_>) -> Json {
    serde_json::from_str(&given.json()).expect("JSON was written")
}

fn layout(records: &[Record<'_>]) -> Option<Layout> {
    detect(records.iter().map(|record| &record.value), None, &Columns::default()).layout
}

/// The row's meaning, or nothing where it has none: encoding does not depend on it.
fn example<'r>(layout: Option<&'r Layout>, record: &'r Record<'r>) -> Example<'r> {
    let read = layout.and_then(|layout| layout.read(record).ok());
    read.unwrap_or(Example {
        shape: Shape::Text,
        turns: Vec::new(),
        tools: None,
        template_kwargs: None,
        conversational: false,
    })
}

fn tree(json: &Json) -> Value<'_> {
    match json {
        Json::Null => Value::Null,
        Json::Bool(flag) => Value::Bool(*flag),
        Json::Number(number) => match (number.as_i64(), number.as_u64(), number.as_f64()) {
            (Some(number), _, _) => Value::Int(number),
            (None, Some(number), _) => Value::UInt(number),
            (None, None, number) => Value::Float(number.unwrap_or(f64::NAN)),
        },
        Json::String(text) => Value::Str(text.as_str().into()),
        Json::Array(items) => Value::Array(items.iter().map(tree).collect()),
        Json::Object(object) => {
            let entries = object.iter().map(|(key, item)| (key.as_str().into(), tree(item)));
            Value::Object(Object::from_entries(entries.collect()).0)
        }
    }
}

/// Every template and every tool format, on rows of their own: each line of the file is a row by
/// its name, or options and what the real code made of a row with them.
#[test]
fn recorded_rows() {
    let text = std::fs::read_to_string("fixtures/llama_factory/rows.jsonl").expect("the recorded rows");
    let lines: Vec<Json> = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let given: BTreeMap<&str, &Json> = lines
        .iter()
        .filter_map(|line| Some((line["name"].as_str()?, &line["given"])))
        .collect();
    let kit = super::kit::open(
        Path::new("fixtures/tokenizers/qwen-chatml"),
        Generation::V5,
        Clock::default(),
    )
    .expect("the tokenizer loads");
    let kit = Arc::new(kit);
    let entry = json!({
        "formatting": "sharegpt",
        "columns": {"messages": "conversations", "system": "system", "tools": "tools"},
    });
    let attr = DatasetAttr::from_info(entry.as_object().expect("an object")).expect("an entry");
    let mut templates = BTreeSet::new();
    let mut wrong = Vec::new();
    for line in lines.iter().filter(|line| line["name"].is_null()) {
        let ours = row(
            &kit,
            &attr,
            &line["options"],
            given[line["row"].as_str().expect("a name")],
        );
        // Rows were recorded before the collator, which raises where an id is `None`.
        let lacks = |ids: &Json| ids.as_array().is_some_and(|ids| ids.iter().any(Json::is_null));
        let theirs = match line["error"].as_str() {
            Some(class) => Err(class.to_owned()),
            None if lacks(&line["input_ids"]) => Err("ValueError".to_owned()),
            None => Ok((line["input_ids"].clone(), line["labels"].clone())),
        };
        if ours != theirs {
            wrong.push(format!("{} {}: {ours:?}", line["options"], line["row"]));
        }
        templates.extend(line["options"]["template"].as_str());
    }
    assert!(
        wrong.is_empty(),
        "{} rows differ from the recorded ones:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert_eq!(templates.len(), 122, "all 121 templates, and one there is not");
}

/// Ids and labels of a row, or the class of the error.
fn row(kit: &Arc<Kit>, attr: &DatasetAttr, options: &Json, given: &Json) -> Result<(Json, Json), String> {
    let options: Options = serde_json::from_value(options.clone()).expect("options");
    let set = Set {
        attr: attr.clone(),
        columns: None,
    };
    let surroundings = Surroundings {
        has_processor: true,
        // The day they were recorded on, which some formats of tools put into the prompt.
        today: Some(jiff::civil::date(2026, 11, 20)),
    };
    let class = |error: EncodeError| error.class;
    let trainer = LlamaFactory::new(Arc::clone(kit), options, vec![set], &surroundings).map_err(class)?;
    let record = Record {
        place: Place::default(),
        value: tree(given),
        bytes: None,
        quirks: Quirks::default(),
    };
    let layout = layout(std::slice::from_ref(&record));
    let example = example(layout.as_ref(), &record);
    let mut pool = Pool::default();
    trainer.encode(&record, &example, &mut pool).map_err(class)?;
    let encoded = &pool.sequences()[0];
    check(encoded, &example);
    Ok((json!(encoded.input_ids), json!(encoded.labels)))
}
