//! LLaMA-Factory: `llamafactory-cli train CONFIG.yaml`.
//!
//! Source: `hparams/parser.py` (`read_args`, `_parse_args`), `data/parser.py` (`get_dataset_list`) and
//! `data/loader.py` of 0.9.5.

use std::path::Path;

use serde_json::{Map, Value as Json};

use crate::model::config::{ConfigFacts, FaultKind};
use crate::model::setup::{Origin, Setting};

use super::conflicts;
use super::json;
use super::reader::Reader;
use super::run::{Data, Run, Source, Versions};
use super::schema::Schema;
use super::transformers;
use super::tree::Node;

pub(super) fn schema(versions: Versions) -> Schema {
    const GROUPS: &[&str] = &[
        "DataArguments",
        "ModelArguments",
        "FinetuningArguments",
        "TrainingArguments",
        "GeneratingArguments",
    ];
    Schema::default().with("llama_factory", GROUPS, versions.program).with(
        "transformers",
        &["Seq2SeqTrainingArguments", "TrainingArguments"],
        versions.transformers,
    )
}

/// Keys of other groups that change what is fed.
const OF_MODEL: &[&str] = &[
    "stage",
    "add_tokens",
    "add_special_tokens",
    "new_special_tokens_config",
    "split_special_tokens",
];

/// Keys of runs with `USE_MCA=1`.
const MEGATRON: &[&str] = &[
    "tensor_model_parallel_size",
    "pipeline_model_parallel_size",
    "expert_model_parallel_size",
];

const DEFAULTS: &[&str] = &[
    "stage",
    "finetuning_type",
    "template",
    "cutoff_len",
    "packing",
    "neat_packing",
    "train_on_prompt",
    "mask_history",
    "val_size",
    "dataset_dir",
];

pub(super) fn read(mut reader: Reader<'_>, versions: Versions, beside: &Path) -> Run {
    let megatron = MEGATRON.iter().any(|key| reader.root.entry(key).is_some());
    if megatron {
        // Another class of arguments, of a library that is not looked at.
        let own: Vec<&str> = reader.root.entries().iter().map(|entry| entry.key.as_str()).collect();
        reader.check(&own, "stops at it");
    } else {
        reader.check(&[], "stops at it");
        conflicts::training_arguments(&mut reader);
        conflicts::llama_factory(&mut reader);
    }
    let mut train = Vec::new();
    let mut eval = Vec::new();
    sets(&mut reader, "dataset", beside, &mut train);
    sets(&mut reader, "eval_dataset", beside, &mut eval);
    let mut options = Map::new();
    let written = reader.root.entries().iter().map(|entry| entry.key.as_str());
    for key in written.chain(reader.set.iter().map(|(key, _)| key.as_str())) {
        let data = reader
            .schema
            .field(key)
            .is_some_and(|field| field.group == "DataArguments");
        if let (true, Some(found)) = (data || OF_MODEL.contains(&key), reader.given(key)) {
            options.insert(key.to_owned(), found.value);
        }
    }
    let stage = reader.text("stage").unwrap_or_else(|| "sft".to_owned());
    let packing = packing(&reader, &stage);
    let mut regime = transformers::regime(&reader, versions.transformers);
    regime.streaming = reader.get("streaming");
    regime.held_out = reader.get("val_size");
    regime.shuffle = reader.get::<bool>("disable_shuffling").map(|found| Setting {
        value: !found.value,
        origin: found.origin,
    });
    let mut defaults = DEFAULTS.to_vec();
    defaults.extend(transformers::DEFAULTS);
    let values = reader.values(&defaults);
    Run {
        model: reader.first(&["model_name_or_path"]),
        template: None,
        train,
        eval,
        max_length: reader.get("cutoff_len"),
        packing,
        batch_size: reader.get("per_device_train_batch_size"),
        grad_accum: reader.get("gradient_accumulation_steps"),
        world_size: reader
            .flag("use_ray")
            .then(|| reader.get("ray_num_workers"))
            .flatten()
            .filter(|found: &Setting<usize>| !matches!(found.origin, Origin::TrainerDefault(_))),
        epochs: reader.get("num_train_epochs"),
        max_steps: transformers::max_steps(&reader),
        regime,
        options,
        beyond: (stage == "ppo").then(|| "stage ppo, which trains on what the model says".to_owned()),
        facts: ConfigFacts {
            path: reader.path.to_owned(),
            program: "llama-factory".to_owned(),
            version: versions.program,
            method: stage,
            values,
            faults: reader.faults,
        },
    }
}

/// `packing` where it is not said follows the stage.
fn packing(reader: &Reader<'_>, stage: &str) -> Option<Setting<String>> {
    let name = if stage == "pt" { "blocks" } else { "knapsack" };
    let neat = reader.get::<bool>("neat_packing").filter(|neat| neat.value);
    let origin = match (neat, reader.get::<bool>("packing")) {
        (Some(neat), _) => neat.origin,
        (None, Some(packing)) if packing.value => packing.origin,
        (None, None) if stage == "pt" => Origin::TrainerDefault(reader.label.clone()),
        _ => return None,
    };
    Some(Setting {
        value: name.to_owned(),
        origin,
    })
}

/// The sets a key names, as `dataset_info.json` describes them.
fn sets(reader: &mut Reader<'_>, key: &str, beside: &Path, out: &mut Vec<Data>) {
    let Some(given) = reader.given(key) else { return };
    let names: Vec<String> = match &given.value {
        Json::String(text) => text.split(',').map(|name| name.trim().to_owned()).collect(),
        Json::Array(items) => items
            .iter()
            .filter_map(|item| item.as_str().map(str::to_owned))
            .collect(),
        _ => return,
    };
    let folder = reader.text("dataset_dir").unwrap_or_else(|| "data".to_owned());
    let elsewhere = folder == "ONLINE" || folder.starts_with("REMOTE:");
    let found = if elsewhere { None } else { info(&folder, beside) };
    let at = reader.at(key).unwrap_or_default();
    let info = match found {
        Some((folder, Ok(info))) => Some((folder, info)),
        Some((folder, Err(message))) => {
            let message = format!("{folder}/dataset_info.json: {message}");
            reader.fault(FaultKind::MissingData, "dataset_dir", at, message);
            None
        }
        None if elsewhere => None,
        None => {
            let message = format!("cannot open {folder}/dataset_info.json, in which `dataset` is looked up");
            reader.fault(FaultKind::MissingData, key, at, message);
            return;
        }
    };
    for name in names.into_iter().filter(|name| !name.is_empty()) {
        let mut data = Data {
            name: name.clone(),
            origin: given.origin.clone(),
            source: Source::Elsewhere(format!(
                "there is no {folder}/dataset_info.json here to look `{name}` up in"
            )),
            split: None,
            entry: Map::new(),
        };
        if folder == "ONLINE" {
            data.source = super::trl::source(&name, None, None, None);
        } else if let Some((folder, info)) = &info {
            let Some(entry) = info.get(&name) else {
                let names = info.entries().iter().map(|entry| entry.key.as_str());
                let meant = crate::rule::nearest(&name, names);
                let meant = meant.map_or(String::new(), |meant| format!(", did you mean `{meant}`?"));
                let message = format!("`{name}` is not in {folder}/dataset_info.json{meant}");
                reader.fault(FaultKind::MissingData, key, at, message);
                continue;
            };
            data.source = source(entry, folder);
            data.split = entry.get("split").and_then(Node::text).map(str::to_owned);
            if let Json::Object(entry) = entry.json() {
                data.entry = entry;
            }
        }
        out.push(data);
    }
}

/// `dataset_info.json`: below the working folder, as LLaMA-Factory looks for it, else beside the config or
/// in a folder above it, where it stands when the run is started from there.
fn info(folder: &str, beside: &Path) -> Option<(String, Result<Node, String>)> {
    let mut places = vec![Path::new(folder).to_owned()];
    places.extend(beside.ancestors().map(|above| above.join(folder)));
    let path = places
        .into_iter()
        .find(|path| path.join("dataset_info.json").is_file())?;
    let shown = path.display().to_string();
    let read = match std::fs::read_to_string(path.join("dataset_info.json")) {
        Ok(text) => json::read(&text)
            .map(|document| document.root)
            .map_err(|wrong| format!("line {}: {}", wrong.at.line, wrong.message)),
        Err(error) => Err(error.to_string()),
    };
    Some((shown, read))
}

/// Where an entry's rows are. The hub comes before files, as in `get_dataset_list`.
fn source(entry: &Node, folder: &str) -> Source {
    let text = |key: &str| entry.get(key).and_then(Node::text).map(str::to_owned);
    if let Some(id) = text("hf_hub_url") {
        return Source::LocalOrHub {
            name: id,
            config: text("subset"),
            files: text("folder").into_iter().collect(),
        };
    }
    for (key, what) in [
        ("ms_hub_url", "it is on ModelScope"),
        ("om_hub_url", "it is on Modelers"),
        ("script_url", "a script makes it, which is not run"),
        ("cloud_file_name", "it is in a cloud"),
    ] {
        if text(key).is_some() {
            return Source::Elsewhere(what.to_owned());
        }
    }
    match text("file_name") {
        Some(file) => Source::Local(vec![format!("{folder}/{file}")]),
        None => Source::Elsewhere("its entry names no file".to_owned()),
    }
}
