//! From what the user typed to the files that are read.

mod folder;
mod glob;
mod saved;
mod split;
mod spool;

use std::collections::HashSet;
use std::error::Error;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::TempPath;

use super::Limits;
use super::error::SourceError;
use super::format::Format;
use super::input::Input;
use super::sniff::sniff;
use super::stream::Stream;
use folder::Expanded;

/// What there is to read.
#[derive(Debug, Default)]
pub struct Discovered {
    /// In the order given, the files of a folder by name.
    pub inputs: Vec<Input>,
    /// Files of folders that are not read, and files named again.
    pub skipped: Vec<Skipped>,
    /// What `datasets` raises over folders that are read all the same.
    pub refused: Vec<String>,
}

impl Discovered {
    /// Adds what else was found.
    pub fn add(&mut self, other: Self) {
        self.inputs.extend(other.inputs);
        self.skipped.extend(other.skipped);
        self.refused.extend(other.refused);
    }
}

/// A file that is not read, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    pub name: String,
    /// Lower case, no full stop.
    pub reason: String,
}

/// Finds the files behind paths, folders, glob patterns and `-`.
///
/// Folders are walked. As `datasets` does, only the files of splits are read where any file tells of one, and of several
/// formats the one with the most files; what is left out is listed. Hidden files are left out unless named, and
/// ignore files do not count: data are often ignored by git.
///
/// # Errors
///
/// If a path is not there, a folder or pattern yields nothing, a file cannot be opened, or its
/// format cannot be told. What is wrong inside a file is no error: its reader reports it.
pub fn discover(paths: &[PathBuf], stdin: &mut dyn Read) -> Result<Discovered, SourceError> {
    Discovery::default().all(paths, stdin)
}

/// The same for what is typed to be looked at: of a folder without a file of the split `train` all files are read, which
/// is said among [`Discovered::refused`].
///
/// # Errors
///
/// As [`discover`].
pub fn discover_typed(paths: &[PathBuf], stdin: &mut dyn Read) -> Result<Discovered, SourceError> {
    let discovery = Discovery {
        typed: true,
        ..Discovery::default()
    };
    discovery.all(paths, stdin)
}

/// A file to be read.
#[derive(Clone, Debug)]
struct Candidate {
    name: String,
    path: PathBuf,
    split: Option<String>,
}

#[derive(Default)]
struct Discovery {
    found: Discovered,
    seen: HashSet<PathBuf>,
    /// Whether the paths were typed, and no loader's.
    typed: bool,
}

impl Discovery {
    fn all(mut self, paths: &[PathBuf], stdin: &mut dyn Read) -> Result<Discovered, SourceError> {
        for path in paths {
            self.add(path, stdin)?;
        }
        Ok(self.found)
    }

    fn add(&mut self, path: &Path, stdin: &mut dyn Read) -> Result<(), SourceError> {
        let name = path.display().to_string();
        if path == Path::new("-") {
            return self.add_stream(name, stdin);
        }
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => self.add_folder(path),
            Ok(metadata) if metadata.is_file() => self.add_file(Candidate {
                split: split::of_file_name(path),
                path: path.to_owned(),
                name,
            }),
            // A pipe, as of `<(zcat data.gz)`: it can be read only once.
            Ok(_) => {
                let mut pipe = File::open(path).map_err(|error| unreadable(&name, error))?;
                self.add_stream(name, &mut pipe)
            }
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(unreadable(&name, error)),
            Err(_) if glob::is_pattern(&name) => self.add_matches(&name),
            Err(error) if path.is_symlink() => Err(unvisited(path, error)),
            Err(_) => Err(SourceError::Missing {
                nearest: nearest(path),
                path: path.to_owned(),
            }),
        }
    }

    fn add_matches(&mut self, pattern: &str) -> Result<(), SourceError> {
        let before = self.found.inputs.len();
        let mut empty = None;
        let (matches, skipped) = glob::matches(pattern)?;
        self.found.skipped.extend(skipped);
        for path in matches {
            if path.is_dir() {
                // A pattern matches what it matches: of several folders one may have no data.
                match self.add_folder(&path) {
                    Err(none @ SourceError::NoData { .. }) => empty = empty.or(Some(none)),
                    added => added?,
                }
            } else if path.is_file() {
                self.add_file(Candidate {
                    name: path.display().to_string(),
                    split: split::of_file_name(&path),
                    path,
                })?;
            } else {
                let none = SourceError::NoMatch {
                    pattern: pattern.to_owned(),
                };
                empty = empty.or(Some(none));
                self.found.skipped.push(skip(&path, NOT_OF_DISK));
            }
        }
        match empty {
            Some(none) if self.found.inputs.len() == before => Err(none),
            _ => Ok(()),
        }
    }

    fn add_folder(&mut self, path: &Path) -> Result<(), SourceError> {
        let expanded = match saved::expand(path)? {
            Some(candidates) => Expanded {
                candidates,
                skipped: Vec::new(),
                refused: None,
            },
            None => folder::expand(path, self.typed)?,
        };
        if expanded.candidates.is_empty() {
            return Err(SourceError::NoData {
                name: path.display().to_string(),
                skipped: expanded.skipped.len(),
            });
        }
        self.found.skipped.extend(expanded.skipped);
        self.found.refused.extend(expanded.refused);
        for candidate in expanded.candidates {
            self.add_file(candidate)?;
        }
        Ok(())
    }

    fn add_stream(&mut self, name: String, stream: &mut dyn Read) -> Result<(), SourceError> {
        let path = spool::spool(stream).map_err(|error| unreadable(&name, error))?;
        let candidate = Candidate {
            path: path.to_path_buf(),
            split: None,
            name,
        };
        self.add_sniffed(candidate, Some(Arc::new(path)))
    }

    fn add_file(&mut self, candidate: Candidate) -> Result<(), SourceError> {
        let real = fs::canonicalize(&candidate.path).unwrap_or_else(|_| candidate.path.clone());
        if !self.seen.insert(real) {
            self.found
                .skipped
                .push(skip(Path::new(&candidate.name), "named twice, read once"));
            return Ok(());
        }
        self.add_sniffed(candidate, None)
    }

    fn add_sniffed(&mut self, candidate: Candidate, spool: Option<Arc<TempPath>>) -> Result<(), SourceError> {
        let read = |error| unreadable(&candidate.name, error);
        let bytes = fs::metadata(&candidate.path).map_err(read)?.len();
        let sniffed = sniff(&candidate.path, Path::new(&candidate.name)).map_err(read)?;
        let Some(format) = sniffed
            .format
            .or(sniffed.trouble.is_some().then_some(Format::JsonLines))
        else {
            return Err(SourceError::UnknownFormat { name: candidate.name });
        };
        let mut input = Input {
            name: candidate.name,
            path: candidate.path,
            format,
            compression: sniffed.compression,
            split: candidate.split,
            bytes,
            field: None,
            rows: None,
            notes: sniffed.notes,
            trouble: sniffed.trouble,
            spool,
        };
        if matches!(format, Format::Parquet | Format::ArrowFile)
            && input.compression.is_some()
            && input.trouble.is_none()
        {
            unpack(&mut input)?;
        }
        if sniffed.lists.is_empty() {
            self.found.inputs.push(input);
            return Ok(());
        }
        for list in sniffed.lists {
            self.found.inputs.push(Input {
                split: list.split.or_else(|| input.split.clone()),
                field: Some(list.field),
                ..input.clone()
            });
        }
        Ok(())
    }
}

/// Decompresses a file whose format needs its end first.
fn unpack(input: &mut Input) -> Result<(), SourceError> {
    let io = |error| unreadable(&input.name, error);
    let mut stream = Stream::open(&input.path, input.compression, &Limits::default()).map_err(io)?;
    match spool::unpack(&mut stream).map_err(io)? {
        Ok(path) => {
            input.path = path.to_path_buf();
            input.bytes = fs::metadata(&input.path).map_err(io)?.len();
            input.compression = None;
            input.spool = Some(Arc::new(path));
        }
        Err(trouble) => input.trouble = Some(trouble),
    }
    Ok(())
}

/// Why a link is not looked at.
const LEADS_NOWHERE: &str = "a link to nothing";
/// Why what is no file is not read where nobody named it: whoever reads a pipe waits for its writer.
const NOT_OF_DISK: &str = "a pipe, a socket or a device, which is read only when it is named itself";

/// What stands in the way of a walk.
fn path_of(error: &ignore::Error) -> Option<&Path> {
    match error {
        ignore::Error::WithPath { path, .. } => Some(path),
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => path_of(err),
        ignore::Error::Loop { child, .. } => Some(child),
        _ => None,
    }
}

/// What cannot be looked at, as a link that leads nowhere or for the reason given.
fn unvisited(path: &Path, error: io::Error) -> SourceError {
    let name = path.display().to_string();
    match fs::read_link(path) {
        Ok(target) if error.kind() == io::ErrorKind::NotFound => SourceError::Dangling { name, target },
        _ => {
            // A walk's own error says the path too.
            let cause = error.source().and_then(|cause| cause.downcast_ref::<io::Error>());
            let code = cause.and_then(io::Error::raw_os_error);
            unreadable(&name, code.map_or(error, io::Error::from_raw_os_error))
        }
    }
}

fn skip(path: &Path, reason: &str) -> Skipped {
    Skipped {
        name: path.display().to_string(),
        reason: reason.to_owned(),
    }
}

fn unreadable(name: &str, error: io::Error) -> SourceError {
    SourceError::Io {
        name: name.to_owned(),
        error,
    }
}

/// The file beside a missing one whose name is most like it, if any is.
fn nearest(path: &Path) -> Option<String> {
    let wanted = path.file_name()?.to_str()?;
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let entries = fs::read_dir(folder.unwrap_or(Path::new("."))).ok()?;
    let (_, name) = entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .map(|name| (strsim::osa_distance(wanted, &name), name))
        .filter(|(distance, _)| *distance <= (wanted.len() / 4).max(1))
        .min()?;
    Some(folder.map_or_else(|| name.clone(), |folder| folder.join(&name).display().to_string()))
}
