//! Outputs that are written without a name first, so that a run that ends early leaves nothing behind.

use std::fs::File;
use std::io::{self, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use crate::settings::UsageError;
use crate::whole::{Output, file_at, folder};

/// A file in the folder of its path, which has no name until it is whole.
pub(super) struct Unnamed {
    file: File,
    path: PathBuf,
}

impl Unnamed {
    /// # Errors
    ///
    /// If nothing can be written there.
    pub(super) fn new(path: &Path) -> anyhow::Result<Self> {
        // Beside a device or pipe there may be no room for it.
        let folder = file_at(path).map_or_else(std::env::temp_dir, |place| folder(&place).to_owned());
        let file = tempfile::tempfile_in(folder);
        let file = file.map_err(|error| UsageError(format!("cannot write {}: {error}", path.display())))?;
        Ok(Self {
            file,
            path: path.to_owned(),
        })
    }

    /// To write to.
    ///
    /// # Errors
    ///
    /// If the system has no handle left.
    pub(super) fn handle(&self) -> io::Result<File> {
        self.file.try_clone()
    }

    /// Puts the file where it belongs: copied to a temporary name, by the system where it can, and renamed.
    ///
    /// # Errors
    ///
    /// If it cannot be copied.
    pub(super) fn place(mut self) -> Result<(), UsageError> {
        self.copy()
            .map_err(|error| UsageError(format!("cannot write {}: {error}", self.path.display())))
    }

    fn copy(&mut self) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(0))?;
        let output = Output::new(&self.path)?;
        io::copy(&mut self.file, &mut output.handle()?)?;
        output.put()
    }
}
