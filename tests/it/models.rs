//! Where the tokenizer of a run comes from: named, cached, downloaded, or beside the data.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::Output;

use assert_cmd::Command;
use serde_json::Value;

const MODEL: &str = "fixtures/models/chatml";
const ROW: &str =
    "{\"messages\": [{\"role\": \"user\", \"content\": \"2+2?\"}, {\"role\": \"assistant\", \"content\": \"4\"}]}\n";

/// Checks `data.jsonl` in a folder, with nothing in the environment but what is given.
fn check(folder: &Path, environment: &[(&str, &str)], args: &[&str]) -> Output {
    std::fs::write(folder.join("data.jsonl"), ROW).expect("written");
    let mut command = Command::cargo_bin("gonogo").expect("the binary is built");
    command
        .current_dir(folder)
        .env_clear()
        .env("HF_HOME", folder.join("hf"));
    for (name, value) in environment {
        command.env(name, value);
    }
    command
        .args(["data.jsonl", "--isolated"])
        .args(args)
        .output()
        .expect("run")
}

fn report(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", text(&output.stderr)))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn model_files() -> BTreeMap<String, Vec<u8>> {
    let entries = std::fs::read_dir(MODEL).expect("the fixture");
    entries
        .map(|entry| {
            let path = entry.expect("an entry").path();
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            (name, std::fs::read(path).expect("read"))
        })
        .collect()
}

/// Serves the model as `org/name` and answers 404 to all else; gives its address.
fn hub() -> String {
    let files = model_files();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut head = String::new();
            let mut reader = BufReader::new(stream.try_clone().expect("a second handle"));
            while !head.ends_with("\r\n\r\n") && reader.read_line(&mut head).is_ok_and(|read| read > 0) {}
            let path = head.split(' ').nth(1).unwrap_or_default();
            let file = path.strip_prefix("/org/name/resolve/main/").or_else(|| {
                let rest = path.strip_prefix("/org/name/resolve/")?;
                rest.split_once('/').map(|(_, file)| file)
            });
            let commit = "c".repeat(40);
            let (status, body) = match file.and_then(|file| files.get(file)) {
                Some(body) => ("200 OK", body.as_slice()),
                None => ("404 Not Found", &b""[..]),
            };
            let head = format!(
                "HTTP/1.1 {status}\r\nX-Repo-Commit: {commit}\r\nX-Error-Code: EntryNotFound\r\nETag: \"{}\"\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                body.len(),
                body.len()
            );
            let _gone = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body));
        }
    });
    address
}

#[test]
fn an_id_is_downloaded_once_and_then_found_in_the_cache() {
    let folder = tempfile::tempdir().expect("a folder");
    let hub = hub();
    let first = check(
        folder.path(),
        &[("HF_ENDPOINT", &hub)],
        &["-m", "org/name", "-f", "json"],
    );
    assert_eq!(
        report(&first)["tokenizer"]["name"],
        "org/name",
        "{}",
        text(&first.stderr)
    );
    let snapshot = folder
        .path()
        .join("hf/hub/models--org--name/snapshots")
        .join("c".repeat(40));
    assert!(snapshot.join("tokenizer.json").exists());
    let second = check(
        folder.path(),
        &[("HF_HUB_OFFLINE", "1")],
        &["-m", "org/name", "-f", "json"],
    );
    assert_eq!(report(&second)["lengths"], report(&first)["lengths"]);
    assert_ne!(report(&second)["lengths"], Value::Null);
}

#[test]
fn an_id_that_cannot_be_had_is_no_answer() {
    let folder = tempfile::tempdir().expect("a folder");
    let offline = check(folder.path(), &[("HF_HUB_OFFLINE", "1")], &["-m", "org/name"]);
    assert_eq!(offline.status.code(), Some(2));
    assert!(
        text(&offline.stderr).contains("HF_HUB_OFFLINE"),
        "{}",
        text(&offline.stderr)
    );
    let hub = hub();
    let unknown = check(folder.path(), &[("HF_ENDPOINT", &hub)], &["-m", "org/other"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(text(&unknown.stderr).contains("org/other"), "{}", text(&unknown.stderr));
}

#[test]
fn without_a_name_the_one_beside_the_data_is_used_and_said() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, bytes) in model_files() {
        std::fs::write(folder.path().join(name), bytes).expect("written");
    }
    let output = check(folder.path(), &[], &["-f", "json"]);
    let report = report(&output);
    assert_eq!(report["tokenizer"]["origin"]["at"], "found beside the data");
    let seen = check(folder.path(), &[], &[]);
    assert!(
        text(&seen.stdout).contains("found beside the data"),
        "{}",
        text(&seen.stdout)
    );
}

#[test]
fn verifying_says_how_many_texts_were_compared() {
    let folder = tempfile::tempdir().expect("a folder");
    let model = std::fs::canonicalize("fixtures/tokenizers/qwen-chatml").expect("the fixture");
    let model = model.to_str().expect("a path of UTF-8");
    let output = check(folder.path(), &[], &["-m", model, "--verify-tokenizer"]);
    let out = text(&output.stdout);
    assert!(
        out.contains("verified: both tokenizer engines encode 1 text alike"),
        "{out}"
    );
}

#[test]
fn a_template_that_is_not_reproduced_is_no_answer() {
    let folder = tempfile::tempdir().expect("a folder");
    let model = std::fs::canonicalize(MODEL).expect("the fixture");
    std::fs::write(folder.path().join("t.jinja"), "{{ messages | pprint }}").expect("written");
    let args = [
        "-m",
        model.to_str().expect("a path of UTF-8"),
        "--chat-template",
        "t.jinja",
    ];
    let output = check(folder.path(), &[], &args);
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stdout));
    assert!(text(&output.stderr).contains("pprint"), "{}", text(&output.stderr));
}

#[test]
fn ids_that_depend_on_the_version_of_transformers_are_said() {
    let folder = tempfile::tempdir().expect("a folder");
    let notes = |model: &str| {
        let model = std::fs::canonicalize(model).expect("the fixture");
        let output = check(
            folder.path(),
            &[],
            &["-m", model.to_str().expect("UTF-8"), "-f", "json"],
        );
        report(&output)["notes"].to_string()
    };
    let llama = notes("fixtures/tokenizers/llama2-spm-llamaclass");
    assert!(
        llama.contains("transformers 4 would give other ids than transformers 5"),
        "{llama}"
    );
    let chatml = notes("fixtures/tokenizers/qwen-chatml");
    assert!(!chatml.contains("other ids"), "{chatml}");
}

#[test]
fn a_tokenizer_the_library_panics_on_is_refused_by_name() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let written = std::fs::read_to_string("fixtures/tokenizers/qwen-chatml/tokenizer.json").expect("the fixture");
    let mut file: Value = serde_json::from_str(&written).expect("JSON");
    // Of each merge the library cuts the prefix off the second half, unseen.
    file["model"]["continuing_subword_prefix"] = "##".into();
    std::fs::write(folder.path().join("tokenizer.json"), file.to_string()).expect("written");
    let output = check(folder.path(), &[], &["-m", "tokenizer.json"]);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(
        said.contains("tokenizer.json") && said.contains("the tokenizers library gives up on it"),
        "{said}"
    );
    assert!(!said.contains("panicked"), "{said}");
}

#[test]
fn a_dropout_is_said() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let written = std::fs::read_to_string("fixtures/tokenizers/qwen-chatml/tokenizer.json").expect("the fixture");
    let mut file: Value = serde_json::from_str(&written).expect("JSON");
    let said = |file: &Value| {
        std::fs::write(folder.path().join("tokenizer.json"), file.to_string()).expect("written");
        text(&check(folder.path(), &[], &["-m", "tokenizer.json"]).stdout).contains("dropout of 0.1")
    };
    assert!(!said(&file));
    file["model"]["dropout"] = 0.1.into();
    assert!(said(&file));
}
