//! Silent failures that users of the trainers reported, rebuilt small: each is caught by the rule that
//! names its cause, and the same run with the fault repaired is quiet there.

mod config;

use std::path::Path;

use assert_cmd::Command;
use serde_json::Value;

/// A failure, and the run without it. Rows are JSON lines; flags are split at spaces.
struct Failure {
    /// What users saw.
    seen: &'static str,
    rule: &'static str,
    /// What the finding must name.
    names: &'static str,
    bad: (&'static str, &'static str),
    good: (&'static str, &'static str),
}

const CHAT: &str = r#"{"messages": [{"role": "user", "content": "What is 2 + 2?"}, {"role": "assistant", "content": "It is 4."}, {"role": "user", "content": "And 3 + 3?"}, {"role": "assistant", "content": "It is 6."}]}"#;
const PAIR: &str = r#"{"prompt": [{"role": "user", "content": "What is 2 + 2?"}], "completion": [{"role": "assistant", "content": "It is 4."}]}"#;
const PLAIN: &str = r#"{"prompt": "What is 2 + 2?", "completion": " It is 4."}"#;
const ALPACA: &str = r#"{"instruction": "Tell me a story about a brave little mouse.", "input": "", "output": "Once upon a time, a mouse lived in the attic. Every night it looked at the stars."}"#;
const THINKING: &str = r#"{"messages": [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "<think>\nLet me think about this.\n</think>\n\n4"}, {"role": "user", "content": "3+3?"}, {"role": "assistant", "content": "6"}]}"#;
const NOT_THINKING: &str = r#"{"messages": [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}, {"role": "user", "content": "3+3?"}, {"role": "assistant", "content": "6"}]}"#;
const TEMPLATED: &str = r#"{"text": "<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\nhi<|eot_id|>"}"#;
const NOT_TEMPLATED: &str = r#"{"text": "The capital of France is Paris."}"#;
const UNALIKE_TOOLS: &str = r#"{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}], "tools": [{"type": "function", "function": {"name": "f", "parameters": {"city": "text"}}}]}
{"messages": [{"role": "user", "content": "c"}, {"role": "assistant", "content": "d"}], "tools": [{"type": "function", "function": {"name": "g", "parameters": {"days": "number"}}}]}"#;
const ALIKE_TOOLS: &str = r#"{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}], "tools": [{"type": "function", "function": {"name": "f", "parameters": {"city": "text"}}}]}
{"messages": [{"role": "user", "content": "c"}, {"role": "assistant", "content": "d"}], "tools": [{"type": "function", "function": {"name": "g", "parameters": {"city": "number"}}}]}"#;
const THREE: &str = "{\"text\": \"one\"}\n{\"text\": \"two\"}\n{\"text\": \"three\"}";
const ODD: &str =
    r#"{"conversations": [{"from": "gpt", "value": "It is 4."}, {"from": "human", "value": "What is 2 + 2?"}]}"#;
const EVEN: &str =
    r#"{"conversations": [{"from": "human", "value": "What is 2 + 2?"}, {"from": "gpt", "value": "It is 4."}]}"#;

const FAILURES: &[Failure] = &[
    Failure {
        seen: "the model never stops: padding is the end token, and the collator masks it",
        rule: "mask/end-untrained",
        names: "padding token too",
        bad: (
            CHAT,
            "-m MODELS/qwen-pad-eq-eos --trainer trl@0.19.1 --set completion_only_lm={\"response_template\":\"<|im_start|>assistant\\n\",\"instruction_template\":\"<|im_start|>user\\n\"}",
        ),
        good: (
            CHAT,
            "-m MODELS/qwen-chatml --trainer trl@0.19.1 --set completion_only_lm={\"response_template\":\"<|im_start|>assistant\\n\",\"instruction_template\":\"<|im_start|>user\\n\"}",
        ),
    },
    Failure {
        seen: "the loss is 0: the response template is not what the chat template writes",
        rule: "mask/marker-not-found",
        names: "response_template",
        bad: (
            CHAT,
            "-m MODELS/qwen-chatml --trainer trl@0.19.1 --set completion_only_lm={\"response_template\":\"###Response:\"}",
        ),
        good: (
            CHAT,
            "-m MODELS/qwen-chatml --trainer trl@0.19.1 --set completion_only_lm={\"response_template\":\"<|im_start|>assistant\\n\"}",
        ),
    },
    Failure {
        seen: "the loss is 0: truncation leaves nothing of the answer",
        rule: "mask/nothing-trained",
        names: "max_length 6 (--max-length)",
        bad: (PLAIN, "-m MODELS/qwen-chatml --trainer trl@0.19.1 --max-length 6"),
        good: (PLAIN, "-m MODELS/qwen-chatml --trainer trl@0.19.1 --max-length 64"),
    },
    Failure {
        seen: "answers are cut: rows are longer than a packed sequence",
        rule: "length/answer-cut",
        names: "max_length 9 (--max-length)",
        bad: (
            PLAIN,
            "-m MODELS/qwen-chatml --trainer trl@1.16.0 --set packing=true --max-length 9",
        ),
        good: (
            PLAIN,
            "-m MODELS/qwen-chatml --trainer trl@1.16.0 --set packing=true --max-length 64",
        ),
    },
    Failure {
        seen: "the model never stops: texts end in the padding token, which the collator masks",
        rule: "mask/end-untrained",
        names: "padding token too",
        bad: (
            NOT_TEMPLATED,
            "-m MODELS/qwen-pad-eq-eos --trainer transformers --set collator=lm --set tokenize.mode=text --set tokenize.append_eos=true",
        ),
        good: (
            NOT_TEMPLATED,
            "-m MODELS/qwen-chatml --trainer transformers --set collator=lm --set tokenize.mode=text --set tokenize.append_eos=true",
        ),
    },
    Failure {
        seen: "the model never stops: the base model's end is not the template's",
        rule: "mask/end-not-eos",
        names: "stops at 257",
        bad: (CHAT, "-m MODELS/../models/base --trainer trl@1.16.0"),
        good: (CHAT, "-m MODELS/../models/disagrees --trainer trl@1.16.0"),
    },
    Failure {
        seen: "the loss is 0: unsloth's markers are those of another template",
        rule: "mask/marker-not-found",
        names: "response_part \"###A\" does not stand in the text",
        bad: (
            CHAT,
            "-m MODELS/qwen-chatml --trainer unsloth --set instruction_part=###Q --set response_part=###A",
        ),
        good: (CHAT, "-m MODELS/qwen-chatml --trainer unsloth"),
    },
    Failure {
        seen: "half of the answer is masked: it quotes the marker",
        rule: "mask/marker-in-content",
        names: "stands 2 times",
        bad: (
            r#"{"text": "Ask:\nwhat is it?\n###A:\nI write\n###A:\nand then 4."}"#,
            "-m MODELS/qwen-chatml --trainer trl@0.19.1 --set completion_only_lm={\"response_template\":\"\\n###A:\\n\"}",
        ),
        good: (
            r#"{"text": "Ask:\nwhat is it?\n###A:\nI write and then 4."}"#,
            "-m MODELS/qwen-chatml --trainer trl@0.19.1 --set completion_only_lm={\"response_template\":\"\\n###A:\\n\"}",
        ),
    },
    Failure {
        seen: "questions are trained: packing drops the mask",
        rule: "mask/packing-loses-mask",
        names: "trl@0.19.1",
        bad: (
            PAIR,
            "-m MODELS/qwen-chatml --trainer trl@0.19.1 --max-length 64 --set packing=true",
        ),
        good: (
            PAIR,
            "-m MODELS/qwen-chatml --trainer trl@1.16.0 --max-length 64 --set packing=true",
        ),
    },
    Failure {
        seen: "answers are cut in two: rows are packed one after the other",
        rule: "mask/packing-crosses-rows",
        names: "bfd",
        bad: (
            PAIR,
            "-m MODELS/qwen-chatml --trainer trl@1.16.0 --max-length 64 --set packing=true --set packing_strategy=wrapped",
        ),
        good: (
            PAIR,
            "-m MODELS/qwen-chatml --trainer trl@1.16.0 --max-length 64 --set packing=true",
        ),
    },
    Failure {
        seen: "reasoning is gone from all turns but the last: the template strips it",
        rule: "template/thinking-stripped",
        names: "think",
        bad: (THINKING, "-m MODELS/qwen3-like"),
        good: (NOT_THINKING, "-m MODELS/qwen3-like"),
    },
    Failure {
        seen: "the model never stops: the turn ends with another token than the tokenizer's end",
        rule: "mask/end-untrained",
        names: "carries no loss",
        bad: (
            CHAT,
            "-m MODELS/qwen-base-eos --trainer axolotl --set datasets.0.type=chat_template",
        ),
        good: (
            CHAT,
            "-m MODELS/qwen-chatml --trainer axolotl --set datasets.0.type=chat_template",
        ),
    },
    Failure {
        seen: "answers stop in mid-sentence: cutoff_len cuts prompt and answer",
        rule: "length/answer-cut",
        names: "trained tokens cut",
        bad: (
            ALPACA,
            "-m MODELS/qwen-chatml --trainer llama-factory --set template=qwen --max-length 48",
        ),
        good: (
            ALPACA,
            "-m MODELS/qwen-chatml --trainer llama-factory --set template=qwen --max-length 512",
        ),
    },
    Failure {
        seen: "quality drops: the text begins with a BOS and the tokenizer adds another",
        rule: "template/double-bos",
        names: "2 times",
        bad: (TEMPLATED, "-m MODELS/llama3-pad --trainer trl@1.16.0"),
        good: (NOT_TEMPLATED, "-m MODELS/llama3-pad --trainer trl@1.16.0"),
    },
    Failure {
        seen: "tools have parameters of other tools: Arrow gives every struct the keys of all",
        rule: "schema/loads-with-nulls",
        names: "null",
        bad: (UNALIKE_TOOLS, "-m MODELS/qwen-chatml --trainer trl@1.16.0"),
        good: (ALIKE_TOOLS, "-m MODELS/qwen-chatml --trainer trl@1.16.0"),
    },
    Failure {
        seen: "rows vanish: the converter skips turns out of order",
        rule: "mask/row-dropped",
        names: "llama",
        bad: (
            ODD,
            "-m MODELS/qwen-chatml --trainer llama-factory --set template=qwen --set formatting=sharegpt",
        ),
        good: (
            EVEN,
            "-m MODELS/qwen-chatml --trainer llama-factory --set template=qwen --set formatting=sharegpt",
        ),
    },
    Failure {
        seen: "every label is -100: the markers are another template's",
        rule: "mask/nothing-trained",
        names: "none of",
        bad: (
            CHAT,
            "-m MODELS/qwen-chatml --trainer unsloth --set instruction_part=<|start_header_id|>user --set response_part=<|start_header_id|>assistant",
        ),
        good: (
            CHAT,
            "-m MODELS/qwen-chatml --trainer unsloth --set instruction_part=<|im_start|>user --set response_part=<|im_start|>assistant",
        ),
    },
    Failure {
        seen: "nothing is trained: the template has no {% generation %} and the mask is all zero",
        rule: "mask/trainer-raises",
        names: "assistant",
        bad: (
            CHAT,
            "-m MODELS/qwen-chatml --trainer trl@0.19.1 --set assistant_only_loss=true",
        ),
        good: (
            CHAT,
            "-m MODELS/qwen-chatml-gen --trainer trl@0.19.1 --set assistant_only_loss=true",
        ),
    },
    Failure {
        seen: "the model never stops: generation ends at another token than the one trained",
        rule: "config/eos-disagrees",
        names: "260",
        bad: (CHAT, "-m MODELS/../models/disagrees"),
        good: (CHAT, "-m MODELS/../models/chatml"),
    },
    Failure {
        seen: "the assistant header is trained, and the model writes it twice",
        rule: "mask/header-trained",
        names: "before the answer carries loss",
        bad: (
            CHAT,
            "-m MODELS/qwen-chatml --trainer trl@1.16.0 --set assistant_only_loss=true --chat-template MODELS/../templates/marks-header.jinja",
        ),
        good: (
            CHAT,
            "-m MODELS/qwen-chatml --trainer trl@1.16.0 --set assistant_only_loss=true --chat-template MODELS/../templates/marked.jinja",
        ),
    },
    Failure {
        seen: "data is never seen: max_steps ends the run before",
        rule: "budget/low-coverage",
        names: "33",
        bad: (THREE, "--batch-size 1 --max-steps 1"),
        good: (THREE, "--batch-size 1 --max-steps 3"),
    },
];

/// The messages of a rule, for some rows and flags.
fn found(rule: &str, (rows, flags): (&str, &str)) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("data.jsonl");
    std::fs::write(&path, format!("{rows}\n")).expect("written");
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/tokenizers");
    let mut command = Command::cargo_bin("gonogo").expect("the binary is built");
    command
        .env_clear()
        .arg("check")
        .arg(&path)
        .args(["--isolated", "-f", "json"]);
    for flag in flags.split(' ') {
        command.arg(flag.replace("MODELS", models.to_str().expect("a path of UTF-8")));
    }
    let output = command.output().expect("run");
    let report: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{flags}: {}", String::from_utf8_lossy(&output.stderr)));
    let findings = report["findings"].as_array().expect("findings");
    let of_rule = findings.iter().filter(|group| group["rule"] == rule);
    of_rule
        .flat_map(|group| group["places"].as_array().expect("places"))
        .map(|place| place["message"].as_str().expect("a message").to_owned())
        .collect()
}

#[test]
fn each_failure_is_caught_by_its_cause_and_its_repair_is_quiet() {
    let mut wrong = Vec::new();
    for failure in FAILURES {
        let caught = found(failure.rule, failure.bad);
        if !caught.iter().any(|message| message.contains(failure.names)) {
            wrong.push(format!("{}: {} says {caught:?}", failure.seen, failure.rule));
        }
        let quiet = found(failure.rule, failure.good);
        if !quiet.is_empty() {
            wrong.push(format!("{}, repaired: {} says {quiet:?}", failure.seen, failure.rule));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
