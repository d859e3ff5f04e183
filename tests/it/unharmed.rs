//! What a run reads stays as it is, what it writes is whole, and what is kept of it is forgotten once anything it follows
//! from has changed.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

const MODEL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/models/chatml");

fn gonogo(folder: &Path, words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_gonogo"))
        .current_dir(folder)
        .env_clear()
        .env("HF_HUB_OFFLINE", "1")
        .env("GONOGO_CACHE_DIR", folder.join("kept"))
        .args(words)
        .output()
        .expect("run")
}

fn rows(count: usize) -> String {
    (0..count)
        .map(|at| {
            format!(
                "{{\"prompt\": \"What is number {at} in the list?\", \"completion\": \"It is {at} times seven.\"}}\n"
            )
        })
        .collect()
}

#[test]
fn inputs_are_never_written_over() {
    let folder = tempfile::tempdir().expect("a folder");
    let (train, eval) = (rows(6), rows(2));
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("written");
    write("train.jsonl", &train);
    write("eval.jsonl", &eval);
    for words in [
        "filter train.jsonl --eval eval.jsonl --drop leak/eval-row -o eval.jsonl",
        "filter train.jsonl --drop dup/exact -o train.jsonl",
        "filter train.jsonl --drop dup/exact -o out.jsonl --removed train.jsonl",
        "filter train.jsonl --drop dup/exact -o out.jsonl --removed out.jsonl",
        "encode train.jsonl -m MODEL -o ./train.jsonl",
        "check train.jsonl -o json=train.jsonl",
        "check train.jsonl --eval eval.jsonl --list eval.jsonl",
        "check train.jsonl --max-steps 1 --never-seen train.jsonl",
        "check train.jsonl --partial train.jsonl",
        "check train.jsonl -o json=a.txt -o markdown=a.txt",
        "fix train.jsonl -o train.jsonl",
    ] {
        let words: Vec<&str> = words
            .split(' ')
            .map(|word| if word == "MODEL" { MODEL } else { word })
            .collect();
        let output = gonogo(folder.path(), &words);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{words:?}: {said}");
        assert!(
            said.contains("never changed") || said.contains("two outputs"),
            "{words:?}: {said}"
        );
        let read = |name: &str| fs::read_to_string(folder.path().join(name)).expect("there");
        assert_eq!(
            (read("train.jsonl"), read("eval.jsonl")),
            (train.clone(), eval.clone()),
            "{words:?}"
        );
        assert!(!folder.path().join("out.jsonl").exists(), "{words:?}");
    }
}

#[test]
fn outputs_are_compressed_as_their_names_say() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("twice.jsonl"), rows(3) + &rows(3)).expect("written");
    let magic: [(&str, &[u8]); 4] = [
        ("gz", &[0x1F, 0x8B]),
        ("zst", &[0x28, 0xB5, 0x2F, 0xFD]),
        ("bz2", b"BZh"),
        ("xz", &[0xFD, b'7', b'z', b'X', b'Z']),
    ];
    for (ending, magic) in magic {
        let name = format!("once.jsonl.{ending}");
        let output = gonogo(
            folder.path(),
            &["filter", "twice.jsonl", "--drop", "dup/exact", "-o", &name],
        );
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert!(
            fs::read(folder.path().join(&name)).expect("written").starts_with(magic),
            "{name}"
        );
        let output = gonogo(folder.path(), &["check", &name, "-q", "-f", "json"]);
        let report: Value = serde_json::from_slice(&output.stdout).expect("a report");
        assert_eq!(report["verdict"]["rows"], 3, "{name}");
    }
}

/// Runs twice, the second time from what was kept; then after a change, which must be seen.
#[track_caller]
fn forgets(folder: &Path, data: &str, change: impl FnOnce()) {
    let found = |more: &[&str]| {
        let words = ["check", data, "-q", "-f", "json"];
        let output = gonogo(folder, &words.iter().chain(more).copied().collect::<Vec<_>>());
        let report: Value = serde_json::from_slice(&output.stdout).expect("a report");
        (output.status.code(), report["lengths"].clone(), report["masks"].clone())
    };
    let before = found(&[]);
    assert_eq!(found(&[]), before);
    let kept = fs::read_dir(folder.join("kept")).map_or(0, Iterator::count);
    assert!(kept > 0, "nothing was kept, so that nothing is tested");
    change();
    let after = found(&[]);
    assert_ne!(after, before, "what was found yesterday");
    assert_eq!(after, found(&["--no-cache"]));
}

const ALL: &str = "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}";
const PROMPTS: &str =
    "{% for m in messages if m.role == 'user' %}<|im_start|>user\n{{ m.content }}<|im_end|>\n{% endfor %}";
const CHAT: &str = "{\"messages\": [{\"role\": \"user\", \"content\": \"What is two and two?\"}, {\"role\": \"assistant\", \"content\": \"It is four, of course.\"}]}\n";

#[test]
fn a_template_among_others_of_the_model_changed() {
    let folder = tempfile::tempdir().expect("a folder");
    let model = folder.path().join("model");
    let template = model.join("additional_chat_templates/default.jinja");
    fs::create_dir_all(template.parent().expect("a folder")).expect("made");
    for name in ["tokenizer.json", "tokenizer_config.json"] {
        fs::copy(Path::new(MODEL).join(name), model.join(name)).expect("copied");
    }
    fs::write(&template, ALL).expect("written");
    fs::write(folder.path().join("chat.jsonl"), CHAT).expect("written");
    fs::write(folder.path().join("gonogo.toml"), "model = \"model\"\n").expect("written");
    forgets(folder.path(), "chat.jsonl", || {
        fs::write(&template, PROMPTS).expect("written");
    });
}

#[test]
fn a_template_that_a_config_names_changed() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = format!(
        "base_model: {MODEL}\nchat_template: jinja\nchat_template_jinja: ./t.jinja\ndatasets:\n  - path: chat.jsonl\n    \
         type: chat_template\nsequence_len: 512\nmicro_batch_size: 1\nnum_epochs: 1\n"
    );
    for (name, text) in [("axolotl.yaml", &*config), ("chat.jsonl", CHAT), ("t.jinja", ALL)] {
        fs::write(folder.path().join(name), text).expect("written");
    }
    forgets(folder.path(), "axolotl.yaml", || {
        fs::write(folder.path().join("t.jinja"), PROMPTS).expect("written");
    });
}
