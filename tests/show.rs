//! `gonogo show`: which row, and what is said of it.

use std::path::Path;

use assert_cmd::Command;
use serde_json::Value;

const ROWS: &str = r#"{"messages": [{"role": "user", "content": "What is 2 + 2?"}, {"role": "assistant", "content": "It is 4."}]}
{"messages": [{"role": "user", "content": "Name a colour."}, {"role": "assistant", "content": ""}]}
{"messages": [{"role": "user", "content": "And a very long question, which will not fit"}, {"role": "assistant", "content": "blue"}]}
"#;

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("data.jsonl"), ROWS).expect("written");
        Self(folder)
    }

    fn show(&self, args: &[&str]) -> (Option<i32>, String, String) {
        let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/models/chatml");
        let mut command = Command::cargo_bin("gonogo").expect("the binary is built");
        command.current_dir(self.0.path()).env_clear();
        let output = command
            .args(["show", "data.jsonl", "--isolated", "-m"])
            .arg(model)
            .args(args)
            .output()
            .expect("run");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
        (output.status.code(), text(output.stdout), text(output.stderr))
    }

    fn json(&self, args: &[&str]) -> Value {
        let (_, out, error) = self.show(&[args, &["-f", "json"]].concat());
        serde_json::from_str(&out).unwrap_or_else(|_| panic!("{out}{error}"))
    }
}

#[test]
fn a_row_is_found_by_number_id_and_rule() {
    let folder = Folder::new();
    let row = folder.json(&["--row", "2"]);
    assert_eq!((&row["row"], &row["line"]), (&Value::from(2), &Value::from(3)));
    let id = row["id"].as_str().expect("an id");
    assert_eq!(folder.json(&["--id", &id[..8]]), row);
    let worst = folder.json(&["--worst", "schema/empty-answer"]);
    assert_eq!(worst["row"], 1);
    assert_eq!(worst["findings"][0]["rule"], "schema/empty-answer");
    assert_eq!(worst["findings"][0]["pointer"], "/messages/1/content");
}

#[test]
fn what_is_not_there_is_a_mistake_of_the_call() {
    let folder = Folder::new();
    for (args, says) in [
        (&["--row", "3"][..], "the data has 3 rows"),
        (&["--id", "ffffffffffffffff"], "no row has an id"),
        (&["--id", "ff"], "6 digits"),
        (&["--worst", "text/mojibake"], "finds nothing"),
        (&["--worst", "text/no-such-rule"], "no rule"),
        (&["--row", "1", "--id", "ffffff"], "cannot be used"),
    ] {
        let (code, out, error) = folder.show(args);
        assert_eq!((code, out.as_str()), (Some(2), ""), "{args:?}");
        assert!(error.contains(says), "{args:?}: {error}");
    }
}

#[test]
fn loss_and_cut_can_be_read_without_colour() {
    let folder = Folder::new();
    let (_, out, _) = folder.show(&["--row", "0"]);
    assert!(
        out.contains("█ trained /messages/1/content\n         It is 4.\n"),
        "{out}"
    );
    assert!(
        out.contains("░ masked /messages/0/content\n         What is 2 + 2?\n"),
        "{out}"
    );
    let (_, out, _) = folder.show(&["--row", "2", "--max-length", "30"]);
    assert!(out.contains("╳ cut\n") && out.contains("cut from"), "{out}");
}
