//! A model's folder in the cache: `refs`, `snapshots`, `blobs`, `.no_exist`.
//!
//! The layout is that of `huggingface_hub` 1.x (`file_download.py`). Files appear by being renamed,
//! so another process never sees half of one.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::whole::{self, For};

use super::HubError;
use super::id::{ModelId, is_commit};

pub(super) struct Cache {
    /// `models--org--name`.
    root: PathBuf,
    revision: String,
}

impl Cache {
    pub(super) fn new(cache: &Path, id: &ModelId) -> Self {
        Self {
            root: cache.join(id.folder()),
            revision: id.revision.clone(),
        }
    }

    /// The commit the revision stands for, as far as the cache knows.
    pub(super) fn commit(&self) -> Option<String> {
        if is_commit(&self.revision) {
            return Some(self.revision.clone());
        }
        let commit = fs::read_to_string(self.root.join("refs").join(&self.revision)).ok()?;
        Some(commit.trim().to_owned()).filter(|commit| is_commit(commit))
    }

    pub(super) fn snapshot(&self, commit: &str) -> PathBuf {
        self.root.join("snapshots").join(commit)
    }

    /// Whether the file is there.
    pub(super) fn has(&self, commit: &str, file: &str) -> bool {
        self.snapshot(commit).join(file).is_file()
    }

    /// Whether the file or folder is there, or is known not to exist.
    pub(super) fn knows(&self, commit: &str, file: &str) -> bool {
        self.snapshot(commit).join(file).exists() || self.missing(commit, file).exists()
    }

    fn missing(&self, commit: &str, file: &str) -> PathBuf {
        self.root.join(".no_exist").join(commit).join(file)
    }

    /// Notes that a file does not exist in a commit.
    pub(super) fn note_missing(&self, commit: &str, file: &str) -> Result<(), HubError> {
        write(&self.missing(commit, file), b"")
    }

    /// Stands while files of a commit are fetched, and stays where that broke off: what is there is not all there is.
    fn unfinished(&self, commit: &str) -> PathBuf {
        self.root.join(".gonogo").join(commit)
    }

    /// Notes that a commit is about to be fetched.
    pub(super) fn begin(&self, commit: &str) -> Result<(), HubError> {
        write(&self.unfinished(commit), b"")
    }

    /// Notes that all of a commit is there.
    pub(super) fn end(&self, commit: &str) -> Result<(), HubError> {
        let path = self.unfinished(commit);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(HubError::Unwritable { path, error }),
            _ => Ok(()),
        }
    }

    /// Whether fetching a commit broke off. What other programs fetched is never asked about.
    pub(super) fn is_unfinished(&self, commit: &str) -> bool {
        self.unfinished(commit).exists()
    }

    /// Lets the revision stand for a commit.
    pub(super) fn point_to(&self, commit: &str) -> Result<(), HubError> {
        if self.revision == commit {
            return Ok(());
        }
        write(&self.root.join("refs").join(&self.revision), commit.as_bytes())
    }

    /// Puts a file into a snapshot: its content under its tag in `blobs`, and a link to it.
    pub(super) fn put(&self, commit: &str, file: &str, bytes: &[u8], tag: Option<&str>) -> Result<(), HubError> {
        let place = self.snapshot(commit).join(file);
        let Some(tag) = tag.filter(|tag| is_tag(tag)) else {
            return write(&place, bytes);
        };
        let blob = self.root.join("blobs").join(tag);
        if !blob.is_file() {
            write(&blob, bytes)?;
        }
        let up = 2 + file.matches('/').count();
        link(tag, &place, up).or_else(|_| write(&place, bytes))
    }
}

/// Whether a tag can be a file's name.
fn is_tag(tag: &str) -> bool {
    (1..=128).contains(&tag.len()) && tag.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// Links a file of a snapshot to its blob, so many folders up.
#[cfg(unix)]
fn link(tag: &str, place: &Path, up: usize) -> io::Result<()> {
    let folder = place.parent().unwrap_or(place);
    fs::create_dir_all(folder)?;
    match std::os::unix::fs::symlink(Path::new(&"../".repeat(up)).join("blobs").join(tag), place) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && place.is_file() => Ok(()),
        other => other,
    }
}

#[cfg(not(unix))]
fn link(_tag: &str, _place: &Path, _up: usize) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Writes a file, and the folders it is in.
fn write(path: &Path, bytes: &[u8]) -> Result<(), HubError> {
    let folder = path.parent().unwrap_or(path);
    let written = fs::create_dir_all(folder).and_then(|()| whole::write(path, bytes, For::Everyone));
    written.map_err(|error| HubError::Unwritable {
        path: path.to_owned(),
        error,
    })
}
