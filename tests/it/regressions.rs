//! What went wrong once in a user's hands, each named after it.

use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::run::{self, MODEL, folder};

const BARE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/models/chatml/tokenizer.json");

fn command(folder: &Path, words: &[&str]) -> Command {
    let mut command = run::command(folder, words);
    command.env("COLUMNS", "100");
    command
}

fn gonogo(folder: &Path, words: &[&str]) -> Output {
    command(folder, words).output().expect("run")
}

fn report(folder: &Path, words: &[&str]) -> Value {
    let words: Vec<&str> = words
        .iter()
        .copied()
        .chain(["-q", "-f", "json", "--isolated"])
        .collect();
    let output = gonogo(folder, &words);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{words:?}: {said}"))
}

fn found<'r>(report: &'r Value, rule: &str) -> Option<&'r Value> {
    let groups = report["findings"].as_array().expect("findings");
    groups.iter().find(|group| group["rule"] == rule)
}

#[track_caller]
fn refused(folder: &Path, words: &[&str], why: &str) {
    let output = gonogo(folder, words);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{words:?}: {said}");
    assert!(said.contains(why) && said.lines().count() == 1, "{words:?}: {said}");
}

/// So many different rows.
fn rows(count: usize) -> String {
    let row = |at: usize| {
        format!(
            "{{\"prompt\": \"What is {at} and {at}?\", \"completion\": \"It is {}.\"}}\n",
            2 * at
        )
    };
    (0..count).map(row).collect()
}

/// So many rows that are the same.
fn repeated(count: usize) -> String {
    "{\"prompt\": \"Name a vitamin.\", \"completion\": \"Vitamin C is one.\"}\n".repeat(count)
}

#[test]
fn the_training_file_of_a_folder_was_left_out_for_its_format() {
    let folder = folder(&[
        ("data/train.jsonl", &repeated(4)),
        ("data/test.csv", "prompt,completion\na,b\n"),
    ]);
    let report = report(folder.path(), &["check", "data"]);
    assert_eq!(report["verdict"]["rows"], 5);
    assert!(found(&report, "dup/exact").is_some());
}

#[test]
fn a_folder_was_compared_with_the_evaluation_file_inside_it() {
    let folder = folder(&[("data/train.jsonl", &rows(4)), ("data/held.jsonl", &rows(9)[..])]);
    fs::write(folder.path().join("data/held.jsonl"), repeated(1)).expect("written");
    let report = report(folder.path(), &["check", "data", "--eval", "data/held.jsonl"]);
    assert_eq!(report["verdict"]["rows"], 5);
    assert_eq!(found(&report, "leak/eval-row"), None);
}

#[test]
fn rows_held_out_made_repeats_in_training_harmless() {
    let folder = folder(&[("train.jsonl", &repeated(8)), ("held.jsonl", &rows(300))]);
    for words in [
        &["check", "train.jsonl"][..],
        &["check", "train.jsonl", "--eval", "held.jsonl"],
    ] {
        let report = report(folder.path(), words);
        assert_eq!(report["verdict"]["go"], false, "{words:?}");
        assert_eq!(found(&report, "dup/exact").expect("found")["share"], 0.875, "{words:?}");
    }
}

#[test]
fn a_closed_pipe_was_go() {
    let folder = folder(&[("bad.jsonl", "{\"prompt\": \"cut o\n")]);
    let mut child = command(folder.path(), &["check", "bad.jsonl", "-q"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("started");
    drop(child.stdout.take());
    assert_eq!(child.wait().expect("ended").code(), Some(1));
}

#[test]
fn nothing_looked_at_was_go() {
    let folder = folder(&[
        ("good.jsonl", &rows(3)),
        (
            "sft.yaml",
            "model_name_or_path: a/b\ndataset_name: c/d\nmax_length: 64\n",
        ),
    ]);
    refused(
        folder.path(),
        &["check", "good.jsonl", "--sample", "0"],
        "--sample is 0",
    );
    let output = gonogo(folder.path(), &["check", "sft.yaml", "-f", "json", "-q", "--isolated"]);
    assert_eq!(output.status.code(), Some(2));
    let report: Value = serde_json::from_slice(&output.stdout).expect("a report");
    assert_eq!(report["verdict"]["go"], false);
}

#[test]
fn a_batch_of_no_rows_was_divided_by() {
    let folder = folder(&[("same.jsonl", &repeated(4))]);
    for flag in ["--batch-size", "--grad-accum", "--world-size"] {
        refused(folder.path(), &["check", "same.jsonl", flag, "0"], "must be at least 1");
    }
    refused(
        folder.path(),
        &["check", "same.jsonl", "--learning-rate=-1"],
        "must be 0 or more",
    );
}

#[test]
fn rows_that_meet_in_a_step_were_counted_in_two_units() {
    let folder = folder(&[("same.jsonl", &repeated(16))]);
    let report = report(folder.path(), &["check", "same.jsonl", "--batch-size", "8"]);
    let notes = found(&report, "dup/exact").expect("found")["clusters"]["notes"].to_string();
    assert!(notes.contains("56 pairs") && notes.contains("≈56 shuffled"), "{notes}");
}

#[test]
fn what_remains_was_not_what_filter_keeps() {
    let said = "It is the one that everybody knows of, as far as I can tell.";
    let pair =
        ["first", "second"].map(|what| format!("{{\"prompt\": \"Which {what}?\", \"completion\": \"{said}\"}}\n"));
    let folder = folder(&[("some.jsonl", &(rows(4) + &pair.concat()))]);
    let report = report(folder.path(), &["check", "some.jsonl"]);
    assert_eq!(found(&report, "dup/answer").expect("found")["clusters"]["remaining"], 5);
}

#[test]
fn rows_with_other_tools_were_repeats() {
    let row = |tool: &str| {
        let tools = format!("[{{\"type\": \"function\", \"function\": {{\"name\": \"{tool}\"}}}}]");
        let turns = "[{\"role\": \"user\", \"content\": \"Book a flight.\"}, \
                     {\"role\": \"assistant\", \"content\": \"I cannot do that.\"}]";
        format!("{{\"messages\": {turns}, \"tools\": {tools}}}\n")
    };
    let folder = folder(&[
        ("other.jsonl", &(row("news") + &row("tip"))),
        ("same.jsonl", &(row("news") + &row("news"))),
    ]);
    assert_eq!(
        found(&report(folder.path(), &["check", "other.jsonl"]), "dup/exact"),
        None
    );
    assert!(found(&report(folder.path(), &["check", "same.jsonl"]), "dup/exact").is_some());
}

#[test]
fn columns_were_named_and_not_used() {
    let folder = folder(&[(
        "code.jsonl",
        "{\"text\": \"Write a loop.\", \"code\": \"for x in y: pass\"}\n",
    )]);
    refused(
        folder.path(),
        &["check", "code.jsonl", "--columns", "completion=code"],
        "name their other columns too",
    );
    let both = [
        "check",
        "code.jsonl",
        "--columns",
        "prompt=text",
        "--columns",
        "completion=code",
    ];
    assert_eq!(report(folder.path(), &both)["sources"][0]["shape"], "prompt-completion");
}

#[test]
fn a_talk_that_ends_before_its_answer_was_a_special_token() {
    let row = |chosen: &str| {
        let asked = "\\n\\nHuman: Who wrote Hamlet?\\n\\nAssistant:";
        format!("{{\"chosen\": \"{asked}{chosen}\", \"rejected\": \"{asked} Ben Jonson wrote it.\"}}\n")
    };
    let talks: String = (0..30)
        .map(|at| row(&format!(" Shakespeare wrote it in {}.", 1570 + at)))
        .collect();
    let folder = folder(&[("talks.jsonl", &(talks + &row(" ")))]);
    let report = report(folder.path(), &["check", "talks.jsonl", "-m", MODEL]);
    assert_eq!(
        found(&report, "schema/empty-answer").expect("found")["places"][0]["at"]["row"],
        30
    );
    assert_eq!(found(&report, "template/special-token-in-text"), None);
}

#[test]
fn conversations_were_encoded_without_a_template() {
    let turns = "{\"messages\": [{\"role\": \"user\", \"content\": \"Hi\"}, {\"role\": \"assistant\", \"content\": \"Hello.\"}]}\n";
    let folder = folder(&[("chat.jsonl", turns)]);
    fs::copy(BARE, folder.path().join("tokenizer.json")).expect("copied");
    let words = ["encode", "chat.jsonl", "-m", "tokenizer.json", "-o", "out.jsonl"];
    refused(folder.path(), &words, "no chat template");
    assert!(!folder.path().join("out.jsonl").exists());
}

#[test]
fn flags_without_a_model_were_not_looked_at() {
    let folder = folder(&[("good.jsonl", &rows(3))]);
    refused(
        folder.path(),
        &["check", "good.jsonl", "--chat-template", "gone.jinja"],
        "gone.jinja",
    );
    refused(
        folder.path(),
        &["check", "good.jsonl", "--now", "yesterday"],
        "--now yesterday",
    );
    refused(folder.path(), &["config", "show", "gone.yaml"], "no such file");
}

#[test]
fn preference_rows_were_packed() {
    let row = "{\"prompt\": \"Name a vitamin.\", \"chosen\": \"C is one.\", \"rejected\": \"Gold is one.\"}\n";
    let folder = folder(&[("pairs.jsonl", row)]);
    refused(
        folder.path(),
        &[
            "check",
            "pairs.jsonl",
            "-m",
            MODEL,
            "--max-length",
            "64",
            "--packing",
            "bfd",
        ],
        "no trainer packs preference rows",
    );
}

#[test]
fn what_init_wrote_was_read_from_the_wrong_folder() {
    let folder = folder(&[("set/train.jsonl", &rows(4)), ("set/test.jsonl", &repeated(1))]);
    assert_eq!(gonogo(folder.path(), &["init", "set"]).status.code(), Some(0));
    for (start, data) in [("set", "train.jsonl"), ("", "set/train.jsonl")] {
        let words = ["check", data, "-q", "-f", "json", "--config", "set/gonogo.toml"];
        let words = if start.is_empty() { &words[..] } else { &words[..5] };
        let output = gonogo(&folder.path().join(start), words);
        let report: Value = serde_json::from_slice(&output.stdout).expect("a report");
        assert_eq!(report["verdict"]["rows"], 5, "{start}");
    }
}

#[test]
fn a_saved_dataset_was_filtered_into_a_file() {
    use arrow::array::{RecordBatch, StringArray};
    let folder = folder(&[("saved/dataset_info.json", "{}"), ("saved/state.json", "")]);
    let state = "{\"_data_files\": [{\"filename\": \"data-00000-of-00001.arrow\"}]}";
    fs::write(folder.path().join("saved/state.json"), state).expect("written");
    let texts: Vec<String> = (0..3).map(|at| format!("the text of row {}", at / 2)).collect();
    let column: arrow::array::ArrayRef = std::sync::Arc::new(StringArray::from(texts));
    let table = RecordBatch::try_from_iter([("text", column)]).expect("a table");
    let file = fs::File::create(folder.path().join("saved/data-00000-of-00001.arrow")).expect("created");
    let mut stream = arrow::ipc::writer::StreamWriter::try_new(file, &table.schema()).expect("a writer");
    stream.write(&table).expect("written");
    stream.finish().expect("closed");
    let output = gonogo(folder.path(), &["filter", "saved", "--drop", "dup/exact", "-o", "out"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut kept = String::new();
    let state = fs::File::open(folder.path().join("out/state.json"));
    state.expect("there").read_to_string(&mut kept).expect("read");
    assert!(kept.contains("data-00000-of-00001.arrow") && folder.path().join("out/dataset_info.json").exists());
    assert_eq!(report(folder.path(), &["check", "out"])["verdict"]["rows"], 2);
}

#[test]
fn what_a_prompt_says_was_said_before_was_trained() {
    let message = |role: &str, text: &str| format!("{{\"role\": \"{role}\", \"content\": \"{text}\"}}");
    let asked = message("user", "Name a vitamin.");
    let talk = [
        &asked,
        &message("assistant", "Vitamin C is one."),
        &message("user", "Another?"),
    ];
    let talk = talk.map(String::as_str).join(", ");
    let (chosen, rejected) = (message("assistant", "D is one."), message("assistant", "Gold is one."));
    let pair =
        |prompt: &str| format!("{{\"prompt\": [{prompt}], \"chosen\": [{chosen}], \"rejected\": [{rejected}]}}\n");
    let folder = folder(&[("short.jsonl", &pair(&asked)), ("long.jsonl", &pair(&talk))]);
    let trained = |name: &str| report(folder.path(), &["check", name, "-m", MODEL])["masks"]["trained"].as_u64();
    assert!(trained("short.jsonl").is_some_and(|trained| trained > 0));
    assert_eq!(trained("long.jsonl"), trained("short.jsonl"));
}

/// Trained tokens of each file, without a limit.
fn trained(folder: &Path, name: &str, model: &str, more: &[&str]) -> Option<u64> {
    let words: Vec<&str> = ["check", name, "-m", model].iter().chain(more).copied().collect();
    report(folder, &words)["masks"]["trained"].as_u64()
}

#[test]
fn thoughts_beside_an_answer_were_not_trained() {
    const THINKING: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/tokenizers/qwen3-like");
    let row = |answer: &str| {
        let asked = "{\"role\": \"user\", \"content\": \"What is 2 and 2?\"}";
        format!("{{\"messages\": [{asked}, {{\"role\": \"assistant\", {answer}}}]}}\n")
    };
    let folder = folder(&[
        (
            "inside.jsonl",
            &row("\"content\": \"<think>\\nTwo and two make four.\\n</think>\\n\\nIt is 4.\""),
        ),
        (
            "beside.jsonl",
            &row("\"content\": \"It is 4.\", \"reasoning_content\": \"Two and two make four.\""),
        ),
        ("without.jsonl", &row("\"content\": \"It is 4.\"")),
    ]);
    let trained = |name: &str| trained(folder.path(), name, THINKING, &[]).expect("a mask");
    assert_eq!(trained("beside.jsonl"), trained("inside.jsonl"));
    assert!(trained("beside.jsonl") > trained("without.jsonl") + 5);
}

#[test]
fn answers_cut_before_their_labels_were_made_were_whole() {
    let row = |at: usize| {
        let said = "it goes on and on ".repeat(if at == 0 { 40 } else { 1 });
        format!(
            "{{\"messages\": [{{\"role\": \"user\", \"content\": \"Say {at}.\"}}, \
             {{\"role\": \"assistant\", \"content\": \"{said}\"}}]}}\n"
        )
    };
    let folder = folder(&[("long.jsonl", &(0..4).map(row).collect::<String>())]);
    for trainer in [
        &["unsloth"][..],
        &[
            "transformers",
            "--set",
            "tokenize.mode=chat",
            "--set",
            "tokenize.call.truncation=true",
            "--set",
            "tokenize.call.max_length=48",
        ],
    ] {
        let words = ["check", "long.jsonl", "-m", MODEL, "--max-length", "48", "--trainer"];
        let report = report(folder.path(), &[&words[..], trainer].concat());
        let cut = &report["lengths"]["max_length"];
        assert!(cut["trained"].as_u64() > Some(50), "{trainer:?}: {cut}");
    }
}

#[test]
fn bins_of_real_batches_were_steps_of_one() {
    let row = |at: usize| {
        format!(
            "{{\"messages\": [{{\"role\": \"user\", \"content\": \"What comes after {at}?\"}}, \
             {{\"role\": \"assistant\", \"content\": \"It is {}.\"}}]}}\n",
            at + 1
        )
    };
    let config = |more: &str| {
        format!(
            "base_model: {MODEL}\ndatasets:\n  - path: rows.jsonl\n    type: chat_template\nsequence_len: 64\n\
             sample_packing: true\nmicro_batch_size: 4\nnum_epochs: 1\nval_set_size: 0\n{more}"
        )
    };
    let folder = folder(&[
        ("rows.jsonl", &(0..200).map(row).collect::<String>()),
        ("sdpa.yaml", &config("")),
        ("flash.yaml", &config("flash_attention: true\n")),
    ]);
    let plan = |name: &str| {
        let report = report(folder.path(), &["check", name]);
        let plan = &report["plan"];
        let packed = (
            plan["packed"]["sequences"].as_u64(),
            plan["packed"]["capacity"].as_u64(),
        );
        (
            packed,
            plan["plan"]["steps"].as_u64(),
            plan["plan"]["batch_size"].as_u64(),
        )
    };
    let ((Some(sequences), capacity), steps, batch) = plan("sdpa.yaml") else {
        panic!("no plan")
    };
    assert_eq!((capacity, batch, steps), (Some(64), Some(4), Some(sequences / 4)));
    let ((Some(sequences), capacity), steps, batch) = plan("flash.yaml") else {
        panic!("no plan")
    };
    assert_eq!((capacity, batch, steps), (Some(256), Some(1), Some(sequences)));
}

#[test]
fn held_out_rows_too_short_to_be_found_were_passed_over_in_silence() {
    let folder = folder(&[
        ("train.jsonl", &rows(20)),
        ("short.jsonl", &repeated(1)),
        (
            "long.jsonl",
            &format!("{{\"text\": \"{}\"}}\n", "one word after another ".repeat(9)),
        ),
    ]);
    let notes =
        |held_out: &str| report(folder.path(), &["check", "train.jsonl", "--eval", held_out])["notes"].to_string();
    assert!(
        notes("short.jsonl").contains("fewer than 13 words"),
        "{}",
        notes("short.jsonl")
    );
    assert!(
        !notes("long.jsonl").contains("fewer than 13 words"),
        "{}",
        notes("long.jsonl")
    );
}

/// What a rule says of each row of a file, by line.
fn told(name: &str, text: &str, rule: &str) -> Vec<(u64, String)> {
    let folder = folder(&[(name, text)]);
    let report = report(folder.path(), &["check", name, "--select", rule]);
    let Some(group) = found(&report, rule) else {
        return Vec::new();
    };
    let said = |finding: &Value| {
        let message = finding["message"].as_str().expect("a message");
        (finding["at"]["line"].as_u64().unwrap_or_default(), message.to_owned())
    };
    group["places"].as_array().expect("places").iter().map(said).collect()
}

/// The rows of `usual`, and behind them the odd ones.
fn with_odd<'r>(usual: impl Fn(usize) -> String, count: usize, odd: impl IntoIterator<Item = &'r str>) -> String {
    let usual: String = (0..count).map(|at| usual(at) + "\n").collect();
    let odd: String = odd.into_iter().map(|row| format!("{row}\n")).collect();
    usual + &odd
}

#[test]
fn what_is_no_query_passed_among_queries() {
    let row = |at: usize| {
        format!(r#"{{"prompt": "Who filed {at}?", "completion": "MATCH (e)-[:FILED]->(f {{id: {at}}}) RETURN e"}}"#)
    };
    for (answer, what) in [
        (
            "MATCH (e)-[:FILED]->(f) WHERE f.x = 'Singapore' RETURN ",
            "it ends with `RETURN`",
        ),
        ("MATCH (e-[:FILED]->(f) RETURN e", "`(` is opened and not closed"),
        ("MATCH (e {name: 'a}) RETURN e", "`'` is opened and not closed"),
        ("MATCH (e)-[:FILED]-&gt;(f) RETURN e", "`&gt;` stands for `>`"),
        ("```cypher\\nMATCH (e) RETURN e\\n```", "stands in a block of code"),
        ("Here is your query: MATCH (e) RETURN e", "no query, as 100 of 101 are"),
        ("I'm sorry, but the schema does not contain it.", "no query"),
        ("NULL", "no query"),
    ] {
        let odd = format!(r#"{{"prompt": "Which?", "completion": "{answer}"}}"#);
        let told = told("q.jsonl", &with_odd(row, 100, [odd.as_str()]), "text/broken-query");
        assert!(
            told.len() == 1 && told[0].0 == 101 && told[0].1.contains(what),
            "{answer}: {told:?}"
        );
    }
    // An answer that is given again is one that is meant, and sentences are no set of queries.
    let refused = [r#"{"prompt": "Which?", "completion": "There is none."}"#; 3];
    let statement = r#"{"prompt": "Which tables?", "completion": "SHOW TABLES"}"#;
    let rows = with_odd(row, 200, refused.into_iter().chain([statement]));
    assert_eq!(told("q.jsonl", &rows, "text/broken-query"), []);
    let advice =
        |at: usize| format!(r#"{{"prompt": "What about {at}?", "completion": "Select the {at} best of them, and"}}"#);
    assert_eq!(told("q.jsonl", &with_odd(advice, 100, []), "text/broken-query"), []);
}

#[test]
fn chats_written_out_lost_their_answers_unseen() {
    let row = |at: usize| {
        format!(
            r#"{{"text": "<|im_start|>user\nWhat is {at}?<|im_end|>\n<|im_start|>assistant\nA number.<|im_end|>"}}"#
        )
    };
    let user = "<|im_start|>user\\nWhy?<|im_end|>\\n";
    for odd in [
        format!("{user}<|im_start|>assistant\\n<|im_end|>"),
        format!("{user}<|im_start|>assistant\\n"),
        format!("{user}<|im_start|>assistant\\nBecause."),
        user.to_owned(),
        format!("{user}<|im_start|>assitant\\nBecause.<|im_end|>"),
        format!("{user}<|im_start|>assistant\\n<|im_start|>assistant\\nBecause.<|im_end|>"),
        "<|user|>\\nWhy?\\n<|assistant|>\\nBecause.".to_owned(),
        "Because.".to_owned(),
    ] {
        let odd = format!(r#"{{"text": "{odd}"}}"#);
        let told = told("t.jsonl", &with_odd(row, 100, [odd.as_str()]), "text/chat-unlike");
        assert!(told.len() == 1 && told[0].0 == 101, "{odd}: {told:?}");
    }
    let answer = "<|im_start|>assistant\\nBecause.<|im_end|>";
    for meant in [
        format!("{user}{answer}\\n{user}{answer}"),
        format!("<|im_start|>system\\nBe brief.<|im_end|>\\n{user}{answer}"),
        format!("{user}{answer}\\n<|im_start|>tool\\nrain<|im_end|>\\n{answer}"),
        format!("{user}<|im_start|>assistant\\nIt is <s>not</s> so.<|im_end|>"),
    ] {
        let meant = format!(r#"{{"text": "{meant}"}}"#);
        let told = told("t.jsonl", &with_odd(row, 100, [meant.as_str()]), "text/chat-unlike");
        assert_eq!(told, [], "{meant}");
    }
}

#[test]
fn a_separator_lost_in_one_row_passed() {
    let row = |at: usize| format!(r#"{{"prompt": "house {at}\n\n###\n\n", "completion": " maison {at}\n###"}}"#);
    for (prompt, completion, what) in [
        (
            "house",
            " maison\\n###",
            "the prompt does not end with `\\n\\n###\\n\\n`",
        ),
        (
            "house\\n\\n###\\n\\n",
            " maison",
            "the completion does not end with `\\n###`",
        ),
        ("house\\n\\n###\\n\\n", " maison\\n###\\n###", "twice"),
        ("house\\n\\n###\\n\\n", "maison\\n###", "does not begin with a blank"),
        ("house\\n\\n###\\n\\n", " \\n###", "the completion is empty but for"),
        ("[]\\n\\n###\\n\\n", " []\\n###", "the completion is empty but for"),
    ] {
        let odd = format!(r#"{{"prompt": "{prompt}", "completion": "{completion}"}}"#);
        let told = told("p.jsonl", &with_odd(row, 120, [odd.as_str()]), "text/separator-lost");
        assert!(
            told.len() == 1 && told[0].0 == 121 && told[0].1.contains(what),
            "{odd}: {told:?}"
        );
    }
    // What modules of a language begin and end with is no separator where it has no one length.
    let module = |at: usize| {
        let line = "=".repeat(4 + at % 60);
        format!(r#"{{"prompt": "module {at}", "completion": "---- MODULE m{at}\n{line}"}}"#)
    };
    let odd = r#"{"prompt": "module m", "completion": "(*** m\n===="}"#;
    assert_eq!(
        told("p.jsonl", &with_odd(module, 120, [odd]), "text/separator-lost"),
        []
    );
}

#[test]
fn rows_tokenised_before_were_trained_from_elsewhere_on() {
    let row = |at: usize, labels: &str, attention: &str| {
        format!(
            r#"{{"input_ids": [1, 5, {}, 7, 8, {}, {}, 2], "labels": [{labels}], "attention_mask": [{attention}]}}"#,
            at + 20,
            at + 21,
            at + 22
        )
    };
    let ones = "1, 1, 1, 1, 1, 1, 1, 1";
    let trained = |at: usize| format!("-100, -100, -100, -100, -100, {}, {}, 2", at + 21, at + 22);
    let usual = |at: usize| row(at, &trained(at), ones);
    for (labels, attention, what) in [
        (
            "-100, -100, -100, -100, -100, -100, 922, 2",
            ones,
            "begins behind 8 921, and behind 7 8 in 100 of 101",
        ),
        ("-100, -100, -100, 7, 8, 921, 922, 2", ones, "begins behind 5 920"),
        ("1, 5, -100, -100, -100, 921, 922, 2", ones, "begins behind nothing"),
        (
            "-100, -100, -100, -100, -100, 921, 922, 2",
            "1, 1, 0, 1, 1, 1, 1, 1",
            "attention is 0 between",
        ),
    ] {
        let told = told(
            "z.jsonl",
            &with_odd(usual, 100, [row(900, labels, attention).as_str()]),
            "mask/row-unlike",
        );
        assert!(
            told.len() == 1 && told[0].0 == 101 && told[0].1.contains(what),
            "{labels}: {told:?}"
        );
    }
    let masked = |at: usize, mask: &str| {
        format!(
            r#"{{"input_ids": [1, 5, {}, 7, 8, {}, 9, 2], "completion_mask": [{mask}]}}"#,
            at + 20,
            at + 21
        )
    };
    let odd = masked(900, "0, 0, 0, 0, 0, 1, 0, 1");
    let rows = with_odd(|at| masked(at, "0, 0, 0, 0, 0, 1, 1, 1"), 100, [odd.as_str()]);
    assert_eq!(told("z.jsonl", &rows, "mask/row-unlike").len(), 1);
}

#[test]
fn a_full_stop_that_ended_most_rows_was_taken_for_an_end_token() {
    let row = |at: usize| {
        let last = if at.is_multiple_of(10) { 300 + at } else { 13 };
        // None is of the length of another that was cut.
        let words = format!("{}, ", at + 20).repeat(at + 1);
        format!(r#"{{"input_ids": [1, {words}{last}], "labels": [-100, {words}{last}]}}"#)
    };
    assert_eq!(told("z.jsonl", &with_odd(row, 100, []), "mask/row-unlike"), []);
}

#[test]
fn defects_of_preference_rows_were_told_as_others() {
    let kto = |at: usize| {
        let good = at.is_multiple_of(2);
        format!(r#"{{"prompt": "Name number {at}.", "completion": "It is {at}, of course.", "label": {good}}}"#)
    };
    for (odd, rule, what) in [
        (
            r#"{"prompt": "Why?", "completion": "So.", "label": null}"#,
            "schema/missing-column",
            "`label` is null",
        ),
        (
            r#"{"prompt": "Why?", "completion": "So."}"#,
            "schema/missing-column",
            "`label` is missing",
        ),
        (
            r#"{"prompt": null, "completion": [{"role": "assistant", "content": "So."}], "label": true}"#,
            "schema/missing-column",
            "`prompt` is null",
        ),
        (
            r#"{"prompt": "Name number 4.", "completion": "It is 4, of course.", "label": false}"#,
            "dup/prompt",
            "good in one and bad in another",
        ),
        (
            r#"{"text": "Name a vitamin."}"#,
            "schema/mixed-shapes",
            "a text row in a kto file",
        ),
    ] {
        let told = told("k.jsonl", &with_odd(kto, 20, [odd]), rule);
        assert!(told.len() == 1 && told[0].1.contains(what), "{odd}: {told:?}");
    }
    let pair = |at: usize| {
        let asked = format!(r#"{{"role": "user", "content": "Name number {at}."}}"#);
        let said = |word: &str| format!(r#"[{asked}, {{"role": "assistant", "content": "{word} {at}"}}]"#);
        format!(r#"{{"chosen": {}, "rejected": {}}}"#, said("It is"), said("No"))
    };
    let odd = r#"{"chosen": [{"role": "user", "content": "Why?"}, {"role": "assistant", "content": "So."}], "rejected": [{"role": "user", "content": "Why?"}]}"#;
    let told = told("d.jsonl", &with_odd(pair, 20, [odd]), "schema/no-answer");
    assert!(
        told.len() == 1 && told[0].1.contains("`rejected` has 1 message, none the assistant's"),
        "{told:?}"
    );
}

#[test]
fn columns_of_lists_were_a_row_without_a_shape() {
    let table = r#"{"question": ["a", "b"], "answer": ["c", "d"]}"#;
    let said = told("t.json", table, "schema/unknown-shape");
    assert!(said[0].1.contains("each a list, instead of a list of rows"), "{said:?}");
    let splits = r#"{"train": ["a", "b"], "other": ["c"]}"#;
    let said = told("t.json", splits, "schema/unknown-shape");
    assert!(!said[0].1.contains("each a list"), "{said:?}");
}

#[test]
fn intents_beside_texts_were_passed_over() {
    let row = |column: &'static str, long: bool| {
        move |at: usize| {
            let text = if long {
                "A long text about nothing at all. ".repeat(30)
            } else {
                "Call me".to_owned()
            };
            format!(r#"{{"text": "{text} {at}", "{column}": "class_{}"}}"#, at % 3)
        }
    };
    for (column, long, count) in [
        ("intent", false, 1),
        ("gloss", true, 1),
        ("category", false, 1),
        ("category", true, 0),
    ] {
        let told = told("t.jsonl", &with_odd(row(column, long), 20, []), "schema/unread-column");
        assert_eq!(told.len(), count, "{column}");
    }
}

#[test]
fn the_schedule_that_torchtune_brings_is_none_that_transformers_lacks() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let report = report(here, &["check", "fixtures/configs/torchtune.yaml", "--no-cache"]);
    assert_eq!(found(&report, "budget/no-run"), None);
}

#[test]
fn a_training_config_that_names_its_lora_modules_is_no_adapter() {
    let config = format!(
        "model_name_or_path: {MODEL}\ndataset_name: data\nlora_r: 16\nlora_alpha: 32\nlora_target_modules: all-linear\n\
         output_dir: out\nuse_peft: true\n"
    );
    let row = "{\"prompt\": \"Why?\", \"completion\": \"So.\"}\n";
    let folder = folder(&[("sft.yaml", config.as_str()), ("data/train.jsonl", row)]);
    let report = report(folder.path(), &["check", "sft.yaml", "--no-cache"]);
    assert_eq!(found(&report, "config/invalid"), None);
}
