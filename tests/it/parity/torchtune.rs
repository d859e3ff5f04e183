//! Kind `torchtune`: `row`s, and either `pack`s or batches. Recorded with Qwen2's tokenizer, whose
//! special tokens were those of the case's `tokenizer.json`.

use gonogo::encode::kept::Kept;
use gonogo::model::batch::{Extra, Sequence};
use gonogo::model::encoded::{EncodeError, EncodeErrorKind, IGNORE};
use gonogo::trainer::torchtune::options::Tokenizer;
use gonogo::trainer::torchtune::transform::{Kind, Transform};
use gonogo::trainer::torchtune::{Packing, Torchtune, versions};
use gonogo::trainer::{Encode, Pool, Trainer};
use serde_json::{Value, json};

use super::case::{Case, Outcome};
use super::rows::Rows;

pub(crate) fn run(case: &Case) -> Result<Vec<Value>, Outcome> {
    let mut rows = Rows::read(case)?;
    let file = case.tokenizer()?.join("tokenizer.json");
    match records(case, &mut rows, &file) {
        Ok(records) => Ok(records),
        Err(failed) if failed.kind == EncodeErrorKind::Unsupported => Err(Outcome::Unsupported(failed.message)),
        Err(failed) => Ok(vec![
            json!({"kind": "error", "error_type": failed.class, "error": failed.message}),
        ]),
    }
}

fn records(case: &Case, rows: &mut Rows, file: &std::path::Path) -> Result<Vec<Value>, EncodeError> {
    let config = &case.config;
    let chatml = config["chatml"] == json!(true);
    let tokenizer = Tokenizer {
        component: config["tokenizer_component"]
            .as_str()
            .unwrap_or("qwen2_tokenizer")
            .to_owned(),
        special_tokens_path: Some(file.display().to_string()),
        max_seq_len: config["max_seq_len"].as_u64().map(number),
        prompt_template: chatml.then(|| json!("torchtune.data.ChatMLTemplate")),
        ..Tokenizer::default()
    };
    let kind = match config["message_transform"].as_str() {
        Some("openai") => Kind::OpenAi,
        Some("sharegpt") => Kind::ShareGpt,
        Some("input_output") => Kind::InputOutput,
        _ => Kind::Alpaca,
    };
    let args = &config["message_args"];
    let system = args["new_system_prompt"].as_str().map(str::to_owned);
    let transform = || {
        Transform::new(
            kind,
            args["train_on_input"].as_bool(),
            system,
            args["column_map"].as_object(),
        )
    };
    let packed = &config["packed_args"];
    let packing = (config["packed"] == json!(true)).then(|| Packing {
        split_across_pack: packed["split_across_pack"] == json!(true),
        max_packs: packed["max_packs"].as_u64().map(number),
    });
    let loaded = rows.load(case);
    let columns = rows.columns.clone();
    let mut torchtune = Torchtune::of_parts(
        (file, &Kept::default()),
        versions::NEWEST,
        &tokenizer,
        transform,
        packing,
        columns,
    )?;
    loaded?;
    // Recorded with padding of its own choice.
    torchtune.padding.batch = 0;
    torchtune.padding.pack = torchtune.pad();
    let mut records = Vec::new();
    let mut sequences = Vec::new();
    let mut pool = Pool::default();
    for (index, record) in rows.records.iter().enumerate() {
        pool.clear();
        torchtune.encode(record, &rows.example(record), &mut pool)?;
        for row in pool.sequences() {
            let mask: Vec<bool> = row.labels.iter().map(|label| *label == IGNORE).collect();
            records.push(
                json!({"kind": "row", "index": index, "src": index, "input_ids": row.input_ids,
                "mask": mask, "labels": row.labels}),
            );
            sequences.push(Sequence {
                rows: vec![index as u64],
                input_ids: row.input_ids.clone(),
                labels: row.labels.clone(),
                ..Sequence::default()
            });
        }
    }
    let arranged = torchtune.arrange(sequences)?;
    let per_batch = if packing.is_some() {
        1
    } else {
        config["batch_size"].as_u64().map_or(2, number)
    };
    for (index, batch) in arranged.chunks(per_batch).enumerate() {
        let batch = torchtune.collate(batch)?;
        records.push(match batch.others.first() {
            Some((name, Extra::Matrix(lengths))) => json!({"kind": "pack", "index": index,
                "tokens": batch.input_ids[0], "labels": batch.labels.as_ref().map(|labels| &labels[0]),
                "input_pos": batch.position_ids.as_ref().map(|positions| &positions[0]), *name: lengths[0]}),
            _ => json!({"kind": "batch", "index": index, "tokens": batch.input_ids, "labels": batch.labels}),
        });
    }
    Ok(records)
}

fn number(value: u64) -> usize {
    usize::try_from(value).expect("a small number")
}
