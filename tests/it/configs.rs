//! Training configs: small ones of ours, and hundreds of real ones where they are at hand (`GONOGO_REAL`).

#![expect(
    clippy::print_stdout,
    reason = "what became of each file is what the walk is run for"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use gonogo::model::config::{ConfigFacts, FaultKind};
use gonogo::model::setup::{Origin, Setting};
use gonogo::model::version::Version;
use gonogo::settings::config::{Config, Opened, Program, Run, Versions};

fn versions(program: Program) -> Versions {
    let (program, transformers) = match program {
        Program::Axolotl => (Version::new(0, 19, 0), Version::new(5, 16, 1)),
        Program::LlamaFactory => (Version::new(0, 9, 5), Version::new(5, 6, 0)),
        Program::Trl(_) | Program::Transformers => (Version::new(1, 16, 0), Version::new(5, 23, 0)),
        Program::Torchtune => (Version::new(0, 6, 1), Version::new(5, 23, 0)),
    };
    Versions { program, transformers }
}

fn files(folder: &Path, out: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .flatten()
        .map(|entry| entry.path())
        .collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            files(&path, out);
        } else if path
            .extension()
            .is_some_and(|ending| ["yaml", "yml", "json"].iter().any(|known| ending == *known))
        {
            out.push(path);
        }
    }
}

/// Writes what was read to the file `GONOGO_DUMP` names, to be held against the programs' own readers.
fn dump(name: &str, facts: &ConfigFacts) {
    use std::io::Write;
    let Some(path) = std::env::var_os("GONOGO_DUMP") else {
        return;
    };
    let mut file = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .expect("a file to write");
    let values: serde_json::Map<_, _> = facts
        .values
        .iter()
        .map(|value| (value.key.clone(), value.value.clone()))
        .collect();
    let line = serde_json::json!({"file": name, "program": facts.program, "method": facts.method, "values": values});
    writeln!(file, "{line}").expect("written");
}

/// What the files of a folder of the collection are, by the beginning of their paths; the first that fits counts.
const REAL: &[(&str, &[&str])] = &[
    ("axolotl/deepspeed_configs/", &["a DeepSpeed config"]),
    ("axolotl/cloud/", &["an axolotl config for a cloud"]),
    ("axolotl/", &["axolotl "]),
    ("llama-factory/deepspeed/", &["a DeepSpeed config"]),
    ("llama-factory/accelerate/", &["an accelerate launcher config"]),
    (
        "llama-factory/ktransformers/accelerate/",
        &["an accelerate launcher config"],
    ),
    ("llama-factory/inference/", &["a LLaMA-Factory config for inference"]),
    ("llama-factory/merge_lora/", &["a LLaMA-Factory config for merging"]),
    ("llama-factory/v1/", &["a config of LLaMA-Factory v1"]),
    (
        "llama-factory/extras/multi_tokens/tokens_cfg.yaml",
        &["YAML of no program known here"],
    ),
    (
        "llama-factory/extras/nlg_eval/",
        &["a LLaMA-Factory config that trains nothing"],
    ),
    ("llama-factory/", &["llama-factory "]),
    ("torchtune/", &["torchtune ", "a torchtune config that trains nothing"]),
    ("trl/accelerate_configs/", &["an accelerate launcher config"]),
    ("trl/tests/", &["a recorded run of a test"]),
    (
        "alignment-handbook/accelerate_configs/",
        &["an accelerate launcher config"],
    ),
    ("alignment-handbook/", &["trl "]),
    ("open-r1/accelerate_configs/", &["an accelerate launcher config"]),
    ("open-r1/", &["trl "]),
    ("mistral-finetune/", &["a mistral-finetune config"]),
    ("belle/deepspeed_config", &["a DeepSpeed config"]),
    ("belle/lora_config", &["a LoRA config"]),
    (
        "user-runs/360-llamafactory/examples/inference/",
        &["a LLaMA-Factory config that trains nothing"],
    ),
    ("user-runs/360-llamafactory/", &["llama-factory "]),
    (
        "user-runs/llamafactory-huanhuan/dataset/output/adapter_config.json",
        &["a saved adapter's config"],
    ),
    (
        "user-runs/llamafactory-huanhuan/dataset/output/",
        &["arguments saved by an older LLaMA-Factory"],
    ),
    ("", &[]),
];

/// What was found in a file, in words.
fn what(opened: &Result<Opened, gonogo::settings::UsageError>) -> String {
    match opened {
        Ok(Opened::Config(config)) => {
            let run = config.at(versions(config.program), &[]);
            format!("{} {}", run.facts.program, run.facts.method)
        }
        Ok(Opened::Other(what)) => (*what).to_owned(),
        Ok(Opened::Data) => "data".to_owned(),
        Err(error) => format!("error: {error}"),
    }
}

#[test]
fn real_configs_are_what_they_are() {
    let Some(real) = std::env::var_os("GONOGO_REAL") else {
        println!("skipped: GONOGO_REAL is not set");
        return;
    };
    let root = Path::new(&real).join("configs");
    let mut paths = Vec::new();
    files(&root, &mut paths);
    let mut wrong = Vec::new();
    let mut tally: BTreeMap<String, usize> = BTreeMap::new();
    for path in &paths {
        let name = path.strip_prefix(&root).expect("below").display().to_string();
        let opened = Config::open(path, &|_| None);
        let found = what(&opened);
        let (_, wanted) = REAL
            .iter()
            .find(|(start, _)| name.starts_with(start))
            .expect("the last fits all");
        if !wanted.iter().any(|wanted| found.starts_with(wanted)) {
            wrong.push(format!("{name}: {found}"));
        }
        if let Ok(Opened::Config(config)) = &opened {
            let run = config.at(versions(config.program), &[]);
            dump(&name, &run.facts);
            origins(path, &run.facts, &mut wrong);
        }
        *tally.entry(found).or_default() += 1;
    }
    for (what, count) in &tally {
        println!("{count:5} {what}");
    }
    assert!(paths.len() > 300, "the collection is not whole: {} files", paths.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Every value that was written stands on a line that has its key, or is an item of a list.
fn origins(path: &Path, facts: &ConfigFacts, wrong: &mut Vec<String>) {
    let text = std::fs::read_to_string(path).expect("readable");
    let lines: Vec<&str> = text.lines().collect();
    for value in &facts.values {
        let Origin::File(at) = &value.origin else { continue };
        let line = at.rsplit(':').next().and_then(|line| line.parse::<usize>().ok());
        let line = line.and_then(|line| lines.get(line - 1)).copied().unwrap_or_default();
        let key = value.key.rsplit('.').next().unwrap_or_default();
        let has = line.contains(key) || key.parse::<usize>().is_ok();
        // An alias has the line it is used on.
        if !has && !line.contains('*') {
            wrong.push(format!("{at}: {} is not there: {line}", value.key));
        }
    }
}

fn fixture(name: &str) -> (PathBuf, Opened) {
    let path = Path::new("fixtures/configs").join(name);
    let opened = Config::open(&path, &|_| None).unwrap_or_else(|error| panic!("{name}: {error}"));
    (path, opened)
}

fn run(name: &str, set: &[(&str, &str)]) -> Run {
    let (_, opened) = fixture(name);
    let Opened::Config(config) = opened else {
        panic!("{name} is no config")
    };
    let set: Vec<(String, String)> = set
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect();
    config.at(versions(config.program), &set)
}

/// A setting as its value and where it was set.
fn said<T: std::fmt::Debug>(setting: Option<&Setting<T>>) -> String {
    setting.map_or("nothing".to_owned(), |setting| {
        format!("{:?} {}", setting.value, setting.origin)
    })
}

#[test]
fn each_program_is_recognised_by_what_its_file_holds() {
    for (name, wanted) in [
        ("axolotl.yaml", "axolotl sft"),
        ("llama_factory.yaml", "llama-factory sft"),
        ("sft.yaml", "trl sft"),
        ("dpo.yaml", "trl dpo"),
        ("training_args.json", "transformers "),
        ("torchtune.yaml", "torchtune sft"),
        ("deepspeed.json", "a DeepSpeed config"),
        ("accelerate.yaml", "an accelerate launcher config"),
        ("data/dataset_info.json", "a dataset_info.json of LLaMA-Factory"),
        ("data/alpaca.json", "data"),
        ("scalars.json", "data"),
    ] {
        let (path, _) = fixture(name);
        assert_eq!(what(&Config::open(&path, &|_| None)), wanted, "{name}");
    }
}

#[test]
fn values_are_those_of_the_program_and_know_their_line() {
    let axolotl = run("axolotl.yaml", &[]);
    let at = |line| format!("fixtures/configs/axolotl.yaml:{line}");
    assert_eq!(said(axolotl.model.as_ref()), format!("\"../models/chatml\" {}", at(2)));
    // YAML 1.1: an underscore, a yes, and a float without a point, which axolotl makes one.
    assert_eq!(said(axolotl.max_length.as_ref()), format!("1024 {}", at(11)));
    assert_eq!(said(axolotl.packing.as_ref()), format!("\"multipack\" {}", at(12)));
    assert_eq!(
        said(axolotl.regime.learning_rate.as_ref()),
        format!("0.0002 {}", at(18))
    );
    assert_eq!(said(axolotl.batch_size.as_ref()), format!("2 {}", at(15)));
    assert_eq!(said(axolotl.max_steps.as_ref()), "nothing");
    let sets: Vec<_> = axolotl
        .train
        .iter()
        .map(|data| (data.name.as_str(), data.origin.to_string()))
        .collect();
    assert_eq!(sets, [("data/rows.jsonl", at(5)), ("data/alpaca.json", at(7))]);
    assert!(axolotl.facts.faults.is_empty(), "{:?}", axolotl.facts.faults);

    let factory = run("llama_factory.yaml", &[]);
    let at = |line| format!("fixtures/configs/llama_factory.yaml:{line}");
    assert_eq!(said(factory.max_length.as_ref()), format!("512 {}", at(13)));
    assert_eq!(said(factory.regime.learning_rate.as_ref()), format!("1e-5 {}", at(20)));
    assert_eq!(
        said(factory.regime.drop_last.as_ref()),
        "false default of llama-factory 0.9.5"
    );
    assert_eq!(
        factory.facts.get("output_dir").map(|value| value.value.clone()),
        Some("saves/run".into())
    );
    assert_eq!(factory.train[0].entry["formatting"], "sharegpt");
    assert_eq!(factory.train[1].name, "tasks");

    let sft = run("sft.yaml", &[]);
    assert_eq!(said(sft.world_size.as_ref()), "4 fixtures/configs/sft.yaml:15");
    assert_eq!(
        said(sft.regime.learning_rate.as_ref()),
        "2e-5 fixtures/configs/sft.yaml:9"
    );
    assert_eq!(said(sft.packing.as_ref()), "nothing");
    let dpo = run("dpo.yaml", &[]);
    assert_eq!(said(dpo.max_steps.as_ref()), "100 fixtures/configs/dpo.yaml:9");
    assert_eq!(dpo.options["trainer_type"], "dpo");

    let arguments = run("training_args.json", &[]);
    assert_eq!(
        said(arguments.batch_size.as_ref()),
        "4 fixtures/configs/training_args.json:3"
    );
    let faults: Vec<_> = arguments
        .facts
        .faults
        .iter()
        .map(|fault| (fault.kind, fault.at.as_str()))
        .collect();
    assert_eq!(
        faults,
        [(FaultKind::RemovedKey, "fixtures/configs/training_args.json:7")]
    );

    let tune = run("torchtune.yaml", &[]);
    assert_eq!(said(tune.max_length.as_ref()), "64 fixtures/configs/torchtune.yaml:7");
    assert_eq!(
        said(tune.model.as_ref()),
        "\"../models/chatml\" fixtures/configs/torchtune.yaml:6"
    );
    assert_eq!(
        tune.facts.get("log_dir").map(|value| value.value.clone()),
        Some("/tmp/run/logs".into())
    );
}

#[test]
fn what_is_not_said_is_the_default_of_that_version() {
    let length = |program, transformers| {
        let text = "model_name_or_path: m\ndataset_name: d\nlearning_rate: 1.0e-5\nper_device_train_batch_size: 1\n";
        let opened = Config::read(Path::new("sft.yaml"), text, true, &|_| None).expect("YAML");
        let Opened::Config(config) = opened else {
            panic!("a config")
        };
        let run = config.at(Versions { program, transformers }, &[]);
        (said(run.max_length.as_ref()), said(run.regime.warmup_ratio.as_ref()))
    };
    let (new, old) = (Version::new(5, 23, 0), Version::new(4, 53, 3));
    assert_eq!(
        length(Version::new(1, 16, 0), new),
        ("1024 default of trl 1.16.0".into(), "nothing".into())
    );
    assert_eq!(
        length(Version::new(0, 19, 1), old),
        ("1024 default of trl 0.19.1".into(), "0.0 default of trl 0.19.1".into())
    );
}

#[test]
fn set_wins_over_the_file() {
    let run = run("axolotl.yaml", &[("num_epochs", "2"), ("sequence_lenn", "1")]);
    assert_eq!(said(run.epochs.as_ref()), "2.0 --set num_epochs");
    let fault = run.facts.faults.first().expect("a typing mistake");
    assert_eq!(
        (fault.kind, fault.at.as_str()),
        (FaultKind::UnknownKey, "--set sequence_lenn")
    );
    assert!(
        fault.message.ends_with("did you mean `sequence_len`?"),
        "{}",
        fault.message
    );
}

#[test]
fn keys_that_are_wrong_are_named_with_their_line_and_what_is_meant() {
    let text = "base_model: m\ndatasets:\n  - path: d.jsonl\n    type: chat_template\n    roles_to_trian: [gpt]\n\
                sequence_length: 8192\nmicro_batch_size: 1\nmicro_batch_size: 2\nlearning_rate: 1e-4\nwarmup_steps: 010\n\
                chat_template: no\nlr_scheduler_kwargs: {min_lr: 1e-6}\nval_set_size: half\n";
    let opened = Config::read(Path::new("a.yml"), text, true, &|_| None).expect("YAML");
    let Opened::Config(config) = opened else {
        panic!("a config")
    };
    let run = config.at(versions(config.program), &[]);
    let mut found: Vec<_> = run
        .facts
        .faults
        .iter()
        .map(|fault| (fault.at.as_str(), fault.kind))
        .collect();
    found.sort_by_key(|(at, _)| at[6..].parse::<usize>().expect("a line"));
    let wanted = [
        ("a.yml:5", FaultKind::UnknownKey),
        ("a.yml:6", FaultKind::UnknownKey),
        ("a.yml:8", FaultKind::RepeatedKey),
        ("a.yml:10", FaultKind::Retyped),
        ("a.yml:11", FaultKind::Retyped),
        ("a.yml:12", FaultKind::Retyped),
        ("a.yml:13", FaultKind::WrongType),
    ];
    assert_eq!(found, wanted);
    assert_eq!(said(run.batch_size.as_ref()), "2 a.yml:8");
    assert_eq!(said(run.max_length.as_ref()), "512 default of axolotl 0.19.0");
}

#[test]
fn the_program_takes_a_config_as_its_one_argument() {
    let run = |args: &[&str]| {
        let mut command = assert_cmd::Command::cargo_bin("gonogo").expect("the binary is built");
        let output = command
            .env_clear()
            .env("COLUMNS", "200")
            .args(args)
            .args(["--isolated"])
            .output()
            .expect("run");
        (output.status.code(), output)
    };
    for (config, trainer, rows) in [
        ("axolotl.yaml", "axolotl@0.19.0", 6),
        ("llama_factory.yaml", "llama-factory@0.9.5", 6),
        ("sft.yaml", "trl@1.16.0", 4),
        ("dpo.yaml", "trl@1.16.0", 2),
        ("torchtune.yaml", "torchtune@0.6.1", 4),
    ] {
        let path = format!("fixtures/configs/{config}");
        let (code, output) = run(&[&path, "-m", "fixtures/models/chatml", "-f", "json"]);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(matches!(code, Some(0 | 1)), "{config}: {stderr}");
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
        assert_eq!(
            (&report["trainer"]["name"], &report["verdict"]["rows"]),
            (&trainer.into(), &rows.into()),
            "{config}"
        );
        let refused = report["findings"]
            .as_array()
            .expect("a list")
            .iter()
            .any(|found| found["rule"] == "config/refused");
        assert!(!refused, "{config}: {}", report["findings"]);
    }
    let (code, output) = run(&["fixtures/configs/deepspeed.json"]);
    assert_eq!(code, Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("is a DeepSpeed config"));
}

#[test]
fn a_set_of_the_hub_is_looked_up_in_the_cache_and_else_named() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let config = folder.path().join("axolotl.yaml");
    let text = "base_model: model\ndatasets:\n  - path: some-org/some-rows\n    type: alpaca\nsequence_len: 512\n\
                micro_batch_size: 1\nlearning_rate: 1e-4\n";
    std::fs::write(&config, text).expect("written");
    let run = |config: &Path| {
        let mut command = assert_cmd::Command::cargo_bin("gonogo").expect("the binary is built");
        command
            .env_clear()
            .env("HF_HOME", folder.path().join("hf"))
            .env("HF_HUB_OFFLINE", "1");
        let args = ["-m", "fixtures/models/chatml", "--isolated", "-f", "json"];
        command.arg(config).args(args).output().expect("run")
    };
    let output = run(&config);
    assert_eq!(output.status.code(), Some(2), "no row was looked at");
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let lacking = report["not_checked"].to_string();
    assert!(
        lacking.contains("the rows of some-org/some-rows") && lacking.contains("axolotl.yaml:3"),
        "{lacking}"
    );

    let cached = folder.path().join("hf/hub/datasets--some-org--some-rows");
    std::fs::create_dir_all(cached.join("refs")).expect("made");
    std::fs::create_dir_all(cached.join("snapshots/abc/data")).expect("made");
    std::fs::write(cached.join("refs/main"), "abc").expect("written");
    let row = "{\"instruction\": \"Name the capital of Peru.\", \"input\": \"\", \"output\": \"Lima.\"}\n";
    std::fs::write(cached.join("snapshots/abc/data/train.jsonl"), row).expect("written");
    let output = run(&config);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(report["verdict"]["rows"], 1, "{report}");
    assert_eq!(report["verdict"]["complete"], true);

    std::fs::write(&config, text.replace("some-org/some-rows", "gone/rows.jsonl")).expect("written");
    let output = run(&config);
    assert_eq!(output.status.code(), Some(1));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let found = report["findings"]
        .as_array()
        .expect("a list")
        .iter()
        .any(|found| found["rule"] == "config/missing-data");
    assert!(found, "{}", report["findings"]);
}

#[test]
fn init_writes_what_the_next_run_reads_and_replaces_nothing() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::copy("fixtures/configs/axolotl.yaml", folder.path().join("axolotl.yaml")).expect("copied");
    let run = |args: &[&str]| {
        let mut command = assert_cmd::Command::cargo_bin("gonogo").expect("the binary is built");
        command
            .current_dir(folder.path())
            .env_clear()
            .args(args)
            .output()
            .expect("run")
    };
    let output = run(&["init"]);
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(String::from_utf8_lossy(&output.stdout).contains("next: gonogo axolotl.yaml"));
    let written = std::fs::read_to_string(folder.path().join("gonogo.toml")).expect("written");
    assert!(written.contains("# max-length = 1024  # axolotl.yaml:11"), "{written}");
    assert_eq!(run(&["init"]).status.code(), Some(2), "it is there already");
    assert_eq!(run(&["init", "--force"]).status.code(), Some(0));
    let output = run(&["config", "show", "axolotl.yaml", "--set", "num_epochs=5"]);
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = |key: &str| {
        shown
            .lines()
            .find(|line| line.starts_with(key))
            .unwrap_or_default()
            .to_owned()
    };
    assert!(line("epochs").ends_with("--set num_epochs"), "{shown}");
    assert!(line("sequence_len").ends_with("axolotl.yaml:11"), "{shown}");
    assert!(
        line("train_on_inputs").ends_with("default of axolotl 0.19.0"),
        "{shown}"
    );
}
