//! Files that are there whole or not at all: written under a temporary name beside their place, and renamed to it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// What files that are not whole yet are called first: whose they are is known, should they be left behind.
pub(crate) const DRAFT: &str = ".gonogo-";

/// Whom a file is for, which decides who may read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum For {
    /// Whoever may read files made here.
    Everyone,
    /// Its owner alone.
    Owner,
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
        builder.prefix(DRAFT);
        #[cfg(unix)]
        if readers != For::Owner {
            use std::os::unix::fs::PermissionsExt;
            builder.permissions(fs::Permissions::from_mode(0o666));
        }
        let file = builder.tempfile_in(folder(place))?;
        if readers != For::Owner
            && let Ok(before) = fs::metadata(place)
        {
            // Who could read or change the file before still can.
            file.as_file().set_permissions(before.permissions())?;
        }
        Ok(Self {
            file,
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

/// What a user asked for by its path: a file, which is there whole or not at all, or a device or pipe, which is written
/// to as it is.
pub(crate) enum Output {
    File(Draft),
    AsItIs(File),
}

impl Output {
    /// # Errors
    ///
    /// If nothing can be written there.
    pub(crate) fn new(path: &Path) -> io::Result<Self> {
        Ok(match file_at(path) {
            Some(place) => Self::File(Draft::new(&place, For::Everyone)?),
            None => Self::AsItIs(match already_open(path) {
                Some(file) => file?,
                None => OpenOptions::new().append(true).open(path)?,
            }),
        })
    }

    /// To write to.
    ///
    /// # Errors
    ///
    /// If the system has no handle left.
    pub(crate) fn handle(&self) -> io::Result<File> {
        match self {
            Self::File(draft) => draft.handle(),
            Self::AsItIs(file) => file.try_clone(),
        }
    }

    /// Ends it once all is written.
    ///
    /// # Errors
    ///
    /// If the file cannot be put at its place.
    pub(crate) fn put(self) -> io::Result<()> {
        match self {
            Self::File(draft) => draft.put(),
            Self::AsItIs(_) => Ok(()),
        }
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

/// Writes what a user asked for by its path.
///
/// # Errors
///
/// If it cannot be written.
pub(crate) fn save(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let output = Output::new(path)?;
    output.handle()?.write_all(bytes)?;
    output.put()
}

/// The file that a path of a user's leads to, be it there or not, behind all links, which stay links. `None` for what
/// no file can be put at: a device, a pipe, and all that stands for what a process has open. A file can be behind that
/// as well, of which whoever opened it would see nothing once another has its name.
pub(crate) fn file_at(path: &Path) -> Option<PathBuf> {
    if path.starts_with("/dev") || path.starts_with("/proc") {
        return None;
    }
    match fs::metadata(path) {
        Ok(found) => found
            .is_file()
            .then(|| path.canonicalize().unwrap_or_else(|_| path.to_owned())),
        // A link to what is not there yet.
        Err(_) => Some(fs::read_link(path).map_or_else(|_| path.to_owned(), |to| folder(path).join(to))),
    }
}

/// Standard output or error by their paths, as they are open: opened anew, a file would be written from its start.
fn already_open(path: &Path) -> Option<io::Result<File>> {
    #[cfg(unix)]
    {
        use std::os::fd::AsFd;

        let (stdout, stderr) = (io::stdout(), io::stderr());
        let open = match path.to_str()? {
            "/dev/stdout" | "/dev/fd/1" | "/proc/self/fd/1" => stdout.as_fd(),
            "/dev/stderr" | "/dev/fd/2" | "/proc/self/fd/2" => stderr.as_fd(),
            _ => return None,
        };
        Some(open.try_clone_to_owned().map(File::from))
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        None
    }
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

    #[cfg(unix)]
    #[test]
    fn links_and_who_may_read_stay_what_they_are() {
        use std::os::unix::fs::{PermissionsExt, symlink};

        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        fs::write(at("file"), b"before").expect("written");
        fs::set_permissions(at("file"), fs::Permissions::from_mode(0o600)).expect("changed");
        symlink("file", at("link")).expect("made");
        symlink("later", at("ahead")).expect("made");
        for link in ["link", "ahead"] {
            save(&at(link), b"after").expect("written");
            assert!(at(link).is_symlink());
        }
        assert_eq!(fs::read(at("file")).expect("there"), b"after");
        assert_eq!(
            fs::metadata(at("file")).expect("there").permissions().mode() & 0o777,
            0o600
        );
        assert_eq!(fs::read(at("later")).expect("there"), b"after");
    }

    #[cfg(unix)]
    #[test]
    fn devices_and_what_a_process_has_open_are_written_to() {
        assert_eq!(file_at(Path::new("/dev/stdout")), None);
        assert_eq!(file_at(Path::new("/proc/self/fd/1")), None);
        // Before it is written to: who is root could put a file there.
        assert_eq!(file_at(Path::new("/dev/null")), None);
        save(Path::new("/dev/null"), b"gone").expect("written");
        assert!(!fs::metadata("/dev/null").expect("there").is_file());
    }
}
