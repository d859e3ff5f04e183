//! Leaks of every kind, planted in a clean set: each is found on its row, and the clean set is left alone.

use std::fs;

use crate::scanned::{path, scan};
use gonogo::finding::Level;
use serde_json::{Value, json};

const CLEAN: &str = "fixtures/demo/clean.jsonl";

/// Rows `{"messages": [...]}` of a clean set.
fn clean() -> Vec<Value> {
    let text = fs::read_to_string(CLEAN).expect("the clean set");
    text.lines()
        .map(|line| serde_json::from_str(line).expect("a row"))
        .collect()
}

fn say(role: &str, content: impl Into<String>) -> Value {
    json!({"role": role, "content": content.into()})
}

/// The conversation up to the last answer, and that answer.
fn parts(row: &Value) -> (Vec<Value>, String) {
    let mut turns = row["messages"].as_array().expect("messages").clone();
    let last = turns.pop().expect("an answer");
    (turns, last["content"].as_str().expect("a text").to_owned())
}

/// A row whose last question was changed.
fn asked(row: &Value, change: impl Fn(&str, &str) -> String) -> Value {
    let (mut turns, answer) = parts(row);
    let question = turns.pop().expect("a question");
    let changed = change(question["content"].as_str().expect("a text"), &answer);
    turns.push(say("user", changed));
    turns.push(say("assistant", answer));
    json!({"messages": turns})
}

/// A long answer, which every kind of leak but that of labels is about.
const ANSWER: &str = "Sunlight is scattered by the gases of the air, and blue light is scattered the most of all, \
                      so that blue comes to the eye from every side of the sky at noon.";

fn long(question: &str) -> Value {
    json!({"messages": [say("user", question), say("assistant", ANSWER)]})
}

/// Each kind of leak: the rule that is to find it, and the row.
fn leaks() -> Vec<(&'static str, Value)> {
    let row = long("Why is the sky blue?");
    let shouted: String = ANSWER.to_uppercase().replace(", ", " ;  ");
    let half: String = ANSWER.split(' ').take(20).collect::<Vec<_>>().join(" ");
    let with = |turns: Vec<Value>| json!({ "messages": turns });
    let question = || say("user", "Why is the sky blue?");
    let call = json!({"role": "assistant", "content": null, "tool_calls": [{"type": "function", "function": {"name": "f", "arguments": "{}"}}]});
    let call_again = call.clone();
    vec![
        (
            "leak/answer-in-prompt",
            asked(&row, |question, answer| format!("{question}\n\nReference: {answer}")),
        ),
        (
            "leak/answer-in-prompt",
            asked(&row, |question, answer| format!("{answer} {question}")),
        ),
        (
            "leak/answer-in-prompt",
            asked(&row, |question, _| format!("{question} ({shouted})")),
        ),
        (
            "leak/answer-in-prompt",
            asked(&row, |question, answer| {
                format!("Q: {question}\nA: {answer}\nQ: {question}\nA:")
            }),
        ),
        (
            "leak/shared-span",
            asked(&row, |question, _| format!("{half}... {question}")),
        ),
        (
            "leak/answer-in-system",
            with(vec![
                say("system", format!("Say: {ANSWER}")),
                question(),
                say("assistant", ANSWER),
            ]),
        ),
        (
            "leak/answer-in-tool-result",
            with(vec![
                question(),
                call,
                say("tool", format!("{{\"text\": \"{ANSWER}\"}}")),
                say("assistant", ANSWER),
            ]),
        ),
        (
            "leak/answer-in-tool-result",
            with(vec![
                question(),
                call_again,
                say("tool", json!({"text": format!("{ANSWER}\n\"{ANSWER}\"")}).to_string()),
                say("assistant", format!("{ANSWER}\n\"{ANSWER}\"")),
            ]),
        ),
        (
            "leak/answer-key",
            with(vec![
                say("user", "How many apples are 20 and 22 (the answer is 42)?"),
                say("assistant", "It is 42."),
            ]),
        ),
        (
            "leak/answer-in-history",
            with(vec![
                say("user", "And why?"),
                say("assistant", ANSWER),
                question(),
                say("assistant", ANSWER),
            ]),
        ),
        ("leak/echo", with(vec![say("user", ANSWER), say("assistant", ANSWER)])),
        (
            "leak/answer-key",
            with(vec![
                say("user", "The correct answer is B. Which is larger? A) Mars B) Jupiter"),
                say("assistant", "B) Jupiter"),
            ]),
        ),
        (
            "leak/answer-key",
            with(vec![
                say("system", "{\"label\": \"spam\"}"),
                say("user", "Win a prize now!"),
                say("assistant", "spam"),
            ]),
        ),
        (
            "leak/answer-key",
            with(vec![
                say("user", "How many apples are 20 and 22? The answer is 42."),
                say("assistant", "20 + 22 = 42\n#### 42"),
            ]),
        ),
        (
            "leak/answer-in-metadata",
            with(vec![
                say("user", "mail/spam_0017.txt: Win a prize now!"),
                say("assistant", "spam"),
            ]),
        ),
        (
            "leak/answer-in-metadata",
            with(vec![
                say("user", "category: sports\nThe ball is round."),
                say("assistant", "Sports"),
            ]),
        ),
    ]
}

fn write(rows: &[Value]) -> (tempfile::TempDir, Vec<String>) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let text: String = rows.iter().map(|row| format!("{row}\n")).collect();
    fs::write(folder.path().join("train.jsonl"), text).expect("written");
    let args = vec![
        path(folder.path(), "train.jsonl"),
        "--select".to_owned(),
        "leak".to_owned(),
    ];
    (folder, args)
}

#[test]
fn the_clean_set_is_left_alone() {
    let (_folder, args) = write(&clean());
    for found in scan(&args).found {
        let few = found.rows * 200 < clean().len() as u64;
        assert!(few, "{}: {} rows: {:?}", found.meta.name, found.rows, found.findings[0]);
        assert_ne!(found.meta.level, Level::Error, "{}", found.meta.name);
    }
}

#[test]
fn every_planted_leak_is_found_on_its_row() {
    for (at, (rule, row)) in leaks().into_iter().enumerate() {
        let mut rows = clean();
        let line = 7 + 11 * at;
        rows.insert(line, row.clone());
        let (_folder, args) = write(&rows);
        let found = scan(&args).found;
        let hit = found.iter().find(|found| found.meta.name == rule).is_some_and(|found| {
            let mut places = found.findings.iter().filter_map(|finding| finding.place);
            places.any(|place| place.row == line as u64)
        });
        assert!(hit, "{rule} did not find {row}");
    }
}

/// A set whose every prompt holds the answer is an error; one that copies by design is none.
#[test]
fn copying_tasks_are_told_from_leaks() {
    let topics = [
        "tides", "thunder", "bees", "leaves", "stars", "rivers", "bread", "glass", "ships", "snow", "salt", "wool",
    ];
    let answer = |at: usize| {
        format!(
            "All that is known of {} number {at} fits into this one sentence of mine.",
            topics[at % 12]
        )
    };
    let pasted = |at: usize| {
        let topic = topics[at % 12];
        json!({"prompt": format!("What is there to know of {topic}, part {at}?\nContext: {}", answer(at)), "completion": answer(at)})
    };
    let extracted = |at: usize| {
        let (before, after) = (
            "Some words stand first. ".repeat(at % 5),
            "Others come later. ".repeat(at % 7),
        );
        let topic = topics[at % 12];
        json!({"prompt": format!("Which sentence is about {topic}? {before}{topic} {at}: {} {after}", answer(at)), "completion": answer(at)})
    };
    let rewritten = |at: usize| json!({"prompt": format!("Correct this: {}", answer(at)), "completion": answer(at)});
    let errors = |rows: &[Value]| {
        let (_folder, args) = write(rows);
        scan(&args)
            .found
            .into_iter()
            .any(|found| found.meta.name == "leak/answer-pasted")
    };
    assert!(errors(&(0..60).map(pasted).collect::<Vec<_>>()));
    assert!(!errors(&(0..60).map(extracted).collect::<Vec<_>>()));
    assert!(!errors(&(0..60).map(rewritten).collect::<Vec<_>>()));
}
