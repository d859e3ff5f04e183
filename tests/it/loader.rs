//! What the real `datasets` made of small tricky files, made again. See `fixtures/loader/record.py`.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use gonogo::loader::{Datasets, Extent, LoadError, Loader, Look, Schema};
use gonogo::model::record::{Quirks, Record};
use gonogo::model::value::{Object, Value};
use gonogo::place::Place;
use gonogo::sketch::Merge;
use gonogo::source::{Format, Limits, Part, discover, open};
use proptest::prelude::*;
use serde::Deserialize;
use serde_json::value::RawValue;

#[derive(Deserialize)]
struct Case {
    name: String,
    files: Vec<String>,
    /// Bytes of a chunk, where it is not the usual 10 MiB.
    chunk: Option<u64>,
    /// A blank line ends the file, which is not seen from the places of the rows.
    #[serde(default)]
    blank_at_end: bool,
    /// Loaders, by the start of their names, for which this is said not to be known.
    #[serde(default)]
    unknown: Vec<String>,
    made: Vec<Made>,
}

#[derive(Deserialize)]
struct Made {
    by: Vec<String>,
    result: Outcome,
}

/// Either the rows or the error.
#[derive(Deserialize, Debug)]
struct Outcome {
    /// As they are written: `serde_json` rounds floats.
    rows: Option<Vec<Box<RawValue>>>,
    class: Option<String>,
    cause: Option<String>,
    message: Option<String>,
}

type Row = (Place, Value<'static>);

fn groups() -> BTreeMap<PathBuf, Vec<Case>> {
    let extra = std::env::var_os("GONOGO_LOADER_CASES").map(PathBuf::from);
    let paths: Vec<_> = match extra {
        Some(path) => vec![path],
        None => fs::read_dir("fixtures/loader")
            .expect("a folder")
            .map(|entry| entry.expect("an entry").path())
            .filter(|path| path.extension().is_some_and(|ending| ending == "json"))
            .collect(),
    };
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).expect("a group of cases");
        let cases = serde_json::from_str(&text).expect("cases");
        (path, cases)
    };
    paths.into_iter().map(read).collect()
}

/// The rows of a file, by the readers of the product.
fn read(folder: &Path, source: u32, text: &str, each: &mut dyn FnMut(Format, Record<'_>)) {
    let ending = if text.starts_with('[') { "json" } else { "jsonl" };
    let path = folder.join(format!("{source}.{ending}"));
    fs::write(&path, text).expect("written");
    let limits = Limits::default();
    let found = discover(&[path], &mut std::io::empty()).expect("a file");
    let mut reader = open(&found.inputs[0], source, Part::Whole, &limits);
    while let Some(batch) = reader.next() {
        batch.rows(&mut |read| each(found.inputs[0].format, read.expect("readable rows")));
    }
}

/// Looks at every row of the files and gives the rows for the second time.
fn look(case: &Case, folder: &Path) -> (Look, Vec<Row>) {
    let (mut look, mut rows) = (Look::default(), Vec::new());
    for (source, text) in (0..).zip(&case.files) {
        read(folder, source, text, &mut |format, record| {
            let extent = match format {
                Format::JsonArray => Extent::Whole,
                _ => case.chunk.map_or(Extent::JSON_LINES, Extent::Chunks),
            };
            look.add(&record, extent);
            if case.blank_at_end {
                look.blank_line(&record.place, extent);
            }
            rows.push((record.place, record.value.into_owned()));
        });
    }
    (look, rows)
}

fn loader(name: &str) -> Loader {
    let Some(version) = name.strip_prefix("json ") else {
        return Loader::FromList;
    };
    let numbers: Vec<u32> = version
        .split('.')
        .map(|number| number.parse().expect("a number"))
        .collect();
    let datasets = Datasets::known(numbers[0], numbers[1], numbers[2]).expect("a known version");
    Loader::Json(datasets)
}

/// A recorded value as it is here.
fn as_here(value: &Value<'_>) -> Value<'static> {
    match value {
        Value::Array(items) => Value::Array(items.iter().map(as_here).collect()),
        Value::Object(object) => {
            let marked = object.iter().next().filter(|_| object.len() == 1);
            match marked.and_then(|(key, value)| Some((key, value.as_str()?))) {
                Some(("$datetime", text)) => Value::Datetime(text.to_owned()),
                Some(("$float", text)) => Value::Float(text.parse().expect("a float")),
                _ => {
                    let entries = object
                        .iter()
                        .map(|(key, value)| (key.to_owned().into(), as_here(value)));
                    Value::Object(Object::from_entries(entries.collect()).0)
                }
            }
        }
        _ => value.clone().into_owned(),
    }
}

/// Values with every bit of their floats, so that nan is itself and -0.0 is not 0.0.
fn bits(row: &Value<'_>) -> String {
    format!("{row:?}")
}

/// What is wrong with what was made here, if anything.
fn difference(
    schema: Result<Schema, LoadError>,
    rows: &[Row],
    loader: Loader,
    real: &Outcome,
    folder: &Path,
) -> Option<String> {
    match (schema, &real.rows) {
        (Ok(schema), Some(expected)) => {
            let made: Vec<_> = rows
                .iter()
                .map(|(place, row)| bits(&schema.apply(place, row)))
                .collect();
            let unchanged = rows.iter().map(|(_, row)| bits(row)).eq(made.iter().cloned());
            let text: String = expected.iter().map(|row| format!("{}\n", row.get())).collect();
            let mut real = Vec::new();
            if !text.is_empty() {
                read(folder, 9, &text, &mut |_, record| {
                    real.push(bits(&as_here(&record.value)));
                });
            }
            if made != real {
                return Some(format!("made {made:#?}\nreal {real:#?}\n{:?}", schema.columns()));
            }
            if schema.is_identity() && !unchanged {
                return Some("said to be the identity".to_owned());
            }
            let silent = schema.changes().is_empty() && !unchanged;
            silent.then(|| "changes, and does not say what".to_owned())
        }
        (
            Err(LoadError::Raises {
                class, cause, message, ..
            }),
            None,
        ) => {
            let said = real.message.as_deref().unwrap_or_default();
            // Which of two Arrow errors the Python objects of a list meet first is not followed.
            let arrow =
                |name: Option<&str>| loader == Loader::FromList && name.is_some_and(|name| name.starts_with("Arrow"));
            let same = |real: Option<&str>, made| real == Some(made) || (arrow(real) && arrow(Some(made)));
            let alike = same(real.class.as_deref(), class)
                && same(real.cause.as_deref(), cause)
                && (!said.contains(") changed from") || said.starts_with(&message));
            (!alike).then(|| format!("raises {class} from {cause}: {message}\nreally {real:?}"))
        }
        (made, _) => Some(format!(
            "made {:?}\nreal {real:?}",
            made.map(|made| made.columns().to_vec())
        )),
    }
}

#[test]
fn rows_become_what_they_really_become() {
    let mut wrong = Vec::new();
    let (mut compared, mut unknown) = (0, 0);
    let folder = tempfile::tempdir().expect("a folder");
    for (path, cases) in groups() {
        for case in &cases {
            let (look, rows) = look(case, folder.path());
            for made in &case.made {
                for by in &made.by {
                    compared += 1;
                    let expected_unknown = case.unknown.iter().any(|name| by.starts_with(name));
                    let schema = Schema::of(&look, loader(by));
                    let is_unknown = matches!(schema, Err(LoadError::Unknown { .. }));
                    unknown += usize::from(is_unknown && !expected_unknown);
                    let difference = if expected_unknown {
                        (!is_unknown).then(|| format!("made {schema:?}, which was not known"))
                    } else if is_unknown && case.name.starts_with("random") {
                        None
                    } else {
                        difference(schema, &rows, loader(by), &made.result, folder.path())
                    };
                    if let Some(difference) = difference {
                        let file = path.file_stem().unwrap_or_default().display();
                        wrong.push(format!(
                            "## {file}: {} ({by})\n{}\n{difference}",
                            case.name,
                            case.files.join("--\n")
                        ));
                    }
                }
            }
        }
    }
    assert!(compared > 100, "the cases were not found");
    assert!(unknown * 50 <= compared, "{unknown} of {compared} are not known");
    assert!(
        wrong.is_empty(),
        "{} of {compared} differ:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// Values of every kind, alike enough to meet at the same paths.
fn value() -> impl Strategy<Value = Value<'static>> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        prop_oneof![Just(0), Just(7), Just(i64::MIN), Just((1 << 53) + 1)].prop_map(Value::Int),
        Just(Value::UInt(u64::MAX)),
        prop_oneof![Just(2.0), Just(0.1), Just(0.123_456_789_012), Just(f64::NAN)].prop_map(Value::Float),
        prop_oneof![Just("x"), Just("12"), Just("2024-01-01"), Just("{}"), Just("")]
            .prop_map(|text| Value::Str(text.into())),
    ];
    leaf.prop_recursive(3, 16, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::Array),
            prop::collection::vec(("[abc]", inner), 0..4).prop_map(|entries| {
                let entries = entries.into_iter().map(|(key, value)| (key.into(), value));
                Value::Object(Object::from_entries(entries.collect()).0)
            }),
        ]
    })
}

fn row() -> impl Strategy<Value = Value<'static>> {
    prop::collection::vec(("[ab]", value()), 0..3).prop_map(|entries| {
        let entries = entries.into_iter().map(|(key, value)| (key.into(), value));
        Value::Object(Object::from_entries(entries.collect()).0)
    })
}

/// Two sources of six rows, each cut into tables of two or three.
const EXTENT: Extent = Extent::Chunks(250);

fn place(at: usize) -> Place {
    let row = at as u64 % 6;
    Place {
        source: u32::try_from(at / 6).expect("few"),
        row,
        line: row + 1 + u64::from(row == 4),
        offset: row * 100,
    }
}

fn record(at: usize, row: &Value<'static>) -> Record<'static> {
    Record {
        place: place(at),
        value: row.clone(),
        bytes: None,
        quirks: Quirks {
            duplicate_key: at == 7,
            ..Quirks::default()
        },
    }
}

fn everything() -> [Loader; 4] {
    let json = |major, minor, patch| Loader::Json(Datasets::known(major, minor, patch).expect("known"));
    [
        json(3, 6, 0),
        json(5, 2, 0),
        Loader::FromList,
        Loader::AsIs(Datasets::V5_2_0),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn who_looked_at_what_and_when_makes_no_difference(
        rows in prop::collection::vec(row(), 12),
        order in Just((0..12).collect::<Vec<_>>()).prop_shuffle(),
        owners in prop::collection::vec(0..4_usize, 12),
        merges in prop::collection::vec(any::<prop::sample::Index>(), 3),
    ) {
        // The reference never merges: it sees the rows in order.
        let mut sequential = Look::default();
        for (at, row) in rows.iter().enumerate() {
            sequential.add(&record(at, row), EXTENT);
        }
        let mut looks: Vec<_> = (0..4).map(|_| Look::default()).collect();
        for at in order {
            looks[owners[at]].add(&record(at, &rows[at]), EXTENT);
        }
        for merge in merges {
            let taken = looks.swap_remove(merge.index(looks.len()));
            let saved = postcard::to_stdvec(&taken).expect("saved");
            let into = merge.index(looks.len());
            looks[into].merge(postcard::from_bytes(&saved).expect("loaded"));
        }
        let merged = looks.pop().expect("one is left");
        for loader in everything() {
            let (one, other) = (Schema::of(&sequential, loader), Schema::of(&merged, loader));
            prop_assert_eq!(format!("{one:?}"), format!("{other:?}"));
        }
        prop_assert_eq!(sequential, merged);
    }

    #[test]
    fn the_identity_borrows_and_a_change_is_named(rows in prop::collection::vec(row(), 1..6)) {
        let mut look = Look::default();
        for (at, row) in rows.iter().enumerate() {
            look.add(&record(at, row), Extent::JSON_LINES);
        }
        for loader in everything() {
            let Ok(schema) = Schema::of(&look, loader) else { continue };
            let made: Vec<_> = rows.iter().enumerate().map(|(at, row)| schema.apply(&place(at), row)).collect();
            let borrowed = made.iter().all(|row| matches!(row, Cow::Borrowed(_)));
            prop_assert!(borrowed || !schema.is_identity());
            prop_assert!(borrowed || !schema.changes().is_empty());
            for (made, row) in made.iter().zip(&rows) {
                let same = bits(made) == bits(row);
                prop_assert_eq!(same, matches!(made, Cow::Borrowed(_)), "{:?} {:?}", loader, row);
            }
        }
    }
}
