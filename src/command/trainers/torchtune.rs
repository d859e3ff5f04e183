//! torchtune.

use std::sync::Arc;

use serde_json::{Map, Value as Json, json};

use crate::encode::tokenizer::Generation;
use crate::loader::Datasets;
use crate::model::encoded::EncodeError;
use crate::model::example::Shape;
use crate::shape::Layout;
use crate::trainer::Trainer;
use crate::trainer::torchtune::options::Options;
use crate::trainer::torchtune::{Torchtune, versions};

use super::{Companions, Family, Made, Making, not_reproduced, unreadable};

pub(super) static FAMILY: Family = Family {
    name: "torchtune",
    also: &["tune"],
    distribution: "torchtune",
    newest: versions::NEWEST,
    covers: versions::covers,
    covered: || versions::NEWEST.to_string(),
    companions: |_| Companions {
        generation: Generation::V5,
        datasets: Datasets::V5_2_0,
    },
    of_rows: |_| None,
    describes_rows: &[],
    max_length: "tokenizer.max_seq_len",
    batch_size: "batch_size",
    make,
    tokenizer: |_| None,
};

fn make(making: &Making<'_>) -> Result<Made, EncodeError> {
    let mut given = making.options.clone();
    // Rows are padded to it, and none is made of it.
    given.remove("batch_size");
    let mut notes = Vec::new();
    let tokenizer = given.entry("tokenizer").or_insert_with(|| json!({}));
    if tokenizer["_component_"].is_null() {
        let model_type = making.kit.facts().model.model_type.as_deref();
        let component = model_type.and_then(component).ok_or_else(|| {
            let why = match model_type {
                Some(model_type) => format!("no single one goes with the model type `{model_type}`"),
                None => "the model's folder has no config.json to tell it by".to_owned(),
            };
            not_reproduced(format!(
                "no tokenizer is named, and {why}: --set tokenizer._component_=torchtune.models.… with one of {}",
                TOKENIZERS.join(", ")
            ))
        })?;
        notes.push(format!("no tokenizer is named: {component} goes with the model"));
        if let Some(tokenizer) = tokenizer.as_object_mut() {
            tokenizer.insert("_component_".to_owned(), component.into());
        }
    }
    // Several sets are each described by their own entry.
    let listed = given.get("dataset").is_some_and(Json::is_array);
    if listed {
        let first = making.sets.first().map_or_else(Map::new, |set| set.entry.clone());
        given.insert("dataset".to_owned(), first.into());
    }
    let dataset = given.entry("dataset").or_insert_with(|| json!({}));
    if dataset["_component_"].is_null() {
        let layout = making.layouts.first().and_then(Option::as_ref);
        let derived = layout.and_then(derived).ok_or_else(|| {
            let shape = layout.map_or("unknown", |layout| layout.shape.name());
            not_reproduced(format!(
                "no dataset is named (--set dataset._component_=torchtune.datasets.…), and none goes with rows of \
                 the shape {shape}"
            ))
        })?;
        notes.push(format!("no dataset is named: read as {derived}"));
        if let (Some(dataset), Json::Object(derived)) = (dataset.as_object_mut(), derived) {
            for (key, value) in derived {
                dataset.entry(key).or_insert(value);
            }
        }
    }
    let options: Options = serde_json::from_value(given.into()).map_err(|error| unreadable(&error))?;
    let mut trainers: Vec<Arc<dyn Trainer>> = Vec::new();
    for set in making.sets {
        let mut own = options.clone();
        if !set.entry.is_empty() && listed {
            own.dataset = serde_json::from_value(set.entry.clone().into()).map_err(|error| unreadable(&error))?;
        }
        let model = (making.kit.path(), making.kit.kept());
        let made = Torchtune::new(model, making.version, &own, set.columns())?;
        trainers.push(Arc::new(made));
    }
    Ok(Made {
        trainers,
        max_length: options.tokenizer.max_seq_len,
        tokenizer: None,
        has_template: true,
        notes,
    })
}

/// The builders of tokenizers that are reproduced, without `torchtune.models.` before them.
const TOKENIZERS: &[&str] = &[
    "llama2.llama2_tokenizer",
    "llama3.llama3_tokenizer",
    "mistral.mistral_tokenizer",
    "phi3.phi3_mini_tokenizer",
    "qwen2.qwen2_tokenizer",
    "qwen2_5.qwen2_5_tokenizer",
];

/// The tokenizer that goes with a model, where torchtune has just one for it.
fn component(model_type: &str) -> Option<&'static str> {
    Some(match model_type {
        "qwen2" => "torchtune.models.qwen2_5.qwen2_5_tokenizer",
        "phi3" => "torchtune.models.phi3.phi3_mini_tokenizer",
        "mistral" => "torchtune.models.mistral.mistral_tokenizer",
        _ => return None,
    })
}

/// The builder that reads a file of this layout.
fn derived(layout: &Layout) -> Option<Json> {
    let column = |name: &str| layout.columns.actual(name).to_owned();
    let chat = |style: &str| {
        json!({"_component_": "torchtune.datasets.chat_dataset", "conversation_style": style,
            "conversation_column": column("messages")})
    };
    Some(match layout.shape {
        Shape::Messages => chat("openai"),
        Shape::Sharegpt => chat("sharegpt"),
        Shape::Alpaca => json!({"_component_": "torchtune.datasets.alpaca_dataset",
            "column_map": {"instruction": "instruction", "input": "input", "output": column("output")}}),
        Shape::PromptCompletion => json!({"_component_": "torchtune.datasets.instruct_dataset",
            "column_map": {"input": column("prompt"), "output": column("completion")}}),
        _ => return None,
    })
}
