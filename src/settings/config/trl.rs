//! `trl sft --config`, `trl dpo --config` and their like, the recipes that parse the same arguments, and
//! `TrainingArguments` alone.
//!
//! Source: TRL `scripts/utils.py` (`TrlParser`, `ScriptArguments`, `DatasetMixtureConfig`), `scripts/sft.py`.

use serde_json::{Map, Value as Json};

use crate::model::config::ConfigFacts;
use crate::model::setup::{Origin, Setting};

use super::conflicts;
use super::reader::{FromJson, Reader};
use super::recognise::{Method, Program, RECIPES};
use super::run::{Data, Run, Source, Versions};
use super::schema::Schema;
use super::transformers;
use super::tree::Node;

/// The keys of `trl METHOD` at a version.
pub(super) fn schema(method: Method, versions: Versions) -> Schema {
    let script = format!("script_{}", method.name());
    let groups = [method.name(), &script, "script", "model", "mixture"];
    Schema::default()
        .with("trl", &groups, versions.program)
        .with("transformers", &["TrainingArguments"], versions.transformers)
        // The launcher is handed what the trainer does not know.
        .with("trl", &["launch"], versions.program)
}

/// The keys of `TrainingArguments` at a version.
pub(super) fn arguments(versions: Versions) -> Schema {
    Schema::default().with(
        "transformers",
        &["TrainingArguments", "Seq2SeqTrainingArguments"],
        versions.transformers,
    )
}

/// Keys a script of one's own may have beside `TrainingArguments`.
const SCRIPT: &[&str] = &[
    "model_name_or_path",
    "tokenizer_name",
    "dataset_name",
    "train_file",
    "validation_file",
];

pub(super) fn read(mut reader: Reader<'_>, program: Program, versions: Versions) -> Run {
    let method = match program {
        Program::Trl(method) => Some(method),
        _ => None,
    };
    if method.is_some() {
        let mut own = vec!["env", "config"];
        let is_recipe = reader
            .root
            .entries()
            .iter()
            .any(|entry| RECIPES.contains(&entry.key.as_str()) && reader.schema.field(&entry.key).is_none());
        if is_recipe {
            own.extend(RECIPES);
        }
        reader.check(&own, "stops at it");
    } else {
        check_arguments(&mut reader);
    }
    conflicts::training_arguments(&mut reader);
    if method == Some(Method::Sft) {
        conflicts::sft(&mut reader);
    }
    let mut train = Vec::new();
    let mut eval = Vec::new();
    if method.is_some() {
        data(&reader, &mut train, &mut eval);
    } else {
        files(&reader, &mut train, &mut eval);
    }
    let packing = reader
        .get::<bool>("packing")
        .filter(|packing| packing.value && method == Some(Method::Sft))
        .map(|packing| Setting {
            value: reader.text("packing_strategy").unwrap_or_else(|| "wrapped".to_owned()),
            origin: packing.origin,
        });
    let mut defaults = vec!["max_length", "packing", "completion_only_loss", "assistant_only_loss"];
    defaults.extend(transformers::DEFAULTS);
    let mut regime = transformers::regime(&reader, versions.transformers);
    regime.streaming = reader.get("dataset_streaming");
    let max_length = ["max_length", "max_seq_length"]
        .iter()
        .find_map(|key| reader.given(key))
        .or_else(|| reader.value("max_length"))
        .and_then(|found| {
            Some(Setting {
                value: usize::from_json(&found.value)?,
                origin: found.origin,
            })
        });
    let facts = ConfigFacts {
        path: reader.path.to_owned(),
        program: program.name().to_owned(),
        version: if method.is_some() {
            versions.program
        } else {
            versions.transformers
        },
        method: method.map_or(String::new(), |method| method.name().to_owned()),
        values: reader.values(&defaults),
        faults: Vec::new(),
    };
    Run {
        model: reader.first(&["model_name_or_path"]),
        template: reader.first(&["chat_template_path", "chat_template"]),
        train,
        eval,
        max_length,
        packing,
        batch_size: reader.get("per_device_train_batch_size"),
        grad_accum: reader.get("gradient_accumulation_steps"),
        world_size: reader.get("num_processes"),
        epochs: reader.get("num_train_epochs"),
        max_steps: transformers::max_steps(&reader),
        regime,
        options: options(&reader, method),
        beyond: other_template(&reader).or(method
            .filter(|method| !matches!(method, Method::Sft | Method::Dpo | Method::Kto | Method::Reward))
            .map(|method| method.name().to_owned())),
        facts: ConfigFacts {
            faults: reader.faults,
            ..facts
        },
    }
}

/// A `chat_template_path` that is no file of a template: another tokenizer's is taken from there.
fn other_template(reader: &Reader<'_>) -> Option<String> {
    let path = reader.text("chat_template_path")?;
    let ending = std::path::Path::new(&path)
        .extension()
        .and_then(|ending| ending.to_str());
    let is_template = matches!(ending, Some("jinja" | "j2"));
    (!is_template).then(|| "chat_template_path, the template of another tokenizer,".to_owned())
}

/// The trainer's own options that were given: those of its config class and the batch size.
fn options(reader: &Reader<'_>, method: Option<Method>) -> Map<String, Json> {
    let Some(method) = method else { return Map::new() };
    let mut options = Map::new();
    options.insert("trainer_type".to_owned(), method.name().into());
    let written = reader.root.entries().iter().map(|entry| entry.key.as_str());
    for key in written.chain(reader.set.iter().map(|(key, _)| key.as_str())) {
        let own = reader
            .schema
            .field(key)
            .is_some_and(|field| field.group == method.name());
        let shared = matches!(
            key,
            "per_device_train_batch_size"
                | "use_liger_kernel"
                | "completion_only_lm"
                | "formatting_field"
                | "max_seq_length"
        );
        if let (true, Some(found)) = (own || shared, reader.given(key)) {
            options.insert(key.to_owned(), found.value);
        }
    }
    options
}

/// Keys a script's own parser may know are not held against it: only near misses of the arguments are.
fn check_arguments(reader: &mut Reader<'_>) {
    let own: Vec<&str> = reader
        .root
        .entries()
        .iter()
        .map(|entry| entry.key.as_str())
        .filter(|key| {
            let known = reader.schema.field(key).is_some() || reader.schema.gone(key).is_some();
            !known && crate::rule::nearest(key, reader.schema.keys()).is_none()
        })
        .collect();
    let mut own = own;
    own.extend(SCRIPT);
    reader.check(&own, "refuses it");
}

fn origin(reader: &Reader<'_>, path: &str) -> Origin {
    match reader.at(path) {
        Some(at) => Origin::File(reader.place(at)),
        None => Origin::Flag(format!("--set {path}")),
    }
}

/// Files that scripts of transformers' examples name.
fn files(reader: &Reader<'_>, train: &mut Vec<Data>, eval: &mut Vec<Data>) {
    for (key, out) in [("train_file", &mut *train), ("validation_file", &mut *eval)] {
        if let Some(found) = reader.get::<String>(key) {
            out.push(Data {
                name: found.value.clone(),
                origin: found.origin,
                source: Source::Local(vec![found.value]),
                split: None,
                entry: Map::new(),
            });
        }
    }
}

fn data(reader: &Reader<'_>, train: &mut Vec<Data>, eval: &mut Vec<Data>) {
    let evaluates = reader.text("eval_strategy").is_some_and(|strategy| strategy != "no");
    let mixture = reader.root.get("datasets").filter(|node| node.truthy());
    let recipe = reader.root.get("dataset_mixture").and_then(|node| node.get("datasets"));
    let (prefix, list) = match (mixture, recipe) {
        (Some(list), _) => ("datasets", Some(list)),
        (None, Some(list)) => ("dataset_mixture.datasets", Some(list)),
        (None, None) => ("", None),
    };
    if let Some(list) = list {
        for (at, item) in list.items().iter().enumerate() {
            let path = format!("{prefix}.{at}");
            let text = |keys: &[&str]| keys.iter().find_map(|key| item.get(key)?.text().map(str::to_owned));
            let Some(name) = text(&["path", "id"]) else { continue };
            let weight = item.get("weight").map(|weight| ("weight".to_owned(), weight.json()));
            train.push(Data {
                origin: origin(
                    reader,
                    &format!("{path}.{}", if item.get("path").is_some() { "path" } else { "id" }),
                ),
                source: source(
                    &name,
                    text(&["name", "config"]),
                    item.get("data_files"),
                    item.get("data_dir"),
                ),
                split: Some(text(&["split"]).unwrap_or_else(|| "train".to_owned())),
                entry: weight.into_iter().collect(),
                name,
            });
        }
        return;
    }
    if let Some(mixer) = reader.root.get("dataset_mixer") {
        for entry in mixer.entries() {
            train.push(Data {
                name: entry.key.clone(),
                origin: Origin::File(reader.place(entry.at)),
                source: source(&entry.key, None, None, None),
                split: None,
                entry: Map::new(),
            });
        }
        return;
    }
    let Some(name) = reader.get::<String>("dataset_name") else {
        return;
    };
    let config = reader.text("dataset_config");
    for (key, out, wanted) in [
        ("dataset_train_split", train, true),
        ("dataset_test_split", eval, evaluates),
    ] {
        if wanted {
            out.push(Data {
                name: name.value.clone(),
                origin: name.origin.clone(),
                source: source(&name.value, config.clone(), None, None),
                split: reader.text(key),
                entry: Map::new(),
            });
        }
    }
}

/// `load_dataset(path, name, data_files=…, data_dir=…)`.
pub(super) fn source(path: &str, name: Option<String>, files: Option<&Node>, folder: Option<&Node>) -> Source {
    let mut list: Vec<String> = Vec::new();
    collect(files, &mut list);
    let folder = folder.and_then(Node::text);
    const BUILDERS: &[&str] = &["json", "csv", "parquet", "arrow", "text", "pandas"];
    if BUILDERS.contains(&path) {
        let under = |file: String| match folder {
            Some(folder) if !file.starts_with('/') => format!("{folder}/{file}"),
            _ => file,
        };
        return match (list.is_empty(), folder) {
            (false, _) => local(list.into_iter().map(under).collect()),
            (true, Some(folder)) => Source::Local(vec![folder.to_owned()]),
            (true, None) => Source::Elsewhere(format!("`{path}` without data_files")),
        };
    }
    if path.contains("://") {
        return Source::Elsewhere("it is on another machine".to_owned());
    }
    list.extend(folder.map(str::to_owned));
    Source::LocalOrHub {
        name: path.to_owned(),
        config: name,
        files: list,
    }
}

fn local(files: Vec<String>) -> Source {
    if files.iter().any(|file| file.contains("://")) {
        return Source::Elsewhere("it is on another machine".to_owned());
    }
    Source::Local(files)
}

/// A text, a list of them, or lists by split, of which `train` counts.
fn collect(node: Option<&Node>, out: &mut Vec<String>) {
    let Some(node) = node else { return };
    if let Some(text) = node.text() {
        out.push(text.to_owned());
    }
    node.items().iter().for_each(|item| collect(Some(item), out));
    match node.entry("train") {
        Some(entry) => collect(Some(&entry.value), out),
        None => node.entries().iter().for_each(|entry| collect(Some(&entry.value), out)),
    }
}
