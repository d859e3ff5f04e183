//! Faults that only the config and the rows together have: each was passed over once, or called something else.

use std::path::Path;

use serde_json::Value;

use crate::run::{MODEL, folder, gonogo};

/// What a rule says of a config among these files; `{MODEL}` in them is the model's folder.
fn said(files: &[(&str, &str)], config: &str, rule: &str) -> Vec<String> {
    let files: Vec<(&str, String)> = files
        .iter()
        .map(|(name, text)| (*name, text.replace("{MODEL}", MODEL)))
        .collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let folder = folder(&files);
    messages(folder.path(), config, rule)
}

fn messages(folder: &Path, checked: &str, rule: &str) -> Vec<String> {
    let output = gonogo(
        folder,
        &["check", checked, "-q", "-f", "json", "--isolated", "--no-cache"],
    );
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{checked}: {text}"));
    let groups = report["findings"].as_array().expect("findings");
    let group = groups.iter().find(|group| group["rule"] == rule);
    let findings = group.map_or(&Value::Null, |group| &group["places"]).as_array();
    let message = |finding: &Value| finding["message"].as_str().expect("a message").to_owned();
    findings.into_iter().flatten().map(message).collect()
}

#[track_caller]
fn tells(found: &[String], words: &[&str]) {
    let one = found
        .iter()
        .any(|message| words.iter().all(|word| message.contains(word)));
    assert!(one, "{words:?}: {found:?}");
}

const LLAMA_FACTORY: &str = "model_name_or_path: {MODEL}\nstage: sft\ndo_train: true\nfinetuning_type: full\n\
    template: qwen\ndataset_dir: .\ndataset: rows\ncutoff_len: 512\noutput_dir: out\n";
const AXOLOTL: &str = "base_model: {MODEL}\nmicro_batch_size: 1\nnum_epochs: 1\nlearning_rate: 2.0e-5\n\
    sequence_len: 512\noutput_dir: out\ndatasets:\n  - path: rows.jsonl\n    type: ";
const TRL: &str = "model_name_or_path: {MODEL}\ndataset_name: data\nmax_length: 512\noutput_dir: out\n\
    per_device_train_batch_size: 1\n";

const ALPACA: &str = r#"{"instruction": "Add the numbers of it.", "input": "two and three, then four", "system": "You are the clerk of a shop.", "history": [["What do you sell here?", "Numbers of every size."]], "output": "It is nine, all in all."}
"#;
const CHAT: &str = r#"{"messages": [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}]}
"#;

#[test]
fn columns_without_a_mapping_were_passed_over() {
    let entry = r#"{"rows": {"file_name": "rows.jsonl", "columns": {"prompt": "instruction", "response": "output"}}}"#;
    let files = [
        ("lf.yaml", LLAMA_FACTORY),
        ("dataset_info.json", entry),
        ("rows.jsonl", ALPACA),
    ];
    let found = said(&files, "lf.yaml", "schema/unread-column");
    for column in ["`input`", "`system`", "`history`"] {
        tells(&found, &["llama-factory", column]);
    }
    let all = r#"{"rows": {"file_name": "rows.jsonl", "columns": {"prompt": "instruction", "query": "input",
        "response": "output", "system": "system", "history": "history"}}}"#;
    let files = [
        ("lf.yaml", LLAMA_FACTORY),
        ("dataset_info.json", all),
        ("rows.jsonl", ALPACA),
    ];
    assert_eq!(said(&files, "lf.yaml", "schema/unread-column"), [""; 0]);

    let config = format!("{AXOLOTL}alpaca\n");
    let files = [("axolotl.yaml", config.as_str()), ("rows.jsonl", ALPACA)];
    tells(
        &said(&files, "axolotl.yaml", "schema/unread-column"),
        &["axolotl", "`system`"],
    );
}

#[test]
fn a_system_prompt_beside_messages_was_no_loss_where_all_rows_had_the_same() {
    let row = |column: &str, value: &str| CHAT.replacen('{', &format!("{{\"{column}\": {value}, "), 1).repeat(3);
    for (column, value) in [
        ("system", r#""You are a clerk.""#),
        (
            "functions",
            r#"[{"name": "add", "description": "Adds two numbers and gives back their sum."}]"#,
        ),
    ] {
        let rows = row(column, value);
        let files = [("sft.yaml", TRL), ("data/train.jsonl", rows.as_str())];
        tells(&said(&files, "sft.yaml", "schema/unread-column"), &["trl", column]);
    }
}

#[test]
fn a_text_of_answers_alone_was_said_to_train_prompts() {
    let config = format!("{AXOLOTL}completion\n    field: output\n");
    let files = [("axolotl.yaml", config.as_str()), ("rows.jsonl", ALPACA)];
    tells(
        &said(&files, "axolotl.yaml", "schema/unread-column"),
        &["`instruction`"],
    );
    assert_eq!(said(&files, "axolotl.yaml", "mask/everything-trained"), [""; 0]);
}

#[test]
fn a_split_that_is_not_there_was_the_training_set_again() {
    let config = format!("{TRL}eval_strategy: epoch\n");
    let files = [("sft.yaml", config.as_str()), ("data/train.jsonl", CHAT)];
    tells(
        &said(&files, "sft.yaml", "config/refused"),
        &["KeyError: 'test'", "but 'train'"],
    );
    assert_eq!(said(&files, "sft.yaml", "leak/eval-row"), [""; 0]);
    let other = CHAT.replace('2', "3");
    let files = [
        ("sft.yaml", config.as_str()),
        ("data/train.jsonl", CHAT),
        ("data/test.jsonl", other.as_str()),
    ];
    assert_eq!(said(&files, "sft.yaml", "config/refused"), [""; 0]);
}

#[test]
fn a_template_of_another_family_was_like_any_other() {
    let config = LLAMA_FACTORY.replace("qwen", "llama3");
    let entry = r#"{"rows": {"file_name": "rows.jsonl"}}"#;
    let files = [
        ("lf.yaml", config.as_str()),
        ("dataset_info.json", entry),
        ("rows.jsonl", ALPACA),
    ];
    let found = said(&files, "lf.yaml", "template/foreign-marks");
    tells(&found, &["the template writes", "`<|start_header_id|>`"]);
    let files = [
        ("lf.yaml", LLAMA_FACTORY),
        ("dataset_info.json", entry),
        ("rows.jsonl", ALPACA),
    ];
    assert_eq!(said(&files, "lf.yaml", "template/foreign-marks"), [""; 0]);
}

#[test]
fn a_tokenizer_of_another_model_was_taken_for_its_own() {
    let table = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/models/table");
    let config = format!("{AXOLOTL}alpaca\ntokenizer_config: {table}\n").replace("{MODEL}", "base");
    for (model, count) in [
        (r#"{"model_type": "llama", "vocab_size": 128}"#, 1),
        (r#"{"model_type": "gpt2", "vocab_size": 264}"#, 0),
        (r#"{"model_type": "llama", "vocab_size": 261}"#, 0),
    ] {
        let files = [
            ("axolotl.yaml", config.as_str()),
            ("rows.jsonl", ALPACA),
            ("base/config.json", model),
        ];
        let found = said(&files, "axolotl.yaml", "config/foreign-tokenizer");
        assert_eq!(found.len(), count, "{model}: {found:?}");
    }
}

#[test]
fn shards_that_a_folder_lacks_were_not_asked_for() {
    let there = folder(&[
        ("data/train-00001-of-00004.jsonl", CHAT),
        ("data/train-00003-of-00004.jsonl", CHAT),
    ]);
    let found = messages(there.path(), "data", "schema/missing-shard");
    tells(&found, &["train-00000-of-00004.jsonl and 1 more", "2 of 4"]);
    let found = messages(there.path(), "data/train-00001-of-00004.jsonl", "schema/missing-shard");
    assert_eq!(found, [""; 0]);
}

#[test]
fn new_tokens_with_frozen_embeddings_are_refused_by_axolotl() {
    let config = |more: &str| format!("{AXOLOTL}alpaca\nadapter: lora\ntokens: [\"<tool>\"]\n{more}");
    for (more, count) in [("", 1), ("lora_modules_to_save: [embed_tokens, lm_head]\n", 0)] {
        let config = config(more);
        let files = [("axolotl.yaml", config.as_str()), ("rows.jsonl", ALPACA)];
        let found = said(&files, "axolotl.yaml", "config/refused");
        assert_eq!(found.len(), count, "{found:?}");
    }
}

#[test]
fn swapped_answers_were_lost_and_leaked_ones() {
    let config = LLAMA_FACTORY.replace("sft", "dpo");
    let entry = r#"{"rows": {"file_name": "rows.jsonl", "ranking": true, "formatting": "sharegpt",
        "columns": {"messages": "conversations", "chosen": "rejected", "rejected": "chosen"}}}"#;
    let row = r#"{"conversations": [{"from": "human", "value": "How many are two and two?"}],
        "chosen": {"from": "gpt", "value": "They are four, whoever counts."},
        "rejected": {"from": "gpt", "value": "Nobody knows that for certain."}}"#;
    let row = row.replace('\n', " ") + "\n";
    let files = [
        ("lf.yaml", config.as_str()),
        ("dataset_info.json", entry),
        ("rows.jsonl", row.as_str()),
    ];
    tells(
        &said(&files, "lf.yaml", "config/swapped-sides"),
        &["`chosen`", "`rejected`"],
    );
    for rule in ["template/message-lost", "leak/answer-in-template"] {
        assert_eq!(said(&files, "lf.yaml", rule), [""; 0], "{rule}");
    }
}

#[test]
fn nobody_said_why_no_row_was_trained() {
    let config = format!("{AXOLOTL}chat_template\n    roles_to_train: [model]\n");
    let files = [("axolotl.yaml", config.as_str()), ("rows.jsonl", CHAT)];
    tells(
        &said(&files, "axolotl.yaml", "mask/nothing-trained"),
        &["roles_to_train", "model"],
    );

    let config = LLAMA_FACTORY.replace("sft", "kto");
    let entry = r#"{"rows": {"file_name": "rows.jsonl", "columns": {"prompt": "prompt", "response": "completion"}}}"#;
    let row = "{\"prompt\": \"2+2?\", \"completion\": \"4\", \"label\": true}\n";
    let files = [
        ("lf.yaml", config.as_str()),
        ("dataset_info.json", entry),
        ("rows.jsonl", row),
    ];
    tells(&said(&files, "lf.yaml", "mask/row-dropped"), &["kto_tag"]);
}

#[test]
fn one_set_in_two_shapes_had_misplaced_answers() {
    let talk = r#"{"conversations": [{"from": "human", "value": "2+2?"}, {"from": "gpt", "value": "Four, I should say."}]}
"#;
    let task = "{\"instruction\": \"2+2?\", \"input\": \"\", \"output\": \"Four, I should say.\"}\n";
    let both = folder(&[("data/a.jsonl", task), ("data/b.jsonl", talk)]);
    assert_eq!(messages(both.path(), "data", "dup/exact").len(), 1);
}

#[test]
fn settings_that_another_makes_void_were_taken_for_set() {
    let config = format!("{TRL}completion_only_loss: true\n");
    let files = [
        ("sft.yaml", config.as_str()),
        ("data/train.jsonl", "{\"text\": \"Two and two are four.\"}\n"),
    ];
    tells(&said(&files, "sft.yaml", "config/no-effect"), &["completion_only_loss"]);
    let files = [
        ("sft.yaml", config.as_str()),
        ("data/train.jsonl", "{\"prompt\": \"2+2?\", \"completion\": \"4\"}\n"),
    ];
    assert_eq!(said(&files, "sft.yaml", "config/no-effect"), [""; 0]);

    let config =
        format!("{AXOLOTL}chat_template\nchat_template: chatml\nchat_template_jinja: \"{{{{ messages }}}}\"\n");
    let files = [("axolotl.yaml", config.as_str()), ("rows.jsonl", CHAT)];
    tells(
        &said(&files, "axolotl.yaml", "config/no-effect"),
        &["chat_template_jinja", "chatml"],
    );
}

#[test]
fn tools_that_no_row_tells_of_were_usual() {
    let row = |name: &str, more: &str| {
        format!(
            r#"{{"messages": [{{"role": "user", "content": "How is it there{more}?"}}, {{"role": "assistant", "content": "", "tool_calls": [{{"type": "function", "function": {{"name": "{name}", "arguments": {{}}}}}}]}}, {{"role": "tool", "content": "rain"}}, {{"role": "assistant", "content": "It rains."}}]}}"#
        ) + "\n"
    };
    for (rows, count) in [
        ([row("get_weather", ""), row("get_traffic", "")], 1),
        // One tool may be what the model is for, and a message may tell of them.
        ([row("get_weather", ""), row("get_weather", "")], 0),
        ([row("get_weather", " (ask get_weather)"), row("get_traffic", "")], 0),
    ] {
        let rows = rows.concat();
        let there = folder(&[("rows.jsonl", rows.as_str())]);
        assert_eq!(
            messages(there.path(), "rows.jsonl", "schema/missing-tools").len(),
            count,
            "{rows}"
        );
    }
}
