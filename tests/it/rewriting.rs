//! `gonogo filter` and `gonogo fix`: what is kept is kept byte for byte, counts add up, and the output is quiet.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{RecordBatch, StringArray};
use assert_cmd::Command;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use serde_json::Value;

use crate::run::folder;

fn gonogo(folder: &Path, args: &[&str]) -> std::process::Output {
    let mut command = Command::cargo_bin("gonogo").expect("the binary is built");
    command.current_dir(folder).env_clear().env("COLUMNS", "100");
    command.args(args).output().expect("run")
}

fn read(folder: &Path, name: &str) -> String {
    fs::read_to_string(folder.join(name)).expect("readable")
}

/// Runs and expects success.
fn good(folder: &Path, args: &[&str]) -> String {
    let output = gonogo(folder, args);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{args:?}: {said}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// Rows the rules find in a file, by rule.
fn found(folder: &Path, args: &[&str]) -> Vec<(String, u64)> {
    let mut all = vec!["check", "--isolated", "-q", "--exit-zero", "-f", "json"];
    all.extend(args);
    let report: Value = serde_json::from_str(&good(folder, &all)).expect("a report");
    let groups = report["findings"].as_array().expect("findings").clone();
    let rule = |group: &Value| {
        let name = group["rule"].as_str().expect("a name").to_owned();
        (name, group["rows"].as_u64().expect("a count"))
    };
    groups.iter().map(rule).collect()
}

/// Odd spacing, a mark at the start, a blank line, a carriage return and no end of line: all of it stays.
const ROWS: &[&str] = &[
    "\u{feff}{\"prompt\": \"What is the capital of Peru?\",   \"completion\": \"It is Lima.\"}\n",
    "{\"prompt\":\"what is the capital of peru\",\"completion\":\"It is  Lima\"}\n",
    "\n",
    "{\"prompt\": \"What is the capital of Peru?\", \"completion\": \"It is Lima.\", \"id\": 7}\r\n",
    "{\"prompt\": \"What is the capital of Chile?\", \"completion\": \"It is Santiago\\u0021\"}\n",
    "broken {\n",
    "{\"prompt\":\"what is the capital of peru\",\"completion\":\"It is  Lima\"}",
];

#[test]
fn kept_lines_are_the_same_bytes_and_removed_ones_are_told() {
    let folder = folder(&[("train.jsonl", &ROWS.concat())]);
    let here = folder.path();
    let said = good(
        here,
        &[
            "filter",
            "train.jsonl",
            "--isolated",
            "--drop",
            "dup,schema/bad-json",
            "-o",
            "clean.jsonl",
        ],
    );
    assert!(
        said.contains("kept 2 of 6 rows") && said.contains("4 rows removed"),
        "{said}"
    );
    let wanted = [ROWS[0], ROWS[2], ROWS[4]].concat();
    assert_eq!(read(here, "clean.jsonl"), wanted);
    let removed: Vec<Value> = read(here, "clean.jsonl.removed.jsonl")
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let told: Vec<_> = removed
        .iter()
        .map(|row| {
            (
                row["rule"].as_str().expect("a rule"),
                row["line"].as_u64().expect("a line"),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("dup/normalised", 2),
            ("dup/exact", 4),
            ("schema/bad-json", 6),
            ("dup/exact", 7)
        ]
    );
    assert_eq!(removed[1]["data"]["id"], 7);
    assert_eq!(removed[2]["text"], "broken {");
    assert!(
        removed[1]["reason"]
            .as_str()
            .is_some_and(|reason| reason.ends_with("train.jsonl:1")),
        "{removed:?}"
    );
    assert!(found(here, &["clean.jsonl", "--select", "dup,schema/bad-json"]).is_empty());
    assert_eq!(read(here, "train.jsonl"), ROWS.concat(), "inputs are never changed");
}

const LONG: &str = "the ship left the harbour at noon with forty bags of salt and two men who had never seen the open \
                    sea before and it came back in the spring of the next year with a hold full of";

#[test]
fn the_first_or_the_longest_is_kept_and_a_second_look_is_quiet() {
    let row = |text: &str| format!("{{\"text\": \"{text}\"}}\n");
    let rows = [
        row(&format!("{LONG} silk")),
        row(&format!("{LONG} wool")),
        row(&format!("{LONG} wool and more")),
        row("another row"),
        row(&format!("{LONG} wool")),
    ];
    let folder = folder(&[("train.jsonl", &rows.concat())]);
    let here = folder.path();
    let args = |keep: &'static str| {
        [
            "filter",
            "train.jsonl",
            "--isolated",
            "-q",
            "--drop",
            "dup/near",
            "--keep",
            keep,
            "-o",
            "out.jsonl",
        ]
    };
    good(here, &args("first"));
    assert_eq!(read(here, "out.jsonl"), [rows[0].as_str(), &rows[3]].concat());
    assert!(found(here, &["out.jsonl", "--select", "dup"]).is_empty());
    good(here, &args("longest"));
    assert_eq!(read(here, "out.jsonl"), [rows[2].as_str(), &rows[3]].concat());
    assert!(found(here, &["out.jsonl", "--select", "dup"]).is_empty());
}

#[test]
fn the_side_rows_are_dropped_from_is_the_users_choice() {
    let (shared, own) = (
        "{\"prompt\": \"What is the capital of Peru?\", \"completion\": \"It is Lima.\"}\n",
        "{\"prompt\": \"What is the capital of Chile?\", \"completion\": \"It is Santiago.\"}\n",
    );
    let other = "{\"prompt\": \"How high is the highest of all mountains?\", \"completion\": \"8,849 metres.\"}\n";
    let (train, eval) = ([own, shared].concat(), [shared, other].concat());
    let folder = folder(&[("train.jsonl", &train), ("held.jsonl", &eval)]);
    let here = folder.path();
    assert_eq!(
        found(here, &["train.jsonl", "--eval", "held.jsonl", "--select", "leak"]),
        [("leak/eval-row".to_owned(), 1)]
    );
    let base = [
        "filter",
        "train.jsonl",
        "--eval",
        "held.jsonl",
        "--isolated",
        "-q",
        "--drop",
        "leak",
        "-o",
        "out.jsonl",
    ];
    good(here, &base);
    assert_eq!(read(here, "out.jsonl"), own);
    good(here, &[&base[..], &["--drop-from", "eval"]].concat());
    assert_eq!(read(here, "out.jsonl"), other);
    assert!(found(here, &["train.jsonl", "--eval", "out.jsonl", "--select", "leak"]).is_empty());
    let against = ["train.jsonl", "--against", "held.jsonl", "--select", "leak"];
    assert_eq!(found(here, &against), [("leak/eval-row".to_owned(), 1)]);
}

#[test]
fn parquet_keeps_its_schema_metadata_and_compression() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let here = folder.path();
    let texts = ["one row", "another row", "one row", "a third"];
    let batch = RecordBatch::try_from_iter([
        (
            "id",
            Arc::new(arrow::array::Int32Array::from(vec![1, 2, 3, 4])) as arrow::array::ArrayRef,
        ),
        ("text", Arc::new(StringArray::from(texts.to_vec()))),
    ])
    .expect("columns of one length");
    let own = KeyValue::new("huggingface".to_owned(), "{\"info\": {}}".to_owned());
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_key_value_metadata(Some(vec![own]))
        .build();
    let file = fs::File::create(here.join("train.parquet")).expect("created");
    let mut writer = ArrowWriter::try_new(file, batch.schema(), Some(properties)).expect("a writer");
    writer.write(&batch).expect("written");
    writer.close().expect("closed");
    good(
        here,
        &[
            "filter",
            "train.parquet",
            "--isolated",
            "-q",
            "--drop",
            "dup/exact",
            "-o",
            "out.parquet",
        ],
    );
    let open = |name: &str| {
        let file = fs::File::open(here.join(name)).expect("opened");
        ParquetRecordBatchReaderBuilder::try_new(file).expect("a reader")
    };
    let (before, after) = (open("train.parquet"), open("out.parquet"));
    assert_eq!(before.schema(), after.schema());
    let pairs = after
        .metadata()
        .file_metadata()
        .key_value_metadata()
        .expect("metadata")
        .clone();
    assert!(pairs.iter().any(|pair| pair.key == "huggingface"));
    let column =
        |reader: &ParquetRecordBatchReaderBuilder<fs::File>| reader.metadata().row_group(0).column(0).compression();
    assert_eq!(column(&before), column(&after));
    let rows: usize = after
        .build()
        .expect("rows")
        .map(|batch| batch.expect("sound").num_rows())
        .sum();
    assert_eq!(rows, 3);
    let removed: Value = serde_json::from_str(&read(here, "out.parquet.removed.jsonl")).expect("one row");
    assert_eq!((&removed["row"], &removed["data"]["id"]), (&2.into(), &3.into()));
}

#[test]
fn arrays_stay_arrays_and_other_formats_are_refused() {
    let array = "[{\"text\": \"one  row\"},\n {\"text\": \"two\"}, {\"text\": \"one  row\"}]";
    let folder = folder(&[("train.json", array), ("rows.csv", "text\na\na\n")]);
    let here = folder.path();
    good(
        here,
        &[
            "filter",
            "train.json",
            "--isolated",
            "-q",
            "--drop",
            "dup/exact",
            "-o",
            "out.json",
        ],
    );
    assert_eq!(
        read(here, "out.json"),
        "[\n{\"text\": \"one  row\"},\n{\"text\": \"two\"}\n]\n"
    );
    let refused = |args: &[&str]| {
        let output = gonogo(here, args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let csv = refused(&[
        "filter",
        "rows.csv",
        "--isolated",
        "--drop",
        "dup/exact",
        "-o",
        "out.jsonl",
    ]);
    assert!(
        csv.contains("is named like JSON lines, and rows.csv is CSV") && !here.join("out.jsonl").exists(),
        "{csv}"
    );
    let same = refused(&[
        "filter",
        "train.json",
        "--isolated",
        "--drop",
        "dup/exact",
        "-o",
        "train.json",
    ]);
    assert!(same.contains("never changed"), "{same}");
    assert!(refused(&["filter", "train.json", "--isolated", "--drop", "dup/exakt", "-o", "x"]).contains("dup/exact"));
    assert_eq!(read(here, "train.json"), array);
}

/// Drops exact duplicates of a file into `out/`, and tells its bytes and the removed rows.
fn dropped(here: &Path, name: &str) -> (String, Vec<Value>) {
    good(
        here,
        &[
            "filter",
            name,
            "--isolated",
            "-q",
            "--drop",
            "dup/exact,schema",
            "-o",
            "out/",
        ],
    );
    let removed = read(here, "out.removed.jsonl");
    let removed = removed
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    (read(here, &format!("out/{name}")), removed)
}

#[test]
fn csv_keeps_its_bytes_and_wrappers_what_is_around_their_rows() {
    let csv = "\u{feff}prompt,completion,id\r\n\"Say \"\"a\"\",\nplease\",a,1\r\nnext,b,2\r\n\"Say \"\"a\"\",\nplease\",a,3\r\n\r\ntoo,many,fields,4\r\nlast,c,5";
    let wrapped = "{\"version\": 1,\n \"data\": [ {\"text\": \"one\"},{\"text\":  \"two\"},\n{\"text\": \"one\"}\n ], \"end\": [1, 2]}\n";
    let stream = "{\n \"text\": \"one\"\n}\n{\"text\": \"one\"} {\n \"text\": \"two\"}\n";
    let folder = folder(&[("rows.csv", csv), ("rows.json", wrapped), ("values.jsonl", stream)]);
    let here = folder.path();
    let (kept, removed) = dropped(here, "rows.csv");
    let cut = csv
        .find("\"Say")
        .map(|at| csv[at + 1..].find("\"Say").expect("twice") + at + 1)
        .expect("there");
    let end = csv.find("last").expect("there");
    assert_eq!(kept, [&csv[..cut], &csv[end..]].concat());
    assert_eq!(removed.len(), 2, "{removed:?}");
    assert_eq!((&removed[0]["row"], &removed[0]["data"]["id"]), (&2.into(), &3.into()));
    assert_eq!(
        (&removed[1]["rule"], &removed[1]["text"]),
        (&"schema/ragged-row".into(), &"too,many,fields,4".into())
    );
    assert!(found(here, &["out/rows.csv", "--select", "dup,schema"]).is_empty());

    let (kept, removed) = dropped(here, "rows.json");
    assert_eq!(
        kept,
        "{\"version\": 1,\n \"data\": [ {\"text\": \"one\"},\n{\"text\":  \"two\"}\n ], \"end\": [1, 2]}\n"
    );
    assert_eq!(removed.len(), 1);

    let (kept, removed) = dropped(here, "values.jsonl");
    assert_eq!(kept, "{\n \"text\": \"one\"\n}\n{\n \"text\": \"two\"}\n");
    assert_eq!(removed[0]["line"], 4);
    assert_eq!(
        fs::read_dir(here).expect("readable").count(),
        5,
        "nothing is left beside the outputs"
    );
}

#[test]
fn arrow_keeps_its_schema_and_metadata() {
    use arrow::datatypes::{DataType, Field, Schema};
    let folder = tempfile::tempdir().expect("a temporary folder");
    let here = folder.path();
    let pairs = std::collections::HashMap::from([("huggingface".to_owned(), "{}".to_owned())]);
    let schema = Arc::new(Schema::new_with_metadata(
        vec![Field::new("text", DataType::Utf8, true)],
        pairs,
    ));
    let batch = |texts: &[&str]| {
        RecordBatch::try_new(Arc::clone(&schema), vec![Arc::new(StringArray::from(texts.to_vec()))]).expect("a batch")
    };
    let batches = [batch(&["one", "two", "one"]), batch(&["three", "two"])];
    let file = |name: &str| fs::File::create(here.join(name)).expect("created");
    let mut stream = arrow::ipc::writer::StreamWriter::try_new(file("rows.arrow"), &schema).expect("a writer");
    let mut whole = arrow::ipc::writer::FileWriter::try_new(file("rows.feather"), &schema).expect("a writer");
    for batch in &batches {
        stream.write(batch).expect("written");
        whole.write(batch).expect("written");
    }
    stream.finish().expect("closed");
    whole.finish().expect("closed");
    for name in ["rows.arrow", "rows.feather"] {
        good(
            here,
            &[
                "filter",
                name,
                "--isolated",
                "-q",
                "--drop",
                "dup/exact",
                "-o",
                &format!("out-{name}"),
            ],
        );
    }
    let open = |name: &str| fs::File::open(here.join(name)).expect("opened");
    let stream = arrow::ipc::reader::StreamReader::try_new(open("out-rows.arrow"), None).expect("a reader");
    let whole = arrow::ipc::reader::FileReader::try_new(open("out-rows.feather"), None).expect("a reader");
    assert_eq!(
        (stream.schema(), whole.schema()),
        (Arc::clone(&schema), Arc::clone(&schema))
    );
    let wanted = [batch(&["one", "two"]), batch(&["three"])];
    for (batches, name) in [
        (stream.collect::<Result<Vec<_>, _>>(), "out-rows.arrow"),
        (whole.collect::<Result<Vec<_>, _>>(), "out-rows.feather"),
    ] {
        assert_eq!(batches.expect("sound"), wanted, "{name}");
        let removed = read(here, &format!("{name}.removed.jsonl"));
        assert_eq!(removed.lines().count(), 2, "{removed}");
    }
}

#[test]
fn fix_repairs_and_shows_what_it_changed() {
    let line =
        "{\"messages\": [{\"role\": \"user\", \"content\": \"hi \"}, {\"role\": \"assistant\", \"content\": \"yes\"}]}";
    let folder = folder(&[("train.jsonl", &format!("\u{feff}{line}\r\nbroken \r\n"))]);
    let here = folder.path();
    let shown = good(here, &["fix", "train.jsonl", "--diff"]);
    assert!(
        shown.starts_with("@@ line 1 @@\n-") && shown.contains("\n+{\"messages\""),
        "{shown}"
    );
    assert_eq!(fs::read_dir(here).expect("readable").count(), 1, "nothing is written");
    good(here, &["fix", "train.jsonl", "-o", "fixed.jsonl"]);
    assert_eq!(
        read(here, "fixed.jsonl"),
        format!("{}\nbroken \n", line.replace("hi ", "hi"))
    );
    assert!(good(here, &["fix", "fixed.jsonl", "--diff"]).is_empty());
}

/// A rule that waits for the whole set before it reports kept the first 64 of its findings, so that `filter` dropped no
/// more rows than these.
#[test]
fn every_row_a_rule_finds_is_dropped_also_where_it_decides_at_the_end() {
    let mut rows = String::new();
    for row in 0..300 {
        let id = 900 + row;
        rows.push_str(&format!("{{\"input_ids\": [5, 6, {id}], \"labels\": [5, 6, {id}]}}\n"));
    }
    let folder = folder(&[(
        "rows.jsonl",
        &format!("{rows}{{\"input_ids\": [5, 6], \"labels\": [5, 6]}}\n"),
    )]);
    let model = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/models/chatml");
    let args = [
        "filter",
        "rows.jsonl",
        "-m",
        model,
        "--drop",
        "template/id-beyond-vocab",
        "-o",
        "clean.jsonl",
    ];
    let output = gonogo(folder.path(), &args);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(read(folder.path(), "clean.jsonl").lines().count(), 1);
}
