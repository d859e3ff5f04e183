//! A trainer is fed the same rows whatever file they come from.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, ListBuilder, RecordBatch, StringArray, StringBuilder, StructBuilder};
use arrow::datatypes::{DataType, Field};
use assert_cmd::Command;
use parquet::arrow::ArrowWriter;

const MODEL: &str = "fixtures/models/chatml";
const ROLES: [&str; 2] = ["user", "assistant"];

/// What is asked and what is answered, by row.
fn pairs() -> Vec<[String; 2]> {
    let pair = |row: usize| {
        [
            format!("what is {row} and {row}?"),
            format!("it is {}, of course", 2 * row),
        ]
    };
    (0..9).map(pair).collect()
}

fn texts(column: impl Fn(&[String; 2]) -> &str) -> ArrayRef {
    Arc::new(StringArray::from_iter_values(pairs().iter().map(column)))
}

/// A list of one message for each of the roles.
fn messages(roles: &[usize]) -> ArrayRef {
    let fields = ["role", "content"].map(|name| Field::new(name, DataType::Utf8, true));
    let mut lists = ListBuilder::new(StructBuilder::from_fields(fields.to_vec(), 0));
    for pair in pairs() {
        for role in roles {
            let message = lists.values();
            for (at, text) in [ROLES[*role], &pair[*role]].into_iter().enumerate() {
                let field = message.field_builder::<StringBuilder>(at).expect("a text");
                field.append_value(text);
            }
            message.append(true);
        }
        lists.append(true);
    }
    Arc::new(lists.finish())
}

fn write(folder: &Path, columns: Vec<(&str, ArrayRef)>) {
    let table = RecordBatch::try_from_iter(columns).expect("a table");
    let file = |name: &str| std::fs::File::create(folder.join(name)).expect("created");
    let mut parquet = ArrowWriter::try_new(file("rows.parquet"), table.schema(), None).expect("a writer");
    parquet.write(&table).expect("written");
    parquet.close().expect("closed");
    let mut stream = arrow::ipc::writer::StreamWriter::try_new(file("rows.arrow"), &table.schema()).expect("a writer");
    stream.write(&table).expect("written");
    stream.finish().expect("closed");
}

/// What the trainer is fed, as JSON lines.
fn fed(folder: &Path, data: &str, flags: &[&str]) -> String {
    let out = folder.join("out.jsonl");
    let mut command = Command::cargo_bin("gonogo").expect("the binary is built");
    command.env_clear().args(["encode", "--isolated", "-m", MODEL, "-o"]);
    command.arg(&out).arg(folder.join(data)).args(flags);
    let output = command.output().expect("run");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{data} {flags:?}: {told}");
    let text = std::fs::read_to_string(&out).expect("written");
    std::fs::remove_file(out).expect("removed");
    text
}

fn same(folder: &Path, files: &[&str], trainers: &[&[&str]]) {
    for flags in trainers {
        let wanted = fed(folder, "rows.jsonl", flags);
        assert_eq!(wanted.lines().count(), pairs().len(), "{flags:?}");
        for file in files {
            assert_eq!(fed(folder, file, flags), wanted, "{file} {flags:?}");
        }
    }
}

#[test]
fn chats_of_parquet_and_arrow_are_fed_as_those_of_json_lines() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    write(folder.path(), vec![("messages", messages(&[0, 1]))]);
    let mut lines = String::new();
    for [user, assistant] in pairs() {
        let messages = serde_json::json!([
            {"role": "user", "content": user}, {"role": "assistant", "content": assistant},
        ]);
        writeln!(lines, "{}", serde_json::json!({"messages": messages})).expect("written");
    }
    std::fs::write(folder.path().join("rows.jsonl"), lines).expect("written");
    let collator = r#"completion_only_lm={"response_template":"<|im_start|>assistant\n"}"#;
    let trainers: [&[&str]; 6] = [
        &["--trainer", "trl@1.16.0"],
        &["--trainer", "trl@0.19.1", "--set", collator],
        &["--trainer", "axolotl"],
        &["--trainer", "llama-factory", "--set", "template=chatml"],
        &["--trainer", "unsloth"],
        &["--trainer", "transformers", "--set", "tokenize.mode=chat"],
    ];
    same(folder.path(), &["rows.parquet", "rows.arrow"], &trainers);
}

#[test]
fn prompts_and_pairs_of_parquet_and_csv_are_fed_as_those_of_json_lines() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let rejected = Arc::new(StringArray::from(vec!["no idea"; pairs().len()]));
    for (columns, flags) in [
        (["prompt", "completion"], [].as_slice()),
        (["prompt", "chosen"], &["--set", "trainer_type=dpo"]),
    ] {
        let mut table = vec![
            (columns[0], texts(|pair| &pair[0])),
            (columns[1], texts(|pair| &pair[1])),
        ];
        let (mut lines, mut csv) = (String::new(), columns.join(","));
        if columns[1] == "chosen" {
            table.push(("rejected", Arc::clone(&rejected) as Arc<dyn Array>));
            csv.push_str(",rejected");
        }
        csv.push('\n');
        for pair in pairs() {
            let mut row = serde_json::json!({columns[0]: pair[0], columns[1]: pair[1]});
            write!(csv, "{},\"{}\"", pair[0], pair[1]).expect("written");
            if columns[1] == "chosen" {
                row["rejected"] = "no idea".into();
                csv.push_str(",no idea");
            }
            writeln!(lines, "{row}").expect("written");
            csv.push('\n');
        }
        write(folder.path(), table);
        std::fs::write(folder.path().join("rows.jsonl"), &lines).expect("written");
        std::fs::write(folder.path().join("rows.csv"), &csv).expect("written");
        let files = ["rows.parquet", "rows.arrow", "rows.csv"];
        if columns[1] == "chosen" {
            let wanted = fed(
                folder.path(),
                "rows.jsonl",
                &[&["--trainer", "trl@1.16.0"], flags].concat(),
            );
            for file in files {
                let found = fed(folder.path(), file, &[&["--trainer", "trl@1.16.0"], flags].concat());
                assert_eq!(found, wanted, "{file}");
            }
        } else {
            same(
                folder.path(),
                &files,
                &[
                    &["--trainer", "trl@1.16.0"],
                    &["--trainer", "trl@0.19.1"],
                    &[
                        "--trainer",
                        "transformers",
                        "--set",
                        "tokenize.mode=text",
                        "--columns",
                        "text=completion",
                    ],
                ],
            );
        }
    }
}
