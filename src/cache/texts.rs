//! Small values by the hash of a text, in one file: bodies first, then an index.
//!
//! A store is written once, as a whole, and only read from then on. Bodies stay in the file until they are asked
//! for, so memory holds the index alone.

use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use ahash::AHashSet;
use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

use crate::whole::{Draft, For};

use super::{Key, Unusable};

/// First and last bytes of a store; the last is the version of its layout.
const MAGIC: &[u8; 13] = b"gonogo-texts\x01";

/// Bytes of the end: where the index starts, its entries, its sum, the key, the magic.
const END: usize = 8 + 8 + 16 + 16 + MAGIC.len();

/// Bytes of an entry of the index.
const ENTRY: usize = 16 + 8 + 4 + 4;

/// Bodies of a store in bytes. A set that needs more is not kept: it would crowd out all others.
const MOST_BYTES: u64 = 2 << 30;

/// Texts of a store, for the index is held in memory.
const MOST_TEXTS: usize = 2_000_000;

/// Values by text, being read or being written.
pub struct Texts {
    state: State,
}

enum State {
    Read {
        file: Mutex<File>,
        /// In order of hash.
        index: Vec<Entry>,
    },
    /// `None` once it is finished or given up.
    Write(Mutex<Option<Writing>>),
}

#[derive(Clone, Copy)]
struct Entry {
    hash: u128,
    at: u64,
    length: u32,
    sum: u32,
}

struct Writing {
    file: BufWriter<Draft>,
    key: Key,
    at: u64,
    index: Vec<Entry>,
    /// Texts stand in a set more than once.
    seen: AHashSet<u128>,
}

impl Texts {
    /// The store at a path; `None` where there is none.
    ///
    /// # Errors
    ///
    /// If there is a file and it is no store of this key, or not whole.
    pub(super) fn open(path: &Path, key: Key) -> Result<Option<Self>, Unusable> {
        let read = |source| Unusable::Read {
            path: path.to_owned(),
            source,
        };
        let mut file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(read(error)),
        };
        let index = index(&mut file, key).map_err(read)?;
        let index = index.ok_or_else(|| Unusable::Damaged(path.to_owned()))?;
        let file = Mutex::new(file);
        Ok(Some(Self {
            state: State::Read { file, index },
        }))
    }

    /// A new store, which is at the path once it is [finished](Self::finish).
    pub(super) fn create(path: &Path, key: Key) -> io::Result<Self> {
        let file = BufWriter::with_capacity(1 << 20, Draft::new(path, For::Owner)?);
        let writing = Writing {
            file,
            key,
            at: 0,
            index: Vec::new(),
            seen: AHashSet::new(),
        };
        Ok(Self {
            state: State::Write(Mutex::new(Some(writing))),
        })
    }

    /// Whether values are taken, and not given.
    pub fn takes(&self) -> bool {
        matches!(self.state, State::Write(_))
    }

    /// Reads a text's value into `out`; false where there is none, or what is there is damaged.
    pub fn get(&self, hash: u128, out: &mut Vec<u8>) -> bool {
        let State::Read { file, index } = &self.state else {
            return false;
        };
        let Ok(found) = index.binary_search_by_key(&hash, |entry| entry.hash) else {
            return false;
        };
        let entry = index[found];
        out.resize(entry.length as usize, 0);
        let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
        let read = file.seek(SeekFrom::Start(entry.at)).and_then(|_| file.read_exact(out));
        read.is_ok() && sum(out) == entry.sum
    }

    /// Takes a text's value. A store that outgrows its bounds, or cannot be written, is given up.
    pub fn put(&self, hash: u128, value: &[u8]) {
        let State::Write(writing) = &self.state else { return };
        let mut writing = writing.lock().unwrap_or_else(PoisonError::into_inner);
        if writing.as_mut().is_some_and(|writing| !writing.put(hash, value)) {
            *writing = None;
        }
    }

    /// Puts a store that was written in its place.
    ///
    /// # Errors
    ///
    /// If it cannot be written. A store that was given up is no error.
    pub fn finish(&self) -> io::Result<()> {
        let State::Write(writing) = &self.state else {
            return Ok(());
        };
        let writing = writing.lock().unwrap_or_else(PoisonError::into_inner).take();
        writing.map_or(Ok(()), Writing::finish)
    }
}

impl Writing {
    /// Whether the store is still of use.
    fn put(&mut self, hash: u128, value: &[u8]) -> bool {
        let Ok(length) = u32::try_from(value.len()) else {
            return true;
        };
        if !self.seen.insert(hash) {
            return true;
        }
        self.index.push(Entry {
            hash,
            at: self.at,
            length,
            sum: sum(value),
        });
        self.at += u64::from(length);
        self.at <= MOST_BYTES && self.index.len() <= MOST_TEXTS && self.file.write_all(value).is_ok()
    }

    fn finish(mut self) -> io::Result<()> {
        self.index.sort_unstable_by_key(|entry| entry.hash);
        let mut index = Vec::with_capacity(self.index.len() * ENTRY + END);
        for entry in &self.index {
            index.extend_from_slice(&entry.hash.to_le_bytes());
            index.extend_from_slice(&entry.at.to_le_bytes());
            index.extend_from_slice(&entry.length.to_le_bytes());
            index.extend_from_slice(&entry.sum.to_le_bytes());
        }
        let whole = xxh3_128(&index);
        index.extend_from_slice(&self.at.to_le_bytes());
        index.extend_from_slice(&(self.index.len() as u64).to_le_bytes());
        index.extend_from_slice(&whole.to_le_bytes());
        index.extend_from_slice(&self.key.bytes());
        index.extend_from_slice(MAGIC);
        self.file.write_all(&index)?;
        let draft = self.file.into_inner().map_err(io::IntoInnerError::into_error)?;
        draft.put()
    }
}

/// The index of a store; `None` where the file is none, or damaged.
fn index(file: &mut File, key: Key) -> io::Result<Option<Vec<Entry>>> {
    let size = file.seek(SeekFrom::End(0))?;
    let Some(end_at) = size.checked_sub(END as u64) else {
        return Ok(None);
    };
    let mut end = [0; END];
    file.seek(SeekFrom::Start(end_at))?;
    file.read_exact(&mut end)?;
    let number = |at: usize| u64::from_le_bytes(end[at..at + 8].try_into().expect("eight bytes"));
    let (at, count) = (number(0), number(8));
    let bytes = count.checked_mul(ENTRY as u64);
    let sound = &end[48..] == MAGIC
        && end[32..48] == key.bytes()
        && bytes.and_then(|bytes| bytes.checked_add(at)) == Some(end_at);
    let (true, Some(bytes)) = (sound, bytes.and_then(|bytes| usize::try_from(bytes).ok())) else {
        return Ok(None);
    };
    let mut index = vec![0; bytes];
    file.seek(SeekFrom::Start(at))?;
    file.read_exact(&mut index)?;
    if xxh3_128(&index).to_le_bytes() != end[16..32] {
        return Ok(None);
    }
    let entry = |bytes: &[u8]| Entry {
        hash: u128::from_le_bytes(bytes[..16].try_into().expect("sixteen bytes")),
        at: u64::from_le_bytes(bytes[16..24].try_into().expect("eight bytes")),
        length: u32::from_le_bytes(bytes[24..28].try_into().expect("four bytes")),
        sum: u32::from_le_bytes(bytes[28..].try_into().expect("four bytes")),
    };
    Ok(Some(index.chunks_exact(ENTRY).map(entry).collect()))
}

#[expect(clippy::cast_possible_truncation, reason = "half of a hash is a hash")]
fn sum(value: &[u8]) -> u32 {
    xxh3_64(value) as u32
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::KeyOf;
    use super::*;

    #[test]
    fn values_come_back_by_their_text_and_damaged_ones_do_not() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("a.texts");
        let key = KeyOf::default().text("a").key();
        assert!(Texts::open(&path, key).expect("none").is_none());

        let store = Texts::create(&path, key).expect("created");
        assert!(store.takes());
        let large = vec![7; 3 << 20];
        for (hash, value) in [(5, &b"five"[..]), (1, b""), (5, b"again"), (u128::MAX, &large)] {
            store.put(hash, value);
        }
        assert!(!path.exists());
        store.finish().expect("written");

        let store = Texts::open(&path, key).expect("sound").expect("there");
        assert!(!store.takes());
        let mut out = Vec::new();
        for (hash, value) in [(u128::MAX, &large[..]), (5, b"five"), (1, b"")] {
            assert!(store.get(hash, &mut out));
            assert_eq!(out, value);
        }
        assert!(!store.get(2, &mut out));

        let sound = fs::read(&path).expect("there");
        let other = KeyOf::default().text("b").key();
        assert!(matches!(Texts::open(&path, other), Err(Unusable::Damaged(_))));
        for at in [sound.len() - 1, sound.len() - END + 2, sound.len() - END - 1] {
            let mut changed = sound.clone();
            changed[at] ^= 1;
            fs::write(&path, changed).expect("written");
            assert!(matches!(Texts::open(&path, key), Err(Unusable::Damaged(_))), "{at}");
        }
        fs::write(&path, &sound[..END - 1]).expect("written");
        assert!(matches!(Texts::open(&path, key), Err(Unusable::Damaged(_))));

        let mut changed = sound;
        changed[1] ^= 1;
        fs::write(&path, changed).expect("written");
        let store = Texts::open(&path, key).expect("sound").expect("there");
        assert!(!store.get(5, &mut out));
        assert!(store.get(u128::MAX, &mut out));
    }

    #[test]
    fn what_is_not_finished_is_not_there() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("a.texts");
        let store = Texts::create(&path, KeyOf::default().key()).expect("created");
        store.put(1, b"one");
        drop(store);
        assert_eq!(fs::read_dir(folder.path()).expect("there").count(), 0);
    }
}
