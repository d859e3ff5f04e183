//! Texts longer than a sequence, which some trainers cut into rows, and some ways to pack go on with in the next.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

const MODEL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/models/chatml");

/// What is printed, as JSON.
fn gonogo(folder: &Path, words: &[&str]) -> Value {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gonogo"));
    command.current_dir(folder).env_clear().env("HF_HUB_OFFLINE", "1");
    let output = command.args(words).output().expect("run");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{words:?}: {said}"))
}

/// `rows.jsonl` of texts of every length, and another file.
fn folder(name: &str, text: &str) -> tempfile::TempDir {
    let row = |words: usize| format!("{{\"text\": \"{}\"}}\n", "a word ".repeat(words));
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (name, text) in [
        ("rows.jsonl", (1..60).map(row).collect::<String>().as_str()),
        (name, text),
    ] {
        fs::write(folder.path().join(name), text).expect("written");
    }
    folder
}

fn rules(report: &Value) -> Vec<&str> {
    let findings = report["findings"].as_array().expect("findings");
    findings.iter().filter_map(|finding| finding["rule"].as_str()).collect()
}

const JSON: [&str; 4] = ["-q", "-f", "json", "--isolated"];

#[test]
fn texts_that_axolotl_cuts_into_rows_are_planned_and_sized_whole() {
    let config = format!(
        "base_model: {MODEL}\ndatasets:\n  - path: rows.jsonl\n    type: completion\nsequence_len: 16\n\
         micro_batch_size: 2\nnum_epochs: 1\nval_set_size: 0\n"
    );
    let folder = folder("run.yaml", &config);
    let at = folder.path();
    let report = gonogo(at, &[&["check", "run.yaml"], &JSON[..]].concat());
    let mut encode = Command::new(env!("CARGO_BIN_EXE_gonogo"));
    encode
        .current_dir(at)
        .args(["encode", "run.yaml", "-o", "pieces.jsonl"]);
    assert!(encode.status().expect("run").success());
    let pieces = fs::read_to_string(at.join("pieces.jsonl")).expect("written");
    let length = |line: &str| {
        let row: Value = serde_json::from_str(line).expect("a row");
        row["input_ids"].as_array().expect("ids").len() as u64
    };
    let lengths: Vec<u64> = pieces.lines().map(length).collect();
    assert!(lengths.len() > 59 && lengths.iter().all(|length| (2..=16).contains(length)));

    let (plan, all) = (&report["plan"], &report["lengths"]["all"]);
    let left_out = plan["dropped"].as_u64().expect("a number");
    assert!(left_out > 0, "pieces of one token");
    assert_eq!(plan["rows"], lengths.len() as u64 + left_out);
    assert_eq!(plan["plan"]["steps"], (lengths.len() as u64).div_ceil(2));
    assert_eq!(all["rows"], 59);
    assert_eq!(all["tokens"], lengths.iter().sum::<u64>() + left_out);
    assert!(all["max"].as_u64() > Some(60), "{all}");
    assert!(!rules(&report).contains(&"mask/nothing-trained"));

    let sized = gonogo(at, &[&["fit", "run.yaml"], &JSON[..]].concat());
    let now = &sized["lengths"][0];
    assert_eq!((&now["is_now"], &now["lost_share"]), (&true.into(), &0.0.into()));
    assert_eq!(now["steps_per_epoch"], plan["plan"]["steps"]);
}

#[test]
fn texts_that_go_on_in_the_next_block_are_not_cut_and_fill_as_many_as_they_do() {
    let registry = r#"{"texts": {"file_name": "rows.jsonl", "columns": {"prompt": "text"}}}"#;
    let folder = folder("dataset_info.json", registry);
    let config = format!(
        "model_name_or_path: {MODEL}\nstage: pt\ndo_train: true\ndataset: texts\ndataset_dir: .\ncutoff_len: 16\n\
         per_device_train_batch_size: 2\ngradient_accumulation_steps: 4\noutput_dir: out\n"
    );
    fs::write(folder.path().join("run.yaml"), config).expect("written");
    let report = gonogo(folder.path(), &[&["check", "run.yaml"], &JSON[..]].concat());
    let (lengths, plan) = (&report["lengths"], &report["plan"]["packed"]);
    let tokens = lengths["all"]["tokens"].as_u64().expect("a number");
    assert_eq!(lengths["packed"]["sequences"], tokens / 16);
    assert_eq!(plan["sequences"], lengths["packed"]["sequences"]);
    // Eight sequences of parts of rows are no small step.
    assert!(!rules(&report).contains(&"budget/small-batch"));

    // The same without a trainer, where packing is all that is known of it.
    let words = [
        "check",
        "rows.jsonl",
        "-m",
        MODEL,
        "--max-length",
        "16",
        "--packing",
        "wrapped",
    ];
    let report = gonogo(folder.path(), &[&words, &JSON[..]].concat());
    let lengths = &report["lengths"];
    let tokens = lengths["all"]["tokens"].as_u64().expect("a number");
    assert_eq!(lengths["max_length"]["rows"], 0);
    assert_eq!(lengths["packed"]["sequences"], tokens.div_ceil(16));
    assert!(!rules(&report).contains(&"length/answer-cut"));
}
