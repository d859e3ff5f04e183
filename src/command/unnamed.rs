//! Outputs that are written without a name first, so that a run that ends early leaves nothing behind.

use std::fs::{self, File};
use std::io::{self, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use crate::settings::UsageError;

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
        let file = tempfile::tempfile_in(folder(path));
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
    pub(super) fn place(mut self) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(0))?;
        if self.path.exists() && !self.path.is_file() {
            // A device or a pipe cannot be renamed over.
            io::copy(
                &mut self.file,
                &mut fs::OpenOptions::new().write(true).open(&self.path)?,
            )?;
            return Ok(());
        }
        let mut named = named().tempfile_in(folder(&self.path))?;
        io::copy(&mut self.file, named.as_file_mut())?;
        named.persist(&self.path)?;
        Ok(())
    }
}

/// A named file that whoever may read files made here may read, and not its owner alone.
pub(super) fn named() -> tempfile::Builder<'static, 'static> {
    #[cfg_attr(not(unix), expect(unused_mut, reason = "there are no modes to set"))]
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    builder
}

/// The folder a file is in, or is to be in.
pub(super) fn folder(path: &Path) -> &Path {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    folder.unwrap_or(Path::new("."))
}
