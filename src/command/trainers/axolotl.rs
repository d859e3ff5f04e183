//! Axolotl.

use std::sync::Arc;

use serde_json::{Map, Value as Json, json};

use crate::encode::kit::Kit;
use crate::encode::tokenizer::Generation;
use crate::loader::Datasets;
use crate::model::encoded::{EncodeError, EncodeErrorKind};
use crate::model::example::Shape;
use crate::model::setup::TokenizerFacts;
use crate::shape::Layout;
use crate::trainer::Trainer;
use crate::trainer::axolotl::options::{Dataset, KEYS, Options};
use crate::trainer::axolotl::{Axolotl, Split, tokenizer, versions};

use super::{Companions, Family, Made, Making, not_reproduced, unreadable};

pub(super) static FAMILY: Family = Family {
    name: "axolotl",
    also: &[],
    distribution: "axolotl",
    newest: versions::NEWEST,
    covers: versions::covers,
    covered: || versions::NEWEST.to_string(),
    // 0.19.0 asks for transformers 5.16.1 and datasets 4.8.4, whose mixed types are those of 5.x.
    companions: |_| Companions {
        generation: Generation::V5,
        datasets: Datasets::V5_2_0,
    },
    of_rows: |_| None,
    describes_rows: &[],
    max_length: "sequence_len",
    batch_size: "micro_batch_size",
    make,
    tokenizer: prepared,
};

/// The tokenizer of a run whose sets are not reproduced (`rl`, streaming): a set's own template goes before the config's.
fn prepared(making: &Making<'_>) -> Option<(Arc<Kit>, TokenizerFacts)> {
    let mut options = options(making).ok()?;
    let mut sets = options.datasets.iter_mut().flatten();
    if let Some(set) = sets.find(|set| set.chat_template.is_some() || set.chat_template_jinja.is_some()) {
        options.chat_template = set.chat_template.take();
        options.chat_template_jinja = set.chat_template_jinja.take();
    }
    let kit = tokenizer::prepare(making.kit, &options, making.packages).ok()?;
    let facts = facts(&kit);
    Some((kit, facts))
}

/// `loaders/model.py`, `_resize_token_embeddings`: wherever the model has fewer rows than the tokenizer has ids.
fn facts(kit: &Kit) -> TokenizerFacts {
    TokenizerFacts {
        resized: true,
        ..kit.for_rules()
    }
}

/// The options that are read here.
fn options(making: &Making<'_>) -> Result<Options, EncodeError> {
    let mut given = making.options.clone();
    let model = making.kit.facts().model.model_type.as_deref();
    if let Some(message) = lacks_embeddings(&given, model) {
        return Err(EncodeError {
            class: "ValueError".to_owned(),
            message,
            kind: EncodeErrorKind::Trainer,
        });
    }
    // The others are about the model, the optimizer or the output.
    given.retain(|key, _| KEYS.contains(&key.as_str()));
    harmless(&mut given);
    let model_type = making.kit.facts().model.model_type.clone();
    given.entry("model_config_type").or_insert_with(|| model_type.into());
    let name = making.kit.name_or_path().into_owned();
    given.entry("base_model").or_insert_with(|| name.into());
    serde_json::from_value(given.into()).map_err(|error| unreadable(&error))
}

fn make(making: &Making<'_>) -> Result<Made, EncodeError> {
    let options = options(making)?;
    let kit = tokenizer::prepare(making.kit, &options, making.packages)?;
    let mut notes = Vec::new();
    let mut trainers: Vec<Arc<dyn Trainer>> = Vec::new();
    for set in making.sets {
        let split = if set.is_eval { Split::Test } else { Split::Train };
        let entries = if set.is_eval {
            options.test_datasets.as_ref().or(options.datasets.as_ref())
        } else {
            options.datasets.as_ref()
        };
        let dataset = if !set.entry.is_empty() {
            serde_json::from_value::<Dataset>(set.entry.clone().into()).map_err(|error| unreadable(&error))?
        } else if let Some(dataset) = entries.and_then(|entries| entries.first()) {
            dataset.clone()
        } else {
            let source = set.sources.first().map_or(0, |source| *source as usize);
            let layout = making.layouts.get(source).and_then(Option::as_ref);
            if let Some(layout) = layout.filter(|layout| matches!(layout.shape, Shape::Preference | Shape::Kto)) {
                let rows = layout.shape.name();
                return Err(not_reproduced(format!(
                    "rows of the shape {rows} are trained with `rl`, which is not reproduced"
                )));
            }
            let entry = layout.map_or_else(Map::new, derived);
            if !entry.is_empty() {
                let note = format!("no `datasets` entry is given: read as {}", Json::from(entry.clone()));
                if !notes.contains(&note) {
                    notes.push(note);
                }
            }
            serde_json::from_value::<Dataset>(entry.into()).map_err(|error| unreadable(&error))?
        };
        let columns = set.columns();
        let made = Axolotl::new(
            &kit,
            making.version,
            &options,
            &dataset,
            split,
            columns,
            making.packages,
        )
        .map_err(|error| explained(error, &dataset))?;
        trainers.push(Arc::new(made));
    }
    Ok(Made {
        trainers,
        max_length: Some(options.sequence_len()),
        tokenizer: Some(facts(&kit)),
        has_template: kit.has_template(),
        notes,
    })
}

/// What is raised over an entry without a type says nothing of types (`utils/data/wrappers.py`, 0.19).
fn explained(mut error: EncodeError, dataset: &Dataset) -> EncodeError {
    if dataset.r#type.is_none() && error.class == "AttributeError" {
        error.message += ": the `datasets` entry has no `type`, and only rows with `input_ids`, `attention_mask` and \
                          `labels` need none";
    }
    error
}

/// What `check_model_config` (`loaders/utils.py`, 0.19) raises over new tokens whose embeddings an adapter leaves frozen.
fn lacks_embeddings(options: &Map<String, Json>, model: Option<&str>) -> Option<String> {
    let is_on = |key: &str| match options.get(key) {
        Some(Json::String(text)) => !text.is_empty(),
        Some(Json::Array(items)) => !items.is_empty(),
        Some(value) => value.as_bool() == Some(true),
        None => false,
    };
    // `get_linear_embedding_layers` of the same file.
    let layers = match model {
        Some("gpt_neox") => ["embed_in", "embed_out"],
        Some("falcon" | "bailing_hybrid") => ["word_embeddings", "lm_head"],
        Some("nemotron_h") => ["embeddings", "lm_head"],
        _ => ["embed_tokens", "lm_head"],
    };
    let saved = options.get("lora_modules_to_save").and_then(Json::as_array);
    let is_saved = |layer: &&str| saved.is_some_and(|saved| saved.iter().any(|module| module.as_str() == Some(*layer)));
    if !is_on("adapter") || !is_on("tokens") || layers.iter().all(is_saved) {
        return None;
    }
    Some(format!(
        "`lora_modules_to_save` not properly set when adding new tokens. Please include [`{}`, `{}`] in \
         `lora_modules_to_save`.",
        layers[0], layers[1]
    ))
}

/// Plugins that change neither rows nor tokens.
const HARMLESS: &[&str] = &[
    "cut_cross_entropy",
    "densemixer",
    "expert_parallel",
    "grokfast",
    "hatchery",
    "kernels",
    "liger",
    "llm_compressor",
    "lm_eval",
    "mora",
    "spectrum",
    "swanlab",
];

/// Takes out what is refused by name and changes nothing about the rows.
fn harmless(given: &mut Map<String, Json>) {
    if given.get("tokenizer_type").and_then(Json::as_str) == Some("AutoTokenizer") {
        given.remove("tokenizer_type");
    }
    if let Some(Json::Array(plugins)) = given.get_mut("plugins") {
        let known = |plugin: &Json| {
            let name = plugin.as_str().unwrap_or_default();
            HARMLESS
                .iter()
                .any(|known| name.starts_with(&format!("axolotl.integrations.{known}.")))
        };
        plugins.retain(|plugin| !known(plugin));
    }
}

/// The entry that reads a file of this layout; empty for one that axolotl knows by its columns.
fn derived(layout: &Layout) -> Map<String, Json> {
    let column = |name: &str| layout.columns.actual(name).to_owned();
    let entry = match layout.shape {
        Shape::Messages => json!({"type": "chat_template", "field_messages": column("messages")}),
        Shape::Sharegpt => json!({"type": "chat_template", "field_messages": column("messages"),
            "message_property_mappings": {"role": "from", "content": "value"}}),
        Shape::Alpaca => json!({"type": "alpaca"}),
        Shape::PromptCompletion => json!({"type": {"field_instruction": column("prompt"),
            "field_output": column("completion"), "format": "{instruction}", "no_input_format": "{instruction}"}}),
        Shape::Text => json!({"type": "completion", "field": column("text")}),
        Shape::Preference | Shape::Kto | Shape::Tokenised => json!({}),
    };
    match entry {
        Json::Object(entry) => entry,
        _ => unreachable!("every entry is written as an object"),
    }
}
