//! The rows held out from training, read before the others: evaluation data and benchmarks.

use std::borrow::Cow;
use std::path::PathBuf;

use crate::holdout::{GRAM_WORDS, Holdout, Scratch};
use crate::model::example::{Branch, Content, Example, Role, Turn};
use crate::model::record::Record;
use crate::model::value::Value;
use crate::report;
use crate::report::style::{count, counted};
use crate::settings::{Settings, UsageError};
use crate::shape::{Detection, Layout};
use crate::source::{Input, Limits, Part, discover, open};
use crate::text::{Forms, Words};

use super::data::{Data, given, look};
use super::header;

/// A file of held-out rows.
struct Held<'i> {
    input: &'i Input,
    /// Its number among all sources.
    source: u32,
    layout: Option<&'i Layout>,
    is_benchmark: bool,
}

/// Reads held-out rows whole, whatever shard of the training data is looked at; how many rows each file has.
///
/// # Errors
///
/// If a benchmark cannot be read, of which no finding speaks; what cannot be read of evaluation data is one.
fn read(files: &[Held<'_>], limits: &Limits, notes: &mut Vec<String>) -> Result<(Holdout, Vec<u64>), UsageError> {
    let (mut holdout, mut scratch) = (Holdout::default(), Scratch::default());
    let (mut words, mut forms) = (Words::default(), Forms::default());
    let mut counts = Vec::new();
    for Held {
        input,
        source,
        layout,
        is_benchmark,
    } in files
    {
        let (mut rows, mut unreadable_rows, mut broken) = (0, 0, None);
        let mut reader = open(input, *source, Part::Whole, limits);
        while let Some(batch) = reader.next() {
            batch.rows(&mut |read| {
                let record = match read {
                    Ok(record) => record,
                    Err(unreadable) if unreadable.fault.is_of_a_row() => {
                        unreadable_rows += 1;
                        return;
                    }
                    Err(unreadable) => {
                        broken.get_or_insert(unreadable.message);
                        return;
                    }
                };
                rows += 1;
                let meant = layout.and_then(|layout| layout.read(&record).ok());
                let example = meant.unwrap_or_else(|| texts(&record));
                words.clear();
                forms.clear();
                for turn in &example.turns {
                    words.push(&turn.text);
                    forms.push(&turn.text);
                }
                holdout.add(record.place, &example, &words, &forms, &mut scratch);
            });
        }
        if *is_benchmark {
            let empty = || (rows == 0).then(|| "no row of it can be read".to_owned());
            if let Some(why) = broken.or_else(empty) {
                let message = format!("{} cannot be compared with: {why}", input.name);
                return Err(UsageError(message));
            }
            if unreadable_rows > 0 {
                let rows = counted(unreadable_rows, "row");
                notes.push(format!(
                    "left out of the comparison: {rows} of {} that cannot be read",
                    input.name
                ));
            }
        }
        counts.push(rows);
    }
    holdout.index();
    Ok((holdout, counts))
}

/// What is held out from training.
#[derive(Default)]
pub(super) struct HeldOut {
    /// `None` where no row is.
    pub holdout: Option<Holdout>,
    /// The files of `--against`.
    pub benchmarks: Vec<Input>,
    /// The same as sources, with their rows.
    pub sources: Vec<report::Source>,
}

impl HeldOut {
    /// Reads evaluation data and benchmarks.
    ///
    /// # Errors
    ///
    /// If a benchmark cannot be found or read.
    pub(super) fn read(
        settings: &Settings,
        data: &Data,
        limits: &Limits,
        notes: &mut Vec<String>,
    ) -> anyhow::Result<Self> {
        let benchmarks = benchmarks(settings, notes)?;
        let Data { files, detected } = data;
        let first = u32::try_from(files.inputs.len()).expect("fewer sources than 2^32");
        let given = given(settings);
        let shapes: Vec<Detection> = (first..)
            .zip(&benchmarks)
            .map(|(source, input)| look(input, source, None, &given, limits))
            .collect();
        let own = (0..).zip(&files.inputs).zip(detected).zip(&files.eval);
        let own = own.filter(|(_, eval)| **eval).map(|(file, _)| file);
        let others = (first..).zip(&benchmarks).zip(&shapes);
        let held: Vec<Held<'_>> = own
            .chain(others)
            .map(|((source, input), detection)| Held {
                input,
                source,
                layout: detection.layout.as_ref(),
                is_benchmark: source >= first,
            })
            .collect();
        if held.is_empty() {
            return Ok(Self::default());
        }
        let (holdout, rows) = read(&held, limits, notes)?;
        let holdout = Some(holdout).filter(|holdout| !holdout.is_empty());
        notes.extend(holdout.as_ref().and_then(too_short));
        let rows = &rows[rows.len() - benchmarks.len()..];
        let sources = header::sources(&benchmarks, &vec![false; benchmarks.len()], &shapes);
        let sources = sources.into_iter().zip(rows).map(|(source, rows)| report::Source {
            against: true,
            rows: *rows,
            ..source
        });
        Ok(Self {
            holdout,
            sources: sources.collect(),
            benchmarks,
        })
    }

    /// How many rows there are.
    pub(super) fn rows(&self) -> u64 {
        self.holdout.as_ref().map_or(0, |holdout| holdout.len() as u64)
    }
}

/// # Errors
///
/// For `-`: standard input is the data's.
pub(super) fn not_stdin(paths: &[PathBuf], flag: &str) -> Result<(), UsageError> {
    if paths.iter().any(|path| path.as_os_str() == "-") {
        return Err(UsageError(format!(
            "{flag} names files: standard input can only be the data"
        )));
    }
    Ok(())
}

/// Files of `--against`.
fn benchmarks(settings: &Settings, notes: &mut Vec<String>) -> anyhow::Result<Vec<Input>> {
    if settings.against.is_empty() {
        return Ok(Vec::new());
    }
    not_stdin(&settings.against, "--against")?;
    let found = discover(&settings.against, &mut std::io::empty())?;
    for skipped in &found.skipped {
        notes.push(format!("left out {}: {}", skipped.name, skipped.reason));
    }
    Ok(found.inputs)
}

/// A row of no known shape, as tests often are: its texts, the longest as what is asked. Names and ids of a
/// word or two are left out.
fn texts<'r>(record: &'r Record<'_>) -> Example<'r> {
    let mut found: Vec<&str> = Vec::new();
    gather(&record.value, &mut found);
    found.sort_by_key(|text| std::cmp::Reverse(text.len()));
    let turn = |text: &'r str| Turn {
        role: Role::User,
        role_text: Cow::Borrowed("user"),
        text: Cow::Borrowed(text),
        content: Content::Text,
        branch: Branch::Prompt,
        field: "",
        index: None,
        key: "",
        raw: None,
        train: None,
    };
    Example {
        turns: found.into_iter().filter(|text| text.len() >= 16).map(turn).collect(),
        ..Example::unknown()
    }
}

fn gather<'v>(value: &'v Value<'_>, out: &mut Vec<&'v str>) {
    match value {
        Value::Str(text) => out.push(text),
        Value::Array(items) => items.iter().for_each(|item| gather(item, out)),
        Value::Object(object) => object.iter().for_each(|(_, value)| gather(value, out)),
        _ => {}
    }
}

/// What is worth knowing of rows that are held out and too short to be found inside other texts, if they are many.
fn too_short(holdout: &Holdout) -> Option<String> {
    let (short, all) = (holdout.short(), holdout.len() as u64);
    (short * 10 > all).then(|| {
        format!(
            "{} of {} have fewer than {GRAM_WORDS} words to a turn, or hardly any of their own: they are found where a row asks or says the same, and \
             not inside longer texts",
            count(short),
            counted(all, "held-out row")
        )
    })
}
