//! What holds for all rows, formats, cuts and damages.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Float64Array, Int64Array, ListBuilder, RecordBatch, StringArray, StringBuilder,
};
use gonogo::model::value::Value;
use gonogo::source::{Format, Input, Limits, Part, discover};
use proptest::prelude::*;

use super::columnar::{arrow_file, arrow_stream, parquet};
use super::harness::{COMPRESSIONS, Folder, Seen, object, read, read_part, read_shards, text, to_json, values};

/// A row every format can hold.
#[derive(Clone, Debug)]
struct Sample {
    text: String,
    number: Option<i64>,
    float: f64,
    flag: bool,
    list: Vec<String>,
}

fn sample() -> impl Strategy<Value = Sample> {
    let words = "[ -~é\u{4e2d}\u{1F600}\n\r\t\u{2028}]{0,40}";
    let list = prop::collection::vec(words, 0..3);
    (words, any::<Option<i64>>(), -1e9..1e9, any::<bool>(), list).prop_map(|(text, number, float, flag, list)| Sample {
        text,
        number,
        float,
        flag,
        list,
    })
}

impl Sample {
    fn value(&self) -> Value<'static> {
        object([
            ("text", text(&self.text)),
            ("number", self.number.map_or(Value::Null, Value::Int)),
            ("float", Value::Float(self.float)),
            ("flag", Value::Bool(self.flag)),
            ("list", Value::Array(self.list.iter().map(|item| text(item)).collect())),
        ])
    }
}

fn batch(samples: &[Sample]) -> RecordBatch {
    let mut lists = ListBuilder::new(StringBuilder::new());
    for sample in samples {
        lists.append_value(sample.list.iter().map(Some));
    }
    let columns: [(&str, ArrayRef, bool); 5] = [
        (
            "text",
            Arc::new(StringArray::from_iter_values(samples.iter().map(|sample| &sample.text))),
            true,
        ),
        (
            "number",
            Arc::new(samples.iter().map(|sample| sample.number).collect::<Int64Array>()),
            true,
        ),
        (
            "float",
            Arc::new(Float64Array::from_iter_values(
                samples.iter().map(|sample| sample.float),
            )),
            true,
        ),
        (
            "flag",
            Arc::new(samples.iter().map(|sample| Some(sample.flag)).collect::<BooleanArray>()),
            true,
        ),
        ("list", Arc::new(lists.finish()), true),
    ];
    RecordBatch::try_from_iter_with_nullable(columns).expect("columns of one length")
}

/// The samples written in a format, and the name of the file.
fn written(samples: &[Sample], format: Format) -> (&'static str, Vec<u8>) {
    let json = || {
        samples
            .iter()
            .map(|sample| to_json(&sample.value()))
            .collect::<Vec<_>>()
    };
    let spread = || -> Vec<String> {
        let pretty = |row: &String| {
            let value: serde_json::Value = serde_json::from_str(row).expect("JSON");
            serde_json::to_string_pretty(&value).expect("JSON")
        };
        json().iter().map(pretty).collect()
    };
    let third = samples.len() / 3;
    let parts = || {
        let batch = batch(samples);
        [batch.slice(0, third), batch.slice(third, samples.len() - third)]
    };
    match format {
        Format::JsonLines => ("rows.jsonl", json().join("\n \t\r\n\n").into_bytes()),
        Format::JsonArray => ("rows.json", format!("[{}]", spread().join(",\n")).into_bytes()),
        Format::JsonStream => ("rows.json", spread().join("\n").into_bytes()),
        Format::Parquet => ("rows.parquet", parquet(&batch(samples), 3)),
        Format::ArrowStream => ("rows.arrow", arrow_stream(&parts())),
        Format::ArrowFile => ("rows.feather", arrow_file(&parts())),
        Format::Csv | Format::Tsv | Format::Text => {
            let delimiter = if format == Format::Tsv { "\t" } else { "," };
            // A line that has a delimiter is a row.
            let blank = if format == Format::Tsv { "  " } else { " \t " };
            let row = |sample: &Sample| {
                let quoted = format!("\"x{}\"", sample.text.replace('"', "\"\""));
                format!("{quoted}{delimiter}{}\n{blank}\n", sample.float)
            };
            let rows: Vec<String> = samples.iter().map(row).collect();
            let out = format!("  \na{delimiter}b\n{}", rows.concat());
            let name = match format {
                Format::Csv => "rows.csv",
                Format::Tsv => "rows.tsv",
                _ => "rows.txt",
            };
            (name, out.into_bytes())
        }
    }
}

const FORMATS: &[Format] = &[
    Format::JsonLines,
    Format::JsonArray,
    Format::JsonStream,
    Format::Parquet,
    Format::ArrowStream,
    Format::ArrowFile,
    Format::Csv,
    Format::Tsv,
    Format::Text,
];

fn samples() -> impl Strategy<Value = Vec<Sample>> {
    prop::collection::vec(sample(), 2..12)
}

fn limits(batch_bytes: usize) -> Limits {
    Limits {
        batch_bytes,
        ..Limits::default()
    }
}

/// Reads a file that may be anything; the format may not be told, but nothing may panic.
fn survive(name: &str, bytes: &[u8]) -> Option<Vec<Seen>> {
    let folder = Folder::new();
    let path = folder.file(name, bytes);
    let found = discover(&[path], &mut std::io::empty()).ok()?;
    let small = Limits {
        max_row_bytes: 1 << 20,
        expansion_floor: 1 << 20,
        ..Limits::default()
    };
    let read = |input: &Input| {
        read_shards(input, 2, &small);
        read_part(input, Part::Row(1), &small);
        read_part(input, Part::Whole, &small)
    };
    Some(found.inputs.iter().flat_map(read).collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn rows_come_back_as_they_were_written(
        samples in samples(),
        format in prop::sample::select(&FORMATS[..6]),
        compression in prop::sample::select(COMPRESSIONS),
    ) {
        let (name, bytes) = written(&samples, format);
        let folder = Folder::new();
        let input = folder.input(&format!("{name}{}", compression.0), compression.1(&bytes));
        prop_assert_eq!(input.format, format);
        let expected: Vec<Value<'static>> = samples.iter().map(Sample::value).collect();
        prop_assert_eq!(values(&read(&input)), expected);
    }

    #[test]
    fn texts_of_csv_come_back_as_they_were_written(
        samples in samples(),
        format in prop::sample::select(&FORMATS[6..8]),
    ) {
        let (name, bytes) = written(&samples, format);
        let seen = Folder::new().read(name, bytes);
        for (sample, seen) in samples.iter().zip(&seen) {
            prop_assert_eq!(seen.row().value.get("a"), Some(&text(&format!("x{}", sample.text))));
        }
        prop_assert_eq!(seen.len(), samples.len());
    }

    #[test]
    fn cuts_into_batches_and_shards_change_nothing(
        samples in samples(),
        format in prop::sample::select(FORMATS),
        compression in prop::sample::select(&COMPRESSIONS[..3]),
        batch_bytes in 1..400_usize,
        shards in 1..9_u32,
        spoil in any::<Option<prop::sample::Index>>(),
    ) {
        let (name, mut bytes) = written(&samples, format);
        // With a broken row among them, all the same.
        if let (Some(spoil), true) = (spoil, matches!(format, Format::JsonLines | Format::Csv | Format::Text)) {
            let at = spoil.index(bytes.len());
            bytes[at] = b'"';
        }
        let folder = Folder::new();
        let path = folder.file(&format!("{name}{}", compression.0), compression.1(&bytes));
        let Ok(found) = discover(&[path], &mut std::io::empty()) else { return Ok(()); };
        let input = &found.inputs[0];
        let whole = read(input);
        prop_assert_eq!(&read_part(input, Part::Whole, &limits(batch_bytes)), &whole);
        prop_assert_eq!(&read_shards(input, shards, &limits(batch_bytes)), &whole);
    }

    #[test]
    fn a_row_asked_for_by_number_is_that_row(
        samples in samples(),
        format in prop::sample::select(FORMATS),
        compression in prop::sample::select(&COMPRESSIONS[..3]),
        row in any::<prop::sample::Index>(),
    ) {
        let (name, bytes) = written(&samples, format);
        let folder = Folder::new();
        let input = folder.input(&format!("{name}{}", compression.0), compression.1(&bytes));
        let whole = read(&input);
        let row = row.index(whole.len() + 1);
        let expected: Vec<Seen> = whole.get(row).cloned().into_iter().collect();
        prop_assert_eq!(read_part(&input, Part::Row(row as u64), &Limits::default()), expected);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// A panic in our code fails this test; one in a decoder is caught and must become a fault.
    #[test]
    fn damage_of_any_kind_is_survived(
        samples in samples(),
        format in prop::sample::select(FORMATS),
        compression in prop::sample::select(COMPRESSIONS),
        inside in any::<bool>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        keep in any::<prop::sample::Index>(),
        cut in prop::bool::weighted(0.2),
    ) {
        let (name, plain) = written(&samples, format);
        let spoilt = |mut bytes: Vec<u8>| {
            for (at, byte) in &changes {
                let at = at.index(bytes.len());
                bytes[at] = *byte;
            }
            if cut {
                bytes.truncate(keep.index(bytes.len()));
            }
            bytes
        };
        let bytes = if inside { compression.1(&spoilt(plain)) } else { spoilt(compression.1(&plain)) };
        if let Some(seen) = survive(&format!("{name}{}", compression.0), &bytes) {
            prop_assert!(!seen.is_empty(), "a file is never passed over in silence");
        }
    }

    #[test]
    fn noise_is_survived_under_any_name(
        bytes in prop::collection::vec(any::<u8>(), 0..600),
        start in prop::sample::select(vec![&b""[..], b"PAR1", b"ARROW1\0\0", b"\xFF\xFF\xFF\xFF", b"[{", b"{\"data\": [", b"\x1F\x8B\x08", b"BZh9", b"\xFD7zXZ\0", b"\x28\xB5\x2F\xFD"]),
        name in prop::sample::select(vec!["a.jsonl", "a.json", "a.csv", "a.tsv", "a.txt", "a.parquet", "a.arrow", "a.feather", "a.jsonl.gz", "a"]),
    ) {
        let bytes = [start, &bytes[..]].concat();
        if let Some(seen) = survive(name, &bytes) {
            prop_assert!(!seen.is_empty(), "a file is never passed over in silence");
        }
    }
}
