//! The set as a whole: what is planted is said, and an honest set is left alone.

use std::fs;

use crate::scanned::{path, scan};
use serde_json::{Value, json};

/// What a rule says of training rows, and of evaluation rows beside them if there are any.
fn said(rule: &str, train: &[Value], eval: &[Value]) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let write = |name: &str, rows: &[Value]| {
        let text: String = rows.iter().map(|row| format!("{row}\n")).collect();
        fs::write(folder.path().join(name), text).expect("written");
    };
    write("train.jsonl", train);
    let mut args = vec![
        path(folder.path(), "train.jsonl"),
        "--select".to_owned(),
        rule.to_owned(),
    ];
    if !eval.is_empty() {
        write("held.jsonl", eval);
        args.extend(["--eval".to_owned(), path(folder.path(), "held.jsonl")]);
    }
    let found = scan(&args).found;
    found
        .into_iter()
        .flat_map(|found| found.findings)
        .map(|finding| finding.message)
        .collect()
}

/// Numbers of no order, the same in every run.
fn noise(seed: u64) -> impl FnMut(u64) -> u64 {
    let mut state = seed;
    move |below| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    }
}

const WORDS: &[&str] = &[
    "the", "price", "of", "salt", "and", "wool", "is", "what", "it", "was", "for", "ships",
];

fn words(next: &mut impl FnMut(u64) -> u64, count: u64) -> String {
    let word = |next: &mut dyn FnMut(u64) -> u64| WORDS[usize::try_from(next(12)).expect("few")];
    (0..count).map(|_| word(next)).collect::<Vec<_>>().join(" ")
}

/// Rows of all lengths, some with a system prompt, from three sources.
fn rows(seed: u64, count: usize) -> Vec<Value> {
    let mut next = noise(seed);
    let mut row = || {
        let (asked, answered) = (next(60) + 5, next(200) + 3);
        let mut turns = vec![
            json!({"role": "user", "content": words(&mut next, asked)}),
            json!({"role": "assistant", "content": words(&mut next, answered)}),
        ];
        if next(3) == 0 {
            turns.insert(
                0,
                json!({"role": "system", "content": "You are a clerk of the harbour."}),
            );
        }
        let source = ["forum", "book", "mail"][usize::try_from(next(3)).expect("few")];
        json!({"messages": turns, "source": source})
    };
    (0..count).map(|_| row()).collect()
}

#[test]
fn an_honest_split_is_like_the_rest() {
    for (seed, held) in [(1, 20), (2, 100), (3, 400), (4, 1000)] {
        let all = rows(seed, 2000);
        let (eval, train) = all.split_at(held);
        assert_eq!(said("mix/eval-shift", train, eval), [""; 0], "{held} rows held out");
    }
}

#[test]
fn what_evaluation_rows_have_of_their_own_is_said() {
    let all = rows(7, 1200);
    let (eval, train) = all.split_at(200);
    let changed = |change: &dyn Fn(&mut Value)| {
        let mut eval = eval.to_vec();
        eval.iter_mut().for_each(change);
        said("mix/eval-shift", train, &eval)
    };
    let holds = |said: &[String], start: &str| {
        assert!(
            said.iter().any(|message| message.starts_with(start)),
            "{start}: {said:?}"
        );
    };
    holds(
        &changed(&|row| row["source"] = "web".into()),
        "column `source`: `web` in 100 % of evaluation rows, 0 % of",
    );
    let last = |row: &mut Value| row["messages"].as_array_mut().and_then(Vec::pop).expect("an answer");
    holds(
        &changed(&|row| {
            let mut answer = last(row);
            let text = answer["content"].as_str().expect("a text").repeat(3);
            answer["content"] = text.into();
            row["messages"].as_array_mut().expect("messages").push(answer);
        }),
        "length of answers: ",
    );
    let german =
        json!({"role": "user", "content": "Was ist der Preis für Salz und Wolle, und wie ist das mit den Schiffen?"});
    holds(
        &changed(&|row| {
            let answer = last(row);
            row["messages"] = json!([german, answer]);
        }),
        "language of the prompts: ",
    );
    let system = json!({"role": "system", "content": "Answer in verse."});
    holds(
        &changed(&|row| {
            row["messages"]
                .as_array_mut()
                .expect("messages")
                .retain(|turn| turn["role"] != "system");
            row["messages"]
                .as_array_mut()
                .expect("messages")
                .insert(0, system.clone());
        }),
        "system prompts: ",
    );
    holds(
        &changed(&|row| {
            let turns = row["messages"].as_array().expect("messages").clone();
            row["messages"]
                .as_array_mut()
                .expect("messages")
                .extend(turns.into_iter().filter(|turn| turn["role"] != "system"));
        }),
        "turns of a row: ",
    );
}

#[test]
fn a_handful_of_answers_is_said_and_labels_are_not() {
    let set = |answers: &[&str]| {
        let row = |at: usize| {
            let mut next = noise(at as u64);
            let own = words(&mut next, 12);
            let answer = if at.is_multiple_of(3) {
                own.as_str()
            } else {
                answers[at % answers.len()]
            };
            json!({"prompt": format!("question {at}"), "completion": answer})
        };
        (0..300).map(row).collect::<Vec<_>>()
    };
    let canned = [
        "Thank you for your message, we shall write to you soon.",
        "This is a good question that many people have asked us.",
        "Please turn to the harbour master, who knows all of this.",
        "There is nothing that can be said of it at this time.",
    ];
    let found = said("mix/answer-collapse", &set(&canned), &[]);
    assert!(
        found.len() == 1 && found[0].starts_with("4 answers of 24 bytes and more make 200 of 300 rows"),
        "{found:?}"
    );
    assert_eq!(
        said("mix/answer-collapse", &set(&["good", "bad", "neither"]), &[]),
        [""; 0]
    );
}

#[test]
fn a_length_that_tells_the_label_is_said() {
    let set = |tells: bool| {
        let row = |at: usize| {
            let mut next = noise(at as u64);
            // Every length is there once or twice, so that no single one tells anything.
            let prompt = words(&mut next, 5 + at as u64 / 2);
            let label = if tells { at < 120 } else { next(2) == 0 };
            json!({"prompt": prompt, "completion": if label { "short" } else { "long" }})
        };
        (0..240).map(row).collect::<Vec<_>>()
    };
    let found = said("leak/label-shortcut", &set(true), &[]);
    assert!(
        found
            .iter()
            .any(|message| message.starts_with("whether the prompt has more than 64 words tells the answer in 100 %")),
        "{found:?}"
    );
    assert_eq!(said("leak/label-shortcut", &set(false), &[]), [""; 0]);
}
