//! torchtune: `tune run RECIPE --config CONFIG.yaml`.
//!
//! Source: `config/_parse.py` and the recipes of 0.6.1. A recipe reads keys by name off an OmegaConf object,
//! so that a key it does not know has no effect. Defaults are few: a recipe stops where a key is missing.

use serde_json::{Map, Value as Json, json};

use crate::model::config::ConfigFacts;
use crate::model::setup::{Origin, Regime, Setting};

use super::reader::Reader;
use super::run::{Data, Run, Source, Versions};
use super::schema::Schema;
use super::tree::{Node, Value};

pub(super) fn schema(versions: Versions) -> Schema {
    Schema::default().with("torchtune", &["top"], versions.program)
}

/// The set a builder reads where no `source` is given (`datasets/`).
const SOURCES: &[(&str, &str)] = &[
    ("alpaca_dataset", "tatsu-lab/alpaca"),
    ("alpaca_cleaned_dataset", "yahma/alpaca-cleaned"),
    ("grammar_dataset", "liweili/c4_200m"),
    ("samsum_dataset", "Samsung/samsum"),
    ("slimorca_dataset", "Open-Orca/SlimOrca-Dedup"),
    ("hh_rlhf_helpful_dataset", "RLHFlow/HH-RLHF-Helpful-standard"),
    ("stack_exchange_paired_dataset", "lvwerra/stack-exchange-paired"),
    ("cnn_dailymail_articles_dataset", "ccdv/cnn_dailymail"),
    ("wikitext_dataset", "EleutherAI/wikitext_document_level"),
    ("the_cauldron_dataset", "HuggingFaceM4/the_cauldron"),
];

/// Keys that recipes after the last release read.
const LATER: &[&str] = &["batch_size_val", "run_val_every_n_steps", "dataset_val"];

pub(super) fn read(mut reader: Reader<'_>, versions: Versions) -> Run {
    // Any key may be there for others to refer to; near misses of those the recipes read are told.
    let own: Vec<&str> = reader
        .root
        .entries()
        .iter()
        .map(|entry| entry.key.as_str())
        .filter(|key| reader.schema.field(key).is_some() || crate::rule::nearest(key, reader.schema.keys()).is_none())
        .collect();
    let mut own = own;
    own.extend(LATER);
    reader.check(&own, "does nothing with it");
    let mut train = Vec::new();
    let mut eval = Vec::new();
    for (key, out) in [("dataset", &mut train), ("dataset_val", &mut eval)] {
        let Some(node) = reader.root.given(key) else { continue };
        match &node.value {
            Value::List(items) => {
                for (at, item) in items.iter().enumerate() {
                    out.extend(data(&reader, &format!("{key}.{at}"), item));
                }
            }
            _ => out.extend(data(&reader, key, node)),
        }
    }
    let mut options = Map::new();
    for key in ["tokenizer", "dataset"] {
        if let Some(found) = reader.given(key) {
            options.insert(key.to_owned(), found.value);
        }
    }
    for (key, text) in reader.set {
        let Some((outer, inner)) = key.split_once('.') else {
            continue;
        };
        if let Some(Json::Object(map)) = options.get_mut(outer) {
            let value = serde_json::from_str(text).unwrap_or_else(|_| Json::from(text.as_str()));
            map.insert(inner.to_owned(), value);
        }
    }
    let packing = reader
        .get::<bool>("dataset.packed")
        .filter(|packed| packed.value)
        .map(|packed| Setting {
            value: "in-order".to_owned(),
            origin: packed.origin,
        });
    let method = if reader.root.given("dataset").is_some_and(|node| {
        let name = node.get("_component_").and_then(Node::text).unwrap_or_default();
        name.contains("preference") || name.contains("hh_rlhf") || name.contains("stack_exchange")
    }) {
        "dpo"
    } else {
        "sft"
    };
    let values = reader.values(&[
        "batch_size",
        "gradient_accumulation_steps",
        "epochs",
        "max_steps_per_epoch",
    ]);
    Run {
        model: model(&reader),
        template: None,
        train,
        eval,
        max_length: reader.get("tokenizer.max_seq_len"),
        packing,
        batch_size: reader.get("batch_size"),
        grad_accum: reader.get("gradient_accumulation_steps"),
        world_size: None,
        epochs: reader.get("epochs"),
        max_steps: None,
        regime: regime(&reader),
        options,
        beyond: (method == "dpo").then(|| "a preference set".to_owned()),
        facts: ConfigFacts {
            path: reader.path.to_owned(),
            program: "torchtune".to_owned(),
            version: versions.program,
            method: method.to_owned(),
            values,
            faults: reader.faults,
        },
    }
}

/// The folder whose tokenizer is read: where the checkpoint lies, or the tokenizer's own file.
fn model(reader: &Reader<'_>) -> Option<Setting<String>> {
    let found = reader.first::<String>(&["checkpointer.checkpoint_dir", "tokenizer.path"])?;
    let path = std::path::Path::new(&found.value);
    // A model's name may have points in it.
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    let is_file = matches!(ending, "json" | "txt" | "model" | "tiktoken" | "bin" | "safetensors");
    let folder = if is_file { path.parent().unwrap_or(path) } else { path };
    // Llama's own files stand in a folder below the one with tokenizer.json.
    let folder = if folder.file_name().is_some_and(|name| name == "original") {
        folder.parent().unwrap_or(folder)
    } else {
        folder
    };
    Some(Setting {
        value: folder.display().to_string(),
        origin: found.origin,
    })
}

fn regime(reader: &Reader<'_>) -> Regime {
    // torchtune's one schedule of its own (`training/lr_schedulers.py`) is the curve that transformers calls cosine.
    let scheduler = reader.get::<String>("lr_scheduler._component_").map(|found| Setting {
        value: match found.value.rsplit('.').next().unwrap_or_default() {
            "get_cosine_schedule_with_warmup" => "cosine".to_owned(),
            other => other.to_owned(),
        },
        origin: found.origin,
    });
    let kwargs = reader.given("lr_scheduler").and_then(|found| match found.value {
        Json::Object(mut map) => {
            map.retain(|key, _| !matches!(key.as_str(), "_component_" | "num_warmup_steps"));
            (!map.is_empty()).then_some(Setting {
                value: map,
                origin: found.origin,
            })
        }
        _ => None,
    });
    Regime {
        transformers: None,
        learning_rate: reader.get("optimizer.lr"),
        scheduler,
        scheduler_kwargs: kwargs,
        warmup_steps: reader.get("lr_scheduler.num_warmup_steps"),
        warmup_ratio: None,
        drop_last: None,
        seed: reader.get("seed"),
        data_seed: None,
        shuffle: reader.get("shuffle"),
        streaming: None,
        max_steps_per_epoch: reader.get("max_steps_per_epoch"),
        held_out: None,
        eval_batch_size: reader.get("batch_size_val"),
        logging_steps: reader.get("log_every_n_steps"),
        packing_options: super::transformers::given(reader, &["dataset.max_packs", "dataset.split_across_pack"]),
        ..Regime::default()
    }
}

fn data(reader: &Reader<'_>, path: &str, item: &Node) -> Option<Data> {
    let text = |key: &str| item.get(key).and_then(Node::text).map(str::to_owned);
    let component = text("_component_").unwrap_or_default();
    let builder = component.rsplit('.').next().unwrap_or_default();
    let default = SOURCES
        .iter()
        .find(|(name, _)| *name == builder)
        .map(|(_, source)| (*source).to_owned());
    let name = text("source").or(default)?;
    let key = if item.get("source").is_some() {
        "source"
    } else {
        "_component_"
    };
    let origin = reader
        .at(&format!("{path}.{key}"))
        .map(|at| Origin::File(reader.place(at)));
    let source = super::trl::source(
        &name,
        text("name").or_else(|| text("subset")),
        item.get("data_files"),
        item.get("data_dir"),
    );
    let source = match source {
        // Without files, a builder's name reads nothing.
        Source::Elsewhere(_) if item.get("data_files").is_none() => {
            Source::Elsewhere(format!("`{name}` without data_files"))
        }
        source => source,
    };
    let entry = match item.json() {
        Json::Object(entry) => entry,
        _ => json!({}).as_object().cloned().unwrap_or_default(),
    };
    Some(Data {
        name,
        origin: origin.unwrap_or(Origin::Default),
        source,
        split: text("split").or_else(|| Some("train".to_owned())),
        entry,
    })
}
