//! `gonogo fit` through the command line.

use std::fmt::Write as _;
use std::path::Path;

use assert_cmd::Command;
use serde_json::Value;

const MODEL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/models/chatml");

/// Answers of 20 to 900 tokens, a byte a token, short ones more often.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut text = String::new();
    for row in 0..1500_usize {
        let words = 4 + (row * row) % 7 * (row % 37);
        let _ = writeln!(
            text,
            "{{\"prompt\":\"go on {row}\",\"completion\":\"{}\"}}",
            "so ".repeat(words)
        );
    }
    std::fs::write(folder.path().join("train.jsonl"), text).expect("written");
    folder
}

fn gonogo(folder: &Path, words: &str) -> std::process::Output {
    let mut command = Command::cargo_bin("gonogo").expect("the binary is built");
    command.current_dir(folder).env_clear().env("COLUMNS", "100");
    command.args(words.split_whitespace()).output().expect("run")
}

fn fit(folder: &Path, flags: &str) -> Value {
    let output = gonogo(folder, &format!("fit train.jsonl -m {MODEL} -q -f json {flags}"));
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{flags}: {}", String::from_utf8_lossy(&output.stderr)))
}

fn check(folder: &Path, flags: &str) -> Value {
    let output = gonogo(folder, &format!("train.jsonl -m {MODEL} -q -f json {flags}"));
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{flags}: {}", String::from_utf8_lossy(&output.stderr)))
}

#[test]
fn every_line_of_the_table_is_what_check_says_of_that_length() {
    let folder = folder();
    for trainer in ["", "--trainer trl --set completion_only_loss=true", "--trainer axolotl"] {
        let told = fit(
            folder.path(),
            &format!("--isolated {trainer} --max-length 256 --batch-size 4 --epochs 1"),
        );
        let lengths = told["lengths"].as_array().expect("candidates");
        assert!(lengths.len() >= 4, "{lengths:?}");
        for line in lengths {
            let length = &line["max_length"];
            let flags =
                format!("--isolated {trainer} --max-length {length} --batch-size 4 --epochs 1 --ignore dup,leak");
            let plain = check(folder.path(), &flags);
            let plan = &plain["plan"]["plan"];
            assert_eq!(line["steps_per_epoch"], plan["steps_per_epoch"], "{trainer} {length}");
            assert_eq!(line["padding"], plan["load"]["padding"], "{trainer} {length}");
            assert_eq!(line["rows_dropped"], plain["plan"]["dropped"], "{trainer} {length}");
            let cut = &plain["lengths"]["max_length"];
            let (lost, dropped) = (line["answers_lost"].as_u64(), line["rows_dropped"].as_u64());
            if dropped == Some(0) {
                assert_eq!(line["rows_cut"], cut["rows"], "{trainer} {length}");
                assert_eq!(lost, cut["answers_lost"].as_u64(), "{trainer} {length}");
            }
            let strategy = if trainer.contains("axolotl") {
                "multipack"
            } else {
                "bfd"
            };
            let packed = check(folder.path(), &format!("{flags} --packing {strategy}"));
            assert_eq!(
                line["packed_sequences"], packed["plan"]["packed"]["sequences"],
                "{trainer} {length}"
            );
            let steps = &packed["plan"]["plan"]["steps_per_epoch"];
            assert_eq!(line["packed_steps_per_epoch"], *steps, "{trainer} {length}");
        }
    }
}

#[test]
fn what_is_recommended_is_better_where_it_says_so() {
    let folder = folder();
    let told = fit(
        folder.path(),
        "--isolated --max-length 128 --batch-size 4 --epochs 2 --tokens-per-sec 5000",
    );
    let choice = &told["recommended"];
    let flags = format!(
        "--isolated --ignore dup,leak --max-length {} --packing {} --batch-size {} --grad-accum {} --max-steps {} --warmup {}",
        choice["max_length"],
        choice["packing"].as_str().unwrap_or("none"),
        choice["batch_size"],
        choice["grad_accum"],
        choice["max_steps"],
        choice["warmup_steps"]
    );
    let then = check(folder.path(), &flags);
    let now = check(
        folder.path(),
        "--isolated --ignore dup,leak --max-length 128 --batch-size 4 --epochs 2",
    );
    let plan = |report: &Value, name: &str| report["plan"]["plan"][name].as_f64().expect("a number");
    assert!(plan(&then, "share") >= plan(&now, "share"));
    let lost = |report: &Value| report["lengths"]["max_length"]["trained"].as_u64().expect("a count");
    assert!(lost(&then) < lost(&now), "{} {}", lost(&then), lost(&now));
    for axis in told["compared"].as_array().expect("axes") {
        let number = |name: &str| axis[name].as_f64().expect("a number");
        let better = match axis["name"].as_str() {
            Some("rows seen") => number("recommended") > number("now"),
            _ => number("recommended") < number("now"),
        };
        assert_eq!(axis["verdict"] == "better", better, "{axis}");
    }
    assert_eq!(then["plan"]["plan"]["steps"], told["recommended_comes_to"]["steps"]);
    let rules: Vec<_> = then["findings"]
        .as_array()
        .expect("findings")
        .iter()
        .map(|group| &group["rule"])
        .collect();
    assert!(
        !rules
            .iter()
            .any(|rule| rule.as_str().is_some_and(|rule| rule.starts_with("budget/"))),
        "{rules:?}"
    );
}

#[test]
fn goals_are_reached_and_no_more() {
    let folder = folder();
    let flags = "--isolated --max-length 1024 --batch-size 4 --packing none";
    let told = fit(folder.path(), &format!("{flags} --coverage 60%"));
    let comes_to = &told["recommended_comes_to"];
    assert!(comes_to["share"].as_f64().expect("a share") >= 0.6);
    let choice = &told["recommended"];
    let fewer = choice["max_steps"].as_u64().expect("steps") - 1;
    let (length, batch, accum) = (&choice["max_length"], &choice["batch_size"], &choice["grad_accum"]);
    let packing = choice["packing"].as_str().unwrap_or("none");
    let less = check(
        folder.path(),
        &format!(
            "--isolated --ignore dup,leak --max-length {length} --packing {packing} --batch-size {batch} --grad-accum \
             {accum} --max-steps {fewer}"
        ),
    );
    assert!(less["plan"]["plan"]["share"].as_f64().expect("a share") < 0.6);

    let told = fit(folder.path(), &format!("{flags} --hours 0.01 --tokens-per-sec 4000"));
    let hours = told["recommended_comes_to"]["hours"].as_f64().expect("hours");
    assert!(hours <= 0.01 && hours > 0.005, "{hours}");
}

#[test]
fn the_patch_is_one_that_patch_applies() {
    let folder = folder();
    let toml = "# a run\nmodel = \"MODEL\"\nmax-length = 128   # as long as it was\n\n[rules]\n";
    let toml = toml
        .replace("MODEL", MODEL)
        .replace("\n[rules]\n", "batch-size = 4\nmax-steps = 20 # short\n");
    let path = folder.path().join("gonogo.toml");
    std::fs::write(&path, &toml).expect("written");
    let output = gonogo(folder.path(), "fit train.jsonl -q --print-patch");
    let diff = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(
        diff.starts_with("--- "),
        "{diff}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(diff.contains("-max-length = 128   # as long as it was"), "{diff}");
    std::fs::write(folder.path().join("run.diff"), &diff).expect("written");
    let applied = std::process::Command::new("patch")
        .args(["-p0", "-i", "run.diff"])
        .current_dir(folder.path())
        .output();
    // Where there is no `patch`, the unit tests of the diff stand alone.
    let Ok(applied) = applied else { return };
    assert!(
        applied.status.success(),
        "{diff}\n{}",
        String::from_utf8_lossy(&applied.stdout)
    );
    let patched = std::fs::read_to_string(&path).expect("the file");
    assert!(
        patched.contains("   # as long as it was") && patched.contains("# short"),
        "{patched}"
    );
    let told = fit(folder.path(), "");
    assert_eq!(told["now"]["max_length"], told["recommended"]["max_length"]);
    assert_eq!(told["now"]["packing"], told["recommended"]["packing"]);
}

#[test]
fn what_was_counted_once_is_kept_and_used() {
    let folder = folder();
    let cache = folder.path().join("kept");
    let flags = format!(
        "--isolated --max-length 256 --batch-size 4 --cache-dir {}",
        cache.display()
    );
    let first = fit(folder.path(), &flags);
    let stats = || {
        let output = gonogo(folder.path(), &format!("cache stats --cache-dir {}", cache.display()));
        String::from_utf8(output.stdout).expect("UTF-8")
    };
    // The columns of rows, and the tokens of texts.
    assert!(stats().starts_with("2 entries, "), "{}", stats());
    assert_eq!(fit(folder.path(), &flags), first);
    // Other sizes are worked out of the same entry; another mask is not.
    fit(
        folder.path(),
        &flags.replace(
            "--max-length 256 --batch-size 4",
            "--max-length 512 --batch-size 2 --packing bfd",
        ),
    );
    assert!(stats().starts_with("2 entries, "), "{}", stats());
    fit(folder.path(), &format!("{flags} --trainer trl"));
    assert!(stats().starts_with("4 entries, "), "{}", stats());

    // What is damaged is said to be, and made anew.
    for version in std::fs::read_dir(&cache).expect("made").flatten() {
        for entry in std::fs::read_dir(version.path()).into_iter().flatten().flatten() {
            std::fs::write(entry.path(), "something else").expect("written");
        }
    }
    let words = format!("fit train.jsonl -m {MODEL} -q -f json {flags}");
    let output = gonogo(folder.path(), &words);
    assert!(
        String::from_utf8_lossy(&output.stderr).contains("is damaged"),
        "{output:?}"
    );
    assert_eq!(serde_json::from_slice::<Value>(&output.stdout).expect("JSON"), first);
    // A row more is another content.
    let path = folder.path().join("train.jsonl");
    let mut text = std::fs::read_to_string(&path).expect("the rows");
    text.push_str("{\"prompt\":\"one more\",\"completion\":\"so\"}\n");
    std::fs::write(&path, text).expect("written");
    assert_eq!(fit(folder.path(), &flags)["rows"], 1501);
    let output = gonogo(folder.path(), &format!("cache clean --cache-dir {}", cache.display()));
    assert!(
        String::from_utf8_lossy(&output.stdout).starts_with("removed 6 entries"),
        "{output:?}"
    );
    assert!(stats().starts_with("0 entries"), "{}", stats());
}

#[test]
fn a_trainers_own_yaml_is_patched_with_its_comments() {
    let folder = folder();
    let yaml = format!(
        "# a run\nmodel_name_or_path: {MODEL}\ndatasets:\n  - path: json\n    data_files: train.jsonl\n\
         per_device_train_batch_size: 4\nmax_steps: 20  # a try\nmax_length: 128   # fits\nwarmup_ratio: 0.03\n\
         output_dir: out\n"
    );
    std::fs::write(folder.path().join("run.yaml"), &yaml).expect("written");
    let diff = gonogo(folder.path(), "fit run.yaml --isolated --no-cache -q --print-patch").stdout;
    std::fs::write(folder.path().join("run.diff"), &diff).expect("written");
    let applied = std::process::Command::new("patch")
        .args(["-p0", "-i", "run.diff"])
        .current_dir(folder.path())
        .output();
    let Ok(applied) = applied else { return };
    assert!(applied.status.success(), "{}", String::from_utf8_lossy(&diff));
    let patched = std::fs::read_to_string(folder.path().join("run.yaml")).expect("the config");
    assert!(
        patched.contains("  # a try\n") && patched.contains("   # fits\n"),
        "{patched}"
    );
    // transformers 5.15 has no warmup_ratio: the run would not have started.
    assert!(
        !patched.contains("warmup_ratio") && patched.contains("warmup_steps: "),
        "{patched}"
    );
    let output = gonogo(folder.path(), "fit run.yaml --isolated --no-cache -q -f json");
    let told: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(told["now"]["max_length"], told["recommended"]["max_length"]);
    assert!(told["now_refused"].is_null());
}

#[test]
fn a_check_with_another_batch_counts_no_tokens_again_and_says_the_same() {
    let folder = folder();
    let cache = folder.path().join("kept");
    let stats = || {
        let output = gonogo(folder.path(), &format!("cache stats --cache-dir {}", cache.display()));
        String::from_utf8(output.stdout).expect("UTF-8")
    };
    let kept = format!("--isolated --max-length 256 --cache-dir {}", cache.display());
    let runs = [
        "--batch-size 4 --epochs 2",
        "--batch-size 8 --max-steps 30 --scheduler cosine --warmup 3",
        "--packing bfd --epochs 1",
    ];
    for run in runs {
        let fresh = check(folder.path(), &format!("--isolated --max-length 256 --no-cache {run}"));
        assert_eq!(check(folder.path(), &format!("{kept} {run}")), fresh, "{run}");
        // What rules found in the data, what the others gathered, and the tokens.
        assert!(stats().starts_with("3 entries, "), "{run}: {}", stats());
    }
    // Another rule, length or row is another scan.
    let flags = format!("{kept} --ignore dup");
    assert_eq!(check(folder.path(), &flags), check(folder.path(), &flags));
    check(folder.path(), &kept.replace("256", "128"));
    assert!(stats().starts_with("6 entries, "), "{}", stats());
    let path = folder.path().join("train.jsonl");
    let text = std::fs::read_to_string(&path)
        .expect("the rows")
        .replacen("go on 7", "go off 7", 1);
    std::fs::write(&path, text).expect("written");
    assert_eq!(
        check(folder.path(), &kept),
        check(folder.path(), "--isolated --max-length 256 --no-cache")
    );
}

#[test]
fn a_check_with_another_length_or_packing_tokenizes_no_text_again_and_says_the_same() {
    let folder = folder();
    // Repeats, a leak and an odd character for the rules that look at the data alone.
    let path = folder.path().join("train.jsonl");
    let mut text = std::fs::read_to_string(&path).expect("the rows");
    for _ in 0..5 {
        text.push_str("{\"prompt\":\"say that it is a fine day\",\"completion\":\"that it is a fine day\u{200b}\"}\n");
    }
    std::fs::write(&path, text).expect("written");
    let trainers = [
        "",
        "--trainer trl --set completion_only_loss=true",
        "--trainer axolotl",
        "--trainer llama-factory --set template=chatml",
    ];
    for trainer in trainers {
        let cache = folder.path().join("kept").join(trainer.len().to_string());
        let run = |flags: &str| {
            let output = gonogo(
                folder.path(),
                &format!("train.jsonl -m {MODEL} -f json --isolated {trainer} {flags}"),
            );
            let told = String::from_utf8_lossy(&output.stderr).into_owned();
            let report = serde_json::from_slice::<Value>(&output.stdout).unwrap_or_else(|_| panic!("{flags}: {told}"));
            (report, told)
        };
        let mut again = "";
        for flags in [
            "--max-length 256",
            "--max-length 64",
            "--max-length 2048",
            "--max-length 128 --packing on",
        ] {
            let packing = match trainer.split_whitespace().nth(1) {
                Some("axolotl") => "multipack",
                Some("llama-factory") => "knapsack",
                _ => "bfd",
            };
            let flags = flags.replace("on", packing);
            let (kept, told) = run(&format!("{flags} --cache-dir {}", cache.display()));
            assert!(told.trim_end().ends_with(again), "{trainer} {flags}: {told}");
            let (fresh, _) = run(&format!("{flags} --no-cache"));
            assert_eq!(kept, fresh, "{trainer} {flags}");
            again = ", with the tokens of an earlier run";
        }
        let (_, told) = run(&format!("--max-length 64 --epochs 2 --cache-dir {}", cache.display()));
        assert!(told.trim_end().ends_with(", kept from an earlier run"), "{told}");
    }
}

/// Whether nothing is better and something is worse.
fn only_costs(told: &Value) -> bool {
    let axes = told["compared"].as_array().expect("axes");
    let is = |verdict: &str| axes.iter().any(|axis| axis["verdict"] == verdict);
    is("worse") && !is("better")
}

fn notes(told: &Value) -> String {
    told["notes"].to_string()
}

#[test]
fn what_axolotl_packs_is_counted_as_check_counts_it() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let rows: String = (0..60)
        .map(|row: usize| {
            // Without an assistant's turn nothing is trained.
            let answer = if row.is_multiple_of(3) {
                r#",{"role":"assistant","content":"so it is"}"#
            } else {
                ""
            };
            let words = "so ".repeat(1 + row % 7);
            format!("{{\"messages\":[{{\"role\":\"user\",\"content\":\"{words}{row}\"}}{answer}]}}\n")
        })
        .collect();
    std::fs::write(folder.path().join("train.jsonl"), rows).expect("written");
    for batch in ["1", "2", "8"] {
        let flags = format!("--isolated --trainer axolotl --max-length 128 --batch-size {batch} --epochs 1");
        let packing = format!("{flags} --packing multipack");
        let told = fit(folder.path(), &packing);
        let plan = check(folder.path(), &packing);
        let now = told["lengths"]
            .as_array()
            .expect("lengths")
            .iter()
            .find(|row| row["is_now"] == true);
        let now = now.expect("the present length");
        assert_eq!(plan["plan"]["dropped"], 40);
        assert_eq!(now["rows_dropped"], plan["plan"]["dropped"], "batch {batch}");
        assert_eq!(
            now["packed_sequences"], plan["plan"]["packed"]["sequences"],
            "batch {batch}"
        );
        assert_eq!(told["now_comes_to"]["share"], plan["plan"]["plan"]["share"]);
        // Rows that are not packed are kept, trained or not.
        let plain = fit(folder.path(), &flags);
        assert_eq!(plain["now_comes_to"]["rows_dropped"], 0);
    }
}

#[test]
fn nothing_is_recommended_that_only_costs() {
    let folder = folder();
    for flags in [
        "--max-length 1024 --batch-size 1 --grad-accum 8",
        "--max-length 2048 --batch-size 1 --grad-accum 8 --trainer trl --set completion_only_loss=true",
        "--max-length 512 --batch-size 2 --grad-accum 4 --packing bfd",
        "--max-length 1024 --batch-size 8",
        "--max-length 1024 --batch-size 1 --grad-accum 1 --trainer llama-factory --set template=chatml",
    ] {
        let told = fit(folder.path(), &format!("--isolated --epochs 1 {flags}"));
        assert!(!only_costs(&told), "{flags}: {}", told["compared"]);
        let warmup = told["recommended"]["warmup_steps"].as_u64().expect("steps");
        let steps = told["recommended_comes_to"]["steps"].as_u64().expect("steps");
        assert!(warmup == 0 || warmup * 5 < steps, "{flags}: {warmup} of {steps}");
    }
    // Ten steps, of which two are a fifth.
    let text = std::fs::read_to_string(folder.path().join("train.jsonl")).expect("rows");
    let few: String = text.lines().take(80).map(|line| format!("{line}\n")).collect();
    std::fs::write(folder.path().join("train.jsonl"), few).expect("written");
    let told = fit(
        folder.path(),
        "--isolated --trainer trl@0.19.1 --max-length 2048 --batch-size 8 --epochs 1",
    );
    assert_eq!(told["recommended_comes_to"]["steps"], 10, "{}", told["recommended"]);
    assert_eq!(told["recommended"]["warmup_steps"], 0);
}

#[test]
fn a_length_that_loses_nothing_stays() {
    let folder = folder();
    for packing in ["wrapped", "bfd_split"] {
        let told = fit(
            folder.path(),
            &format!("--isolated --trainer trl --max-length 128 --batch-size 4 --epochs 1 --packing {packing}"),
        );
        assert_eq!(told["recommended"]["max_length"], 128, "{packing}");
        assert_eq!(told["recommended"]["packing"], packing);
        for row in told["lengths"].as_array().expect("lengths") {
            assert_eq!(
                (&row["lost_share"], &row["rows_cut"]),
                (&0.0.into(), &0.into()),
                "{packing}"
            );
        }
    }
}

#[test]
fn goals_that_cannot_be_met_are_named() {
    let folder = folder();
    let flags = "--isolated --max-length 1024 --batch-size 8 --packing bfd";
    // A day is enough for any number of epochs.
    let told = fit(folder.path(), &format!("{flags} --hours 24 --tokens-per-sec 20000"));
    assert!(told["recommended_comes_to"]["epochs"].as_f64().expect("epochs") <= 3.01);
    assert!(notes(&told).contains("24 hours would do for"), "{}", notes(&told));
    let told = fit(
        folder.path(),
        &format!("{flags} --coverage 100% --hours 0.005 --tokens-per-sec 2000"),
    );
    assert!(told["recommended_comes_to"]["hours"].as_f64().expect("hours") <= 0.005);
    assert!(
        notes(&told).contains("the goal of 100.0 % of the rows is not reached"),
        "{}",
        notes(&told)
    );
    for (wrong, why) in [
        ("--hours 6", "--hours needs --tokens-per-sec or --step-time"),
        ("--hours 6 --tokens-per-sec 0", "expected a number above 0"),
        ("--hours 0 --tokens-per-sec 10", "expected a number above 0"),
    ] {
        let output = gonogo(folder.path(), &format!("fit train.jsonl -m {MODEL} -q {flags} {wrong}"));
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(2) && said.contains(why), "{wrong}: {said}");
    }
}

#[test]
fn there_is_a_reason_where_nothing_is_recommended() {
    let folder = folder();
    for (flags, why) in [
        ("--batch-size 0", "batch-size is 0"),
        ("--batch-size 4 --gpus 0", "world-size is 0"),
    ] {
        let words = format!("fit train.jsonl -m {MODEL} -q -f json --isolated --max-length 512 --epochs 1 {flags}");
        let output = gonogo(folder.path(), &words);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(2) && said.contains(why), "{flags}: {said}");
    }
    // Fewer rows than a batch, of which none is left where batches that are not full are dropped.
    let text = std::fs::read_to_string(folder.path().join("train.jsonl")).expect("rows");
    let few: String = text.lines().take(5).map(|line| format!("{line}\n")).collect();
    std::fs::write(folder.path().join("few.jsonl"), few).expect("written");
    let words = format!(
        "fit few.jsonl -m {MODEL} -q -f json --isolated --batch-size 8 --drop-last --max-length 512 --epochs 1"
    );
    let told: Value = serde_json::from_slice(&gonogo(folder.path(), &words).stdout).expect("JSON");
    assert!(
        told["now_refused"].is_string() && told["recommended_comes_to"]["steps"].as_u64() > Some(0),
        "{told}"
    );
    // A stream has no epochs, and can be sized all the same.
    let yaml = format!(
        "model_name_or_path: {MODEL}\ndatasets:\n  - path: json\n    data_files: train.jsonl\ndataset_streaming: true\n\
         per_device_train_batch_size: 4\nmax_steps: 5\nmax_length: 512\noutput_dir: out\n"
    );
    std::fs::write(folder.path().join("run.yaml"), yaml).expect("written");
    let output = gonogo(
        folder.path(),
        "fit run.yaml --isolated --no-cache -q -f json --trainer trl",
    );
    let told: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert!(
        told["recommended"].is_object() && told["lengths"].as_array().is_some_and(|rows| rows.len() > 3),
        "{told}"
    );
    // Rows that the trainer takes none of.
    std::fs::write(
        folder.path().join("odd.jsonl"),
        "{\"question\":\"q\",\"answer\":\"a\"}\n",
    )
    .expect("written");
    let output = gonogo(
        folder.path(),
        &format!("fit odd.jsonl -m {MODEL} -q --isolated --trainer trl --max-length 64 --epochs 1"),
    );
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("KeyError"), "{said}");
}

#[test]
fn rows_seen_are_those_check_counts() {
    let folder = folder();
    let flags = "--isolated --trainer axolotl --max-length 128 --batch-size 4 --epochs 1";
    let told = fit(folder.path(), flags);
    let plan = check(folder.path(), flags);
    assert!(plan["plan"]["dropped"].as_u64() > Some(0));
    assert_eq!(told["now_comes_to"]["share"], plan["plan"]["plan"]["share"]);
    assert_eq!(told["now_comes_to"]["rows_dropped"], plan["plan"]["dropped"]);
}

/// Applies the patch of a config, and gives the config and what check then finds of the plan.
fn patched(folder: &Path, config: &str, flags: &str) -> Option<(String, Vec<String>, Value)> {
    std::fs::write(folder.join("run.yaml"), config).expect("written");
    let output = gonogo(
        folder,
        &format!("fit run.yaml --isolated --no-cache -q --print-patch {flags}"),
    );
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    std::fs::write(folder.join("run.diff"), &output.stdout).expect("written");
    let applied = std::process::Command::new("patch")
        .args(["-p0", "-i", "run.diff"])
        .current_dir(folder)
        .output()
        .ok()?;
    let diff = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        applied.status.success(),
        "{diff}{}",
        String::from_utf8_lossy(&applied.stdout)
    );
    let text = std::fs::read_to_string(folder.join("run.yaml")).expect("the config");
    let output = gonogo(folder, &format!("run.yaml --isolated --no-cache -q -f json {flags}"));
    let told: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let groups = told["findings"].as_array().expect("findings").iter();
    let rules = groups.filter_map(|group| group["rule"].as_str().map(str::to_owned));
    Some((text, rules.collect(), told))
}

fn count(text: &str, key: &str) -> usize {
    text.lines().filter(|line| line.starts_with(key)).count()
}

#[test]
fn a_patch_leaves_no_key_twice_and_no_warning_of_its_own() {
    let folder = folder();
    let config = format!(
        "model_name_or_path: {MODEL}\ndatasets:\n  - path: json\n    data_files: train.jsonl\noutput_dir: out\n\
         packing: false\npacking_strategy: wrapped\nper_device_train_batch_size: 4\nnum_train_epochs: 4\n\
         save_steps: 500\nwarmup_ratio: 0.1045\nmax_steps: -1\nmax_length: 128"
    );
    let Some((text, rules, told)) = patched(folder.path(), &config, "--trainer trl@0.24.0 --transformers 4.57") else {
        return;
    };
    for key in [
        "packing:",
        "max_steps:",
        "max_length:",
        "num_train_epochs:",
        "save_steps:",
        "warmup_",
    ] {
        assert_eq!(count(&text, key), 1, "{key} in {text}");
    }
    assert!(
        text.contains("packing_strategy: bfd\n") && text.contains("packing: true\n"),
        "{text}"
    );
    assert!(!text.contains("max_steps: -1"), "{text}");
    let odd = [
        "budget/epochs-ignored",
        "budget/interval-beyond-end",
        "config/repeated-key",
    ];
    assert!(
        !rules.iter().any(|rule| odd.contains(&rule.as_str())),
        "{rules:?} {text}"
    );
    let output = gonogo(
        folder.path(),
        "fit run.yaml --isolated --no-cache -q -f json --trainer trl@0.24.0 --transformers 4.57",
    );
    let again: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(
        again["now_comes_to"]["warmup_steps"],
        told["plan"]["plan"]["schedule"]["warmup_steps"]
    );
    assert_eq!(
        again["now_comes_to"]["warmup_steps"], again["recommended"]["warmup_steps"],
        "{text}"
    );
}

#[test]
fn a_config_of_a_trainer_that_is_not_reproduced_is_patched_by_its_own_keys() {
    let folder = folder();
    let config = format!(
        "base_model: {MODEL}\ntokenizer_type: LlamaTokenizer\ndatasets:\n  - path: train.jsonl\n    type: alpaca\n\
         sequence_len: 128\nmicro_batch_size: 4\ngradient_accumulation_steps: 1\nnum_epochs: 1\n\
         learning_rate: 1e-4\noutput_dir: out\n"
    );
    let Some((text, ..)) = patched(folder.path(), &config, "") else {
        return;
    };
    assert!(!text.contains("max_length") && !text.contains("per_device"), "{text}");
    assert!(!text.contains("sequence_len: 128\n"), "{text}");
}

#[test]
fn axolotls_batch_size_leaves_no_place_for_accumulation() {
    let folder = folder();
    let config = format!(
        "base_model: {MODEL}\ntokenizer_type: LlamaTokenizer\ndatasets:\n  - path: train.jsonl\n    type: alpaca\n\
         batch_size: 1\nmicro_batch_size: 1\nsequence_len: 512\nnum_epochs: 1\nlearning_rate: 1e-4\noutput_dir: out\n"
    );
    std::fs::write(folder.path().join("run.yaml"), config).expect("written");
    let output = gonogo(folder.path(), "fit run.yaml --isolated --no-cache -q --print-patch");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("batch_size (run.yaml:6) stands beside it"), "{said}");
}

#[test]
fn a_config_gets_no_key_that_its_program_has_not() {
    let folder = folder();
    let common = "output_dir: out\nlearning_rate: 1e-5\nper_device_train_batch_size: 1\nmax_steps: 3\n";
    let grpo = format!("model_name_or_path: {MODEL}\nnum_generations: 4\nmax_completion_length: 64\n{common}");
    let arguments = format!("train_file: train.jsonl\n{common}");
    for (config, flags) in [
        (grpo, "train.jsonl".to_owned()),
        (arguments, format!("-m {MODEL} --max-length 2048")),
    ] {
        let flags = flags.as_str();
        let Some((text, rules, _)) = patched(folder.path(), &config, flags) else {
            return;
        };
        assert!(
            text != config && !text.contains("packing") && !text.contains("max_length"),
            "{text}"
        );
        assert!(!rules.contains(&"config/unknown-key".to_owned()), "{rules:?}");
    }
}
