//! The program as a user meets it: what it prints where, and what it exits with.

use std::io::Write;
use std::path::Path;
use std::process::Stdio;

use assert_cmd::Command;

use crate::run::folder;

/// The binary in a folder, with an environment that says nothing.
fn gonogo(folder: &Path) -> Command {
    let mut command = Command::cargo_bin("gonogo").expect("the binary is built");
    command
        .current_dir(folder)
        .env_clear()
        .env("COLUMNS", "100")
        .env("HF_HUB_OFFLINE", "1");
    command
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

const GOOD: &str = "{\"prompt\": \"What is the capital of Peru?\", \"completion\": \"It is Lima.\"}\n";
const BAD: &str =
    "{\"prompt\": \"What is the capital of Peru?\", \"completion\": \"It is Lima.\"}\n{\"prompt\": \"cut o\n";

#[test]
fn exit_codes_say_go_no_go_and_no_answer() {
    let folder = folder(&[("good.jsonl", GOOD), ("bad.jsonl", BAD)]);
    let run = |args: &[&str]| gonogo(folder.path()).args(args).output().expect("run");
    assert_eq!(run(&["good.jsonl"]).status.code(), Some(0));
    assert_eq!(run(&["bad.jsonl"]).status.code(), Some(1));
    assert_eq!(run(&["bad.jsonl", "--exit-zero"]).status.code(), Some(0));
    assert_eq!(run(&["bad.jsonl", "--fail-on", "never"]).status.code(), Some(0));
    for wrong in [
        &["gone.jsonl"][..],
        &["good.jsonl", "--no-such-flag"],
        &["good.jsonl", "-m", "gone"],
        &[],
    ] {
        let output = run(wrong);
        assert_eq!(output.status.code(), Some(2), "{wrong:?}");
        assert!(output.stdout.is_empty() && !output.stderr.is_empty(), "{wrong:?}");
    }
    assert_eq!(
        run(&["good.jsonl", "--strict"]).status.code(),
        Some(2),
        "what cannot be checked is no answer"
    );
}

#[test]
fn the_result_is_on_stdout_and_nothing_else_is() {
    let folder = folder(&[("bad.jsonl", BAD)]);
    let output = gonogo(folder.path())
        .args(["bad.jsonl", "-f", "json"])
        .output()
        .expect("run");
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("stdout is JSON alone");
    assert_eq!(report["verdict"]["go"], false);
    assert_eq!(report["findings"][0]["rule"], "schema/bad-json");
    assert_eq!(report["findings"][0]["places"][0]["at"]["line"], 2);
    let quiet = gonogo(folder.path()).args(["bad.jsonl", "-q"]).output().expect("run");
    assert!(quiet.stderr.is_empty());
}

#[test]
fn the_report_follows_its_schema() {
    let folder = folder(&[("bad.jsonl", BAD)]);
    let schema = gonogo(folder.path())
        .args(["config", "schema", "--report"])
        .output()
        .expect("run");
    let schema: serde_json::Value = serde_json::from_slice(&schema.stdout).expect("a schema");
    let validator = jsonschema::validator_for(&schema).expect("a valid schema");
    let output = gonogo(folder.path())
        .args(["bad.jsonl", "-f", "json", "--max-steps", "1"])
        .output()
        .expect("run");
    let mut report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let errors: Vec<_> = validator.iter_errors(&report).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?}");
    report["verdict"]["go"] = "yes".into();
    assert!(!validator.is_valid(&report), "the schema must be able to fail");
}

#[test]
fn stdin_is_read_where_a_dash_stands() {
    let folder = folder(&[]);
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_gonogo"))
        .args(["-", "-f", "concise"])
        .current_dir(folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("run");
    child
        .stdin
        .take()
        .expect("piped")
        .write_all(BAD.as_bytes())
        .expect("written");
    let output = child.wait_with_output().expect("ended");
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stdout).contains(":2:"), "{}", text(&output.stdout));
}

#[test]
fn shards_merged_are_the_whole_scan() {
    let rows: String = (0..500)
        .map(|n| format!("{{\"text\": \"row number {} of many\"}}\n", n % 400))
        .collect();
    let folder = folder(&[("rows.jsonl", &rows)]);
    let run = |args: &[&str]| gonogo(folder.path()).args(args).output().expect("run");
    let whole = run(&["rows.jsonl", "-f", "json", "-j", "2"]);
    for shard in ["1/3", "2/3", "3/3"] {
        let part = format!("part{}", &shard[..1]);
        let output = run(&["rows.jsonl", "--shard", shard, "--partial", &part]);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    }
    let merged = run(&["merge", "part3", "part1", "part2", "-f", "json"]);
    assert_eq!(text(&merged.stdout), text(&whole.stdout));
    let incomplete = run(&["merge", "part1", "part3"]);
    assert_eq!(incomplete.status.code(), Some(2));
    assert!(
        text(&incomplete.stderr).contains("shard 2/3 is missing"),
        "{}",
        text(&incomplete.stderr)
    );
}

#[test]
fn thresholds_and_selections_decide_the_level() {
    let rows = "{\"text\": \"one row\"}\n".repeat(3) + "{\"text\": \"another row\"}\n";
    let folder = folder(&[("rows.jsonl", &rows)]);
    let level = |args: &[&str]| {
        let mut all = vec!["rows.jsonl", "-f", "json"];
        all.extend(args);
        let output = gonogo(folder.path()).args(all).output().expect("run");
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
        let groups = report["findings"].as_array().expect("a list").clone();
        let found = groups.into_iter().find(|group| group["rule"] == "dup/exact");
        found.map(|group| group["level"].as_str().expect("a level").to_owned())
    };
    assert_eq!(level(&[]).as_deref(), Some("error"), "half of the rows repeat");
    assert_eq!(level(&["--error-if", "dup/exact=>90%"]).as_deref(), Some("warning"));
    assert_eq!(level(&["--warn-if", "dup/exact=>90%"]).as_deref(), Some("note"));
    assert_eq!(level(&["--ignore", "dup"]), None);
    assert_eq!(level(&["--select", "schema"]), None);
}

#[test]
fn a_misspelt_rule_is_named_with_the_one_meant() {
    let folder = folder(&[("good.jsonl", GOOD)]);
    let output = gonogo(folder.path())
        .args(["good.jsonl", "--ignore", "dup/exat"])
        .output()
        .expect("run");
    assert_eq!(output.status.code(), Some(2));
    assert!(
        text(&output.stderr).contains("did you mean `dup/exact`?"),
        "{}",
        text(&output.stderr)
    );
    let output = gonogo(folder.path())
        .args(["explain", "dup/exat"])
        .output()
        .expect("run");
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn settings_come_from_the_nearest_file_and_name_it() {
    let folder = folder(&[("good.jsonl", GOOD), ("gonogo.toml", "max-length = 512\n")]);
    let output = gonogo(folder.path())
        .args(["config", "show", "good.jsonl"])
        .output()
        .expect("run");
    let shown = text(&output.stdout);
    assert!(
        shown.contains("max-length") && shown.contains("512") && shown.contains("gonogo.toml:1"),
        "{shown}"
    );
}

#[test]
fn a_row_is_shown_and_control_characters_are_not_sent() {
    let folder = folder(&[("rows.jsonl", "{\"text\": \"first\"}\n{\"text\": \"\\u001b[31mred\"}\n")]);
    let output = gonogo(folder.path())
        .args(["show", "rows.jsonl", "--row", "1"])
        .output()
        .expect("run");
    let shown = text(&output.stdout);
    assert!(
        shown.contains("rows.jsonl:2") && shown.contains("\\u{1b}[31mred"),
        "{shown}"
    );
    let output = gonogo(folder.path())
        .args(["show", "rows.jsonl", "--row", "9"])
        .output()
        .expect("run");
    assert_eq!(output.status.code(), Some(2));
    assert!(
        text(&output.stderr).contains("there is no row 9: the data has 2 rows"),
        "{}",
        text(&output.stderr)
    );
}

#[test]
fn what_goes_to_disk_and_what_is_listed_change_nothing() {
    let row = |at: usize| {
        let text = "a word of many that stand here ".repeat(6);
        format!(
            "{{\"prompt\": \"Question {} of {text}?\", \"completion\": \"Answer {} of {text}.\"}}\n",
            at % 40,
            at % 7
        )
    };
    let rows: String = (0..300).map(row).collect();
    let folder = folder(&[("train.jsonl", &rows)]);
    let here = folder.path();
    std::fs::create_dir(here.join("tmp")).expect("a folder");
    let run = |more: &[&str]| {
        let args = [
            &[
                "train.jsonl",
                "--isolated",
                "-q",
                "--exit-zero",
                "-f",
                "json",
                "--select",
                "dup",
            ],
            more,
        ]
        .concat();
        let output = gonogo(here).args(args).output().expect("run");
        assert!(output.status.success(), "{}", text(&output.stderr));
        text(&output.stdout)
    };
    let plain = run(&["-j", "1"]);
    assert_eq!(run(&["-j", "3", "--tmp-dir", "tmp"]), plain);
    assert_eq!(std::fs::read_dir(here.join("tmp")).expect("readable").count(), 0);
    assert_eq!(run(&["--list", "found.jsonl"]), plain);
    let list = std::fs::read_to_string(here.join("found.jsonl")).expect("readable");
    let report: serde_json::Value = serde_json::from_str(&plain).expect("a report");
    let counted: u64 = report["findings"]
        .as_array()
        .expect("findings")
        .iter()
        .filter_map(|group| group["count"].as_u64())
        .sum();
    assert_eq!(list.lines().count() as u64, counted);
    let first: serde_json::Value = serde_json::from_str(list.lines().next().expect("a finding")).expect("JSON");
    assert_eq!(first["other"]["file"], "train.jsonl");
    let gone = gonogo(here)
        .args(["train.jsonl", "--tmp-dir", "nowhere"])
        .output()
        .expect("run");
    assert_eq!(gone.status.code(), Some(2));
}

#[test]
fn settings_that_cannot_be_meant_are_usage_errors() {
    let folder = folder(&[("good.jsonl", GOOD)]);
    for (args, why) in [
        (&["--max-length", "0"][..], "max-length is 0"),
        (&["--columns", "nosuch=prompt"], "no shape has a column `nosuch`"),
        (
            &["--columns", "prompt=nosuch"],
            "none of the first rows has a column `nosuch`",
        ),
    ] {
        let output = gonogo(folder.path())
            .arg("good.jsonl")
            .args(args)
            .output()
            .expect("run");
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(text(&output.stderr).contains(why), "{}", text(&output.stderr));
    }
    let sound = gonogo(folder.path())
        .args(["good.jsonl", "--columns", "prompt=completion,completion=prompt"])
        .output()
        .expect("run");
    assert_ne!(sound.status.code(), Some(2), "{}", text(&sound.stderr));
}

#[cfg(unix)]
#[test]
fn what_is_written_may_be_read_as_other_files_may() {
    use std::os::unix::fs::PermissionsExt;
    let folder = folder(&[("good.jsonl", GOOD)]);
    let mode = |name: &str| {
        let metadata = std::fs::metadata(folder.path().join(name)).expect("written");
        metadata.permissions().mode() & 0o777
    };
    for args in [&["good.jsonl", "-o", "json=out"][..], &["init", "."]] {
        let output = gonogo(folder.path()).args(args).output().expect("run");
        assert_ne!(output.status.code(), Some(2), "{}", text(&output.stderr));
    }
    for name in ["out", "gonogo.toml"] {
        assert_eq!(mode(name), mode("good.jsonl"), "{name}");
    }
}

#[test]
fn a_column_named_with_blanks_is_said_to_be() {
    let folder = folder(&[("rows.csv", " prompt, completion\nWhat is it?,A pear.\n")]);
    let output = gonogo(folder.path())
        .args(["rows.csv", "-f", "concise"])
        .output()
        .expect("run");
    let said = text(&output.stdout);
    assert!(
        said.contains("the name of `prompt` stands with blanks around it, \" prompt\""),
        "{said}"
    );
}

#[test]
fn wrong_options_of_a_rule_are_named_with_their_line() {
    for (settings, line, said) in [
        ("[rules]\n\"dup/exact\" = \"off\"\n", 2, "a rule's options are a table"),
        ("\n[rules.\"dup/near\"]\nthreshold = \"x\"\n", 2, "expected a number"),
        ("[rules.\"dup/near\"]\nthreshol = 0.8\n", 1, "unknown field `threshol`"),
        ("[rules.dup]\nthreshold = 0.8\n", 1, "no rule"),
        ("[rules.\"dup/nea\"]\n", 1, "did you mean `dup/near`?"),
    ] {
        let folder = folder(&[("good.jsonl", GOOD), ("gonogo.toml", settings)]);
        let output = gonogo(folder.path()).args(["good.jsonl"]).output().expect("run");
        let error = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{error}");
        assert!(
            error.contains(&format!("gonogo.toml:{line}: ")) && error.contains(said),
            "{error}"
        );
    }
}
