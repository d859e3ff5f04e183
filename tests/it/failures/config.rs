//! Failures that stand in a training config: each is caught at its line, and the config without it is quiet there.

use std::path::Path;

use assert_cmd::Command;
use serde_json::Value;

use super::{ALPACA, CHAT};

/// A failure that stands in a training config, and the config without it. `MODELS` and `TOKENIZERS` are folders of
/// fixtures; the data is `data.jsonl` beside the config.
struct InConfig {
    seen: &'static str,
    rule: &'static str,
    names: &'static str,
    /// The line of the bad config that is to blame; 0 for the file as a whole, or a row.
    line: u64,
    file: &'static str,
    bad: &'static str,
    good: &'static str,
    rows: &'static str,
    flags: &'static [&'static str],
}

const LONG: &str = r#"{"messages": [{"role": "user", "content": "Tell me a story about a brave little mouse, and take your time."}, {"role": "assistant", "content": "Once upon a time, a mouse lived in the attic. Every night it looked at the stars, and every morning it told the others what it had seen. Nobody believed it, until the roof was gone."}]}"#;
const AXOLOTL: &str = "base_model: MODELS/chatml
datasets:
  - path: data.jsonl
    type: chat_template
micro_batch_size: 1
learning_rate: 2.0e-5
sequence_len: 512
";
const TRL: &str = "model_name_or_path: TOKENIZERS/qwen-chatml
datasets:
  - path: json
    data_files: data.jsonl
per_device_train_batch_size: 1
learning_rate: 2.0e-5
max_length: 512
";
const LLAMA_FACTORY: &str = "model_name_or_path: TOKENIZERS/qwen-chatml
stage: sft
do_train: true
finetuning_type: lora
dataset: data.jsonl
template: qwen
cutoff_len: 512
output_dir: out
";

const IN_CONFIG: &[InConfig] = &[
    InConfig {
        seen: "answers are cut at a length nobody set (unsloth#2904, transformers#30998)",
        rule: "config/surprising-default",
        names: "sequence_len is not set",
        line: 0,
        file: "axolotl.yaml",
        bad: "@without sequence_len",
        good: "",
        rows: "@long",
        flags: &[],
    },
    InConfig {
        seen: "prompts are trained: Liger drops the mask (trl#3781)",
        rule: "config/liger-drops-mask",
        names: "assistant_only_loss",
        line: 9,
        file: "sft.yaml",
        bad: "assistant_only_loss: true\nuse_liger_kernel: true\n",
        good: "assistant_only_loss: true\n",
        rows: CHAT,
        flags: &["--trainer", "trl@0.19.1"],
    },
    InConfig {
        seen: "the model never stops: the embeddings of the new end token are frozen (Qwen3#1064)",
        rule: "config/new-token-frozen",
        names: "<|im_end|>",
        line: 8,
        file: "axolotl.yaml",
        bad: "adapter: lora\nspecial_tokens:\n  eos_token: <|im_end|>\n",
        good: "adapter: lora\nspecial_tokens:\n  eos_token: <|im_end|>\nlora_modules_to_save: [embed_tokens, lm_head]\n",
        rows: CHAT,
        flags: &["-m", "MODELS/disagrees"],
    },
    InConfig {
        seen: "the config is refused after the queue: strategy and steps (axolotl)",
        rule: "config/invalid",
        names: "save_strategy and save_steps mismatch",
        line: 9,
        file: "axolotl.yaml",
        bad: "save_steps: 100\nsave_strategy: best\n",
        good: "save_steps: 100\nsave_strategy: steps\n",
        rows: CHAT,
        flags: &[],
    },
    InConfig {
        seen: "the config is refused after the queue: QLoRA without 4 bits (axolotl)",
        rule: "config/invalid",
        names: "load_in_4bit",
        line: 8,
        file: "axolotl.yaml",
        bad: "adapter: qlora\n",
        good: "adapter: qlora\nload_in_4bit: true\n",
        rows: CHAT,
        flags: &[],
    },
    InConfig {
        seen: "the config is refused after the queue: attention named twice (axolotl)",
        rule: "config/invalid",
        names: "cannot be combined",
        line: 9,
        file: "axolotl.yaml",
        bad: "flash_attention: true\nattn_implementation: sdpa\n",
        good: "attn_implementation: sdpa\n",
        rows: CHAT,
        flags: &[],
    },
    InConfig {
        seen: "a value is taken for others: offload (axolotl)",
        rule: "config/deprecated-key",
        names: "activation_offloading: true",
        line: 8,
        file: "axolotl.yaml",
        bad: "gradient_checkpointing: offload\n",
        good: "gradient_checkpointing: true\nactivation_offloading: true\n",
        rows: CHAT,
        flags: &[],
    },
    InConfig {
        seen: "the config is refused after the queue: evaluation without data (LLaMA-Factory)",
        rule: "config/invalid",
        names: "eval_dataset",
        line: 9,
        file: "llama_factory.yaml",
        bad: "eval_strategy: steps\n",
        good: "eval_strategy: steps\nval_size: 0.1\n",
        rows: ALPACA,
        flags: &[],
    },
    InConfig {
        seen: "the config is refused after the queue: a full run of a quantized model (LLaMA-Factory)",
        rule: "config/invalid",
        names: "quantization is only compatible",
        line: 9,
        file: "llama_factory.yaml",
        bad: "quantization_bit: 4\n@full",
        good: "quantization_bit: 4\n",
        rows: ALPACA,
        flags: &[],
    },
    InConfig {
        seen: "the run is refused: the best model is kept where none is evaluated (transformers)",
        rule: "config/invalid",
        names: "the save and eval strategy to match, and they are epoch and steps",
        line: 10,
        file: "sft.yaml",
        bad: "save_strategy: epoch\neval_strategy: steps\nload_best_model_at_end: true\n",
        good: "save_strategy: epoch\neval_strategy: epoch\nload_best_model_at_end: true\n",
        rows: CHAT,
        flags: &[],
    },
    InConfig {
        seen: "the run is refused: save_steps is no multiple of eval_steps (transformers)",
        rule: "config/invalid",
        names: "100 is none of 30",
        line: 12,
        file: "sft.yaml",
        bad: "save_steps: 100\neval_steps: 30\neval_strategy: steps\nsave_strategy: steps\nload_best_model_at_end: true\n",
        good: "save_steps: 90\neval_steps: 30\neval_strategy: steps\nsave_strategy: steps\nload_best_model_at_end: true\n",
        rows: CHAT,
        flags: &[],
    },
    InConfig {
        seen: "the run is refused: two half precisions (transformers)",
        rule: "config/invalid",
        names: "fp16 and bf16",
        line: 9,
        file: "sft.yaml",
        bad: "fp16: true\nbf16: true\n",
        good: "bf16: true\n",
        rows: CHAT,
        flags: &[],
    },
    InConfig {
        seen: "the run is refused: packing without a length (TRL)",
        rule: "config/invalid",
        names: "max_length",
        line: 8,
        file: "sft.yaml",
        bad: "packing: true\n@no length",
        good: "packing: true\n",
        rows: CHAT,
        flags: &[],
    },
];

/// A config in full: what its program needs, and what the case adds.
fn config(case: &InConfig, added: &str) -> String {
    let base = match case.file {
        "axolotl.yaml" => AXOLOTL,
        "llama_factory.yaml" => LLAMA_FACTORY,
        _ => TRL,
    };
    match added {
        "@without sequence_len" => base.replace("sequence_len: 512\n", ""),
        added if added.ends_with("@full") => {
            base.replace("finetuning_type: lora", "finetuning_type: full") + added.trim_end_matches("@full")
        }
        added if added.ends_with("@no length") => {
            base.replace("max_length: 512\n", "") + added.trim_end_matches("@no length") + "max_length: null\n"
        }
        added => base.to_owned() + added,
    }
}

/// Message, file and line of each finding of a rule, and whether it is go.
fn found_in(case: &InConfig, text: &str, flags: &[&str]) -> (Vec<(String, String, u64)>, bool) {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let folder = |name: &str| fixtures.join(name).to_str().expect("a path of UTF-8").to_owned();
    let real = |text: &str| {
        text.replace("MODELS", &folder("models"))
            .replace("TOKENIZERS", &folder("tokenizers"))
    };
    let place = tempfile::tempdir().expect("a folder");
    let path = place.path().join(case.file);
    let rows = if case.rows == "@long" {
        LONG.replace("the roof was gone.", &"the roof was gone. ".repeat(60))
    } else {
        case.rows.to_owned()
    };
    std::fs::write(&path, real(text)).expect("written");
    std::fs::write(place.path().join("data.jsonl"), rows + "\n").expect("written");
    let mut command = Command::cargo_bin("gonogo").expect("the binary is built");
    command
        .env_clear()
        .current_dir(place.path())
        .args(["check", case.file, "--isolated", "-f", "json", "--no-cache"]);
    for flag in flags {
        command.arg(real(flag));
    }
    let output = command.output().expect("run");
    let report: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{}: {}", case.seen, String::from_utf8_lossy(&output.stderr)));
    let findings = report["findings"].as_array().expect("findings");
    let places = findings.iter().filter(|group| group["rule"] == case.rule);
    let places = places.flat_map(|group| group["places"].as_array().expect("places"));
    let found = places.map(|place| {
        let source = place["at"]["source"].as_u64().and_then(|at| usize::try_from(at).ok());
        let file = source.map_or_else(String::new, |at| {
            report["sources"][at]["name"].as_str().expect("a name").to_owned()
        });
        let message = place["message"].as_str().expect("a message").to_owned();
        (message, file, place["at"]["line"].as_u64().unwrap_or(0))
    });
    (found.collect(), report["verdict"]["go"] == true)
}

#[test]
fn each_failure_in_a_config_is_caught_at_its_line() {
    let mut wrong = Vec::new();
    for case in IN_CONFIG {
        let (caught, _) = found_in(case, &config(case, case.bad), case.flags);
        let is_it = |(message, file, line): &(String, String, u64)| {
            message.contains(case.names) && (case.line == 0 || (file == case.file && *line == case.line))
        };
        if !caught.iter().any(is_it) {
            wrong.push(format!("{}: {} says {caught:?}", case.seen, case.rule));
        }
        let (quiet, _) = found_in(case, &config(case, case.good), case.flags);
        if !quiet.is_empty() && case.rule != "config/surprising-default" {
            wrong.push(format!("{}, repaired: {} says {quiet:?}", case.seen, case.rule));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_part_of_a_split_is_the_rows_that_are_trained() {
    let place = tempfile::tempdir().expect("a folder");
    let text = AXOLOTL
        .replace("MODELS/chatml", "nowhere")
        .replace("type: chat_template", "type: chat_template\n    split: train[50%:]");
    std::fs::write(place.path().join("axolotl.yaml"), text).expect("written");
    // The broken row is among those that are not taken.
    let rows = format!("{CHAT}\n{{\n{CHAT}\n{CHAT}\n{CHAT}\n");
    std::fs::write(place.path().join("data.jsonl"), rows).expect("written");
    let output = Command::cargo_bin("gonogo")
        .expect("the binary is built")
        .env_clear()
        .env("HF_HUB_OFFLINE", "1")
        .current_dir(place.path())
        .args([
            "check",
            "axolotl.yaml",
            "--isolated",
            "-f",
            "json",
            "--no-cache",
            "--select",
            "schema",
        ])
        .output()
        .expect("run");
    let report: Value = serde_json::from_slice(&output.stdout).expect("a report");
    assert_eq!(
        (&report["verdict"]["rows"], &report["findings"]),
        (&Value::from(3), &Value::Array(Vec::new()))
    );
    let notes = report["notes"].to_string();
    assert!(
        notes.contains("takes train[50%:] of data.jsonl: rows 2 to 4 of 5"),
        "{notes}"
    );
}
