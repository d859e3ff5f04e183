//! Single rows on which `gonogo encode` and the real trainers once differed. What is expected was recorded from
//! the libraries: ids and labels, or that the run ends, and then no file is written.

use serde_json::{Value, json};

use super::run::{folder, gonogo, said};

const TOKENIZERS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/tokenizers");

/// `gonogo encode` of these lines with a tokenizer of the fixtures: what it wrote, or what it said at exit 2.
fn encode(lines: &[&str], model: &str, trainer: &str, set: &[&str]) -> Result<Vec<Value>, String> {
    let folder = folder(&[("d.jsonl", &lines.join("\n"))]);
    let model = format!("{TOKENIZERS}/{model}");
    let mut words = vec![
        "encode",
        "d.jsonl",
        "--isolated",
        "-o",
        "-",
        "-m",
        &model,
        "--trainer",
        trainer,
    ];
    words.extend(set.iter().flat_map(|option| ["--set", option]));
    let output = gonogo(folder.path(), &words);
    match output.status.code() {
        Some(0) => Ok(String::from_utf8_lossy(&output.stdout)
            .lines()
            .map(|line| serde_json::from_str(line).expect("JSON"))
            .collect()),
        Some(2) => {
            assert!(output.stdout.is_empty(), "{}", said(&output).1);
            Err(said(&output).1)
        }
        code => panic!("{code:?}: {}", said(&output).1),
    }
}

fn raises(lines: &[&str], trainer: &str, set: &[&str], what: &str) {
    let got = encode(lines, "qwen-chatml", trainer, set).expect_err("the run ends");
    assert!(got.contains(what), "{trainer} {set:?}: {got}");
}

fn is(rows: &[Value], expected: &[(&[u32], &[i32])]) {
    let got: Vec<_> = rows
        .iter()
        .map(|row| json!([row["input_ids"], row["labels"]]))
        .collect();
    let expected: Vec<_> = expected.iter().map(|(ids, labels)| json!([ids, labels])).collect();
    assert_eq!(got, expected);
}

const SFT: &str = "trainer_type=sft";
const CHAT: &str = r#"datasets.0.type="chat_template""#;

#[test]
fn the_eos_goes_behind_the_prompt_where_that_is_the_text_field() {
    let set = [SFT, r#"dataset_text_field="prompt""#];
    let row = [r#"{"prompt": "a", "completion": " b"}"#];
    let rows = |version| encode(&row, "qwen-chatml", version, &set).expect("encoded");
    is(&rows("trl@1.12.0"), &[(&[64, 271, 702], &[-100, 271, 702])]);
    is(&rows("trl@1.15.0"), &[(&[64, 702, 271], &[-100, -100, 271])]);
    is(&rows("trl@1.16.0"), &[(&[64, 702, 271], &[-100, -100, 271])]);
}

#[test]
fn a_collator_that_looks_for_markers_sees_no_masks() {
    let row = [r#"{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}"#];
    let collator = r#"completion_only_lm={"response_template": "<|im_start|>assistant\n"}"#;
    let set = [SFT, "assistant_only_loss=true", collator];
    let rows = encode(&row, "qwen-chatml-gen-noeot", "trl@0.19.1", &set).expect("encoded");
    let ids = [701, 84, 369, 198, 64, 702, 198, 701, 64, 295, 198, 65, 702, 198];
    let mut labels = [-100; 14];
    labels[11..].copy_from_slice(&[65, 702, 198]);
    is(&rows, &[(&ids, &labels)]);
}

#[test]
fn a_first_message_without_content_is_no_message_where_nulls_are_removed() {
    let messages = r#"[{"role": "user", "content": null}, {"role": "assistant", "content": "x"}]"#;
    let row = format!(r#"{{"messages": {messages}, "text": "hello"}}"#);
    for version in ["trl@0.19.1", "trl@0.24.0", "trl@0.27.0"] {
        let rows = encode(&[&row], "mistral-spm", version, &[SFT]).expect("encoded");
        is(&rows, &[(&[1, 450, 626, 326, 2], &[1, 450, 626, 326, 2])]);
    }
}

#[test]
fn dates_are_no_texts() {
    let alpaca = [
        r#"{"instruction": "when?", "input": "", "output": "2024-01-01"}"#,
        r#"{"instruction": "and?", "input": "", "output": "2024-02-03"}"#,
    ];
    let asked = [r#"{"instruction": "2024-01-01", "input": "", "output": "a"}"#];
    let chat = [
        r#"{"messages": [{"role": "user", "content": "2024-01-01"}, {"role": "assistant", "content": "2024-01-02"}]}"#,
    ];
    let text = [r#"{"text": "2024-01-01"}"#];
    let (axolotl, factory) = ("axolotl@0.19.0", "llama-factory@0.9.5");
    let columns = r#"columns={"prompt": "instruction", "query": "input", "response": "output"}"#;
    let turns = r#"columns={"messages": "messages"}"#;
    let tags =
        r#"tags={"role_tag": "role", "content_tag": "content", "user_tag": "user", "assistant_tag": "assistant"}"#;
    raises(&text, "trl@1.16.0", &[SFT], "AttributeError");
    raises(&chat, "trl@1.16.0", &[SFT], "the loader makes a datetime");
    raises(&chat, axolotl, &[CHAT], "the loader makes a datetime");
    raises(
        &alpaca,
        axolotl,
        &[r#"datasets.0.type="alpaca""#],
        "ValueError: text input must be of type `str`",
    );
    raises(
        &text,
        axolotl,
        &[r#"datasets.0.type="completion""#],
        "ValueError: text input must be of type `str`",
    );
    // It drops the rows, and then has none.
    raises(
        &alpaca,
        factory,
        &["template=qwen", columns],
        "Cannot find valid samples",
    );
    raises(&asked, factory, &["template=qwen", columns], "TypeError");
    let sharegpt = ["template=qwen", r#"formatting="sharegpt""#, turns, tags];
    raises(
        &chat,
        factory,
        &sharegpt,
        "RuntimeError: Expected a string, got 2024-01-01 00:00:00",
    );
}

/// A date that no template reads changes nothing.
#[test]
fn dates_beside_the_texts_do_not_matter() {
    let row = r#"{"messages": [{"role": "user", "content": "a", "at": "2024-01-01"}], "day": "2024-01-01"}"#;
    let plain = r#"{"messages": [{"role": "user", "content": "a"}]}"#;
    let rows = |row| encode(&[row], "qwen-chatml", "trl@1.16.0", &[SFT]).expect("encoded");
    assert_eq!(rows(row), rows(plain));
}

#[test]
fn a_packed_set_of_which_nothing_is_trained_ends_the_run() {
    let row = [r#"{"messages": [{"role": "user", "content": "a"}]}"#];
    let set = [CHAT, "sample_packing=true", "sequence_len=64"];
    raises(
        &row,
        "axolotl@0.19.0",
        &set,
        "ValueError: The dataset has no samples left",
    );
}

#[test]
fn metharme_calls_the_tokenizer_with_nothing() {
    let rows = [
        r#"{"prompt": "c", "generation": null}"#,
        r#"{"prompt": "c", "generation": "x"}"#,
    ];
    let set = [r#"datasets.0.type="metharme""#];
    raises(&rows, "axolotl@0.19.0", &set, "ValueError: You need to specify either");
}

#[test]
fn tools_in_a_text_are_no_tools_before_trl_reads_them() {
    let tool = r#"[{\"type\":\"function\",\"function\":{\"name\":\"f\",\"description\":\"d\",\"parameters\":{\"type\":\"object\"}}}]"#;
    let turns = r#"[{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]"#;
    let row = format!(r#"{{"messages": {turns}, "tools": "{tool}"}}"#);
    for version in ["trl@0.19.1", "trl@0.24.0", "trl@0.27.0"] {
        raises(
            &[&row],
            version,
            &[SFT],
            "ValueError: Tools should either be a JSON schema",
        );
    }
    encode(&[&row], "qwen-chatml", "trl@1.16.0", &[SFT]).expect("tools are read from 0.29 on");
}

#[test]
fn a_row_without_answers_ends_kto_in_llama_factory() {
    let rows = [
        r#"{"conversations": [{"from": "human", "value": "a"}, {"from": "gpt", "value": "b"}], "label": true}"#,
        r#"{"conversations": [{"from": "human", "value": "a"}, {"from": "human", "value": "b"}], "label": false}"#,
        r#"{"conversations": [{"from": "human", "value": "a"}, {"from": "gpt", "value": "c"}], "label": false}"#,
    ];
    let columns = r#"columns={"messages": "conversations", "kto_tag": "label"}"#;
    let set = ["stage=kto", r#"formatting="sharegpt""#, columns, "template=qwen"];
    raises(
        &rows,
        "llama-factory@0.9.5",
        &set,
        "d.jsonl:2: IndexError: list index out of range",
    );
}

#[test]
fn a_whole_batch_of_rows_dropped_ends_llama_factory() {
    let rows = [
        r#"{"instruction": "a", "input": "", "output": "b"}"#,
        r#"{"instruction": "a", "input": "", "output": null}"#,
    ];
    let set = ["template=qwen", "preprocessing_batch_size=1", "packing=true"];
    raises(
        &rows,
        "llama-factory@0.9.5",
        &set,
        "ValueError: Schema and number of arrays unequal",
    );
}

#[test]
fn each_config_of_trl_has_its_own_options() {
    let row = [r#"{"prompt": "a", "completion": " b", "label": true}"#];
    let pad = r#"pad_token="<|im_end|>""#;
    raises(&row, "trl@1.16.0", &["trainer_type=kto", pad], "no option `pad_token`");
    encode(&row, "qwen-chatml", "trl@1.16.0", &[SFT, pad]).expect("SFTConfig has it");
}

/// A config's trainer that refuses the run, or does something not reproduced here, leaves nothing to write.
#[test]
fn a_config_whose_trainer_is_not_made_is_not_encoded() {
    let model = format!("{TOKENIZERS}/qwen-chatml");
    let config = |own: &str| {
        format!(
            "model_name_or_path: {model}\nstage: sft\ndo_train: true\ndataset: d\ndataset_dir: .\ncutoff_len: 512\noutput_dir: out\n{own}\n"
        )
    };
    let row = r#"{"instruction": "a", "input": "", "output": "b"}"#;
    for (own, what) in [
        (
            "template: solar\ntrain_on_prompt: true",
            "does not support `train_on_prompt`",
        ),
        ("template: qwen\nsplit_special_tokens: true", "split_special_tokens"),
    ] {
        let config = config(own);
        let info = r#"{"d": {"file_name": "d.jsonl"}}"#;
        let files = [("run.yaml", &*config), ("dataset_info.json", info), ("d.jsonl", row)];
        let folder = folder(&files);
        for words in [&["encode", "run.yaml", "-o", "-"][..], &["show", "run.yaml"]] {
            let (code, text) = said(&gonogo(folder.path(), words));
            assert_eq!(code, Some(2), "{words:?} {text}");
            assert!(text.contains(what) && !text.contains("input_ids"), "{words:?} {text}");
        }
    }
}
