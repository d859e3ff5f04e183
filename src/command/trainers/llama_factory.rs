//! LLaMA-Factory.

use std::sync::Arc;

use serde_json::{Map, Value as Json, json};

use crate::encode::tokenizer::Generation;
use crate::loader::Datasets;
use crate::model::encoded::EncodeError;
use crate::model::example::Shape;
use crate::shape::Layout;
use crate::trainer::Trainer;
use crate::trainer::llama_factory::{
    DatasetAttr, LlamaFactory, NEWEST, Options, Packing, Set, Surroundings, is_covered,
};
use crate::trainer::version::Version;

use super::{Companions, Family, Made, Making, unreadable};

pub(super) static FAMILY: Family = Family {
    name: "llama-factory",
    also: &["llamafactory", "lf"],
    distribution: "llamafactory",
    newest: Version::new(0, 9, 5),
    covers: |version| is_covered(&version.to_string()),
    covered: || NEWEST.to_owned(),
    // It asks for datasets up to 4.0 and transformers up to 5.6.
    companions: |_| Companions {
        generation: Generation::V5,
        datasets: Datasets::known(4, 0, 0).unwrap_or(Datasets::V3_6_0),
    },
    of_rows: stage,
    describes_rows: ENTRY,
    max_length: "cutoff_len",
    batch_size: "per_device_train_batch_size",
    make,
    tokenizer: |_| None,
};

/// The stage whose rows are of this shape (`hparams/finetuning_args.py`; the usual one is `sft`).
fn stage(shape: Shape) -> Option<(&'static str, &'static str)> {
    let stage = match shape {
        Shape::Preference => "dpo",
        Shape::Kto => "kto",
        Shape::Text => "pt",
        _ => return None,
    };
    Some(("stage", stage))
}

/// Keys of an entry of `dataset_info.json`, which may be given as options.
const ENTRY: &[&str] = &["formatting", "ranking", "columns", "tags", "num_samples"];

fn make(making: &Making<'_>) -> Result<Made, EncodeError> {
    let mut options = making.options.clone();
    // It pads batches, and no row is made of it.
    options.remove("per_device_train_batch_size");
    let mut entry = Map::new();
    for key in ENTRY {
        if let Some(value) = options.remove(*key) {
            entry.insert((*key).to_owned(), value);
        }
    }
    let options: Options = serde_json::from_value(options.into()).map_err(|error| unreadable(&error))?;
    let mut notes = Vec::new();
    let count = making.sets.iter().map(|set| set.sources.len()).sum();
    let mut sets = vec![Set::default(); count];
    for set in making.sets {
        let columns = set.columns().into_iter().collect();
        for source in &set.sources {
            let layout = making.layouts.get(*source as usize).and_then(Option::as_ref);
            let attr = if !set.entry.is_empty() {
                set.entry.clone()
            } else if entry.is_empty() {
                let derived = layout.map_or_else(Map::new, |layout| derived(layout, &columns));
                if !derived.is_empty() {
                    let note = format!(
                        "no entry of dataset_info.json is named: read as {}",
                        Json::from(derived.clone())
                    );
                    if !notes.contains(&note) {
                        notes.push(note);
                    }
                }
                derived
            } else {
                entry.clone()
            };
            sets[*source as usize] = Set {
                attr: DatasetAttr::from_info(&attr)?,
                columns: Some(columns.clone()),
            };
        }
    }
    let surroundings = Surroundings {
        today: Some(making.kit.clock().today()),
        ..Surroundings::default()
    };
    let made = LlamaFactory::new(Arc::clone(making.kit), options.clone(), sets, &surroundings)?;
    let facts = made.facts();
    if let Some(template) = options
        .template
        .is_none()
        .then_some("the tokenizer's own chat template")
    {
        notes.push(format!(
            "no template is named: LLaMA-Factory derives one from {template}"
        ));
    }
    let max_length = if facts.packing == Packing::Blocks {
        None
    } else {
        Some(facts.cutoff)
    };
    let tokenizer = made.tokenizer_facts();
    let trainer: Arc<dyn Trainer> = Arc::new(made);
    Ok(Made {
        trainers: making.sets.iter().map(|_| Arc::clone(&trainer)).collect(),
        max_length,
        tokenizer: Some(tokenizer),
        has_template: true,
        notes,
    })
}

/// The entry that describes a file of this layout; empty for one that needs none.
fn derived(layout: &Layout, columns: &std::collections::BTreeSet<String>) -> Map<String, Json> {
    let column = |name: &str| layout.columns.actual(name).to_owned();
    let mut named = Map::new();
    for extra in ["system", "tools"] {
        if columns.contains(extra) {
            named.insert(extra.to_owned(), extra.into());
        }
    }
    let entry = match layout.shape {
        Shape::Messages => {
            named.insert("messages".to_owned(), column("messages").into());
            json!({"formatting": "sharegpt", "columns": named, "tags": {
                "role_tag": "role", "content_tag": "content", "user_tag": "user", "assistant_tag": "assistant",
                "observation_tag": "tool", "function_tag": "function_call", "system_tag": "system"}})
        }
        Shape::Sharegpt => {
            named.insert("messages".to_owned(), column("messages").into());
            json!({"formatting": "sharegpt", "columns": named})
        }
        Shape::Alpaca => {
            if column("output") == "output" && named.is_empty() && !columns.contains("history") {
                return Map::new();
            }
            named.insert("prompt".to_owned(), "instruction".into());
            named.insert("query".to_owned(), "input".into());
            named.insert("response".to_owned(), column("output").into());
            if columns.contains("history") {
                named.insert("history".to_owned(), "history".into());
            }
            json!({"columns": named})
        }
        Shape::PromptCompletion => {
            named.insert("prompt".to_owned(), column("prompt").into());
            named.insert("response".to_owned(), column("completion").into());
            json!({"columns": named})
        }
        Shape::Text => json!({"columns": {"prompt": column("text")}}),
        Shape::Preference => {
            for (name, own) in [("prompt", "prompt"), ("chosen", "chosen"), ("rejected", "rejected")] {
                named.insert(name.to_owned(), column(own).into());
            }
            json!({"ranking": true, "columns": named})
        }
        Shape::Kto => {
            named.insert("prompt".to_owned(), column("prompt").into());
            named.insert("response".to_owned(), column("completion").into());
            named.insert("kto_tag".to_owned(), column("label").into());
            json!({"columns": named})
        }
        Shape::Tokenised => return Map::new(),
    };
    match entry {
        Json::Object(entry) => entry,
        _ => unreachable!("every entry is written as an object"),
    }
}
