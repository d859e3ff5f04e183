//! Planned runs through the command line: the arithmetic of published runs.

use std::path::Path;

use assert_cmd::Command;
use serde_json::Value;

/// So many rows of a short dialogue each, in a folder of their own.
fn rows(rows: usize) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let text: String = (0..rows)
        .map(|row| {
            format!(
                "{{\"prompt\":\"what is {row} and one?\",\"completion\":\"{}\"}}\n",
                row + 1
            )
        })
        .collect();
    std::fs::write(folder.path().join("train.jsonl"), text).expect("written");
    folder
}

fn run(folder: &Path, flags: &str) -> std::process::Output {
    let mut command = Command::cargo_bin("gonogo").expect("the binary is built");
    command.current_dir(folder).env_clear().env("COLUMNS", "100");
    command.args(["train.jsonl", "--isolated", "--select", "budget"]);
    command.args(flags.split_whitespace()).output().expect("run")
}

fn report(folder: &Path, flags: &str) -> Value {
    let output = run(folder, &format!("{flags} -f json"));
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{flags}: {}", String::from_utf8_lossy(&output.stderr)))
}

fn number(report: &Value, pointer: &str) -> f64 {
    let found = report.pointer(pointer).and_then(Value::as_f64);
    found.unwrap_or_else(|| panic!("no number at {pointer} in {}", report["plan"]))
}

fn figures(report: &Value, names: &[&str]) -> Vec<f64> {
    names
        .iter()
        .map(|name| number(report, &format!("/plan/plan/{name}")))
        .collect()
}

fn seen(report: &Value) -> Vec<(u64, u64)> {
    let times: Vec<Value> = report["plan"]["plan"]["times_seen"]
        .as_array()
        .expect("counted")
        .clone();
    let count = |seen: &Value, name: &str| seen[name].as_u64().expect("a count");
    times
        .iter()
        .map(|seen| (count(seen, "times"), count(seen, "rows")))
        .collect()
}

fn found(report: &Value) -> Vec<(String, String)> {
    let groups = report["findings"].as_array().expect("findings");
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let group = |group: &Value| (text(&group["rule"]), text(&group["places"][0]["message"]));
    groups.iter().map(group).collect()
}

#[test]
fn runs_over_45000_rows_see_what_their_steps_allow() {
    let folder = rows(45_000);
    let names = ["effective_batch", "steps", "rows_fed", "steps_per_epoch"];

    let told = report(folder.path(), "--batch-size 1 --grad-accum 8 --max-steps 500");
    assert_eq!(figures(&told, &names), [8.0, 500.0, 4000.0, 5625.0]);
    assert_eq!(seen(&told), [(0, 41_000), (1, 4000)]);
    assert!((number(&told, "/plan/plan/share") - 4000.0 / 45_000.0).abs() < 1e-12);
    let (rule, message) = &found(&told)[0];
    assert_eq!(rule, "budget/low-coverage");
    assert!(
        message.contains("max_steps 500 (--max-steps)") && message.contains(" 8.9 % of 45000 rows"),
        "{message}"
    );
    assert_eq!(
        run(folder.path(), "--batch-size 1 --grad-accum 8 --max-steps 500")
            .status
            .code(),
        Some(1)
    );

    // 1.42 epochs. The 1,407th step ends the first with 8 rows, so 24 of the nominal 64,000 are not fed.
    let told = report(folder.path(), "--batch-size 2 --grad-accum 16 --max-steps 2000");
    assert_eq!(figures(&told, &names), [32.0, 2000.0, 63_976.0, 1407.0]);
    assert_eq!(seen(&told), [(1, 26_024), (2, 18_976)]);
    assert!((number(&told, "/plan/plan/epochs") - 1.4217).abs() < 1e-3);
    assert_eq!(figures(&told, &["all_seen_at", "last_step"]), [1407.0, 8.0]);

    // 7.1 epochs: 320,000 rows if every step were full, as they were before transformers 4.47.
    let flags = "--batch-size 4 --grad-accum 16 --max-steps 5000";
    let told = report(folder.path(), flags);
    assert_eq!(figures(&told, &names), [64.0, 5000.0, 319_608.0, 704.0]);
    assert!((number(&told, "/plan/plan/epochs") - 7.1).abs() < 0.01);
    let told = report(folder.path(), &format!("{flags} --transformers 4.45"));
    assert_eq!(figures(&told, &names), [64.0, 5000.0, 320_000.0, 703.0]);
    assert!((320_000.0 / 45_000.0_f64 - 7.11).abs() < 0.01);
}

#[test]
fn three_steps_are_missing_where_the_version_drops_the_rest_of_an_epoch() {
    // 31,361 batches of 4, in accumulations of 8: 3,920 full ones an epoch and a batch left over.
    let folder = rows(125_444);
    let flags = "--batch-size 4 --grad-accum 8 --epochs 3 --warmup 500 --scheduler cosine --lr 2e-4";
    let told = report(folder.path(), flags);
    assert_eq!(
        figures(&told, &["steps", "planned_steps", "steps_per_epoch"]),
        [11_763.0, 11_763.0, 3921.0]
    );
    assert_eq!(figures(&told, &["last_step"]), [4.0]);

    let told = report(folder.path(), &format!("{flags} --transformers 4.45"));
    assert_eq!(
        figures(&told, &["steps", "planned_steps", "steps_per_epoch"]),
        [11_760.0, 11_760.0, 3920.0]
    );
    let note = told["plan"]["notes"][0].as_str().expect("a note");
    assert!(
        note.contains("4.45 plans no step for the 1 of 8 batches left at the end of an epoch")
            && note.contains("11763"),
        "{note}"
    );
    // Warmed up after 500 steps, and all but 0 at the end.
    let schedule = &told["plan"]["plan"]["schedule"];
    assert_eq!(schedule["warmup_steps"], 500);
    let marks: Vec<(u64, f64)> = schedule["marks"]
        .as_array()
        .expect("rates")
        .iter()
        .map(|mark| {
            (
                mark["step"].as_u64().expect("a step"),
                mark["rate"].as_f64().expect("a rate"),
            )
        })
        .collect();
    assert_eq!(marks[0], (1, 0.0));
    let (last, rate) = marks[marks.len() - 1];
    assert!(last == 11_760 && rate > 0.0 && rate < 2e-4 * 1e-7, "{marks:?}");
}

#[test]
fn ranks_fill_their_last_batches_with_rows_they_had_before() {
    let folder = rows(1001);
    let told = report(folder.path(), "--batch-size 4 --grad-accum 2 --world-size 8 --epochs 2");
    // 251 batches over 8 ranks are 32 rounds, the last with 23 rows of the epoch's beginning.
    assert_eq!(
        figures(
            &told,
            &[
                "effective_batch",
                "batches_per_rank",
                "steps_per_epoch",
                "steps",
                "fed_twice"
            ]
        ),
        [64.0, 32.0, 16.0, 32.0, 23.0]
    );
    let told = report(
        folder.path(),
        "--batch-size 4 --grad-accum 2 --world-size 8 --epochs 1 --drop-last",
    );
    assert_eq!(
        figures(&told, &["batches_per_rank", "steps", "left_out"]),
        [31.0, 16.0, 9.0]
    );
    assert_eq!(seen(&told), [(0, 9), (1, 992)]);
}

#[test]
fn a_run_that_would_not_start_is_no_go() {
    let folder = rows(10);
    let told = report(folder.path(), "--batch-size 16 --drop-last --epochs 1");
    assert!(told["plan"]["plan"].is_null());
    assert_eq!(found(&told)[0].0, "budget/no-run");
    assert_eq!(told["verdict"]["go"], false);
}

#[test]
fn short_dialogues_are_padded_and_the_long_ones_cut() {
    // 4 × 4 accumulation, 3 epochs, 200 warmup steps, max_length 512, an evaluation every 500 steps.
    let folder = tempfile::tempdir().expect("a temporary folder");
    let text: String = (0..6000)
        .map(|row: usize| {
            // Mostly one or two lines, now and then a long one.
            let words = if row.is_multiple_of(20) { 180 } else { 3 + row % 40 };
            let answer = "so ".repeat(words);
            format!("{{\"prompt\":\"and then?\",\"completion\":\"{answer}\"}}\n")
        })
        .collect();
    std::fs::write(folder.path().join("train.jsonl"), text).expect("written");
    let model = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/models/chatml");
    let flags = format!(
        "-m {model} --max-length 512 --batch-size 4 --grad-accum 4 --epochs 3 --warmup 200 --eval-steps 500 --lr 1e-4"
    );
    let told = report(folder.path(), &flags);
    assert_eq!(
        figures(&told, &["effective_batch", "steps_per_epoch", "steps"]),
        [16.0, 375.0, 1125.0]
    );
    assert_eq!(told["lengths"]["max_length"]["rows"], 300);
    let padding = number(&told, "/plan/plan/load/padding");
    assert!((0.3..0.9).contains(&padding), "{padding}");
    let rules: Vec<_> = found(&told).into_iter().map(|(rule, _)| rule).collect();
    // 200 of 1,125 steps are below the fifth that is odd, and 500 fit the run.
    assert!(
        !rules
            .iter()
            .any(|rule| rule == "budget/interval-beyond-end" || rule == "budget/odd-warmup"),
        "{rules:?}"
    );
    assert!(rules.iter().any(|rule| rule == "budget/packing-saves"), "{rules:?}");

    let told = report(folder.path(), &flags.replace("--eval-steps 500", "--eval-steps 2000"));
    let messages = found(&told);
    let (_, message) = messages
        .iter()
        .find(|(rule, _)| rule == "budget/interval-beyond-end")
        .expect("2,000 do not fit");
    assert_eq!(
        message,
        "eval_steps 2000 (--eval-steps) is more than the run's 1125 steps: no evaluation"
    );
}

/// A recorded data loader of the trainer: rows told apart by their tokens, in batches as it fed them.
#[test]
fn rows_never_seen_are_those_the_trainers_own_loader_leaves_for_later() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/plan/dataloader.json");
    let loaders: Value = serde_json::from_str(&std::fs::read_to_string(path).expect("recorded")).expect("JSON");
    let mut compared = 0;
    for loader in loaders.as_array().expect("loaders") {
        let number = |name: &str| usize::try_from(loader[name].as_u64().expect("a count")).expect("small");
        let folder = rows(number("rows"));
        let batches: Vec<Vec<u64>> = serde_json::from_value(loader["batches"].clone()).expect("batches");
        for steps in 1..=batches.len() {
            let drop_last = if loader["drop_last"] == true { "--drop-last" } else { "" };
            let batch = number("batch");
            let output = run(
                folder.path(),
                &format!("--batch-size {batch} --max-steps {steps} {drop_last} --seed 42 --never-seen never.jsonl -q"),
            );
            assert_ne!(
                output.status.code(),
                Some(2),
                "{}",
                String::from_utf8_lossy(&output.stderr)
            );
            let listed = std::fs::read_to_string(folder.path().join("never.jsonl")).expect("written");
            let row = |line: &str| {
                serde_json::from_str::<Value>(line).expect("JSON")["row"]
                    .as_u64()
                    .expect("a row")
            };
            let never: Vec<u64> = listed.lines().map(row).collect();
            let seen: std::collections::BTreeSet<u64> = batches[..steps].iter().flatten().copied().collect();
            let expected: Vec<u64> = (0..number("rows") as u64).filter(|row| !seen.contains(row)).collect();
            assert_eq!(never, expected, "{} at {steps}", loader["name"]);
            compared += 1;
        }
    }
    assert_eq!(compared, 5);
}

/// A run that a config describes, with the rows it never sees and why.
fn described(folder: &Path, config: &str, flags: &str) -> (Value, Vec<(u64, String)>) {
    std::fs::write(folder.join("run.yaml"), config).expect("written");
    let listed = folder.join("never.jsonl");
    let _ = std::fs::remove_file(&listed);
    let mut command = Command::cargo_bin("gonogo").expect("the binary is built");
    command.current_dir(folder).env_clear().env("COLUMNS", "100");
    command.args([
        "run.yaml",
        "--isolated",
        "--select",
        "budget",
        "-f",
        "json",
        "--never-seen",
        "never.jsonl",
    ]);
    let output = command.args(flags.split_whitespace()).output().expect("run");
    let report = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{config}: {}", String::from_utf8_lossy(&output.stderr)));
    let text = std::fs::read_to_string(&listed).unwrap_or_default();
    let row = |line: &str| {
        let line: Value = serde_json::from_str(line).expect("JSON");
        let why = line["why"].as_str().expect("a reason").to_owned();
        (line["row"].as_u64().expect("a row"), why)
    };
    (report, text.lines().map(row).collect())
}

fn split(never: &[(u64, String)]) -> (Vec<u64>, Vec<u64>) {
    let of = |held: bool| {
        let rows = never.iter().filter(|(_, why)| (why == "held out") == held);
        rows.map(|(row, _)| *row).collect()
    };
    (of(true), of(false))
}

const AXOLOTL: &str = "base_model: ./none\ndatasets:\n  - path: train.jsonl\n    type: alpaca\nmicro_batch_size: 4\n\
                       gradient_accumulation_steps: 1\nlearning_rate: 1e-4\noutput_dir: out\n";

/// Held out and shuffled by `datasets` 5.2.0, drawn by torch 2.15 with seed 42.
#[test]
fn rows_held_out_to_evaluate_on_are_no_part_of_the_run() {
    let folder = rows(37);
    let (told, never) = described(
        folder.path(),
        &format!("{AXOLOTL}val_set_size: 0.2\nmax_steps: 5\n"),
        "",
    );
    assert_eq!(told["plan"]["held_out"], 8);
    let (held_out, not_drawn) = split(&never);
    assert_eq!(held_out, [1, 2, 8, 11, 13, 14, 33, 35]);
    assert_eq!(not_drawn, [4, 9, 16, 19, 27, 28, 31, 34, 36]);
    let (told, _) = described(
        folder.path(),
        &format!("{AXOLOTL}val_set_size: 0.2\nnum_epochs: 3\n"),
        "",
    );
    // ceil(29 * 3 / 4) steps.
    assert_eq!(figures(&told, &["steps", "steps_per_epoch"]), [22.0, 8.0]);
    let (told, _) = described(
        folder.path(),
        &format!("{AXOLOTL}val_set_size: 37\nnum_epochs: 3\n"),
        "",
    );
    let refused = told["plan"]["refused"].as_str().expect("no run");
    assert!(
        refused.contains("val_set_size 37 (run.yaml:9) leaves nothing of 37 rows"),
        "{refused}"
    );

    // LLaMA-Factory draws them from a permutation, in whose order the others come.
    let folder = rows(50);
    let info = r#"{"mine":{"file_name":"train.jsonl","columns":{"prompt":"prompt","response":"completion"}}}"#;
    std::fs::write(folder.path().join("dataset_info.json"), info).expect("written");
    let config = "model_name_or_path: ./none\nstage: sft\nfinetuning_type: lora\ndataset: mine\ndataset_dir: .\n\
                  template: qwen\nval_size: 0.2\noutput_dir: out\nper_device_train_batch_size: 4\n";
    let (told, never) = described(folder.path(), &format!("{config}max_steps: 5\n"), "");
    assert_eq!(told["plan"]["held_out"], 10);
    let (held_out, not_drawn) = split(&never);
    assert_eq!(held_out, [5, 17, 20, 25, 27, 39, 45, 46, 47, 49]);
    assert_eq!(
        not_drawn,
        [0, 2, 3, 4, 6, 7, 8, 9, 11, 12, 15, 16, 19, 28, 31, 33, 34, 43, 44, 48]
    );
    let (told, _) = described(folder.path(), &format!("{config}num_train_epochs: 3\n"), "");
    assert_eq!(figures(&told, &["steps", "steps_per_epoch"]), [30.0, 10.0]);
}

/// As above: `Dataset.shuffle(seed=42)` before the sampler.
#[test]
fn axolotl_shuffles_what_the_sampler_draws_from() {
    let folder = rows(37);
    let (_, never) = described(folder.path(), &format!("{AXOLOTL}max_steps: 5\n"), "");
    let (_, not_drawn) = split(&never);
    assert_eq!(
        not_drawn,
        [1, 4, 7, 9, 11, 12, 16, 17, 18, 22, 23, 24, 25, 29, 31, 32, 33]
    );
    let ordered = format!("{AXOLOTL}max_steps: 5\ncurriculum_sampling: true\n");
    let (_, never) = described(folder.path(), &ordered, "");
    assert_eq!(split(&never).1, (20..37).collect::<Vec<_>>());
    // What is not reproduced is named, and no list is written.
    let shared = format!("{AXOLOTL}max_steps: 5\ndataset_exact_deduplication: true\n");
    let (told, never) = described(folder.path(), &shared, "");
    let note = told["plan"]["notes"][0].as_str().expect("a note");
    assert!(
        note.starts_with("dataset_exact_deduplication (run.yaml:10) is not reproduced"),
        "{note}"
    );
    assert!(never.is_empty());
}

const TRL: &str = "model_name_or_path: ./none\ndatasets:\n  - path: json\n    data_files: train.jsonl\noutput_dir: out\n\
                   per_device_train_batch_size: 4\nmax_steps: 5\nmax_length: 64\n";

#[test]
fn the_sampler_is_the_one_the_config_asks_for() {
    let folder = rows(37);
    let in_order: Vec<u64> = (20..37).collect();
    let (_, never) = described(
        folder.path(),
        &format!("{TRL}train_sampling_strategy: sequential\n"),
        "",
    );
    assert_eq!(split(&never).1, in_order);
    // By default the rows are shuffled, but for KTO.
    let (_, never) = described(folder.path(), TRL, "");
    assert_ne!(split(&never).1, in_order);
    let kto = format!("{TRL}desirable_weight: 1.0\nundesirable_weight: 1.0\n");
    let (told, never) = described(folder.path(), &kto, "");
    assert_eq!(split(&never).1, in_order);
    assert_eq!(figures(&told, &["schedule/peak"]), [1e-6]);
    // transformers before 5.2 has no strategy, and without a KL term the trainer leaves the order to it.
    let zero = format!("{kto}loss_type: apo_zero_unpaired\n");
    assert_eq!(split(&described(folder.path(), &zero, "").1).1, in_order);
    assert_ne!(
        split(&described(folder.path(), &zero, "--transformers 5.1").1).1,
        in_order
    );
    assert_eq!(
        split(&described(folder.path(), &kto, "--transformers 5.1").1).1,
        in_order
    );
    // An order drawn from torch's global generator is not guessed.
    let config = format!("{TRL}accelerator_config:\n  use_seedable_sampler: false\n  even_batches: false\n");
    let (told, never) = described(folder.path(), &config, "--world-size 2 --set max_steps=3");
    assert!(never.is_empty());
    let notes = told["notes"].to_string();
    assert!(notes.contains("use_seedable_sampler (run.yaml:10)"), "{notes}");
    assert_eq!(figures(&told, &["fed_twice", "batches_per_rank"]), [0.0, 5.0]);
}

#[test]
fn rows_held_out_in_an_order_nobody_knows_are_counted_and_not_listed() {
    let folder = rows(37);
    let (told, never) = described(folder.path(), &format!("{TRL}test_split_size: 0.2\n"), "");
    assert_eq!(told["plan"]["held_out"], 8);
    assert_eq!(figures(&told, &["steps_per_epoch"]), [8.0]);
    let note = told["plan"]["notes"][0].as_str().expect("a note");
    assert!(
        note.starts_with("test_split_size (run.yaml:9), which is drawn without a seed,"),
        "{note}"
    );
    assert!(never.is_empty());
    let recipe = "model_name_or_path: ./none\ndataset_mixture:\n  datasets:\n    - id: train.jsonl\n      weight: 0.5\n  \
                  test_split_size: 7\n  seed: 0\noutput_dir: out\nmax_length: 64\nmax_steps: 5\n";
    let (told, never) = described(folder.path(), recipe, "train.jsonl");
    assert!(never.is_empty());
    let notes = told["plan"]["notes"].to_string();
    let split = "dataset_mixture.test_split_size (run.yaml:6) is not reproduced";
    assert!(notes.contains(split), "{notes}");
    let weight = &told["plan"]["parts"][0];
    assert_eq!(weight["setting"], "dataset_mixture.datasets.0.weight (run.yaml:5)");
    assert_eq!((&weight["rows"], &weight["of"]), (&18.into(), &37.into()));
    // axolotl's KTO keeps the order that its own shuffle made.
    let shuffled = format!("{AXOLOTL}max_steps: 5\n");
    let (_, drawn) = described(folder.path(), &shuffled, "");
    let (_, kto) = described(folder.path(), &format!("{shuffled}rl: kto\n"), "");
    assert!(kto.len() == drawn.len() && kto != drawn);
}

#[test]
fn axolotl_counts_steps_by_a_batch_size_it_does_not_make() {
    let folder = rows(100);
    let config = AXOLOTL.replace("gradient_accumulation_steps: 1", "batch_size: 16") + "num_epochs: 2\n";
    let (told, _) = described(folder.path(), &config, "");
    // ceil(100 * 2 / 16) steps of 4 rows.
    assert_eq!(figures(&told, &["steps", "rows_fed"]), [13.0, 52.0]);
    let note = told["plan"]["notes"].to_string();
    assert!(
        note.contains("counts the steps by batch_size 16 (run.yaml:6) and makes each of 4 rows"),
        "{note}"
    );
}

#[test]
fn the_samplers_own_seed_wins_over_the_runs() {
    let folder = rows(37);
    let seeded = format!("{TRL}seed: 5\ndata_seed: 7\n");
    let (_, own) = described(folder.path(), &seeded, "");
    let (_, other) = described(folder.path(), &seeded, "--set seed=9");
    assert_eq!(own, other);
    let (_, flagged) = described(folder.path(), &format!("{TRL}seed: 7\n"), "");
    assert_eq!(own, flagged);
}

#[test]
fn preference_runs_have_the_rate_and_the_tokens_of_their_trainer() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let pairs: String = (0..37)
        .map(|row| format!("{{\"prompt\":\"q {row} \",\"chosen\":\"yes, {row}\",\"rejected\":\"no\"}}\n"))
        .collect();
    std::fs::write(folder.path().join("train.jsonl"), pairs).expect("written");
    let model = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/models/chatml");
    let flags = format!("-m {model} --trainer trl --max-length 64 --batch-size 4 --max-steps 5");
    let told = report(folder.path(), &flags);
    assert_eq!(figures(&told, &["schedule/peak"]), [1e-6]);
    let load = |name: &str| number(&told, &format!("/plan/plan/load/{name}"));
    assert!(
        load("trained/mean") < load("tokens/mean"),
        "{}",
        told["plan"]["plan"]["load"]
    );
    // Four pairs of two sides, each as long as the longest.
    assert!((load("positions") / 40.0).fract().abs() < 1e-12 && load("padding") > 0.1);
    let told = report(folder.path(), &format!("{flags} --set trainer_type=reward"));
    assert_eq!(figures(&told, &["schedule/peak"]), [1e-4]);
}

#[test]
fn a_report_comes_before_the_list_that_cannot_be_made() {
    let folder = rows(10);
    let none = run(
        folder.path(),
        "--batch-size 16 --drop-last --epochs 1 --never-seen never.jsonl -f json",
    );
    let told: Value = serde_json::from_slice(&none.stdout).expect("a report");
    assert_eq!(
        (none.status.code(), found(&told)[0].0.as_str()),
        (Some(1), "budget/no-run")
    );
    assert!(
        told["notes"].to_string().contains("so none are listed"),
        "{}",
        told["notes"]
    );
    let grouped = run(
        folder.path(),
        "--batch-size 4 --grad-accum 2 --max-steps 1 --set train_sampling_strategy=group_by_length --never-seen \
         never.jsonl -f json",
    );
    let told: Value = serde_json::from_slice(&grouped.stdout).expect("a report");
    assert_eq!(told["plan"]["plan"]["steps"], 1);
    assert_eq!(grouped.status.code(), Some(2));
    assert!(!folder.path().join("never.jsonl").exists());
}
