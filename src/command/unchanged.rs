//! That the data are still those that were looked at first: a verdict on what changed meanwhile is one on neither.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::settings::UsageError;
use crate::source::Input;

/// What tells a file from another one at its place, or from itself later.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Mark {
    bytes: u64,
    changed: Option<SystemTime>,
    /// Device and number, where the system has them.
    file: Option<(u64, u64)>,
}

impl Mark {
    /// `None` where there is no file.
    fn of(path: &Path) -> Option<Self> {
        let about = fs::metadata(path).ok()?;
        #[cfg(unix)]
        let file = {
            use std::os::unix::fs::MetadataExt;
            Some((about.dev(), about.ino()))
        };
        #[cfg(not(unix))]
        let file = None;
        Some(Self {
            bytes: about.len(),
            changed: about.modified().ok(),
            file,
        })
    }
}

/// Files as they were when a run began.
#[derive(Clone, Debug, Default)]
pub struct Marks(Vec<(String, PathBuf, Option<Mark>)>);

impl Marks {
    pub(super) fn of<'i>(inputs: impl IntoIterator<Item = &'i Input>) -> Self {
        let inputs = inputs.into_iter();
        Self(
            inputs
                .map(|input| (input.name.clone(), input.path.clone(), Mark::of(&input.path)))
                .collect(),
        )
    }

    /// # Errors
    ///
    /// If one of them has changed since.
    pub(super) fn hold(&self) -> Result<(), UsageError> {
        match self.0.iter().find(|(_, path, mark)| Mark::of(path) != *mark) {
            None => Ok(()),
            Some((name, ..)) => Err(UsageError(format!(
                "{name} was changed while it was read: run this again when nothing writes to it"
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_grew_or_was_replaced_is_another() {
        let folder = tempfile::tempdir().expect("a folder");
        let (path, other) = (folder.path().join("data"), folder.path().join("other"));
        let write = |path: &Path, text: &str| fs::write(path, text).expect("written");
        write(&path, "one\n");
        let marks = || Marks(vec![("data".to_owned(), path.clone(), Mark::of(&path))]);
        let before = marks();
        assert!(before.hold().is_ok());
        write(&path, "one\ntwo\n");
        assert!(before.hold().is_err());
        let before = marks();
        write(&other, "one\ntwo\n");
        fs::rename(&other, &path).expect("renamed");
        assert!(before.hold().is_err());
        fs::remove_file(&path).expect("removed");
        assert!(marks().hold().is_ok() && before.hold().is_err());
    }
}
