//! Where the rows of a set are, and the files that are found there.

use std::io::Read;
use std::path::{Path, PathBuf};

use crate::source::{Discovered, Input, SourceError, discover, discover_typed};

use super::card::{self, Described};

/// Where the rows of a set are.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Files that are named, all of one split whatever their names say.
    Files(Vec<PathBuf>),
    /// A folder whose files tell their splits.
    Folder(PathBuf),
    /// Files by split.
    Splits(Vec<(String, Vec<PathBuf>)>),
}

impl Place {
    pub(super) fn is_empty(&self) -> bool {
        match self {
            Self::Files(files) => files.is_empty(),
            Self::Folder(_) => false,
            Self::Splits(splits) => splits.is_empty(),
        }
    }

    /// What was named, as far as it is a folder or files of no known split.
    pub(super) fn paths(&self) -> &[PathBuf] {
        match self {
            Self::Files(files) => files,
            Self::Folder(folder) => std::slice::from_ref(folder),
            Self::Splits(_) => &[],
        }
    }

    /// The files.
    ///
    /// # Errors
    ///
    /// If one is not there, or cannot be read.
    pub(super) fn discover(&self) -> Result<Discovered, SourceError> {
        match self {
            Self::Files(_) | Self::Folder(_) => discover(self.paths(), &mut std::io::empty()),
            Self::Splits(splits) => by_split(splits),
        }
    }
}

fn by_split(splits: &[(String, Vec<PathBuf>)]) -> Result<Discovered, SourceError> {
    let mut all = Discovered::default();
    for (split, files) in splits {
        let found = discover(files, &mut std::io::empty())?;
        let of_split = |mut input: Input| {
            input.split = Some(split.clone());
            input
        };
        all.inputs.extend(found.inputs.into_iter().map(of_split));
        all.skipped.extend(found.skipped);
    }
    Ok(all)
}

/// The files behind what was typed: of a folder with a card those that the card names.
///
/// # Errors
///
/// As [`discover`].
pub(super) fn typed(
    paths: &[PathBuf],
    stdin: &mut dyn Read,
    notes: &mut Vec<String>,
) -> Result<Discovered, SourceError> {
    let mut all = Discovered::default();
    let mut plain: Vec<PathBuf> = Vec::new();
    for path in paths {
        match described(path) {
            Some(Ok(splits)) => {
                notes.push(format!("{}: its card names the files of its splits", path.display()));
                all.add(by_split(&splits)?);
            }
            Some(Err(raised)) => {
                notes.push(format!(
                    "{}: datasets would raise {raised}: all its data are read",
                    path.display()
                ));
                plain.push(path.clone());
            }
            None => plain.push(path.clone()),
        }
    }
    if !plain.is_empty() || all.inputs.is_empty() {
        all.add(discover_typed(&plain, stdin)?);
    }
    Ok(all)
}

/// The files by split of a folder with a card that names them, or what is raised over the card.
fn described(path: &Path) -> Option<Result<Vec<(String, Vec<PathBuf>)>, String>> {
    if !path.is_dir() {
        return None;
    }
    match card::described(path, None) {
        Ok(Described::Splits(splits)) => Some(Ok(splits)),
        Ok(Described::Folder(_)) => None,
        Err(raised) => Some(Err(raised)),
    }
}
