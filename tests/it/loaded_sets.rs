//! Which files of a folder or a set of the hub are trained on: those that `datasets` 5.2 loads, as its outcomes over the
//! same layouts were recorded.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::run::{MODEL, command, folder};

const TRL: &str = "model_name_or_path: {MODEL}\nmax_length: 512\noutput_dir: out\nper_device_train_batch_size: 1\n";
const AXOLOTL: &str = "base_model: {MODEL}\nmicro_batch_size: 1\nnum_epochs: 1\nlearning_rate: 2.0e-5\n\
    sequence_len: 512\noutput_dir: out\ndatasets:\n  - type: {type: completion, field: text}\n    path: data\n";

/// What a run of `config` in this folder trains on, a name a file, or what is refused.
fn trained(folder: &Path, config: &str, environment: &[(&str, &Path)]) -> Result<Vec<String>, String> {
    fs::write(folder.join("run.yaml"), config.replace("{MODEL}", MODEL)).expect("written");
    let mut command = command(
        folder,
        &["check", "run.yaml", "-q", "-f", "json", "--isolated", "--no-cache"],
    );
    command.envs(environment.iter().copied());
    let output = command.output().expect("run");
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    let report: Value = serde_json::from_slice(&output.stdout).map_err(|_| error)?;
    let groups = report["findings"].as_array().expect("findings");
    if let Some(group) = groups.iter().find(|group| group["rule"] == "config/refused") {
        assert_eq!(output.status.code(), Some(1), "{group}");
        return Err(group["places"][0]["message"].to_string());
    }
    let sources = report["sources"].as_array().expect("sources");
    let is_trained = |source: &&Value| source["eval"] == false && source["settings"] == false;
    let names = sources.iter().filter(is_trained).map(|source| {
        let name = source["name"].as_str().expect("a name");
        name.rsplit('/').next().expect("a last part").to_owned()
    });
    Ok(names.collect())
}

/// A row of a text, which tells its file.
fn row(name: &str) -> String {
    format!("{{\"text\": \"The row of {name} says something plain.\"}}\n")
}

/// The same for files of a set in the folder `data`, one row each but for those that are given.
fn of_data(files: &[&str], given: &[(&str, &str)], config: &str) -> Result<Vec<String>, String> {
    let rows: Vec<(String, String)> = files.iter().map(|name| (format!("data/{name}"), row(name))).collect();
    let mut all: Vec<(&str, &str)> = rows.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    all.extend(given);
    trained(folder(&all).path(), config, &[])
}

fn trl(more: &str) -> String {
    format!("{TRL}dataset_name: data\n{more}")
}

#[track_caller]
fn refused(got: &Result<Vec<String>, String>, words: &str) {
    assert!(got.as_ref().is_err_and(|said| said.contains(words)), "{words}: {got:?}");
}

#[test]
fn files_beside_those_of_splits_were_trained_on() {
    for (files, train) in [
        (
            &["train.jsonl", "raw.jsonl", "predictions.jsonl"][..],
            &["train.jsonl"][..],
        ),
        (&["train/a.jsonl", "more.jsonl", "test/b.jsonl"], &["a.jsonl"]),
        (&["train/a.jsonl", "train.jsonl"], &["a.jsonl"]),
        (
            &["data/train-00000-of-00001.jsonl", "train.jsonl", "x.jsonl"],
            &["train-00000-of-00001.jsonl"],
        ),
        (
            &["train_sft-00000-of-00001.jsonl", "test_sft-00000-of-00001.jsonl"],
            &["train_sft-00000-of-00001.jsonl"],
        ),
        (&["latest.jsonl", "contest.jsonl"], &["contest.jsonl", "latest.jsonl"]),
    ] {
        let train = train.iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(of_data(files, &[], &trl("")), Ok(train), "{files:?}");
    }
}

const CARD: &str = "---\nconfigs:\n- config_name: main\n  data_files:\n  - split: train\n    path: x*.jsonl\n  \
    - split: test\n    path: y.jsonl\n- config_name: other\n  data_files: y.jsonl\n---\n# A set\n";

#[test]
fn the_card_of_a_set_was_not_read() {
    let files = ["x1.jsonl", "x2.jsonl", "y.jsonl"];
    let one = CARD.split("- config_name: other").next().expect("a part").to_owned() + "---\n";
    let both = Ok(vec!["x1.jsonl".to_owned(), "x2.jsonl".to_owned()]);
    assert_eq!(of_data(&files, &[("data/README.md", &one)], &trl("")), both);
    assert_eq!(of_data(&files, &[("data/README.md", &one)], AXOLOTL), both);
    assert_eq!(
        of_data(&files, &[("data/README.md", CARD)], &trl("dataset_config: main\n")),
        both
    );
    let other = of_data(&files, &[("data/README.md", CARD)], &trl("dataset_config: other\n"));
    assert_eq!(other, Ok(vec!["y.jsonl".to_owned()]));
    refused(
        &of_data(&files, &[("data/README.md", CARD)], &trl("")),
        "Config name is missing",
    );
    let unknown = of_data(&files, &[("data/README.md", CARD)], &trl("dataset_config: nope\n"));
    refused(&unknown, "BuilderConfig 'nope' not found. Available: ['main', 'other']");
    let bare = of_data(&files, &[], &trl("dataset_config: nope\n"));
    refused(&bare, "BuilderConfig 'nope' not found. Available: ['default']");
    let gone = of_data(&["x1.jsonl"], &[("data/README.md", &one)], &trl(""));
    refused(&gone, "FileNotFoundError");
}

#[test]
fn a_folder_named_by_axolotl_was_trained_on_with_its_test_rows() {
    let both = ["train.jsonl", "test.jsonl"];
    assert_eq!(of_data(&both, &[], AXOLOTL), Ok(vec!["train.jsonl".to_owned()]));
    let sliced = format!("{AXOLOTL}    split: test\n");
    assert_eq!(of_data(&both, &[], &sliced), Ok(vec!["test.jsonl".to_owned()]));
    let none = of_data(&["dev.jsonl", "test.jsonl"], &[], AXOLOTL);
    refused(&none, "no train split found for dataset data, but 'test', 'validation'");
    let unknown = of_data(&both, &[], &format!("{AXOLOTL}    split: sft\n"));
    refused(
        &unknown,
        "Unknown split \\\"sft\\\". Should be one of ['test', 'train']",
    );
    let file = AXOLOTL.replace("path: data", "path: data/test.jsonl");
    assert_eq!(of_data(&both, &[], &file), Ok(vec!["test.jsonl".to_owned()]));
    refused(
        &of_data(&both, &[], &format!("{file}    split: test\n")),
        "Unknown split",
    );
}

#[test]
fn what_no_loader_loads_was_go() {
    refused(
        &of_data(&["train.jsonl", "test.csv"], &[], &trl("")),
        "Couldn't infer the same data file format for all splits",
    );
    refused(
        &of_data(&["data.jsonl", "train.py"], &[], &trl("")),
        "DataFilesNotFoundError: No (supported) data files found: by train.py",
    );
    let file = trl("").replace("dataset_name: data", "dataset_name: data/x.jsonl");
    refused(
        &of_data(&["x.jsonl"], &[], &file),
        "FileNotFoundError: Couldn't find any data file at",
    );
    refused(
        &of_data(&["train.jsonl"], &[], &trl("dataset_train_split: train[:2]\n")),
        "KeyError: 'train[:2]'",
    );
    refused(
        &of_data(&["train.jsonl"], &[("data/state.json", "{}")], &trl("")),
        "load_from_disk",
    );
}

#[test]
fn files_under_a_folder_were_not_found() {
    let mixture = format!("{TRL}datasets:\n  - path: data\n    data_files: y.jsonl\n");
    let files = ["x.jsonl", "y.jsonl", "z.jsonl"];
    assert_eq!(of_data(&files, &[], &mixture), Ok(vec!["y.jsonl".to_owned()]));
}

#[test]
fn a_prepared_set_was_trained_on_with_all_its_splits() {
    let folder = folder(&[]);
    let place = folder.path().join("home/datasets/someone___chat/default/0.0.0/abc");
    fs::create_dir_all(&place).expect("made");
    let names = [
        "chat-train_sft-00000-of-00002.arrow",
        "chat-train_sft-00001-of-00002.arrow",
        "chat-train_gen.arrow",
        "cache-0123.arrow",
    ];
    for name in names {
        let rows = "fixtures/columnar/polars.arrow";
        fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join(rows), place.join(name)).expect("copied");
    }
    fs::write(
        place.join("dataset_info.json"),
        r#"{"splits": {"train_sft": {}, "train_gen": {}}}"#,
    )
    .expect("written");
    let home = folder.path().join("home");
    let at = |split: &str| {
        let config = format!("{TRL}dataset_name: someone/chat\ndataset_train_split: {split}\n");
        trained(folder.path(), &config, &[("HF_HOME", &home)])
    };
    let shards = Ok(names[..2].iter().map(|name| (*name).to_owned()).collect());
    assert_eq!(at("train_sft"), shards);
    refused(
        &at("train"),
        "KeyError: 'train': someone/chat has no such split, but 'train_gen', 'train_sft'",
    );
}

/// What is typed is meant to be looked at, whatever a trainer would load of it.
#[test]
fn a_folder_that_is_typed_is_read_whole_where_it_tells_no_train_split() {
    let rows: Vec<String> = ["data", "eval_results", "train", "raw"].map(row).to_vec();
    let checked = |files: &[(&str, &str)]| {
        let folder = folder(files);
        let output = command(
            folder.path(),
            &["check", "set", "-q", "-f", "json", "--isolated", "--no-cache"],
        )
        .output()
        .expect("run");
        let report: Value = serde_json::from_slice(&output.stdout).expect("a report");
        (report["verdict"]["rows"].clone(), report["notes"].to_string())
    };
    let beside = [("set/data.jsonl", &*rows[0]), ("set/eval_results.jsonl", &*rows[1])];
    let (read, notes) = checked(&beside);
    assert!(
        read == 2 && notes.contains("no file is of the split train"),
        "{read} {notes}"
    );
    let (read, notes) = checked(&[("set/train.jsonl", &*rows[2]), ("set/raw.jsonl", &*rows[3])]);
    assert!(
        read == 1 && notes.contains("datasets reads only the files named after splits"),
        "{read} {notes}"
    );
}
