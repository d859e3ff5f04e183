//! Files made for a test, and what is read from them.

use std::fs;
use std::io::{Read, Write, empty};
use std::path::{Path, PathBuf};

use gonogo::model::record::{Quirks, Unreadable};
use gonogo::model::value::{Object, Value};
use gonogo::place::Place;
use gonogo::source::{Discovered, Input, Limits, Part, Shard, discover, open};
use tempfile::TempDir;

/// A folder that goes away with the test.
pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(TempDir::new().expect("a temporary folder"))
    }

    /// Writes a file, making the folders it stands in.
    pub(crate) fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.path().join(name);
        fs::create_dir_all(path.parent().expect("a file is in a folder")).expect("folders");
        fs::write(&path, bytes).expect("a file");
        path
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Reads a file of this name and content.
    pub(crate) fn read(&self, name: &str, bytes: impl AsRef<[u8]>) -> Vec<Seen> {
        read(&self.input(name, bytes))
    }

    pub(crate) fn input(&self, name: &str, bytes: impl AsRef<[u8]>) -> Input {
        let path = self.file(name, bytes);
        let mut found = find(&path);
        assert_eq!(found.inputs.len(), 1, "{name} is one input");
        found.inputs.remove(0)
    }
}

pub(crate) fn find(path: &Path) -> Discovered {
    discover(&[path.to_owned()], &mut empty()).expect("the file is there")
}

/// One thing a reader showed, kept.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Seen {
    Row(Row),
    Bad(Unreadable),
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Row {
    pub(crate) place: Place,
    pub(crate) value: Value<'static>,
    pub(crate) bytes: Option<Vec<u8>>,
    pub(crate) quirks: Quirks,
}

impl Seen {
    pub(crate) fn row(&self) -> &Row {
        match self {
            Self::Row(row) => row,
            Self::Bad(bad) => panic!("not a row: {bad:?}"),
        }
    }

    pub(crate) fn bad(&self) -> &Unreadable {
        match self {
            Self::Bad(bad) => bad,
            Self::Row(row) => panic!("not unreadable: {row:?}"),
        }
    }

    pub(crate) fn place(&self) -> Place {
        match self {
            Self::Row(row) => row.place,
            Self::Bad(bad) => bad.place,
        }
    }
}

pub(crate) fn read(input: &Input) -> Vec<Seen> {
    read_part(input, Part::Whole, &Limits::default())
}

pub(crate) fn read_part(input: &Input, part: Part, limits: &Limits) -> Vec<Seen> {
    let mut seen = Vec::new();
    let mut reader = open(input, 0, part, limits);
    while let Some(batch) = reader.next() {
        batch.rows(&mut |read| {
            seen.push(match read {
                Err(unreadable) => Seen::Bad(unreadable),
                Ok(record) => Seen::Row(Row {
                    place: record.place,
                    bytes: record.bytes.map(<[u8]>::to_vec),
                    quirks: record.quirks,
                    value: record.value.into_owned(),
                }),
            });
        });
    }
    seen
}

/// What all shards of a file show, one after the other.
pub(crate) fn read_shards(input: &Input, count: u32, limits: &Limits) -> Vec<Seen> {
    (0..count)
        .flat_map(|index| {
            let shard = Shard::new(index, count).expect("below the count");
            read_part(input, Part::Shard(shard), limits)
        })
        .collect()
}

/// The values of rows that are all readable.
pub(crate) fn values(seen: &[Seen]) -> Vec<Value<'static>> {
    seen.iter().map(|seen| seen.row().value.clone()).collect()
}

/// Line and, for what is unreadable, column, fault and message, as a line of text each.
pub(crate) fn outline(seen: &[Seen]) -> Vec<String> {
    let line = |seen: &Seen| match seen {
        Seen::Row(row) => format!("{}:{} {}", row.place.row, row.place.line, to_json(&row.value)),
        Seen::Bad(bad) => {
            let column = bad.column.map_or_else(String::new, |column| format!(":{column}"));
            format!(
                "{}:{}{column} {:?} {}",
                bad.place.row, bad.place.line, bad.fault, bad.message
            )
        }
    };
    seen.iter().map(line).collect()
}

pub(crate) fn object(entries: impl IntoIterator<Item = (&'static str, Value<'static>)>) -> Value<'static> {
    let mut object = Object::new();
    for (key, value) in entries {
        object.push(key.into(), value);
    }
    Value::Object(object)
}

pub(crate) fn text(text: &str) -> Value<'static> {
    Value::Str(text.to_owned().into())
}

/// A value as strict JSON.
pub(crate) fn to_json(value: &Value<'_>) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Int(value) => value.to_string(),
        Value::UInt(value) => value.to_string(),
        Value::Float(value) => format!("{value:?}"),
        Value::Str(text) => serde_json::to_string(text).expect("a text is JSON"),
        Value::Datetime(text) => serde_json::to_string(text).expect("a text is JSON"),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(to_json).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(object) => {
            let entries = object.iter().map(|(key, value)| {
                let key = serde_json::to_string(key).expect("a text is JSON");
                format!("{key}: {}", to_json(value))
            });
            format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
        }
    }
}

pub(crate) type Compress = fn(&[u8]) -> Vec<u8>;

/// Ways to compress a file, by the extension it gets.
pub(crate) const COMPRESSIONS: &[(&str, Compress)] = &[
    ("", <[u8]>::to_vec),
    (".gz", gzip),
    (".zst", zstd),
    (".bz2", bzip2),
    (".xz", xz),
];

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).expect("compresses");
    encoder.finish().expect("compresses")
}

pub(crate) fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 1).expect("compresses")
}

pub(crate) fn bzip2(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = bzip2::read::BzEncoder::new(bytes, bzip2::Compression::fast());
    let mut out = Vec::new();
    encoder.read_to_end(&mut out).expect("compresses");
    out
}

pub(crate) fn xz(bytes: &[u8]) -> Vec<u8> {
    let options = lzma_rust2::XzOptions::with_preset(1);
    let mut writer = lzma_rust2::XzWriter::new(Vec::new(), options).expect("options are sound");
    writer.write_all(bytes).expect("compresses");
    writer.finish().expect("compresses")
}

/// The bytes with the first of some replaced by as many others.
pub(crate) fn patched(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let at = bytes.windows(from.len()).position(|window| window == from);
    let at = at.unwrap_or_else(|| panic!("{from:02x?} stands in the file"));
    let mut bytes = bytes.to_vec();
    bytes[at..at + to.len()].copy_from_slice(to);
    bytes
}

/// A file of `fixtures/columnar`, which the Rust crates cannot write.
pub(crate) fn fixture(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/columnar")).join(name)
}
