//! Where files are, who may open how many of them, and what a run is told to write.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::run::{MODEL, folder, gonogo, said};

#[track_caller]
fn refused(folder: &Path, words: &[&str], why: &str) {
    let (code, text) = said(&gonogo(folder, words));
    assert!(code == Some(2) && text.contains(why), "{words:?}: {code:?} {text}");
}

fn rows(count: usize) -> String {
    (0..count)
        .map(|at| {
            format!(
                "{{\"text\": \"row number {at} of a set that says something else in each row, {}\"}}\n",
                at * 7
            )
        })
        .collect()
}

#[test]
fn a_benchmark_that_cannot_be_read_was_go() {
    let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n";
    let folder = folder(&[
        ("data.jsonl", &rows(20)),
        ("pointer.jsonl", pointer),
        ("empty.jsonl", ""),
        ("junk.jsonl", "x\ny\n"),
        ("some.jsonl", &format!("x\n{}", rows(1))),
    ]);
    let check = |file: &str| ["check", "data.jsonl", "-q", "--isolated", "--against", file].map(str::to_owned);
    for file in ["pointer.jsonl", "empty.jsonl", "junk.jsonl"] {
        let words = check(file);
        refused(
            folder.path(),
            &words.each_ref().map(String::as_str),
            &format!("{file} cannot be compared with"),
        );
    }
    let words = check("some.jsonl");
    let (_, text) = said(&gonogo(folder.path(), &words.each_ref().map(String::as_str)));
    assert!(
        text.contains("left out of the comparison: 1 row of some.jsonl that cannot be read"),
        "{text}"
    );
    for flag in ["--against", "--eval"] {
        refused(
            folder.path(),
            &["data.jsonl", flag, "-"],
            "standard input can only be the data",
        );
    }
}

#[test]
fn what_no_rule_was_asked_about_was_go() {
    let folder = folder(&[("data.jsonl", &format!("{}x\n", rows(20))), ("empty.jsonl", "")]);
    let words = ["data.jsonl", "--select", "dup", "-f", "concise", "-q", "--isolated"];
    let (code, text) = said(&gonogo(folder.path(), &words));
    assert_eq!(
        (code, text.as_str()),
        (Some(0), "GO (a part of the data): 0 errors, 0 warnings\n")
    );
    let strict = [&words[..], &["--strict"]].concat();
    refused(folder.path(), &strict, "the rows of data.jsonl cannot be checked");
    refused(
        folder.path(),
        &["empty.jsonl", "--select", "dup", "--isolated"],
        "no row was looked at",
    );
    refused(
        folder.path(),
        &["data.jsonl", "--select", "dup", "--ignore", "dup"],
        "no rule is left",
    );
}

#[test]
fn the_exit_code_that_was_to_be_zero_made_a_go() {
    let folder = folder(&[("data.jsonl", &rows(1).repeat(20))]);
    for flag in [&["--exit-zero"][..], &["--fail-on", "never"]] {
        let words = [&["data.jsonl", "-q", "--isolated", "-f", "json"], flag].concat();
        let output = gonogo(folder.path(), &words);
        let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        assert_eq!(
            (output.status.code(), &report["verdict"]["go"]),
            (Some(0), &false.into()),
            "{flag:?}"
        );
    }
    let words = ["data.jsonl", "-q", "--isolated", "--sample", "3", "-f"];
    for (format, verdict) in [
        ("concise", "NO-GO (sampled):"),
        ("github", "::notice::NO-GO (sampled), 3 rows"),
    ] {
        let (_, text) = said(&gonogo(folder.path(), &[&words[..], &[format]].concat()));
        assert!(text.contains(verdict), "{text}");
    }
}

#[test]
fn outputs_nobody_can_write_were_told_of_after_the_scan() {
    let folder = folder(&[("data.jsonl", &rows(20))]);
    let at = folder.path();
    refused(at, &["data.jsonl", "-o", "nope=x"], "`nope` is no format");
    refused(
        at,
        &["data.jsonl", "-o", "json=nowhere/x"],
        "the folder nowhere is not there",
    );
    refused(at, &["data.jsonl", "--list", "-"], "`-` is no file");
    refused(
        at,
        &["filter", "data.jsonl", "--drop", "dup", "-o", "-"],
        "`-` is no file",
    );
    refused(at, &["data.jsonl", "--partial", "."], "it is a folder");
}

#[test]
fn a_report_went_over_the_tokenizer_it_was_made_with() {
    let folder = folder(&[("data.jsonl", &rows(20))]);
    let model = folder.path().join("model");
    fs::create_dir(&model).expect("made");
    for file in fs::read_dir(MODEL).expect("the fixture").flatten() {
        fs::copy(file.path(), model.join(file.file_name())).expect("copied");
    }
    fs::write(folder.path().join("own.jinja"), "{{ messages }}").expect("written");
    let check = ["data.jsonl", "-m", "model", "--chat-template", "own.jinja"];
    for output in ["model/tokenizer.json", "own.jinja"] {
        let words = [&check[..], &["--list", output]].concat();
        refused(folder.path(), &words, "is an input, and inputs are never changed");
    }
}

#[cfg(unix)]
#[test]
fn more_files_than_may_be_open_were_damaged_files() {
    let folder = folder(&[]);
    for at in 0..80 {
        fs::write(folder.path().join(format!("part-{at:02}.jsonl")), rows(3)).expect("written");
    }
    let run = |limit: &str, words: &str| {
        let line = format!("ulimit {limit} 40 && exec {} {words}", env!("CARGO_BIN_EXE_gonogo"));
        let output = Command::new("sh")
            .current_dir(folder.path())
            .args(["-c", &line])
            .output();
        said(&output.expect("run"))
    };
    let (code, text) = run("-n", "check 'part-*.jsonl' -q -f concise --isolated --select schema");
    assert_eq!(
        (code, text.lines().last()),
        (Some(0), Some("GO: 0 errors, 0 warnings")),
        "{text}"
    );
    // Of what is usual more may be allowed.
    let (code, text) = run("-Sn", "filter 'part-*.jsonl' --drop dup -o out/ --isolated");
    assert_eq!(code, Some(0), "{text}");
}

#[test]
fn the_cache_removed_files_of_others() {
    let folder = folder(&[("data.jsonl", &rows(20))]);
    let others = folder.path().join("cache/embeddings");
    fs::create_dir_all(&others).expect("made");
    for name in ["part1.texts", "wiki.entry"] {
        fs::write(others.join(name), "theirs").expect("written");
    }
    let run = |words: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gonogo"));
        command
            .current_dir(folder.path())
            .env("GONOGO_CACHE_DIR", "cache")
            .args(words);
        said(&command.output().expect("run"))
    };
    run(&["data.jsonl", "-m", MODEL, "-q", "--isolated"]);
    let (_, text) = run(&["cache", "clean"]);
    assert!(text.starts_with("removed 3 entries"), "{text}");
    assert_eq!(fs::read_dir(others).expect("there").count(), 2);
}
