//! Batches as they left a DataLoader, read from the files they were dumped to.
//!
//! The format is that of `python/gonogo_dump.py`, which documents it: a file of safetensors for each batch, or for
//! several with `3.input_ids` as names; or JSON lines or Parquet with a batch or a row on each line.

mod assemble;
pub mod matching;
mod matrix;
mod parting;
mod safetensors;

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

use crate::model::dumped::DumpedRow;
use crate::model::value::Value;
use crate::source::{self, Input, Limits, Part, open};

use assemble::{COLUMNS, Columns};
use matrix::Matrix;
use safetensors::Safetensors;

/// Tokens that tell padding from text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Known {
    pub pad: Option<i64>,
    pub eos: Option<i64>,
}

/// The files of a dump.
pub struct Dump {
    pub files: Vec<File>,
    /// What the first file that says anything says of how the batches were made.
    pub about: BTreeMap<String, String>,
}

/// A file of batches.
pub struct File {
    /// As it is named to the user.
    pub name: String,
    pub bytes: u64,
    /// `safetensors`, `JSON lines`, `Parquet`.
    pub format: String,
    /// Whether its batches are told apart by their number where they stand on no line: they are several.
    pub by_number: bool,
    kind: Kind,
}

enum Kind {
    Safetensors(PathBuf),
    Rows(Box<Input>),
}

/// A batch.
pub struct Batch {
    /// Its number in the file.
    pub number: u64,
    /// Its number in its loader, where it has a file of its own that says so.
    pub own: Option<u64>,
    /// The file's line it stands on; 0 where that has none.
    pub line: u64,
    pub rows: Vec<DumpedRow>,
    /// Whether each row stands on a line of its own, so that lines tell them apart.
    pub is_flat: bool,
    /// The columns there are, with their shapes.
    pub columns: Vec<(String, Vec<usize>)>,
    /// What was not looked at.
    pub passed_over: Vec<String>,
}

/// Why a dump cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("{place}: {message}")]
pub struct DumpError {
    /// The file, with the line or batch where there is one.
    pub place: String,
    /// Lower case, no full stop.
    pub message: String,
}

impl Dump {
    /// Finds the files of what was named: files, and folders of them.
    ///
    /// # Errors
    ///
    /// If one is not there or is of no format known.
    pub fn find(paths: &[PathBuf]) -> Result<Self, DumpError> {
        let mut files = Vec::new();
        for path in paths {
            add(path, &mut files)?;
        }
        // A file named twice would be one whose rows the loader yields twice.
        let mut seen = HashSet::new();
        files.retain(|file| seen.insert(file.identity()));
        let mut dump = Self {
            files,
            about: BTreeMap::new(),
        };
        for file in &dump.files {
            let about = file.about()?;
            if !about.is_empty() {
                dump.about = about;
                break;
            }
        }
        Ok(dump)
    }
}

fn add(path: &Path, files: &mut Vec<File>) -> Result<(), DumpError> {
    let name = path.display().to_string();
    if is_safetensors(path) && !path.is_dir() {
        files.push(of_safetensors(path.to_owned(), name)?);
        return Ok(());
    }
    if path.is_dir() {
        let entries = std::fs::read_dir(path).map_err(|error| wrong(&name, format!("it cannot be read: {error}")))?;
        let mut own: Vec<PathBuf> = entries
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| is_safetensors(path))
            .collect();
        if !own.is_empty() {
            own.sort_by_cached_key(|path| natural(&path.to_string_lossy()));
            for path in own {
                let name = path.display().to_string();
                files.push(of_safetensors(path, name)?);
            }
            return Ok(());
        }
    }
    let found = source::discover(&[path.to_owned()], &mut std::io::stdin()).map_err(|error| {
        // It names the path as well.
        let why = error.to_string();
        wrong(&name, why.strip_prefix(&format!("{name}: ")).unwrap_or(&why).to_owned())
    })?;
    if found.inputs.is_empty() {
        return Err(wrong(&name, "there is no dump in it".to_owned()));
    }
    files.extend(found.inputs.into_iter().map(|input| File {
        name: input.name.clone(),
        bytes: input.bytes,
        format: input.format.to_string(),
        by_number: true,
        kind: Kind::Rows(Box::new(input)),
    }));
    Ok(())
}

fn is_safetensors(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "safetensors")
}

fn of_safetensors(path: PathBuf, name: String) -> Result<File, DumpError> {
    let size = std::fs::metadata(&path).map_err(|error| wrong(&name, format!("it cannot be read: {error}")))?;
    let read = Safetensors::open(&path).map_err(|message| wrong(&name, message))?;
    Ok(File {
        by_number: read.tensors.iter().any(|tensor| split(&tensor.name).0.is_some()),
        name,
        bytes: size.len(),
        format: "safetensors".to_owned(),
        kind: Kind::Safetensors(path),
    })
}

/// A name to sort by: `batch-10` comes after `batch-9`.
fn natural(name: &str) -> Vec<(String, u64)> {
    let mut pieces: Vec<(String, u64)> = Vec::new();
    let mut rest = name;
    while !rest.is_empty() {
        let word = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        let (text, after) = rest.split_at(word);
        let number = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
        let (digits, after) = after.split_at(number);
        pieces.push((text.to_owned(), digits.parse().unwrap_or(0)));
        rest = after;
    }
    pieces
}

fn wrong(place: &str, message: String) -> DumpError {
    DumpError {
        place: place.to_owned(),
        message,
    }
}

impl File {
    /// What no other file of a dump has in common with it, by whatever name each was named.
    fn identity(&self) -> (PathBuf, Option<String>) {
        let (path, field) = match &self.kind {
            Kind::Safetensors(path) => (path, None),
            Kind::Rows(input) => (&input.path, input.field.clone()),
        };
        (path.canonicalize().unwrap_or_else(|_| path.clone()), field)
    }

    /// What the file says of how its batches were made.
    fn about(&self) -> Result<BTreeMap<String, String>, DumpError> {
        match &self.kind {
            Kind::Safetensors(path) => {
                let read = Safetensors::open(path).map_err(|message| wrong(&self.name, message))?;
                Ok(read.metadata)
            }
            Kind::Rows(input) => {
                let mut about = BTreeMap::new();
                let mut reader = open(input, 0, Part::Row(0), &Limits::default());
                while let Some(batch) = reader.next() {
                    batch.rows(&mut |read| {
                        if let Some(told) = read.ok().and_then(|record| told(&record.value)) {
                            about = told;
                        }
                    });
                }
                Ok(about)
            }
        }
    }

    /// Shows every batch of the file, in order.
    ///
    /// # Errors
    ///
    /// If it is damaged, or holds something else than batches; or what `each` says.
    pub fn batches(&self, known: Known, each: &mut dyn FnMut(Batch) -> Result<(), DumpError>) -> Result<(), DumpError> {
        match &self.kind {
            Kind::Safetensors(path) => self.of_tensors(path, known, each),
            Kind::Rows(input) => self.of_rows(input, known, each),
        }
    }

    fn of_tensors(
        &self,
        path: &Path,
        known: Known,
        each: &mut dyn FnMut(Batch) -> Result<(), DumpError>,
    ) -> Result<(), DumpError> {
        let mut file = Safetensors::open(path).map_err(|message| wrong(&self.name, message))?;
        let rank = file
            .metadata
            .get("rank")
            .and_then(|rank| rank.parse().ok())
            .unwrap_or(0);
        let own = file.metadata.get("batch").and_then(|own| own.parse().ok());
        // Batches by the number before their tensors' names; a file of one batch has none.
        let mut numbers: BTreeMap<Option<u64>, Vec<usize>> = BTreeMap::new();
        for (at, tensor) in file.tensors.iter().enumerate() {
            numbers.entry(split(&tensor.name).0).or_default().push(at);
        }
        for (number, tensors) in numbers {
            let place = match number {
                Some(number) => format!("{} batch {number}", self.name),
                None => self.name.clone(),
            };
            let mut columns = Columns::default();
            let mut shapes = Vec::new();
            for at in tensors {
                let name = split(&file.tensors[at].name).1.to_owned();
                if COLUMNS.contains(&name.as_str()) {
                    shapes.push((name.clone(), file.tensors[at].shape.clone()));
                    let matrix = file.read(at).map_err(|message| wrong(&place, message))?;
                    columns.matrices.push((name.clone(), matrix));
                }
                columns.names.push(name);
            }
            let batch = batch(&columns, known, shapes, rank).map_err(|message| wrong(&place, message))?;
            each(Batch {
                number: number.unwrap_or(0),
                own: own.filter(|_| number.is_none()),
                ..batch
            })?;
        }
        Ok(())
    }

    fn of_rows(
        &self,
        input: &Input,
        known: Known,
        each: &mut dyn FnMut(Batch) -> Result<(), DumpError>,
    ) -> Result<(), DumpError> {
        let mut reader = open(input, 0, Part::Whole, &Limits::default());
        let mut number = 0;
        let mut rank = 0;
        // Rows of a batch that stand on lines of their own: its number, and they.
        let mut open_batch: Option<(i64, Batch)> = None;
        let mut result = Ok(());
        while let (Some(lines), true) = (reader.next(), result.is_ok()) {
            lines.rows(&mut |read| {
                if result.is_err() {
                    return;
                }
                let mut line = |value: &Value<'_>, line: u64| -> Result<(), DumpError> {
                    let place = if line == 0 {
                        format!("{} row {number}", self.name)
                    } else {
                        format!("{}:{line}", self.name)
                    };
                    if let Some(about) = told(value) {
                        rank = about.get("rank").and_then(|rank| rank.parse().ok()).unwrap_or(0);
                        return Ok(());
                    }
                    let (columns, shapes) = of_values(value).map_err(|message| wrong(&place, message))?;
                    let mut read = batch(&columns, known, shapes, rank).map_err(|message| wrong(&place, message))?;
                    read.line = line;
                    read.is_flat = value.get("input_ids").is_some_and(is_flat);
                    let own = value.get("batch").and_then(Value::as_i64).filter(|_| read.is_flat);
                    if let (Some(own), Some((open, batch))) = (own, &mut open_batch)
                        && own == *open
                    {
                        batch.take(read);
                        return Ok(());
                    }
                    if let Some((_, batch)) = open_batch.take() {
                        each(batch)?;
                    }
                    read.number = number;
                    number += 1;
                    match own {
                        Some(own) => open_batch = Some((own, read)),
                        None => each(read)?,
                    }
                    Ok(())
                };
                result = match &read {
                    Ok(record) => line(&record.value, record.place.line),
                    Err(unreadable) => Err(wrong(
                        &match unreadable.place.line {
                            0 => self.name.clone(),
                            line => format!("{}:{line}", self.name),
                        },
                        unreadable.message.clone(),
                    )),
                };
            });
        }
        result?;
        match open_batch {
            Some((_, batch)) => each(batch),
            None => Ok(()),
        }
    }
}

impl Batch {
    /// Adds a row that stands on the next line.
    fn take(&mut self, other: Self) {
        self.rows.extend(other.rows);
        self.passed_over.extend(other.passed_over);
        let rows = self.rows.len() as u64;
        for (at, row) in (0..).zip(&mut self.rows) {
            (row.row, row.rows) = (at, rows);
        }
    }
}

/// `3.input_ids`, `batch_3/input_ids`: the number and the column.
fn split(name: &str) -> (Option<u64>, &str) {
    let Some((before, column)) = name.rsplit_once(['.', '/']) else {
        return (None, name);
    };
    let digits = before.trim_start_matches(|c: char| !c.is_ascii_digit());
    match digits.parse() {
        Ok(number) if COLUMNS.contains(&column) => (Some(number), column),
        _ => (None, name),
    }
}

/// The line that says how the batches were made.
fn told(value: &Value<'_>) -> Option<BTreeMap<String, String>> {
    let about = value.get("gonogo_dump")?.as_object()?;
    let text = |value: &Value<'_>| match value {
        Value::Str(text) => Some(text.clone().into_owned()),
        Value::Int(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    };
    let entries = about.iter();
    Some(
        entries
            .filter_map(|(key, value)| Some((key.to_owned(), text(value)?)))
            .collect(),
    )
}

fn is_flat(ids: &Value<'_>) -> bool {
    ids.as_array()
        .is_some_and(|items| !matches!(items.first(), Some(Value::Array(_))))
}

/// The columns of a line.
fn of_values(value: &Value<'_>) -> Result<(Columns, Vec<(String, Vec<usize>)>), String> {
    let Some(object) = value.as_object() else {
        return Err(format!("a line is {}, not an object with input_ids", value.a_kind()));
    };
    let (mut columns, mut shapes) = (Columns::default(), Vec::new());
    for (name, value) in object.iter() {
        columns.names.push(name.to_owned());
        if COLUMNS.contains(&name) && !value.is_null() {
            let matrix = Matrix::of(value, name == "seq_lengths").map_err(|message| format!("`{name}` {message}"))?;
            shapes.push((name.to_owned(), matrix.shape.clone()));
            columns.matrices.push((name.to_owned(), matrix));
        }
    }
    Ok((columns, shapes))
}

fn batch(columns: &Columns, known: Known, shapes: Vec<(String, Vec<usize>)>, rank: u64) -> Result<Batch, String> {
    let mut assembled = columns.rows(known)?;
    for row in &mut assembled.rows {
        row.rank = rank;
    }
    Ok(Batch {
        number: 0,
        own: None,
        line: 0,
        is_flat: false,
        rows: assembled.rows,
        columns: shapes,
        passed_over: assembled.passed_over,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_in_the_order_of_their_numbers() {
        let mut names = ["d/rank1-batch-2", "d/batch-10", "d/batch-9", "d/rank1-batch-10"];
        names.sort_by_cached_key(|name| natural(name));
        assert_eq!(
            names,
            ["d/batch-9", "d/batch-10", "d/rank1-batch-2", "d/rank1-batch-10"]
        );
    }

    #[test]
    fn a_tensor_may_name_its_batch() {
        assert_eq!(split("input_ids"), (None, "input_ids"));
        assert_eq!(split("3.input_ids"), (Some(3), "input_ids"));
        assert_eq!(split("batch_12/labels"), (Some(12), "labels"));
        assert_eq!(split("model.layers.3.weight"), (None, "model.layers.3.weight"));
    }
}
