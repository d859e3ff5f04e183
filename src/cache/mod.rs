//! What was worked out before, kept by the content it was worked out from.
//!
//! An entry is named by a [`Key`] over everything its value follows from, so it is never out of date: other
//! content has another name. Entries are written whole or not at all; what cannot be read back is as good as not
//! there.

mod key;
mod texts;

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde::Serialize;
use serde::de::DeserializeOwned;
use xxhash_rust::xxh3::xxh3_128;

use crate::whole::{DRAFT, Draft, For};

pub use key::{Key, KeyOf};
pub use texts::Texts;

/// First bytes of an entry; the last is the version of its layout.
const MAGIC: &[u8] = b"gonogo-cache\x02";

/// Endings of what is kept: values, and stores of texts.
const ENTRY: &str = "entry";
const TEXTS: &str = "texts";

/// Bytes beyond which the entries not used for longest make room for new ones.
const MOST: u64 = 8 << 30;

/// How long a draft is not written to before it is taken for one that nobody writes any more.
const ABANDONED: Duration = Duration::from_hours(1);

/// Of the tag that backup programs look for (bford.info/cachedir).
const TAG: &str = "Signature: 8a477f597d28d172789f06886806bc55\n# Written by gonogo; safe to delete.\n";

/// A folder of entries.
#[derive(Clone, Debug)]
pub struct Cache {
    folder: PathBuf,
}

/// How much a cache holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    pub entries: u64,
    pub bytes: u64,
}

/// An entry that is there and is not used.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    #[error("the cache entry {} cannot be read: {source}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("the cache entry {} is damaged, or of another program", .0.display())]
    Damaged(PathBuf),
}

impl Cache {
    pub fn at(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// The folder given, else that of `GONOGO_CACHE_DIR`, else `gonogo` below the user's caches; `None` where there
    /// is no telling.
    pub fn locate(given: Option<&Path>, environment: impl Fn(&str) -> Option<String>) -> Option<Self> {
        let set = |name: &str| environment(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let folder = given
            .map(Path::to_owned)
            .or_else(|| set("GONOGO_CACHE_DIR"))
            .or_else(|| set("XDG_CACHE_HOME").map(|caches| caches.join("gonogo")))
            .or_else(|| set("HOME").map(|home| home.join(".cache/gonogo")));
        folder.map(Self::at)
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The value kept under a key, if there is one.
    ///
    /// # Errors
    ///
    /// If there is an entry and it is not one of ours, or not whole.
    pub fn load<T: DeserializeOwned>(&self, key: Key) -> Result<Option<T>, Unusable> {
        let path = self.path(key, ENTRY);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(Unusable::Read { path, source }),
        };
        let whole = || {
            let body = bytes.strip_prefix(MAGIC)?;
            let (named, body) = body.split_at_checked(16)?;
            let (sum, body) = body.split_at_checked(16)?;
            let sound = named == key.bytes() && sum == xxh3_128(body).to_le_bytes();
            sound.then_some(body)
        };
        match whole().and_then(|body| postcard::from_bytes(body).ok()) {
            Some(value) => {
                used(&path);
                Ok(Some(value))
            }
            None => Err(Unusable::Damaged(path)),
        }
    }

    /// Keeps a value.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn store(&self, key: Key, value: &impl Serialize) -> io::Result<()> {
        let body = postcard::to_stdvec(value).map_err(io::Error::other)?;
        let path = self.path(key, ENTRY);
        self.made()?;
        let mut draft = Draft::new(&path, For::Owner)?;
        draft.write_all(MAGIC)?;
        draft.write_all(&key.bytes())?;
        draft.write_all(&xxh3_128(&body).to_le_bytes())?;
        draft.write_all(&body)?;
        draft.put()?;
        self.make_room(MOST)
    }

    /// The store of texts kept under a key, if there is one.
    ///
    /// # Errors
    ///
    /// If there is a file and it is not one of ours, or not whole.
    pub fn texts(&self, key: Key) -> Result<Option<Texts>, Unusable> {
        let path = self.path(key, TEXTS);
        let texts = Texts::open(&path, key)?;
        if texts.is_some() {
            used(&path);
        }
        Ok(texts)
    }

    /// An empty store of texts, which is kept once it is [finished](Texts::finish).
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn new_texts(&self, key: Key) -> io::Result<Texts> {
        self.made()?;
        Texts::create(&self.path(key, TEXTS), key)
    }

    /// Removes the entries not used for longest until all together have at most so many bytes.
    ///
    /// # Errors
    ///
    /// If one cannot be removed.
    pub fn make_room(&self, most: u64) -> io::Result<()> {
        let mut entries = Vec::new();
        self.each(|path, about| {
            entries.push((about.modified()?, path.to_owned(), about.len()));
            Ok(())
        })?;
        entries.sort();
        let mut all: u64 = entries.iter().map(|(.., bytes)| bytes).sum();
        for (_, path, bytes) in entries {
            if all <= most {
                break;
            }
            removed(&path)?;
            all -= bytes;
        }
        Ok(())
    }

    /// Entries of this version of the program and of others.
    ///
    /// # Errors
    ///
    /// If the folder cannot be read.
    pub fn stats(&self) -> io::Result<Stats> {
        let mut stats = Stats::default();
        self.each(|_, about| {
            stats.entries += 1;
            stats.bytes += about.len();
            Ok(())
        })?;
        Ok(stats)
    }

    /// Removes all entries; nothing else in the folder is touched.
    ///
    /// # Errors
    ///
    /// If one cannot be removed.
    pub fn clean(&self) -> io::Result<Stats> {
        let mut stats = Stats::default();
        self.each(|path, about| {
            removed(path)?;
            stats.entries += 1;
            stats.bytes += about.len();
            Ok(())
        })?;
        Ok(stats)
    }

    fn path(&self, key: Key, ending: &str) -> PathBuf {
        self.folder
            .join(env!("CARGO_PKG_VERSION"))
            .join(format!("{key}.{ending}"))
    }

    /// Makes the folder of this version's entries where it is not there.
    fn made(&self) -> io::Result<()> {
        fs::create_dir_all(self.folder.join(env!("CARGO_PKG_VERSION")))?;
        for (name, text) in [("CACHEDIR.TAG", TAG), (".gitignore", "*\n")] {
            let path = self.folder.join(name);
            if !path.exists() {
                fs::write(path, text)?;
            }
        }
        Ok(())
    }

    fn each(&self, mut each: impl FnMut(&Path, &fs::Metadata) -> io::Result<()>) -> io::Result<()> {
        let versions = match fs::read_dir(&self.folder) {
            Ok(versions) => versions,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        for version in versions {
            let version = version?.path();
            if !version.is_dir() {
                continue;
            }
            for entry in fs::read_dir(version)? {
                let entry = entry?;
                let path = entry.path();
                if is_own(&path) || is_left(&path) {
                    // Another run may have removed it in the meantime.
                    match entry.metadata() {
                        Ok(about) => each(&path, &about)?,
                        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                        Err(error) => return Err(error),
                    }
                }
            }
        }
        Ok(())
    }
}

/// Whether a file is an entry by its name; the folder may be one where others keep theirs.
fn is_own(path: &Path) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str());
    let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
    matches!(ending, Some(ENTRY | TEXTS)) && name.len() == 32 && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Whether a file is a draft that a run left behind which was killed: one that still writes it has done so of late.
fn is_left(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let written = path.symlink_metadata().and_then(|about| about.modified());
    let age = written.ok().and_then(|written| written.elapsed().ok());
    name.starts_with(DRAFT) && age.is_some_and(|age| age > ABANDONED)
}

/// Marks an entry as used now. Where that cannot be done it only makes room sooner.
fn used(path: &Path) {
    let file = File::options().append(true).open(path);
    let _ = file.and_then(|file| file.set_modified(SystemTime::now()));
}

/// Removes a file that another run may have removed just before.
fn removed(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> Key {
        let mut key = KeyOf::default();
        key.text(text);
        key.key()
    }

    #[test]
    fn what_was_kept_comes_back_and_nothing_else_does() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let cache = Cache::at(folder.path().join("cache"));
        assert_eq!(cache.load::<Vec<u32>>(key("a")).expect("none"), None);
        cache.store(key("a"), &vec![1u32, 2]).expect("kept");
        assert_eq!(cache.load::<Vec<u32>>(key("a")).expect("sound"), Some(vec![1, 2]));
        assert_eq!(cache.load::<Vec<u32>>(key("b")).expect("none"), None);
        assert_eq!(cache.stats().expect("read").entries, 1);
        assert!(folder.path().join("cache/CACHEDIR.TAG").is_file());

        // Cut short, changed by a bit, under another name, or no entry at all.
        let path = cache.path(key("a"), ENTRY);
        let sound = fs::read(&path).expect("there");
        let mut changed = sound.clone();
        *changed.last_mut().expect("not empty") ^= 1;
        for bytes in [&sound[..sound.len() - 1], &changed, b"PK\x03\x04", b""] {
            fs::write(&path, bytes).expect("written");
            assert!(matches!(cache.load::<Vec<u32>>(key("a")), Err(Unusable::Damaged(_))));
        }
        fs::write(cache.path(key("b"), ENTRY), &sound).expect("written");
        assert!(cache.load::<Vec<u32>>(key("b")).is_err());

        fs::write(folder.path().join("cache/mine.txt"), "mine").expect("written");
        assert_eq!(cache.clean().expect("removed").entries, 2);
        assert_eq!(cache.stats().expect("read"), Stats::default());
        assert!(folder.path().join("cache/mine.txt").is_file());
    }

    #[test]
    fn room_is_made_by_what_was_not_used_for_longest() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let cache = Cache::at(folder.path().join("cache"));
        let earlier = SystemTime::now() - Duration::from_hours(1);
        for (name, age) in [("a", 3), ("b", 2), ("c", 1)] {
            cache.store(key(name), &vec![0u8; 1000]).expect("kept");
            let file = File::options().append(true).open(cache.path(key(name), ENTRY));
            let file = file.expect("there");
            file.set_modified(earlier - Duration::from_hours(age)).expect("dated");
        }
        let there = |name: &str| cache.path(key(name), ENTRY).exists();
        // Used again, the oldest is the newest.
        cache.load::<Vec<u8>>(key("a")).expect("sound");
        cache.make_room(2500).expect("removed");
        assert!(there("a") && !there("b") && there("c"));
        cache.make_room(0).expect("removed");
        assert_eq!(cache.stats().expect("read"), Stats::default());
    }

    #[test]
    fn the_folder_is_the_one_given_or_the_users() {
        let environment = |name: &str| match name {
            "XDG_CACHE_HOME" => Some("/x".to_owned()),
            "HOME" => Some("/h".to_owned()),
            _ => None,
        };
        let folder = |given: Option<&str>| Cache::locate(given.map(Path::new), environment).map(|cache| cache.folder);
        assert_eq!(folder(None), Some(PathBuf::from("/x/gonogo")));
        assert_eq!(folder(Some("here")), Some(PathBuf::from("here")));
        assert!(Cache::locate(None, |_| None).is_none());
    }
}
