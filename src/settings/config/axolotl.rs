//! axolotl: `axolotl train CONFIG.yaml`.
//!
//! Source: `cli/config.py` (`load_cfg`), `utils/config/__init__.py`, `utils/schemas/` and
//! `utils/data/shared.py` of 0.19.0. Keys that are no fields of the schema are dropped without a word.

use serde_json::{Map, Value as Json};

use crate::model::config::{ConfigFacts, FaultKind};
use crate::model::setup::{Origin, Regime, Setting};

use super::conflicts;
use super::reader::Reader;
use super::run::{Data, Run, Source, Versions};
use super::schema::Schema;
use super::tree::{Node, Value};

pub(super) fn schema(versions: Versions) -> Schema {
    Schema::default().with("axolotl", &["top", "plugin"], versions.program)
}

/// The keys of an entry of `datasets`, or of its `type` where that is a mapping.
fn of_datasets(group: &str, versions: Versions) -> Schema {
    Schema::default().with("axolotl", &[group], versions.program)
}

/// Keys the schema takes away or renames, and what it says (`utils/schemas/deprecated.py`,
/// `utils/schemas/validation.py`).
const DEPRECATED: &[(&str, bool, &str)] = &[
    (
        "max_packed_sequence_len",
        true,
        "it is no longer supported; use sequence_len with sample_packing",
    ),
    (
        "rope_scaling",
        true,
        "it is no longer supported; put it under model_config",
    ),
    ("noisy_embedding_alpha", false, "use neftune_noise_alpha"),
    ("dpo_beta", false, "use rl_beta"),
    ("evaluation_strategy", false, "use eval_strategy"),
    (
        "eval_table_size",
        false,
        "use generate_samples and num_generation_samples",
    ),
    ("eval_max_new_tokens", false, "use generation_max_new_tokens"),
    ("dpo_use_logits_to_keep", true, "TRL has it no longer since 0.29"),
    ("dpo_generate_during_eval", true, "TRL has it no longer since 0.29"),
    ("dpo_norm_loss", true, "TRL has it no longer since 0.29"),
    ("rpo_alpha", true, "TRL has it no longer since 0.29"),
    ("s2_attention", true, "it is no longer supported"),
    ("flash_attn_rms_norm", true, "it is no longer supported"),
    ("xformers_attention", false, "use attn_implementation: xformers"),
    ("sdp_attention", false, "use attn_implementation: sdpa"),
    ("flash_attention", false, "use attn_implementation: flash_attention_2"),
    ("flex_attention", false, "use attn_implementation: flex_attention"),
    ("eager_attention", false, "use attn_implementation: eager"),
    ("sage_attention", false, "use attn_implementation: sage"),
];

const DEFAULTS: &[&str] = &[
    "sequence_len",
    "sample_packing",
    "train_on_inputs",
    "micro_batch_size",
    "gradient_accumulation_steps",
    "num_epochs",
    "max_steps",
    "lr_scheduler",
    "val_set_size",
    "excess_length_strategy",
];

pub(super) fn read(mut reader: Reader<'_>, versions: Versions) -> Run {
    reader.check(&["strict", "axolotl_config_path"], "drops it without a word");
    deprecated(&mut reader);
    conflicts::axolotl(&mut reader);
    let own = of_datasets("datasets", versions);
    let of_type = of_datasets("datasets.type", versions);
    let mut train = Vec::new();
    let mut eval = Vec::new();
    for (key, out) in [("datasets", &mut train), ("test_datasets", &mut eval)] {
        let Some(list) = reader.root.get(key) else { continue };
        for (at, item) in list.items().iter().enumerate() {
            check_dataset(&mut reader, &own, &format!("{key}.{at}"), item);
            if let Some(format) = item.get("type") {
                check_dataset(&mut reader, &of_type, &format!("{key}.{at}.type"), format);
            }
            let mut found = data(&reader, &format!("{key}.{at}"), item);
            if let Some(data) = &mut found {
                // What the schema has not is dropped.
                data.entry.retain(|key, _| own.field(key).is_some());
                if let Some(Json::Object(format)) = data.entry.get_mut("type") {
                    format.retain(|key, value| of_type.field(key).is_some() && !value.is_null());
                }
            }
            out.extend(found);
        }
    }
    if let Some(node) = reader.root.given("pretraining_dataset") {
        pretraining(&reader, node, &mut train);
    }
    let mut options = Map::new();
    for entry in reader.root.entries() {
        if let (Some(found), true) = (reader.given(&entry.key), entry.value.value != Value::Null) {
            options.insert(entry.key.clone(), found.value);
        }
    }
    for (key, sets) in [("datasets", &train), ("test_datasets", &eval)] {
        if options.contains_key(key) {
            let entries = sets.iter().map(|data| Json::Object(data.entry.clone()));
            options.insert(key.to_owned(), entries.collect());
        }
    }
    let streams = reader.root.given("pretraining_dataset").is_some() || reader.flag("streaming");
    let packing = reader
        .get::<bool>("sample_packing")
        .filter(|packing| packing.value)
        .map(|packing| Setting {
            value: "multipack".to_owned(),
            origin: packing.origin,
        });
    let rl = reader.text("rl");
    let beyond = rl.as_ref().map(|rl| format!("rl: {rl}"));
    let values = reader.values(DEFAULTS);
    Run {
        model: reader.first(&["tokenizer_config", "base_model_config", "base_model"]),
        template: None,
        train,
        eval,
        max_length: reader.get("sequence_len"),
        packing,
        batch_size: reader.get("micro_batch_size"),
        grad_accum: reader.get("gradient_accumulation_steps"),
        world_size: None,
        epochs: reader.get("num_epochs"),
        max_steps: super::transformers::max_steps(&reader),
        regime: regime(&reader, versions, streams),
        options,
        beyond: beyond.or_else(|| streams.then(|| "a streamed set".to_owned())),
        facts: ConfigFacts {
            path: reader.path.to_owned(),
            program: "axolotl".to_owned(),
            version: versions.program,
            method: rl.unwrap_or_else(|| "sft".to_owned()),
            values,
            faults: reader.faults,
        },
    }
}

fn regime(reader: &Reader<'_>, versions: Versions, streams: bool) -> Regime {
    let mut kwargs: Option<Setting<Map<String, Json>>> = reader.get("lr_scheduler_kwargs");
    for key in ["cosine_min_lr_ratio", "cosine_constant_lr_ratio"] {
        if let Some(found) = reader.get::<f64>(key) {
            let kwargs = kwargs.get_or_insert_with(|| Setting {
                value: Map::new(),
                origin: found.origin.clone(),
            });
            kwargs.value.insert(key.to_owned(), found.value.into());
        }
    }
    let transformers = versions.transformers;
    Regime {
        transformers: Some((transformers.major, transformers.minor)),
        learning_rate: reader.get("learning_rate"),
        scheduler: reader.get("lr_scheduler"),
        scheduler_kwargs: kwargs,
        warmup_steps: reader.get("warmup_steps"),
        warmup_ratio: reader.get("warmup_ratio"),
        drop_last: reader.get("dataloader_drop_last"),
        seed: reader.get("seed"),
        data_seed: None,
        shuffle: reader.get::<bool>("curriculum_sampling").map(|found| Setting {
            value: !found.value,
            origin: found.origin,
        }),
        streaming: streams.then(|| Setting {
            value: true,
            origin: reader
                .at("pretraining_dataset")
                .or_else(|| reader.at("streaming"))
                .map_or(Origin::Default, |at| Origin::File(reader.place(at))),
        }),
        max_steps_per_epoch: None,
        held_out: reader.get("val_set_size"),
        eval_batch_size: reader.get("eval_batch_size"),
        group_by_length: reader.get("group_by_length"),
        eval_steps: reader.get("eval_steps"),
        save_steps: reader.get("save_steps"),
        logging_steps: reader.get("logging_steps"),
        pad_to_multiple_of: reader.get("pad_to_multiple_of").map(|found| found.value),
        packing_options: packing_options(reader),
    }
}

/// How bins are filled.
fn packing_options(reader: &Reader<'_>) -> Map<String, Json> {
    const KEYS: &[&str] = &[
        "multipack_real_batches",
        "sample_packing_bin_size",
        "sample_packing_group_size",
        "sample_packing_sequentially",
    ];
    super::transformers::given(reader, KEYS)
}

fn deprecated(reader: &mut Reader<'_>) {
    for (key, stops, instead) in DEPRECATED {
        let Some(entry) = reader.root.entry(key).filter(|entry| entry.value.truthy()) else {
            continue;
        };
        let (kind, word) = if *stops {
            (FaultKind::RemovedKey, "stops at it")
        } else {
            (FaultKind::DeprecatedKey, "still takes it")
        };
        let message = format!("`{key}` is deprecated, and {} {word}: {instead}", reader.label);
        reader.fault(kind, key, entry.at, message);
    }
}

fn check_dataset(reader: &mut Reader<'_>, own: &Schema, path: &str, item: &Node) {
    for entry in item.entries() {
        let key = entry.key.as_str();
        if let Some(field) = own.field(key) {
            let name = format!("{path}.{key}");
            reader.check_value(&name, &entry.value, field.kinds, entry.at);
            continue;
        }
        let meant = crate::rule::nearest(key, own.keys());
        let meant = meant.map_or(String::new(), |meant| format!(", did you mean `{meant}`?"));
        let message = format!(
            "{} has no key `{key}` in {path} and drops it without a word{meant}",
            reader.label
        );
        reader.fault(FaultKind::UnknownKey, &format!("{path}.{key}"), entry.at, message);
    }
}

/// `pretraining_dataset`: a name, or a list of which each may say more.
fn pretraining(reader: &Reader<'_>, node: &Node, train: &mut Vec<Data>) {
    let items: Vec<(String, &Node)> = match &node.value {
        Value::List(items) => (0..)
            .zip(items)
            .map(|(at, item): (usize, _)| (format!("pretraining_dataset.{at}"), item))
            .collect(),
        _ => vec![("pretraining_dataset".to_owned(), node)],
    };
    for (path, item) in items {
        let named = data(reader, &path, item).or_else(|| {
            let name = item.text()?.to_owned();
            Some(Data {
                origin: reader
                    .at(&path)
                    .map_or(Origin::Default, |at| Origin::File(reader.place(at))),
                source: super::trl::source(&name, None, None, None),
                split: None,
                entry: Map::new(),
                name,
            })
        });
        train.extend(named);
    }
}

/// `load_dataset_with_config`.
fn data(reader: &Reader<'_>, path: &str, item: &Node) -> Option<Data> {
    let text = |key: &str| item.get(key).and_then(Node::text).map(str::to_owned);
    let name = text("path")?;
    let origin = reader
        .at(&format!("{path}.path"))
        .map(|at| Origin::File(reader.place(at)));
    let mut files = Vec::new();
    match item.get("data_files") {
        Some(node) if node.text().is_some() => files.extend(node.text().map(str::to_owned)),
        Some(node) => files.extend(node.items().iter().filter_map(|file| file.text().map(str::to_owned))),
        None => {}
    }
    let source = if name.contains("://") {
        Source::Elsewhere("it is on another machine".to_owned())
    } else if matches!(name.as_str(), "json" | "csv" | "parquet" | "arrow" | "text") && !files.is_empty() {
        Source::Local(files)
    } else {
        Source::LocalOrHub {
            name: name.clone(),
            config: text("name"),
            files,
        }
    };
    let mut entry = match item.json() {
        Json::Object(entry) => entry,
        _ => Map::new(),
    };
    entry.retain(|_, value| !value.is_null());
    Some(Data {
        name,
        origin: origin.unwrap_or(Origin::Default),
        source,
        split: text("split"),
        entry,
    })
}
