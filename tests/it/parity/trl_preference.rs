//! Cases of TRL's `DPOTrainer`, `KTOTrainer` and `RewardTrainer`.

use std::sync::Arc;

use gonogo::model::batch::Batch;
use gonogo::trainer::trl::preference::options::{DpoOptions, KtoOptions, RewardOptions};
use gonogo::trainer::trl::preference::{Answer, DESIRABLE};
use gonogo::trainer::trl::{Dpo, Kto, Reward};
use gonogo::trainer::{Encode, Pool};
use serde_json::json;

use super::case::{Case, Outcome};
use super::trl::{Records, Set, Stop, batch, batch_size, recorded, version};

pub(crate) fn dpo(case: &Case) -> Result<Records, Outcome> {
    recorded(run_dpo(case))
}

pub(crate) fn kto(case: &Case) -> Result<Records, Outcome> {
    recorded(run_kto(case))
}

pub(crate) fn reward(case: &Case) -> Result<Records, Outcome> {
    recorded(run_reward(case))
}

fn options<O: serde::de::DeserializeOwned>(case: &Case) -> O {
    let mut given = case.config["trainer_args"].clone();
    if !given.is_object() {
        given = json!({});
    }
    given["per_device_train_batch_size"] = batch_size(case).into();
    serde_json::from_value(given).expect("the options are known")
}

fn run_dpo(case: &Case) -> Result<Records, Stop> {
    let set = Set::read(case)?;
    let kit = Arc::new(super::kit::load(case)?);
    let trainer = Dpo::new(kit, version(case), options::<DpoOptions>(case), &set.first)?;
    let mut pairs = Vec::new();
    for record in &set.records {
        let example = set.example(record);
        let pair = trainer.answers(record, &example)?;
        let keeps = trainer.keeps(&pair[0]);
        check(&trainer, record, &example, keeps)?;
        if keeps {
            pairs.push(pair);
        }
    }
    let mut records = Records::new();
    for (index, pair) in pairs.iter().enumerate() {
        records.push(row(case, index, pair[0].row, trainer.stored(&pair[0], &pair[1])));
    }
    for (index, pairs) in pairs.chunks(batch_size(case)).enumerate() {
        let answers: Vec<Answer> = pairs.iter().flatten().cloned().collect();
        records.push(batch_record(case, index, &trainer.batch(&answers)));
    }
    Ok(records)
}

fn run_kto(case: &Case) -> Result<Records, Stop> {
    let set = Set::read(case)?;
    let kit = Arc::new(super::kit::load(case)?);
    let mut first = set.first.clone();
    if case.config["row_ids"].as_bool().unwrap_or(true) {
        first.columns.push("oracle_row".to_owned());
    }
    let trainer = Kto::new(kit, version(case), &options::<KtoOptions>(case), &first)?;
    let mut answers = Vec::new();
    for record in &set.records {
        let example = set.example(record);
        let made = trainer.answers(record, &example)?;
        check(&trainer, record, &example, trainer.keeps(&made[0]))?;
        answers.extend(made.into_iter().filter(|answer| trainer.keeps(answer)));
    }
    trainer.order(&mut answers, |answer| (answer.row, answer.side));
    let mut records = Records::new();
    let size = batch_size(case);
    for (index, answer) in answers.iter().enumerate() {
        let last = answers.len().min((index / size + 1) * size) - 1;
        let partner = if index % size == 0 { last } else { index - 1 };
        let mut record = row(case, index, answer.row, trainer.stored(answer, &answers[partner]));
        if case
            .expected
            .iter()
            .any(|record| record["kind"] == "row" && record["label"].is_boolean())
        {
            record["label"] = json!(answer.side == DESIRABLE);
        }
        records.push(record);
    }
    for (index, answers) in answers.chunks(size).enumerate() {
        records.push(batch_record(case, index, &trainer.batch(answers)));
    }
    Ok(records)
}

fn run_reward(case: &Case) -> Result<Records, Stop> {
    let set = Set::read(case)?;
    let kit = Arc::new(super::kit::load(case)?);
    let trainer = Reward::new(kit, version(case), options::<RewardOptions>(case), &set.first)?;
    let mut pairs = Vec::new();
    for record in &set.records {
        let example = set.example(record);
        let pair = trainer.answers(record, &example)?;
        check(&trainer, record, &example, trainer.keeps(&pair))?;
        if trainer.keeps(&pair) {
            pairs.push(pair);
        }
    }
    let mut records = Records::new();
    for (index, pair) in pairs.iter().enumerate() {
        let columns = pair.iter().map(|answer| trainer.stored(answer)).collect();
        records.push(row(case, index, pair[0].row, columns));
    }
    for (index, pairs) in pairs.chunks(batch_size(case)).enumerate() {
        let answers: Vec<Answer> = pairs.iter().flatten().cloned().collect();
        records.push(batch_record(case, index, &trainer.batch(&answers)));
    }
    Ok(records)
}

/// What a rule is given agrees with itself, and with what the data set keeps.
fn check(
    trainer: &impl Encode,
    record: &gonogo::model::record::Record<'_>,
    example: &gonogo::model::example::Example<'_>,
    keeps: bool,
) -> Result<(), Stop> {
    let mut pool = Pool::default();
    trainer.encode(record, example, &mut pool)?;
    assert_eq!(pool.sequences()[0].dropped.is_none(), keeps, "row {}", record.place.row);
    for encoded in pool.sequences() {
        let n = encoded.input_ids.len();
        assert_eq!(encoded.labels.len(), n);
        // An empty text has a BOS for a token; ids given as they are have no text.
        let whole = encoded.offsets.len() == n;
        assert!(whole || (encoded.text.is_empty() && encoded.offsets.is_empty()));
        assert!(encoded.full_len >= n && encoded.full_trained >= encoded.trained());
        let end = u32::try_from(encoded.text.len()).expect("a short text");
        assert!(encoded.offsets.iter().all(|(from, to)| from <= to && *to <= end));
        assert_eq!(encoded.parts.last().map_or(0, |part| part.end), end);
    }
    Ok(())
}

/// Columns made here, and those the library passes through, which are no matter of tokens.
fn row(case: &Case, index: usize, source: u64, columns: Vec<(&'static str, Vec<i64>)>) -> serde_json::Value {
    let mut record = json!({"kind": "row", "index": index, "src": source});
    for (name, ids) in columns {
        record[name] = json!(ids);
    }
    pass(case, "row", index, &mut record);
    record
}

fn batch_record(case: &Case, index: usize, made: &Batch) -> serde_json::Value {
    let mut record = batch("batch", index, made);
    pass(case, "batch", index, &mut record);
    record
}

/// Copies what is not made here: the library's own columns of the input, and texts.
fn pass(case: &Case, kind: &str, index: usize, record: &mut serde_json::Value) {
    let expected = case
        .expected
        .iter()
        .find(|record| record["kind"] == kind && record["index"] == index);
    let is_made = |key: &str| {
        ["ids", "mask", "labels"].iter().any(|ending| key.ends_with(ending))
            || kind == "batch" && ["label", "margin", "return_loss"].contains(&key)
    };
    for (key, value) in expected.and_then(|expected| expected.as_object()).into_iter().flatten() {
        if !is_made(key) && record.get(key).is_none() {
            record[key] = value.clone();
        }
    }
}
