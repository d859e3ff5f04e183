//! Reading: megabytes of file per second on one core, from the page cache, to a tree of values per
//! row. `cargo bench --bench source`.

use std::fs;
use std::hint::black_box;
use std::io::{Write, empty};
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, ListArray, RecordBatch, StringArray, StructArray};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType, Field, Fields};
use arrow::ipc::writer::StreamWriter;
use divan::Bencher;
use divan::counter::BytesCount;
use gonogo::source::{Input, Limits, Part, discover, open};
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;
use serde_json::{Value, json};
use tempfile::TempDir;

type Turn = (&'static str, String);

fn data() -> Vec<Vec<Turn>> {
    const ROWS: u64 = 20_000;
    (0..ROWS).map(conversation).collect()
}

/// Two to six turns of prose, some of it with line breaks and quotes, about 900 bytes in all.
fn conversation(row: u64) -> Vec<Turn> {
    const WORDS: &[&str] = &[
        "the",
        "model",
        "answers",
        "with",
        "a",
        "\"short\"",
        "paragraph",
        "about",
        "training",
        "data",
        "and",
        "then",
        "stops",
        "because",
        "it",
        "was",
        "told",
        "so.\n\n",
        "However",
        "users",
        "ask",
        "for",
        "café",
        "recipes",
    ];
    let mut state = row.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % below as u64).expect("below a usize")
    };
    let turns = 2 + 2 * next(3);
    (0..turns)
        .map(|turn| {
            let length = 10 + next(60);
            let words: Vec<&str> = (0..length).map(|_| WORDS[next(WORDS.len())]).collect();
            (if turn % 2 == 0 { "user" } else { "assistant" }, words.join(" "))
        })
        .collect()
}

fn rows() -> Vec<Value> {
    let message = |(role, content): &Turn| json!({"role": role, "content": content});
    let row = |row: &Vec<Turn>| json!({"messages": row.iter().map(message).collect::<Vec<_>>()});
    data().iter().map(row).collect()
}

fn lines() -> Vec<u8> {
    let mut bytes = Vec::new();
    for row in rows() {
        serde_json::to_writer(&mut bytes, &row).expect("JSON");
        bytes.push(b'\n');
    }
    bytes
}

fn record_batch() -> RecordBatch {
    let data = data();
    let turns = || data.iter().flatten();
    let roles: ArrayRef = Arc::new(StringArray::from_iter_values(turns().map(|(role, _)| role)));
    let contents: ArrayRef = Arc::new(StringArray::from_iter_values(turns().map(|(_, content)| content)));
    let fields = Fields::from(vec![
        Field::new("role", DataType::Utf8, true),
        Field::new("content", DataType::Utf8, true),
    ]);
    let structs = StructArray::new(fields.clone(), vec![roles, contents], None);
    let item = Arc::new(Field::new_list_field(DataType::Struct(fields), true));
    let offsets = OffsetBuffer::from_lengths(data.iter().map(Vec::len));
    let list: ArrayRef = Arc::new(ListArray::new(item, offsets, Arc::new(structs), None));
    RecordBatch::try_from_iter_with_nullable([("messages", list, true)]).expect("one column")
}

fn parquet(compression: Compression, group: usize) -> Vec<u8> {
    let batch = record_batch();
    let properties = WriterProperties::builder()
        .set_compression(compression)
        .set_max_row_group_row_count(Some(group))
        .build();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), Some(properties)).expect("a writer");
    writer.write(&batch).expect("written");
    writer.close().expect("closed");
    bytes
}

fn arrow() -> Vec<u8> {
    let batch = record_batch();
    let mut bytes = Vec::new();
    let mut writer = StreamWriter::try_new(&mut bytes, &batch.schema()).expect("a writer");
    for start in (0..batch.num_rows()).step_by(1000) {
        let count = 1000.min(batch.num_rows() - start);
        writer.write(&batch.slice(start, count)).expect("written");
    }
    writer.finish().expect("finished");
    drop(writer);
    bytes
}

fn csv() -> Vec<u8> {
    let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
    let row = |row: &Vec<Turn>| format!("{},{}", quoted(&row[0].1), quoted(&row[1].1));
    let rows: Vec<String> = data().iter().map(row).collect();
    format!("prompt,completion\n{}\n", rows.join("\n")).into_bytes()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).expect("compresses");
    encoder.finish().expect("compresses")
}

fn input(folder: &Path, name: &str, bytes: &[u8]) -> Input {
    let path = folder.join(name);
    fs::write(&path, bytes).expect("a file");
    discover(&[path], &mut empty()).expect("found").inputs.remove(0)
}

fn read_all(input: &Input) -> u64 {
    let mut rows = 0;
    let mut reader = open(input, 0, Part::Whole, &Limits::default());
    while let Some(batch) = reader.next() {
        batch.rows(&mut |read| {
            black_box(read.expect("a good row"));
            rows += 1;
        });
    }
    rows
}

/// Measures against the bytes given, which for compressed files are those inside.
fn bench(bencher: Bencher<'_, '_>, name: &str, bytes: &[u8], inside: usize) {
    let folder = TempDir::new().expect("a folder");
    let input = input(folder.path(), name, bytes);
    bencher
        .counter(BytesCount::new(inside))
        .bench_local(|| black_box(read_all(&input)));
}

#[divan::bench]
fn json_lines(bencher: Bencher<'_, '_>) {
    let bytes = lines();
    bench(bencher, "a.jsonl", &bytes, bytes.len());
}

/// What the reader does under the lock, without parsing.
#[divan::bench]
fn json_lines_cut_only(bencher: Bencher<'_, '_>) {
    let bytes = lines();
    let folder = TempDir::new().expect("a folder");
    let input = input(folder.path(), "a.jsonl", &bytes);
    bencher.counter(BytesCount::new(bytes.len())).bench_local(|| {
        let mut reader = open(&input, 0, Part::Whole, &Limits::default());
        while let Some(batch) = reader.next() {
            black_box(batch);
        }
    });
}

/// The same rows into `serde_json`'s own tree, from memory.
#[divan::bench]
fn json_lines_by_serde_json(bencher: Bencher<'_, '_>) {
    let bytes = lines();
    bencher.counter(BytesCount::new(bytes.len())).bench_local(|| {
        for line in bytes.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
            black_box(serde_json::from_slice::<Value>(line).expect("JSON"));
        }
    });
}

#[divan::bench]
fn json_lines_gzip(bencher: Bencher<'_, '_>) {
    let bytes = lines();
    bench(bencher, "a.jsonl.gz", &gzip(&bytes), bytes.len());
}

#[divan::bench]
fn json_lines_zstd(bencher: Bencher<'_, '_>) {
    let bytes = lines();
    let compressed = zstd::encode_all(&bytes[..], 3).expect("compresses");
    bench(bencher, "a.jsonl.zst", &compressed, bytes.len());
}

#[divan::bench]
fn json_array(bencher: Bencher<'_, '_>) {
    let bytes = serde_json::to_vec(&rows()).expect("JSON");
    bench(bencher, "a.json", &bytes, bytes.len());
}

#[divan::bench]
fn json_array_indented(bencher: Bencher<'_, '_>) {
    let bytes = serde_json::to_vec_pretty(&rows()).expect("JSON");
    bench(bencher, "a.json", &bytes, bytes.len());
}

#[divan::bench]
fn csv_quoted(bencher: Bencher<'_, '_>) {
    let bytes = csv();
    bench(bencher, "a.csv", &bytes, bytes.len());
}

#[divan::bench]
fn parquet_plain_groups(bencher: Bencher<'_, '_>) {
    let bytes = parquet(Compression::UNCOMPRESSED, 2000);
    bench(bencher, "a.parquet", &bytes, bytes.len());
}

#[divan::bench]
fn parquet_snappy_one_group(bencher: Bencher<'_, '_>) {
    let inside = parquet(Compression::UNCOMPRESSED, 20_000).len();
    bench(bencher, "a.parquet", &parquet(Compression::SNAPPY, 20_000), inside);
}

#[divan::bench]
fn arrow_stream(bencher: Bencher<'_, '_>) {
    let bytes = arrow();
    bench(bencher, "a.arrow", &bytes, bytes.len());
}

fn main() {
    divan::main();
}
