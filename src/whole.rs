//! Files that are there whole or not at all: written under a temporary name beside their place, and renamed to it.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// Whom a file is for, which decides who may read it and what it is called until it is whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum For {
    /// Whoever may read files made here.
    Everyone,
    /// Its owner alone.
    Owner,
    /// Its owner, among files of another program: its name says whose it is, should it be left behind.
    OwnerElsewhere,
}

/// A file that is not at its place yet. Dropped, it is removed.
pub(crate) struct Draft {
    file: NamedTempFile,
    place: PathBuf,
}

impl Draft {
    /// # Errors
    ///
    /// If nothing can be written to the folder of the place.
    pub(crate) fn new(place: &Path, readers: For) -> io::Result<Self> {
        let mut builder = tempfile::Builder::new();
        match readers {
            #[cfg(unix)]
            For::Everyone => {
                use std::os::unix::fs::PermissionsExt;
                builder.permissions(fs::Permissions::from_mode(0o666));
            }
            #[cfg(not(unix))]
            For::Everyone => {}
            For::Owner => {}
            For::OwnerElsewhere => {
                builder.prefix(".gonogo-");
            }
        }
        Ok(Self {
            file: builder.tempfile_in(folder(place))?,
            place: place.to_owned(),
        })
    }

    /// To write to, for who keeps a file of its own.
    ///
    /// # Errors
    ///
    /// If the system has no handle left.
    pub(crate) fn handle(&self) -> io::Result<File> {
        self.file.as_file().try_clone()
    }

    /// To read what is written so far.
    pub(crate) fn path(&self) -> &Path {
        self.file.path()
    }

    /// Puts the file at its place, over what is there.
    ///
    /// # Errors
    ///
    /// If it cannot be renamed; it is removed then.
    pub(crate) fn put(self) -> io::Result<()> {
        self.file.persist(self.place)?;
        Ok(())
    }
}

impl Write for Draft {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Writes a file.
///
/// # Errors
///
/// If it cannot be written.
pub(crate) fn write(path: &Path, bytes: &[u8], readers: For) -> io::Result<()> {
    let mut draft = Draft::new(path, readers)?;
    draft.write_all(bytes)?;
    draft.put()
}

/// Writes what a user asked for by its path, be it a file, a device or a pipe.
///
/// # Errors
///
/// If it cannot be written.
pub(crate) fn save(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if is_file(path) {
        write(path, bytes, For::Everyone)
    } else {
        fs::write(path, bytes)
    }
}

/// Whether a file can be put there. A device or a pipe cannot be renamed over: it is written to.
pub(crate) fn is_file(path: &Path) -> bool {
    !path.exists() || path.is_file()
}

/// The folder a file is in, or is to be in.
pub(crate) fn folder(path: &Path) -> &Path {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    folder.unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_there_whole_or_not_at_all() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("out");
        let mut draft = Draft::new(&path, For::Everyone).expect("writable");
        draft.write_all(b"half").expect("written");
        drop(draft);
        assert_eq!(fs::read_dir(folder.path()).expect("readable").count(), 0);
        save(&path, b"whole").expect("written");
        assert_eq!(fs::read(&path).expect("there"), b"whole");
        // What cannot be put there leaves nothing behind.
        let taken = folder.path().join("taken");
        fs::create_dir(&taken).expect("made");
        assert!(write(&taken, b"whole", For::Owner).is_err());
        assert_eq!(fs::read_dir(folder.path()).expect("readable").count(), 2);
    }
}
