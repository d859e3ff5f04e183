//! The data files of a folder.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use ignore::WalkBuilder;

use super::split::Way;
use super::{Candidate, LEADS_NOWHERE, NOT_OF_DISK, Skipped, path_of, skip, unvisited};
use crate::source::error::SourceError;
use crate::source::format::Format;

/// Files that have a data file's extension and hold no rows.
const NO_ROWS: &[&str] = &[
    // What datasets leaves out (`data_files.py: FILES_TO_IGNORE`) ...
    "config.json",
    "dataset_info.json",
    "dataset_infos.json",
    "dataset_dict.json",
    // ... and what else lies beside data and models.
    "state.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "generation_config.json",
    "preprocessor_config.json",
    "vocab.json",
    "trainer_state.json",
    "package.json",
    "requirements.txt",
];

const NO_DATA: &str = "not a data file by its name";

/// What there is of a folder.
pub(super) struct Expanded {
    /// The files to read, sorted by path.
    pub(super) candidates: Vec<Candidate>,
    pub(super) skipped: Vec<Skipped>,
    /// What `datasets` raises over the folder, which is read all the same.
    pub(super) refused: Option<String>,
}

/// Where it was `typed`, data beside those of other splits than `train` are not passed over.
pub(super) fn expand(folder: &Path, typed: bool) -> Result<Expanded, SourceError> {
    let mut skipped = Vec::new();
    let mut data = Vec::new();
    // Files of any kind, by which the splits are told.
    let mut all = Vec::new();
    let walk = WalkBuilder::new(folder)
        .standard_filters(false)
        .follow_links(true)
        .filter_entry(|entry| entry.depth() == 0 || !is_folder(entry) || may_hold_data(entry.path()))
        .sort_by_file_path(Path::cmp)
        .build();
    for entry in walk {
        let entry = match entry {
            Ok(entry) if is_folder(&entry) => continue,
            Ok(entry) => entry,
            Err(error) => {
                skipped.push(unwalked(folder, error)?);
                continue;
            }
        };
        let special = || (!entry.path().is_file()).then_some(NOT_OF_DISK);
        let reason = reason_by_name(entry.path()).or_else(special);
        let counts = reason.is_none_or(|reason| reason == NO_DATA && !entry.path().ends_with("README.md"));
        if counts {
            all.push(inside(folder, entry.path()).to_owned());
        }
        match reason {
            Some(reason) => skipped.push(skip(entry.path(), reason)),
            None => data.push(entry.into_path()),
        }
    }
    let mut way = Way::of(all.iter().map(PathBuf::as_path));
    let (mut formats, mut refused) = (formats(way, &all), None);
    if formats.values().all(Option::is_none) {
        if let Some(captor) = all.iter().find(|path| way.split(path).is_some()) {
            refused = Some(format!(
                "datasets would raise DataFilesNotFoundError: No (supported) data files found: by {} it takes only {}",
                captor.display(),
                way.reads()
            ));
        }
        way = Way::All;
        formats = self::formats(way, &all);
    } else if formats.values().any(|own| Some(own) != formats.values().next()) {
        refused = Some(
            "datasets would raise ValueError: Couldn't infer the same data file format for all splits: it loads no \
             folder whose splits differ in format, as these do"
                .to_owned(),
        );
    }
    let (mut candidates, mut left_out) = chosen(folder, &data, way, &formats);
    let is_other = |candidate: &Candidate| candidate.split.as_deref().is_some_and(|split| split != "train");
    if typed && !candidates.is_empty() && candidates.iter().all(is_other) {
        let whole = chosen(folder, &data, Way::All, &self::formats(Way::All, &all));
        if whole.0.len() > candidates.len() {
            (candidates, left_out) = whole;
            refused = Some(format!(
                "{}: no file is of the split train, and datasets would load only the other splits",
                folder.display()
            ));
        }
    }
    skipped.extend(left_out);
    Ok(Expanded {
        candidates,
        skipped,
        refused,
    })
}

/// The data that are read where splits are told in this way, and the others.
fn chosen(
    folder: &Path,
    data: &[PathBuf],
    way: Way,
    formats: &BTreeMap<Option<String>, Option<&'static str>>,
) -> (Vec<Candidate>, Vec<Skipped>) {
    let (mut candidates, mut skipped) = (Vec::with_capacity(data.len()), Vec::new());
    for path in data {
        let split = way.split(inside(folder, path));
        // Data that would be trained on is not passed over for the format of another split.
        let Some(read) = formats.get(&split).filter(|_| split.is_some() || way == Way::All) else {
            let reads = way.reads();
            skipped.push(skip(path, &format!("of this folder datasets reads only {reads}")));
            continue;
        };
        if Some(format(path).family()) == *read {
            candidates.push(Candidate {
                name: path.display().to_string(),
                split,
                path: path.clone(),
            });
        } else {
            let read = read.unwrap_or_default();
            let reason = format!("of a folder's formats only one is read, as datasets does: {read}");
            skipped.push(skip(path, &reason));
        }
    }
    (candidates, skipped)
}

fn inside<'p>(folder: &Path, path: &'p Path) -> &'p Path {
    path.strip_prefix(folder).unwrap_or(path)
}

fn format(path: &Path) -> Format {
    Format::of_name(path).expect("files without a format were left out")
}

/// The family of formats that is read of each split (`load.py: infer_module_for_data_files`); `None` for one without
/// data.
fn formats(way: Way, all: &[PathBuf]) -> BTreeMap<Option<String>, Option<&'static str>> {
    let mut of_split: BTreeMap<Option<String>, Vec<Format>> = BTreeMap::new();
    for path in all {
        let split = way.split(path);
        if split.is_some() || way == Way::All {
            of_split.entry(split).or_default().extend(Format::of_name(path));
        }
    }
    let read = |(split, formats): (_, Vec<Format>)| (split, most_common(formats.into_iter()));
    of_split.into_iter().map(read).collect()
}

fn is_folder(entry: &ignore::DirEntry) -> bool {
    entry.file_type().is_some_and(|kind| kind.is_dir())
}

/// Whether a folder of this name is looked into, whatever a file of it would be.
fn may_hold_data(path: &Path) -> bool {
    reason_by_name(path).is_none_or(|reason| reason == NO_DATA)
}

/// Why a file or folder of this name is not looked into.
fn reason_by_name(path: &Path) -> Option<&'static str> {
    let name = path.file_name()?.to_string_lossy();
    if name.starts_with('.') {
        Some("hidden")
    } else if name.starts_with("__") {
        Some("a folder or file of Python's")
    } else if NO_ROWS.contains(&name.as_ref()) {
        Some("describes data or a model, and holds no rows")
    } else if name.starts_with("cache-") && name.ends_with(".arrow") {
        Some("a cached step of datasets")
    } else if Format::of_name(path).is_none() {
        Some(NO_DATA)
    } else {
        None
    }
}

/// The family of the most frequent format; texts only where there is nothing else, since notes
/// and licences are texts too.
fn most_common(formats: impl Iterator<Item = Format>) -> Option<&'static str> {
    // In a draw the first of these wins, as in datasets (`load.py: infer_module_for_data_files_list`).
    const PREFERRED: &[Format] = &[
        Format::Parquet,
        Format::ArrowStream,
        Format::ArrowFile,
        Format::JsonLines,
        Format::JsonArray,
        Format::Csv,
        Format::Tsv,
        Format::Text,
    ];
    let mut counts = BTreeMap::new();
    for format in formats {
        *counts.entry(format).or_insert(0_usize) += 1;
    }
    let rank = |format: &Format| PREFERRED.iter().position(|preferred| preferred == format);
    counts
        .into_iter()
        .max_by_key(|(format, count)| (*format != Format::Text, *count, std::cmp::Reverse(rank(format))))
        .map(|(format, _)| format.family())
}

/// What could not be visited: an error, unless it is a link in a circle or no data anyway.
fn unwalked(folder: &Path, error: ignore::Error) -> Result<Skipped, SourceError> {
    let path = path_of(&error).map_or_else(|| folder.to_owned(), Path::to_owned);
    let reason = error.to_string();
    let Some(io) = error.into_io_error() else {
        return Ok(skip(&path, &reason));
    };
    match (reason_by_name(&path), path.read_link()) {
        (Some(reason), _) if !may_hold_data(&path) => Ok(skip(&path, reason)),
        (Some(_), Ok(_)) if io.kind() == ErrorKind::NotFound => Ok(skip(&path, LEADS_NOWHERE)),
        // A folder that cannot be read may hold data, and of what cannot be asked for nobody knows that it is none.
        _ => Err(unvisited(&path, io)),
    }
}
