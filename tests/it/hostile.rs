//! Options, sizes and ids that nobody means, and rows beyond any measure: an answer or a message, never a panic, and the
//! same however the work is shared.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::run::{MODEL, gonogo};

const DEMO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/demo/train.jsonl");

/// The exit code, which a panic (101) is none of.
#[track_caller]
fn answers(folder: &Path, words: &[&str]) -> i32 {
    let output = gonogo(folder, words);
    let said = String::from_utf8_lossy(&output.stderr);
    let code = output.status.code().expect("no signal");
    assert!((0..=2).contains(&code), "{words:?}: {said}");
    code
}

#[test]
fn options_of_rules_that_nobody_means() {
    let folder = tempfile::tempdir().expect("a folder");
    // Options that take numbers, of every rule that has any.
    let options = [
        ("dup/near", "threshold"),
        ("dup/near", "size"),
        ("leak/echo", "min-words"),
        ("leak/shared-span", "share"),
        ("leak/shared-span", "min-words"),
        ("mix/answer-collapse", "share"),
        ("mix/answer-collapse", "rows"),
        ("mix/answer-collapse", "bytes"),
        ("mix/eval-shift", "distance"),
        ("mix/eval-shift", "chance"),
        ("template/message-doubled", "bytes"),
        ("text/said-twice", "min-bytes"),
    ];
    for (rule, option) in options {
        for value in ["0", "-1", "1e300", "nan", "9223372036854775807"] {
            let settings = format!("[rules.\"{rule}\"]\n{option} = {value}\n");
            fs::write(folder.path().join("odd.toml"), &settings).expect("written");
            answers(
                folder.path(),
                &["check", DEMO, "--config", "odd.toml", "--no-cache", "-q", "-m", MODEL],
            );
        }
    }
}

#[test]
fn sizes_beyond_any_machine() {
    let folder = tempfile::tempdir().expect("a folder");
    let huge = "4294967296";
    let words = [
        "check",
        DEMO,
        "--no-cache",
        "-q",
        "--batch-size",
        huge,
        "--grad-accum",
        huge,
        "--max-steps",
        "5",
    ];
    answers(folder.path(), &words);
    assert_eq!(answers(folder.path(), &["check", DEMO, "-j", "99999"]), 2);
    assert_eq!(answers(folder.path(), &["check", DEMO, "-j", "0"]), 2);
}

#[test]
fn ids_that_no_token_has_are_not_written() {
    let folder = tempfile::tempdir().expect("a folder");
    for id in ["-5", "3000000000"] {
        let row = format!("{{\"input_ids\": [1, {id}, 2], \"labels\": [1, 2, 2]}}\n");
        fs::write(folder.path().join("ids.jsonl"), row).expect("written");
        for to in ["out.parquet", "out.jsonl"] {
            assert_eq!(
                answers(folder.path(), &["encode", "ids.jsonl", "-m", MODEL, "-o", to]),
                2
            );
            assert!(!folder.path().join(to).exists(), "{id} in {to}");
        }
    }
}

/// A row that a rule speaks of while it reads, and again when all was read, is one row.
#[test]
fn a_row_found_twice_is_one_row_for_any_number_of_workers() {
    let folder = tempfile::tempdir().expect("a folder");
    let twice =
        "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}\n{{ m.content }}<|im_end|>\n{% endfor %}";
    fs::write(folder.path().join("t.jinja"), twice).expect("written");
    let row = |at: usize| {
        let asked = format!("What is number {at}, if you please?");
        let turns = [
            ("user", asked),
            ("assistant", format!("yes {at}")),
            ("user", "And?".to_owned()),
        ];
        let last = ("assistant", format!("It is number {at} of all the numbers."));
        let turns = turns.into_iter().chain([last]);
        let turns: Vec<Value> = turns
            .map(|(role, content)| json!({"role": role, "content": content}))
            .collect();
        format!("{}\n", json!({"messages": turns}))
    };
    fs::write(folder.path().join("chat.jsonl"), (0..4).map(row).collect::<String>()).expect("written");
    let words = "check chat.jsonl --chat-template t.jinja --no-cache -q -f json --select template/message-doubled";
    for jobs in ["1", "2", "3"] {
        let words: Vec<&str> = words.split(' ').chain(["-m", MODEL, "-j", jobs]).collect();
        let report: Value = serde_json::from_slice(&gonogo(folder.path(), &words).stdout).expect("a report");
        let group = &report["findings"][0];
        assert_eq!((&group["rows"], &group["share"]), (&json!(4), &json!(1.0)), "-j {jobs}");
        assert!(group["count"].as_u64() > Some(4), "it is found twice in one row");
    }
}
