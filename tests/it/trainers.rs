//! Trainers on the command line: what `show` prints is what the real trainer made of the row.

use std::path::Path;

use assert_cmd::Command;
use serde_json::Value;

fn gonogo() -> Command {
    let mut command = Command::cargo_bin("gonogo").expect("the binary is built");
    command.env_clear().env("COLUMNS", "100");
    command
}

/// Recorded cases of rows that are neither packed nor of a set of their own, by the trainer's name.
const CASES: &[(&str, &str)] = &[
    ("axolotl", "axolotl_alpaca_qwen_inputs"),
    ("axolotl", "axolotl_chat_drop_long"),
    ("axolotl", "axolotl_chat_field_training"),
    ("axolotl", "axolotl_chat_tools"),
    ("axolotl", "axolotl_chat_truncate"),
    ("llama-factory", "lf_rm"),
    ("llama-factory", "lf_sft_alpaca_gemma"),
    ("llama-factory", "lf_sft_openai_detailed_thinking"),
    ("llama-factory", "lf_sft_sharegpt_qwen3_reasoning"),
    ("trl", "trl_sft_eos_token_arg"),
    ("trl", "trl_sft_prompt_completion_think"),
    ("trl", "trl_sft_tools"),
    ("trl", "trl_sft_truncated_away_keep_start"),
    ("trl@0.19.1", "legacy_sft_prompt_completion_think"),
    ("trl@0.19.1", "legacy_collm_pad_eq_eos"),
];

/// A case's options, as `--set` takes them.
fn options(trainer: &str, config: &Value) -> Vec<(String, Value)> {
    let object = |key: &str| config[key].as_object().cloned().unwrap_or_default();
    let mut options: Vec<(String, Value)> = Vec::new();
    match trainer {
        "axolotl" => {
            options.extend(object("axolotl"));
            let dataset = object("dataset").into_iter();
            options.extend(dataset.map(|(key, value)| (format!("datasets.0.{key}"), value)));
        }
        "llama-factory" => {
            options.push(("stage".into(), config["kind"].as_str().unwrap_or_default()[3..].into()));
            options.extend(object("data_args"));
            options.extend(object("dataset_attr"));
        }
        _ => {
            options.extend(object("trainer_args"));
            if config["completion_only_lm"].is_object() {
                options.push(("completion_only_lm".into(), config["completion_only_lm"].clone()));
            }
        }
    }
    options
}

/// Ids and labels `show` prints for each row, those the trainer drops left out.
fn shown(trainer: &str, case: &Path, config: &Value) -> Vec<(Value, Value)> {
    let rows = std::fs::read_to_string(case.join("input.jsonl")).expect("input.jsonl");
    let count = rows.lines().filter(|line| !line.trim().is_empty()).count();
    let tokenizer = config["tokenizer_ref"].as_str().expect("a tokenizer");
    let mut found = Vec::new();
    for row in 0..count {
        let mut command = gonogo();
        command.args(["show", "-f", "json", "--isolated", "--now", "2024-07-26T13:05:09"]);
        command.args(["--trainer", trainer, "-m"]);
        command.arg(Path::new("fixtures/tokenizers").join(tokenizer));
        command.args(["--row", &row.to_string()]);
        for (key, value) in options(trainer, config) {
            command.args(["--set", &format!("{key}={value}")]);
        }
        let output = command.arg(case.join("input.jsonl")).output().expect("run");
        let shown: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| {
            panic!(
                "{}: row {row}: {}",
                case.display(),
                String::from_utf8_lossy(&output.stderr)
            )
        });
        assert_eq!(shown["error"], Value::Null, "{}: row {row}", case.display());
        let mut sequences = vec![&shown];
        sequences.extend(shown["rejected"].as_array().into_iter().flatten());
        for sequence in sequences.into_iter().filter(|sequence| sequence["dropped"].is_null()) {
            found.push((sequence["input_ids"].clone(), sequence["labels"].clone()));
        }
    }
    found
}

/// What the trainer recorded: of each row, or of both its sides.
fn recorded(case: &Path) -> Vec<(Value, Value)> {
    let text = std::fs::read_to_string(case.join("expected.jsonl")).expect("expected.jsonl");
    let mut found = Vec::new();
    for line in text.lines() {
        let record: Value = serde_json::from_str(line).expect("JSON");
        if record["kind"] != "row" {
            continue;
        }
        for side in ["", "chosen_", "rejected_"] {
            let get = |key: &str| record.get(format!("{side}{key}")).cloned();
            if let Some(ids) = get("input_ids") {
                found.push((ids, get("labels").unwrap_or(Value::Null)));
            }
        }
    }
    found
}

#[test]
fn show_prints_what_the_trainer_made() {
    for (trainer, name) in CASES {
        let case = Path::new("fixtures/parity").join(name);
        let config = std::fs::read_to_string(case.join("config.json")).expect("config.json");
        let config: Value = serde_json::from_str(&config).expect("JSON");
        let (shown, recorded) = (shown(trainer, &case, &config), recorded(&case));
        assert!(!recorded.is_empty(), "{name} has no rows");
        assert_eq!(shown.len(), recorded.len(), "{name}: rows");
        for (row, (shown, recorded)) in shown.iter().zip(&recorded).enumerate() {
            assert_eq!(shown.0, recorded.0, "{name}: ids of row {row}");
            // Some versions leave the labels to the collator.
            if !recorded.1.is_null() {
                assert_eq!(shown.1, recorded.1, "{name}: labels of row {row}");
            }
        }
    }
}

#[test]
fn what_a_trainer_refuses_is_said_before_the_first_row() {
    let run = |args: &[&str]| {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let data = folder.path().join("train.jsonl");
        let row = "{\"messages\": [{\"role\": \"user\", \"content\": \"hi\"}, {\"role\": \"assistant\", \"content\": \"ho\"}]}\n";
        std::fs::write(&data, row).expect("written");
        let output = gonogo()
            .arg(&data)
            .args(["-m", "fixtures/models/chatml", "--isolated"])
            .args(args)
            .output()
            .expect("run");
        let said = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8_lossy(&said).into_owned())
    };
    for (args, said) in [
        (
            &["--trainer", "axolotl", "--set", "sequence_lenn=1"][..],
            "has no option `sequence_lenn`, did you mean `sequence_len`?",
        ),
        (
            &["--trainer", "axolotl", "--set", "rl=dpo"],
            "axolotl@0.19.0 cannot be checked: rl",
        ),
        (
            &["--trainer", "axolotl@0.4"],
            "axolotl 0.4.0 is not covered; covered is 0.19.0",
        ),
        (&["--trainer", "torchtune"], "--set tokenizer._component_"),
    ] {
        let (code, stderr) = run(args);
        assert_eq!(code, Some(2), "{args:?}: {stderr}");
        assert!(stderr.contains(said), "{args:?}: {stderr}");
    }
    // A run that would stop is no go, and what else is wrong is said beside it.
    let (code, said) = run(&["--trainer", "llama-factory", "--set", "template=qwen9", "-f", "concise"]);
    assert_eq!(code, Some(1), "{said}");
    let refused = "mask/trainer-raises llama-factory@0.9.5 would raise ValueError: Template qwen9 does not exist";
    assert!(said.contains(refused), "{said}");
    let (code, stderr) = run(&["--trainer", "llama_factory", "--set", "template=qwen", "-f", "json"]);
    assert_eq!(code, Some(0), "{stderr}");
}

#[test]
fn what_the_loader_refuses_hides_no_other_finding() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("rows.jsonl");
    let run = |refused: &str, command: &[&str], more: &[&str]| {
        let row = "{\"text\": \"one\"}\n";
        std::fs::write(&path, format!("{row}{row}{refused}\n{{\"text\": \"\"}}\n")).expect("written");
        let output = gonogo()
            .args(command)
            .arg(&path)
            .args(["-m", "fixtures/models/chatml", "--isolated", "--trainer", "trl"])
            .args(more)
            .output()
            .expect("run");
        let said = String::from_utf8(output.stdout).expect("UTF-8") + &String::from_utf8_lossy(&output.stderr);
        (output.status.code(), said)
    };
    let (code, said) = run("[1]", &["check"], &["-f", "concise"]);
    assert_eq!(code, Some(1), "{said}");
    for line in [
        "rows.jsonl:3: schema/load-error datasets would raise",
        "rows.jsonl:3: schema/not-an-object",
        "rows.jsonl:4: schema/empty-message",
    ] {
        assert!(said.contains(line), "{line}: {said}");
    }
    // What is not known is no finding, and no verdict either.
    let (code, said) = run("null", &["check"], &["-f", "concise"]);
    assert_eq!(code, Some(2), "{said}");
    assert!(
        !said.contains("load-error") && said.contains("rows.jsonl:3: schema/not-an-object"),
        "{said}"
    );
    let part = folder.path().join("part");
    let (code, said) = run("null", &["check"], &["--partial", &part.to_string_lossy()]);
    assert_eq!((code, part.exists()), (Some(2), false), "{said}");
    for (refused, command, more) in [
        ("[1]", "check", &["--select", "dup/near"][..]),
        ("null", "check", &["--select", "dup/near"][..]),
        ("[1]", "show", &["--row", "0"][..]),
        ("[1]", "filter", &["--drop", "dup/near", "-o", "-"][..]),
    ] {
        let (code, said) = run(refused, &[command], more);
        assert_eq!(code, Some(2), "{command}: {said}");
        assert!(said.contains("rows.jsonl:3: "), "{command}: {said}");
    }
}

#[test]
fn labels_of_another_number_than_ids_are_said_and_upset_nothing() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("rows.jsonl");
    let run = |command: &str, more: &[&str]| {
        std::fs::write(&path, "{\"input_ids\": [5, 6, 7], \"labels\": [-100]}\n").expect("written");
        let output = gonogo()
            .args([
                command,
                "--isolated",
                "--trainer",
                "trl",
                "-m",
                "fixtures/models/chatml",
            ])
            .arg(&path)
            .args(more)
            .output()
            .expect("run");
        let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        (output.status.code(), said)
    };
    let (code, said) = run("show", &["--row", "0", "--labels"]);
    assert_eq!(
        (code, said.contains("3 tokens, 0 trained"), said.contains("<none>")),
        (Some(0), true, true),
        "{said}"
    );
    let written = folder.path().join("out.jsonl");
    let (code, said) = run("encode", &["--packing", "bfd", "-o", &written.to_string_lossy()]);
    assert_eq!(code, Some(2), "{said}");
    assert!(
        said.contains("rows.jsonl:1: a row of 3 ids and 1 labels cannot be packed"),
        "{said}"
    );
    std::fs::write(&path, "{\"input_ids\": [5, 6], \"labels\": [-100, 6, 7, 9]}\n").expect("written");
    let output = gonogo()
        .arg("check")
        .arg(&path)
        .args([
            "-m",
            "fixtures/models/chatml",
            "--isolated",
            "--trainer",
            "trl",
            "-f",
            "json",
        ])
        .output()
        .expect("run");
    let report: Value = serde_json::from_slice(&output.stdout).expect("a report");
    assert_eq!(output.status.code(), Some(1), "{report}");
    assert!(
        report.to_string().contains("`labels` has 4 elements and `input_ids` 2"),
        "{report}"
    );
    assert_eq!(
        (&report["masks"]["tokens"], &report["masks"]["trained"]),
        (&2.into(), &1.into())
    );
}

#[test]
fn columns_are_renamed_before_the_trainer_sees_them() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, row: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, row).expect("written");
        path
    };
    let theirs = write("theirs.jsonl", "{\"question\": \"2+2?\", \"answer\": \"4\"}\n");
    let ours = write("ours.jsonl", "{\"prompt\": \"2+2?\", \"completion\": \"4\"}\n");
    let show = |path: &Path, more: &[&str]| {
        let args = [
            "-m",
            "fixtures/models/chatml",
            "--trainer",
            "trl@1.16.0",
            "-f",
            "json",
            "--isolated",
        ];
        let output = gonogo()
            .arg("show")
            .arg(path)
            .args(args)
            .args(more)
            .output()
            .expect("run");
        let shown: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        (
            shown["input_ids"].clone(),
            shown["labels"].clone(),
            shown["error"]["class"].clone(),
        )
    };
    let renamed = show(&theirs, &["--columns", "prompt=question,completion=answer"]);
    assert_eq!(renamed, show(&ours, &[]));
    assert_ne!(renamed.0, Value::Null);
    assert_eq!(show(&theirs, &[]).2, "KeyError", "without it TRL stops");
}

#[test]
fn an_installed_version_that_is_not_covered_is_not_checked_and_not_guessed() {
    let folder = tempfile::tempdir().expect("a folder");
    let info = folder.path().join("trl-0.7.1.dist-info");
    std::fs::create_dir(&info).expect("made");
    std::fs::write(
        info.join("METADATA"),
        "Metadata-Version: 2.1\nName: trl\nVersion: 0.7.1\n",
    )
    .expect("written");
    let data = folder.path().join("data.jsonl");
    std::fs::write(&data, "{\"prompt\": \"2+2?\", \"completion\": \"4\"}\n").expect("written");
    let check = |trainer: &str, strict: bool| {
        let args = [
            "-m",
            "fixtures/models/chatml",
            "--isolated",
            "--no-cache",
            "-f",
            "json",
            "--trainer",
            trainer,
        ];
        let mut command = gonogo();
        command
            .arg("check")
            .arg(&data)
            .args(args)
            .arg("--site-packages")
            .arg(folder.path());
        if strict {
            command.arg("--strict");
        }
        command.output().expect("run")
    };
    let report: Value = serde_json::from_slice(&check("trl", false).stdout).expect("a report");
    assert_eq!(report["trainer"]["name"], Value::Null);
    let lacking = report["not_checked"].to_string();
    assert!(lacking.contains("trl 0.7.1 is installed and not covered"), "{lacking}");
    assert_eq!(check("trl", true).status.code(), Some(2), "--strict");
    let asked: Value = serde_json::from_slice(&check("trl@1.16.0", false).stdout).expect("a report");
    assert_eq!(asked["trainer"]["name"], "trl@1.16.0");
}

/// People try `--trainer NAME` on the data they have before they have a config.
#[test]
fn a_trainer_named_alone_is_that_of_the_rows() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let check = |trainer: &str, row: &str, more: &[&str]| {
        let path = folder.path().join("rows.jsonl");
        std::fs::write(&path, row).expect("written");
        let output = gonogo()
            .arg("check")
            .arg(&path)
            .args([
                "-m",
                "fixtures/models/chatml",
                "--isolated",
                "--no-cache",
                "--trainer",
                trainer,
            ])
            .args(more)
            .output()
            .expect("run");
        let said = [output.stdout, output.stderr].concat();
        let words = String::from_utf8_lossy(&said);
        (
            output.status.code(),
            words.split_whitespace().collect::<Vec<_>>().join(" "),
        )
    };
    let alpaca = r#"{"instruction": "Say how many eggs are in a dozen.", "input": "", "output": "There are twelve."}"#;
    let pair = r#"{"prompt": "How many eggs are in a dozen?", "chosen": " There are twelve.", "rejected": " Ten."}"#;
    let judged = r#"{"prompt": "How many eggs are in a dozen?", "completion": " There are twelve.", "label": true}"#;
    let ids = r#"{"input_ids": [5, 6, 7], "labels": [-100, 6, 7]}"#;
    let text = r#"{"text": "There are twelve eggs in a dozen."}"#;
    let said: [(&str, &str, &[&str], i32, &str); 9] = [
        (
            "llama-factory",
            pair,
            &[],
            0,
            "preference: checked with --set stage=dpo",
        ),
        ("llama-factory", judged, &[], 0, "kto: checked with --set stage=kto"),
        ("llama-factory", text, &[], 0, "text: checked with --set stage=pt"),
        (
            "llama-factory",
            pair,
            &["--set", "stage=sft"],
            1,
            "not applicable in the current training stage",
        ),
        (
            "trl",
            alpaca,
            &[],
            1,
            "the rows have `instruction`, `input`, `output`; SFTTrainer reads `messages`",
        ),
        ("trl", pair, &[], 0, "the columns are those of DPOTrainer"),
        (
            "axolotl",
            pair,
            &[],
            2,
            "rows of the shape preference are trained with `rl`",
        ),
        (
            "axolotl",
            ids,
            &[],
            1,
            "has no `type`, and only rows with `input_ids`, `attention_mask` and `labels` need none",
        ),
        ("unsloth", alpaca, &[], 2, "--set tokenize.mode=text"),
    ];
    for (trainer, row, more, code, words) in said {
        let (exit, output) = check(trainer, row, more);
        assert_eq!(exit, Some(code), "{trainer} {row}: {output}");
        assert!(output.contains(words), "{trainer} {row}: {output}");
    }
}
