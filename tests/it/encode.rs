//! `gonogo encode`: what the file holds is what the real trainer made of the rows.

use std::path::{Path, PathBuf};

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::{Int8Type, Int32Type};
use assert_cmd::Command;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::{Value, json};

/// A recorded case of packed rows, and the tokenizer it names.
const CASE: &str = "fixtures/parity/trl_sft_pack_bfd";

fn config() -> Value {
    serde_json::from_str(&std::fs::read_to_string(format!("{CASE}/config.json")).expect("config.json")).expect("JSON")
}

fn encode(folder: &Path, to: &str) -> PathBuf {
    let config = config();
    let out = folder.join(to);
    let model = config["tokenizer_ref"]
        .as_str()
        .map_or(format!("{CASE}/tokenizer"), |name| {
            format!("fixtures/tokenizers/{name}")
        });
    let mut command = Command::cargo_bin("gonogo").expect("the binary is built");
    command
        .env_clear()
        .args(["encode", &format!("{CASE}/input.jsonl"), "--isolated"]);
    command.args(["-m", &model, "--trainer", "trl@1.16.0", "-o"]).arg(&out);
    for (key, value) in config["trainer_args"].as_object().expect("options") {
        command.arg("--set").arg(format!("{key}={value}"));
    }
    command.assert().success();
    out
}

/// What was recorded of a kind.
fn records(kind: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(format!("{CASE}/expected.jsonl")).expect("expected.jsonl");
    let records = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    records.filter(|record| record["kind"] == kind).collect()
}

/// The recorded sequences: ids, and the lengths of the rows in each.
fn recorded() -> Vec<Value> {
    let records = records("row");
    records
        .iter()
        .map(|record| json!([record["input_ids"], record["seq_lengths"]]))
        .collect()
}

fn flat<'v>(lists: impl Iterator<Item = &'v Value>) -> Vec<Value> {
    lists
        .flat_map(|list| list.as_array().expect("a list").clone())
        .collect()
}

fn list<T: arrow::datatypes::ArrowPrimitiveType>(batch: &RecordBatch, column: &str, row: usize) -> Vec<T::Native> {
    let lists = batch.column_by_name(column).unwrap_or_else(|| panic!("no {column}"));
    lists.as_list::<i32>().value(row).as_primitive::<T>().values().to_vec()
}

#[test]
fn packed_rows_are_written_as_trl_packs_them() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = std::fs::read_to_string(encode(folder.path(), "out.jsonl")).expect("written");
    let lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let written: Vec<Value> = lines
        .iter()
        .map(|line| json!([line["input_ids"], line["seq_lengths"]]))
        .collect();
    assert!(recorded().len() > 1, "the case is packed");
    assert_eq!(written, recorded());
    // The collator joins the sequences of a batch into one, and masks where each of their documents starts.
    let batches = records("batch");
    let labels = flat(lines.iter().map(|line| &line["labels"]));
    assert_eq!(labels, flat(batches.iter().map(|batch| &batch["labels"][0])));
    assert_ne!(labels, flat(records("row").iter().map(|row| &row["labels"])));

    let file = std::fs::File::open(encode(folder.path(), "out.parquet")).expect("written");
    let reader = ParquetRecordBatchReaderBuilder::try_new(file)
        .expect("Parquet")
        .build()
        .expect("readable");
    let mut at = 0;
    for batch in reader {
        let batch = batch.expect("a batch");
        for row in 0..batch.num_rows() {
            let line = &lines[at];
            assert_eq!(json!(list::<Int32Type>(&batch, "input_ids", row)), line["input_ids"]);
            assert_eq!(json!(list::<Int32Type>(&batch, "labels", row)), line["labels"]);
            assert_eq!(
                json!(list::<Int8Type>(&batch, "attention_mask", row)),
                line["attention_mask"]
            );
            assert_eq!(
                json!(list::<Int32Type>(&batch, "seq_lengths", row)),
                line["seq_lengths"]
            );
            at += 1;
        }
    }
    assert_eq!(at, lines.len());
}

#[test]
fn a_row_that_cannot_be_encoded_leaves_no_file() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(
        folder.path().join("data.jsonl"),
        "{\"text\": \"fine\"}\n{\"text\": \"cut o\n",
    )
    .expect("written");
    let model = std::fs::canonicalize("fixtures/models/chatml").expect("the fixture");
    let mut command = Command::cargo_bin("gonogo").expect("the binary is built");
    command.env_clear().current_dir(folder.path());
    let output = command
        .args(["encode", "data.jsonl", "-o", "out.jsonl", "--isolated", "-m"])
        .arg(model)
        .output()
        .expect("run");
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2));
    assert!(error.contains("data.jsonl:2"), "{error}");
    let left: Vec<_> = std::fs::read_dir(folder.path()).expect("the folder").collect();
    assert_eq!(left.len(), 1, "{left:?}");
}

/// Loads the file as a user's script would, and collates it with TRL's own collator where TRL is there.
const LOAD: &str = r#"
import json, sys
from datasets import load_dataset
path, form = sys.argv[1:]
rows = load_dataset(form, data_files=path, split="train")
print(json.dumps([rows.column_names, rows.num_rows, sum(len(ids) for ids in rows["input_ids"])]))
try:
    from trl.trainer.sft_trainer import DataCollatorForLanguageModeling
except Exception as error:
    print("no TRL:", type(error).__name__, file=sys.stderr)
else:
    batch = DataCollatorForLanguageModeling(pad_token_id=0)([rows[0], rows[1]])
    assert batch["labels"].shape == batch["input_ids"].shape
"#;

#[test]
#[expect(clippy::print_stdout, reason = "whoever runs it asks why it was skipped")]
fn datasets_loads_what_was_written() {
    let python = std::env::var("GONOGO_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let has = std::process::Command::new(&python)
        .args(["-c", "import datasets"])
        .output();
    if !has.is_ok_and(|output| output.status.success()) {
        println!("skipped: {python} has no datasets (GONOGO_PYTHON names another Python)");
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let recorded = recorded();
    let tokens: usize = recorded.iter().map(|row| row[0].as_array().map_or(0, Vec::len)).sum();
    for (name, form) in [("out.jsonl", "json"), ("out.parquet", "parquet")] {
        let path = encode(folder.path(), name);
        let output = std::process::Command::new(&python)
            .args(["-c", LOAD])
            .arg(path)
            .arg(form)
            .env("HF_HOME", folder.path())
            .output()
            .expect("run");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let seen: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        let columns = ["input_ids", "labels", "attention_mask", "position_ids", "seq_lengths"];
        assert_eq!(seen, json!([columns, recorded.len(), tokens]));
    }
}
