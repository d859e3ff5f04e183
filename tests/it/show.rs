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
        Self::of(ROWS)
    }

    fn of(rows: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("data.jsonl"), rows).expect("written");
        Self(folder)
    }

    /// What is trained of each sequence of the first row.
    fn trained(&self, args: &[&str]) -> Vec<String> {
        let shown = self.json(&[args, &["--row", "0"]].concat());
        let others = shown["rejected"].as_array().into_iter().flatten();
        std::iter::once(&shown).chain(others).map(trained).collect()
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

/// The text of the tokens that carry loss.
fn trained(sequence: &Value) -> String {
    let text = sequence["text"].as_str().expect("a text");
    let number = |value: &Value| usize::try_from(value.as_u64().expect("a number")).expect("small");
    let (labels, offsets) = (sequence["labels"].as_array(), sequence["offsets"].as_array());
    let pairs = labels.expect("labels").iter().zip(offsets.expect("offsets"));
    let trained = pairs.filter(|(label, _)| **label != -100);
    trained
        .map(|(_, offset)| &text[number(&offset[0])..number(&offset[1])])
        .collect()
}

#[test]
fn calls_of_tools_are_part_of_the_answer() {
    let call = |content: &str| {
        format!(
            r#"{{"messages": [{{"role": "user", "content": "weather in Oslo, get_weather?"}}, {{"role": "assistant", "content": {content}, "tool_calls": [{{"type": "function", "function": {{"name": "get_weather", "arguments": {{"city": "Oslo"}}}}}}]}}, {{"role": "tool", "content": "rain"}}, {{"role": "assistant", "content": "It rains."}}]}}"#
        )
    };
    let template = "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content or '' }}{% for c in m.tool_calls or [] %}<call>{{ c.function.name }} {{ c.function.arguments|tojson }}</call>{% endfor %}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";
    for (content, said) in [("null", ""), ("\"\"", ""), ("\"I look.\"", "I look.")] {
        let folder = Folder::of(&call(content));
        std::fs::write(folder.0.path().join("calls.jinja"), template).expect("written");
        assert_eq!(
            folder.trained(&["--chat-template", "calls.jinja"]),
            [format!(
                r#"{said}<call>get_weather {{"city": "Oslo"}}</call><|im_end|>It rains.<|im_end|>"#
            )]
        );
    }
}

#[test]
fn the_day_of_the_run_can_be_chosen_for_llama_factory_too() {
    let folder = Folder::of(
        r#"{"conversations": [{"from": "human", "value": "weather?"}, {"from": "gpt", "value": "It rains."}], "tools": "[{\"name\": \"weather\", \"description\": \"d\", \"parameters\": {\"type\": \"object\", \"properties\": {}}}]"}"#,
    );
    let trainer = ["--trainer", "llama-factory", "--set", "template=llama3"];
    let shown = folder.json(&[&trainer[..], &["--now", "2024-07-26T13:05:09"]].concat());
    let text = shown["text"].as_str().expect("a text");
    assert!(text.contains("Today Date: 26 Jul 2024"), "{text}");
}

#[test]
fn a_prompt_inside_both_sides_is_not_trained() {
    let sides = r#""chosen": [{"role": "user", "content": "2 + 2?"}, {"role": "assistant", "content": "It is 4."}], "rejected": [{"role": "user", "content": "2 + 2?"}, {"role": "assistant", "content": "Five."}]"#;
    let whole =
        r#""messages": [{"role": "user", "content": "2 + 2?"}, {"role": "assistant", "content": "It is 4."}], "#;
    for (rest, template) in [
        ("", ""),
        (r#""prompt": "2 + 2?", "#, ""),
        (whole, ""),
        (whole, r#""prompt": "2 + 2?", "#),
    ] {
        let folder = Folder::of(&format!("{{{template}{rest}{sides}}}"));
        assert_eq!(
            folder.trained(&[]),
            ["It is 4.<|im_end|>", "Five.<|im_end|>"],
            "{rest}{template}"
        );
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

#[test]
fn an_answer_of_a_letter_is_not_found_in_what_the_template_writes() {
    for word in ["a", "s", "im", "user", "assistant", "start", "|", "end", "ant"] {
        for others in ["What?", word] {
            let said = |role, content| serde_json::json!({"role": role, "content": content});
            let messages = [
                said("user", others),
                said("assistant", word),
                said("user", "Sure, or was it all for nothing?"),
                said("assistant", "It is."),
            ];
            let rows = serde_json::json!({ "messages": messages }).to_string();
            let trained = Folder::of(&rows).trained(&[]);
            assert_eq!(
                trained,
                [format!("{word}<|im_end|>It is.<|im_end|>")],
                "{others} {word}"
            );
        }
    }
}
