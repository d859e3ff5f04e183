//! `gonogo batches` on dumps of real collators and trainers, and on dumps with a fault each: each fault is named, and
//! what is clean is quiet. The dumps are made by fixtures/dumps/make.py.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command as Process;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Builder, ListBuilder, RecordBatch};
use assert_cmd::Command;
use parquet::arrow::ArrowWriter;
use serde_json::Value;

/// Each dump and what it is found guilty of, worst first.
const FOUND: &[(&str, &[(&str, &str)])] = &[
    ("own-clean", &[]),
    ("own-pairs", &[]),
    ("own-shifted", &[("error", "mask/labels-shifted")]),
    (
        "own-padding-trained",
        &[("error", "mask/masked-trained"), ("error", "mask/padding-trained")],
    ),
    ("own-ends-masked", &[("error", "batch/eos-masked")]),
    ("own-padding-seen", &[("warning", "batch/padding-attended")]),
    ("own-crossed", &[("error", "batch/documents-mixed")]),
    ("own-crossed-no-positions", &[("error", "batch/documents-mixed")]),
    ("own-crossed-pairs", &[("error", "batch/documents-mixed")]),
    ("own-looks-ahead", &[("error", "batch/attends-ahead")]),
    ("own-repeated", &[("error", "batch/rows-repeated")]),
    ("own-left", &[("warning", "batch/padded-left")]),
    (
        "own-both-sides",
        &[("error", "batch/padding-mixed"), ("warning", "batch/padded-left")],
    ),
    (
        "own-nothing-trained",
        &[("error", "batch/nothing-trained"), ("error", "mask/nothing-trained")],
    ),
    ("own-no-labels", &[("error", "batch/no-labels")]),
    ("own-negative-ids", &[("error", "batch/id-negative")]),
    ("hf-lm", &[]),
    ("hf-lm-pad-is-eos", &[("error", "batch/eos-masked")]),
    ("hf-seq2seq", &[]),
    ("hf-left", &[("warning", "batch/padded-left")]),
    (
        "hf-max-length",
        &[
            ("warning", "batch/always-max-length"),
            ("warning", "batch/mostly-padding"),
        ],
    ),
    ("hf-flattening", &[]),
    ("trl-sft", &[]),
    ("trl-bfd", &[]),
    ("trl-wrapped", &[("warning", "batch/looks-packed")]),
    ("trl-padding-free", &[]),
    ("trl-assistant-only", &[]),
    ("trl-dpo", &[]),
    ("trl-reward", &[]),
];

fn gonogo(args: &[&str]) -> Command {
    let mut command = Command::cargo_bin("gonogo").expect("the binary is built");
    command.env_clear().args(["batches", "--isolated"]).args(args);
    command
}

/// The report, and the exit code.
fn report(args: &[&str]) -> (Value, i32) {
    let output = gonogo(args).args(["-f", "json"]).output().expect("it runs");
    let stderr = String::from_utf8_lossy(&output.stderr);
    let report = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{args:?}: {error}: {stderr}"));
    (report, output.status.code().expect("an exit code"))
}

/// Level and rule of each finding, notes left out.
fn found(report: &Value) -> Vec<(String, String)> {
    let groups = report["findings"].as_array().expect("a list").iter();
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let mut found: Vec<_> = groups
        .map(|group| (text(&group["level"]), text(&group["rule"])))
        .filter(|(level, _)| level != "note")
        .collect();
    found.sort();
    found
}

fn assert_found(folder: &Path, name: &str, expected: &[(&str, &str)]) {
    let path = folder.join(name);
    let (report, code) = report(&[path.to_str().expect("UTF-8")]);
    let mut expected: Vec<_> = expected
        .iter()
        .map(|(level, rule)| ((*level).to_owned(), (*rule).to_owned()))
        .collect();
    expected.sort();
    assert_eq!(found(&report), expected, "{name}");
    let fails = expected.iter().any(|(level, _)| level == "error");
    assert_eq!(code, i32::from(fails), "{name}");
}

#[test]
fn each_fault_is_named_and_what_is_clean_is_quiet() {
    for (name, expected) in FOUND {
        assert_found(Path::new("fixtures/dumps"), name, expected);
    }
}

/// Batches of a collator that hands over an attention_mask of ones beside positions that restart: who sees whom
/// depends on the attention.
#[test]
fn ones_beside_positions_part_documents_only_with_flash_attention() {
    let (unknown, code) = report(&["fixtures/dumps/own-crossed-by-ones"]);
    let unused = ("warning".to_owned(), "batch/positions-unused".to_owned());
    assert_eq!((found(&unknown), code), (vec![unused], 0));
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("batches.jsonl");
    let batch = r#"{"input_ids": [[5, 6, 2, 7, 8, 2]], "labels": [[-100, 6, 2, -100, 8, 2]], "position_ids": [[0, 1, 2, 0, 1, 2]], "attention_mask": [[1, 1, 1, 1, 1, 1]]}"#;
    for (attention, expected) in [("sdpa", 1), ("eager", 1), ("flash_attention_2", 0)] {
        let about = format!(r#"{{"gonogo_dump": {{"attn_implementation": "{attention}"}}}}"#);
        std::fs::write(&path, format!("{about}\n{batch}\n")).expect("written");
        let (report, _) = report(&[path.to_str().expect("UTF-8"), "--select", "batch/documents-mixed"]);
        assert_eq!(found(&report).len(), expected, "{attention}");
    }
}

#[test]
fn a_dump_agrees_with_the_config_it_was_made_by() {
    for name in ["trl-sft", "trl-bfd", "trl-wrapped"] {
        let path = format!("fixtures/dumps/{name}");
        let packing: &[&str] = match name {
            "trl-bfd" => &["--set", "packing=true"],
            "trl-wrapped" => &["--set", "packing=true", "--set", "packing_strategy=wrapped"],
            _ => &[],
        };
        let (report, _) = report(&[&[path.as_str(), "--against", "fixtures/dumps/sft.yaml"], packing].concat());
        let against = &report["batches"]["against"];
        assert_eq!(against["otherwise"], 0, "{name}: {against}");
        assert_eq!(against["unmatched"], 0, "{name}: {against}");
        assert_eq!(against["encoded"], 12, "{name}: {against}");
        assert_eq!(report["verdict"]["go"], true, "{name}");
    }
}

#[test]
fn the_first_difference_is_shown_decoded_with_the_row_it_is_of() {
    let args = [
        "fixtures/dumps/trl-sft",
        "--against",
        "fixtures/dumps/sft.yaml",
        "--set",
        "assistant_only_loss=true",
    ];
    let chats = ["--chat-template", "fixtures/templates/marked.jinja"];
    let (report, code) = report(&[&args[..], &chats[..]].concat());
    assert_eq!(code, 1);
    let groups = report["findings"].as_array().expect("a list");
    let group = groups
        .iter()
        .find(|group| group["rule"] == "batch/encoded-otherwise")
        .expect("other labels are found");
    assert_eq!(group["rows"], 12);
    let message = group["places"][0]["message"].as_str().expect("a message");
    assert!(message.starts_with("fixtures/dumps/chats.jsonl:"), "{message}");
    assert!(
        message.contains(", trained) in the dump") && message.contains(", masked) here"),
        "{message}"
    );
}

#[test]
fn rows_of_other_data_are_like_nothing() {
    let (report, _) = report(&[
        "fixtures/dumps/own-clean",
        "--against",
        "fixtures/dumps/sft.yaml",
        "--select",
        "batch/matches-nothing",
    ]);
    let group = &report["findings"][0];
    assert_eq!(
        (&group["rows"], &group["level"]),
        (&Value::from(12), &Value::from("error"))
    );
}

#[test]
fn places_are_those_of_the_tensor() {
    let (report, _) = report(&["fixtures/dumps/own-padding-trained"]);
    let place = &report["findings"][0]["places"][0];
    let source = place["at"]["source"].as_u64().expect("a number");
    let name = &report["sources"][usize::try_from(source).expect("small")]["name"];
    assert_eq!(name, "fixtures/dumps/own-padding-trained/batch-00000.safetensors");
    let (row, pointer) = (&place["at"]["row"], place["pointer"].as_str().expect("a pointer"));
    assert!(pointer.starts_with(&format!("/labels/{row}/")), "{pointer}");
}

#[test]
fn lines_of_batches_and_of_rows_are_read() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("rows.jsonl");
    let rows: String = (0..6)
        .map(|at| {
            format!(
                "{{\"batch\": {}, \"input_ids\": [5, {at}, 7, 2], \"labels\": [-100, 9, 7, 2]}}\n",
                at / 2
            )
        })
        .collect();
    std::fs::write(&path, rows).expect("written");
    let (report, code) = report(&[path.to_str().expect("UTF-8")]);
    assert_eq!(code, 1);
    let section = &report["batches"];
    assert_eq!(
        (&section["batches"], &section["rows"]),
        (&Value::from(3), &Value::from(6))
    );
    let places: BTreeMap<_, _> = report["findings"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|group| (group["rule"].as_str().expect("a name"), &group["places"]))
        .collect();
    assert_eq!(places["mask/labels-differ"][5]["at"]["line"], 6);
}

#[test]
fn batches_of_parquet_are_told_apart_by_their_number() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("batches.parquet");
    let ids = [[[5, 6, 7, 2], [5, 8, 9, 2]], [[5, 4, 3, 2], [5, 6, 7, 2]]];
    let mut batches = ListBuilder::new(ListBuilder::new(Int64Builder::new()));
    for batch in ids {
        for row in batch {
            for id in row {
                batches.values().values().append_value(id);
            }
            batches.values().append(true);
        }
        batches.append(true);
    }
    let column: ArrayRef = Arc::new(batches.finish());
    let table = RecordBatch::try_from_iter([("input_ids", column.clone()), ("labels", column)]).expect("a table");
    let file = std::fs::File::create(&path).expect("created");
    let mut writer = ArrowWriter::try_new(file, table.schema(), None).expect("a writer");
    writer.write(&table).expect("written");
    writer.close().expect("closed");
    let (report, _) = report(&[path.to_str().expect("UTF-8")]);
    let names: Vec<&str> = report["sources"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|source| source["name"].as_str().expect("a name"))
        .collect();
    assert!(
        names[0].ends_with("batches.parquet#0") && names[1].ends_with("batches.parquet#1"),
        "{names:?}"
    );
    let groups = report["findings"].as_array().expect("a list").iter();
    let rules: Vec<&str> = groups.map(|group| group["rule"].as_str().expect("a name")).collect();
    assert_eq!(rules, ["batch/rows-repeated"]);
}

#[test]
fn what_is_no_dump_is_refused_by_name() {
    let refused = |args: &[&str], why: &str| {
        let output = gonogo(args).output().expect("it runs");
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(stderr.contains(why), "{args:?}: {stderr}");
    };
    refused(&["fixtures/demo/train.jsonl"], "no input_ids");
    refused(&["fixtures/no-such-dump"], "no-such-dump");
    refused(
        &[
            "fixtures/dumps/trl-sft",
            "--against",
            "fixtures/dumps/chats.jsonl",
            "-m",
            "fixtures/models/chatml",
        ],
        "needs a trainer",
    );
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("batch.safetensors");
    std::fs::write(&path, b"\x10\0\0\0\0\0\0\0{}").expect("written");
    refused(&[path.to_str().expect("UTF-8")], "ends inside its header");
}

#[test]
fn what_cannot_be_checked_is_said() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("rows.jsonl");
    std::fs::write(
        &path,
        "{\"input_ids\": [[5, 6, 7, 2]], \"labels\": [[-100, 6, 7, 2]]}\n",
    )
    .expect("written");
    let path = path.to_str().expect("UTF-8");
    let (report, code) = report(&[path]);
    assert_eq!(code, 0);
    let lacking = report["not_checked"].to_string();
    for rule in [
        "batch/padded-left",
        "batch/eos-masked",
        "mask/padding-trained",
        "template/id-beyond-vocab",
    ] {
        assert!(lacking.contains(rule), "{rule}: {lacking}");
    }
    assert_eq!(
        gonogo(&[path, "--strict"]).output().expect("it runs").status.code(),
        Some(2)
    );
}

/// The script, with whatever Python there is.
#[test]
#[expect(clippy::print_stderr, reason = "what was not tested is said")]
fn the_script_writes_what_is_read() {
    let Some(python) = python() else {
        eprintln!("the script was not run: no python with torch ($GONOGO_PYTHON, or python3)");
        return;
    };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let out = folder.path().to_str().expect("UTF-8");
    let own: Vec<_> = FOUND.iter().filter(|(name, _)| name.starts_with("own-")).collect();
    let run = Process::new(python)
        .args(["fixtures/dumps/make.py", out])
        .args(own.iter().map(|(name, _)| name))
        .output()
        .expect("python runs");
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    for (name, expected) in own {
        assert_found(folder.path(), name, expected);
    }
}

fn python() -> Option<String> {
    let given = std::env::var("GONOGO_PYTHON").ok();
    let python = given.unwrap_or_else(|| "python3".to_owned());
    let has_torch = Process::new(&python).args(["-c", "import torch"]).output();
    has_torch.is_ok_and(|output| output.status.success()).then_some(python)
}
