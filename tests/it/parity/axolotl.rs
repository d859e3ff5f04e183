//! Kind `axolotl`: `tokenized` rows, `row`s after their lengths were looked at, `bins`, batches.

use std::sync::Arc;

use gonogo::model::batch::{Batch, Sequence};
use gonogo::model::encoded::{EncodeError, EncodeErrorKind, Encoded};
use gonogo::trainer::axolotl::collate::{Collator, Masks, PadToken};
use gonogo::trainer::axolotl::options::{Dataset, Options};
use gonogo::trainer::axolotl::{Axolotl, NO_TOKEN, Split, versions};
use gonogo::trainer::{Encode, Fate, Pool, SitePackages, Trainer};
use serde_json::{Map, Value, json};

use super::case::{Case, Outcome};
use super::kit;
use super::rows::Rows;

pub(crate) fn run(case: &Case) -> Result<Vec<Value>, Outcome> {
    let setup = match Setup::read(case) {
        Ok(setup) => setup,
        Err(message) => return Ok(vec![error("ValidationError", &message)]),
    };
    let kit = kit::load(case)?;
    let mut rows = Rows::read(case)?;
    match rows.load(case).and_then(|()| setup.records(kit, &rows)) {
        Ok(records) => Ok(records),
        Err(failed) if failed.kind == EncodeErrorKind::Unsupported => Err(Outcome::Unsupported(failed.message)),
        Err(failed) => Ok(vec![error(&failed.class, &failed.message)]),
    }
}

fn error(class: &str, message: &str) -> Value {
    json!({"kind": "error", "error_type": class, "error": message})
}

/// A case's config.
struct Setup {
    options: Options,
    dataset: Dataset,
    collator: Collator,
    micro_batch_size: usize,
}

impl Setup {
    /// The options as the recording completed them.
    fn read(case: &Case) -> Result<Self, String> {
        let batch_size = case.config["batch_size"].as_u64().unwrap_or(2);
        let mut given: Map<String, Value> = Map::new();
        given.insert("sequence_len".to_owned(), json!(2048));
        given.insert("micro_batch_size".to_owned(), json!(batch_size));
        given.insert("model_config_type".to_owned(), json!("llama"));
        given.extend(case.config["axolotl"].as_object().cloned().unwrap_or_default());
        // Recorded with the sampler's own default, not the one axolotl derives from the attention.
        let real = given.get("multipack_real_batches").cloned().unwrap_or(Value::Null);
        given.insert("multipack_real_batches".to_owned(), json!(real == json!(true)));
        given.retain(|key, _| key != "num_epochs" && key != "batch_size");
        let options: Options = serde_json::from_value(Value::Object(given)).map_err(|error| error.to_string())?;
        let dataset = case.config["dataset"].clone();
        let dataset: Dataset = serde_json::from_value(dataset).map_err(|error| error.to_string())?;
        Ok(Self {
            collator: collator(&options),
            micro_batch_size: options.micro_batch_size.unwrap_or(1),
            options,
            dataset,
        })
    }

    fn records(&self, kit: gonogo::encode::kit::Kit, rows: &Rows) -> Result<Vec<Value>, EncodeError> {
        let kit = Arc::new(kit);
        let columns = rows.columns.clone();
        let packages = SitePackages::of(std::env::var_os("GONOGO_PARITY_SITE_PACKAGES").map(Into::into), |_| {
            None
        });
        let split = Split::Train;
        let axolotl = Axolotl::new(
            &kit,
            versions::NEWEST,
            &self.options,
            &self.dataset,
            split,
            columns,
            &packages,
        )?;
        let mut records = Vec::new();
        let mut encoded: Vec<Encoded> = Vec::new();
        let mut pool = Pool::default();
        for record in &rows.records {
            pool.clear();
            axolotl.tokenise(record, &rows.example(record), &mut pool)?;
            encoded.extend(pool.sequences().iter().cloned());
        }
        for (index, row) in encoded.iter().enumerate() {
            // An EOS that is not there, which a row may have until it is dropped or cut.
            let ids = row.input_ids.iter().map(|id| (*id != NO_TOKEN).then_some(*id));
            let labels = row.labels.iter().map(|label| (*label != i32::MAX).then_some(*label));
            records.push(json!({"kind": "tokenized", "index": index,
                "input_ids": ids.collect::<Vec<_>>(), "labels": labels.collect::<Vec<_>>()}));
        }
        for row in &mut encoded {
            axolotl.settle(row)?;
        }
        let fates: Vec<Fate> = (0..)
            .zip(&encoded)
            .map(|(row, encoded)| Fate {
                row,
                tokens: encoded.len(),
                dropped: encoded.dropped.is_some(),
            })
            .collect();
        axolotl.check_set(&fates, fates.len() as u64)?;
        let kept: Vec<Sequence> = (0u64..)
            .zip(encoded.iter().filter(|row| row.dropped.is_none()))
            .map(|(at, row)| Sequence {
                rows: vec![at],
                input_ids: row.input_ids.clone(),
                labels: row.labels.clone(),
                ..Sequence::default()
            })
            .collect();
        let packs = axolotl.bins_per_batch();
        for (index, row) in kept.iter().enumerate() {
            let mut record = json!({"kind": "row", "index": index, "input_ids": row.input_ids, "labels": row.labels});
            if packs.is_some() {
                let length = row.input_ids.len();
                record["position_ids"] = (0..length).collect();
                record["length"] = length.into();
            }
            records.push(record);
        }
        let arranged = axolotl.arrange(kept)?;
        let per_batch = packs.unwrap_or(self.micro_batch_size);
        let batches: Vec<&[Sequence]> = arranged.chunks(per_batch).collect();
        if packs.is_some() {
            let bins = batches
                .iter()
                .map(|batch| batch.iter().map(|bin| json!(bin.rows)).collect());
            records.push(json!({"kind": "bins", "bins": bins.collect::<Vec<Value>>(),
                "note": "SequentialSampler order (curriculum_sampling: true)"}));
        }
        let facts = kit.facts();
        let collator = Collator {
            pad: PadToken::of(facts),
            left: facts.padding_side == gonogo::encode::tokenizer::Side::Left,
            ..self.collator
        };
        for (index, batch) in batches.into_iter().enumerate() {
            records.push(batch_record(index, &collator.collate(batch)?));
        }
        Ok(records)
    }
}

/// The recording made its collators itself, with padding and masks of its own choice.
fn collator(options: &Options) -> Collator {
    let multiple = options
        .pad_to_multiple_of
        .filter(|multiple| *multiple > 0)
        .unwrap_or(64);
    let longest = options.sequence_len.unwrap_or(2048).next_multiple_of(multiple);
    let model = options.model_config_type.as_deref().unwrap_or_default();
    let packs = options.sample_packing == Some(true);
    let masks = match packs {
        true if ["mamba", "gemma3"].contains(&model) => Masks::Absent,
        true if options.flash_attention != Some(true) => Masks::Numbered,
        _ => Masks::Ones,
    };
    let multiple = if options.pad_to_sequence_len == Some(true) {
        longest
    } else {
        multiple
    };
    Collator {
        pad: PadToken::None,
        left: false,
        multiple: Some(multiple),
        masks,
    }
}

fn batch_record(index: usize, batch: &Batch) -> Value {
    let mut record = json!({"kind": "batch", "index": index, "input_ids": batch.input_ids, "labels": batch.labels});
    if let Some(mask) = &batch.attention_mask {
        record["attention_mask"] = json!(mask);
    }
    if let Some(positions) = &batch.position_ids {
        record["position_ids"] = json!(positions);
    }
    record
}
