//! A key per row, in memory or on disk, and the groups of rows that share one.
//!
//! In memory a row costs its key alone (8 or 16 bytes). With a folder to spill to, what exceeds a
//! given size is written there and memory stays bounded. Groups are then found one stretch of the
//! key space at a time, so that finding them needs a bounded amount of memory more; keys are hashes,
//! so the stretches are of about one size.

use std::io;
use std::ops::Range;
use std::path::Path;

use rayon::slice::ParallelSliceMut;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::DeserializeOwned, ser::Error as _};

use super::Merge;
use super::column::Column;
use super::spill::Spilled;
use crate::place::Place;

/// Bytes of entries sorted at once.
const AT_ONCE: usize = 64 << 20;

/// What rows are grouped by: a hash, perhaps with more beside it.
pub trait Key: Copy + Ord + Send + Sync + Serialize + DeserializeOwned + 'static {
    /// What rows of one group share.
    type Group: Ord + Copy;
    /// Bytes on disk.
    const BYTES: usize;
    fn group(&self) -> Self::Group;
    /// The first byte of the group's hash, by which the key space is cut in stretches.
    fn stretch(&self) -> u8;
    fn write(&self, out: &mut Vec<u8>);
    fn read(bytes: &[u8]) -> Self;
}

/// A key and the row it is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry<K> {
    pub key: K,
    pub source: u32,
    pub row: u64,
}

impl<K> Entry<K> {
    /// The row's place; its line is not known here.
    pub fn place(&self) -> Place {
        Place {
            source: self.source,
            row: self.row,
            ..Place::default()
        }
    }
}

/// Keys of rows, in any order.
pub struct Keys<K> {
    held: Column<K>,
    /// Rows in `held`.
    count: usize,
    spilled: Vec<Spilled>,
    trouble: Option<String>,
}

impl<K> Default for Keys<K> {
    fn default() -> Self {
        Self {
            held: Column::default(),
            count: 0,
            spilled: Vec::new(),
            trouble: None,
        }
    }
}

impl<K: Key> Keys<K> {
    /// Adds a row's key. With a folder and a size, keys beyond that many bytes go to a file there.
    pub fn push(&mut self, place: &Place, key: K, spill: Option<(&Path, usize)>) {
        self.held.push(place, key);
        self.count += 1;
        if let Some((folder, most)) = spill
            && self.count * size_of::<K>() >= most
            && self.trouble.is_none()
        {
            self.spill(folder);
        }
    }

    pub fn len(&self) -> u64 {
        self.count as u64 + self.spilled.iter().map(Spilled::len).sum::<u64>()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Why keys were kept in memory that should have gone to disk.
    pub fn trouble(&self) -> Option<&str> {
        self.trouble.as_deref()
    }

    fn spill(&mut self, folder: &Path) {
        let mut entries: Vec<Entry<K>> = self.in_memory(&(0..256)).collect();
        entries.par_sort_unstable_by_key(|entry| entry.key.stretch());
        match Spilled::write(folder, &entries) {
            Ok(spilled) => {
                self.spilled.push(spilled);
                self.held = Column::default();
                self.count = 0;
            }
            Err(error) => self.trouble = Some(format!("cannot write to {}: {error}", folder.display())),
        }
    }

    fn in_memory(&self, stretches: &Range<u16>) -> impl Iterator<Item = Entry<K>> {
        self.held
            .iter()
            .filter(move |(_, _, key)| stretches.contains(&u16::from(key.stretch())))
            .map(|(source, row, key)| Entry { key: *key, source, row })
    }

    /// Shows every group of two rows or more: its entries in row order. Groups come in no useful order,
    /// but always in the same.
    ///
    /// # Errors
    ///
    /// If what was spilled cannot be read back.
    pub fn groups(&self, each: &mut dyn FnMut(&[Entry<K>])) -> io::Result<()> {
        let bytes = usize::try_from(self.len()).unwrap_or(usize::MAX) * size_of::<Entry<K>>();
        let passes = u16::try_from(bytes.div_ceil(AT_ONCE).clamp(1, 256)).expect("at most 256");
        let step = 256u16.div_ceil(passes);
        let mut entries = Vec::new();
        for from in (0..256).step_by(usize::from(step)) {
            let stretches = from..(from + step).min(256);
            entries.clear();
            entries.extend(self.in_memory(&stretches));
            for spilled in &self.spilled {
                spilled.read(&stretches, &mut entries)?;
            }
            entries.par_sort_unstable_by_key(|entry: &Entry<K>| (entry.key.group(), entry.source, entry.row));
            for group in entries.chunk_by(|left, right| left.key.group() == right.key.group()) {
                if group.len() > 1 {
                    each(group);
                }
            }
        }
        Ok(())
    }
}

impl<K: Key> Merge for Keys<K> {
    fn merge(&mut self, mut other: Self) {
        self.held.merge(other.held);
        self.count += other.count;
        self.spilled.append(&mut other.spilled);
        self.trouble = self.trouble.take().or(other.trouble);
    }
}

impl<K: Key> Serialize for Keys<K> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.spilled.is_empty() {
            return self.held.serialize(serializer);
        }
        let mut entries: Vec<Entry<K>> = self.in_memory(&(0..256)).collect();
        for spilled in &self.spilled {
            spilled.read(&(0..256), &mut entries).map_err(S::Error::custom)?;
        }
        entries.par_sort_unstable_by_key(|entry| (entry.source, entry.row));
        let mut all = Column::default();
        for entry in entries {
            all.push(&entry.place(), entry.key);
        }
        all.serialize(serializer)
    }
}

impl<'de, K: Key> Deserialize<'de> for Keys<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let held: Column<K> = Column::deserialize(deserializer)?;
        Ok(Self {
            count: held.len(),
            held,
            spilled: Vec::new(),
            trouble: None,
        })
    }
}

/// A hash of 64 bits: two of a million different values agree with a chance of 1 in 40 million.
impl Key for u64 {
    type Group = u64;
    const BYTES: usize = 8;

    fn group(&self) -> u64 {
        *self
    }

    fn stretch(&self) -> u8 {
        self.to_be_bytes()[0]
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend(self.to_le_bytes());
    }

    fn read(bytes: &[u8]) -> Self {
        word(bytes, 0)
    }
}

/// A hash of 128 bits.
impl Key for [u64; 2] {
    type Group = [u64; 2];
    const BYTES: usize = 16;

    fn group(&self) -> [u64; 2] {
        *self
    }

    fn stretch(&self) -> u8 {
        self[0].to_be_bytes()[0]
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend(self.iter().flat_map(|word| word.to_le_bytes()));
    }

    fn read(bytes: &[u8]) -> Self {
        [word(bytes, 0), word(bytes, 8)]
    }
}

/// Rows that share one value and may differ in another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Shared {
    pub shared: u64,
    pub other: u64,
}

impl Key for Shared {
    type Group = u64;
    const BYTES: usize = 16;

    fn group(&self) -> u64 {
        self.shared
    }

    fn stretch(&self) -> u8 {
        self.shared.to_be_bytes()[0]
    }

    fn write(&self, out: &mut Vec<u8>) {
        self.shared.write(out);
        self.other.write(out);
    }

    fn read(bytes: &[u8]) -> Self {
        Self {
            shared: word(bytes, 0),
            other: word(bytes, 8),
        }
    }
}

fn word(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(row: u64) -> Place {
        Place {
            row,
            ..Place::default()
        }
    }

    fn groups(keys: &Keys<Shared>) -> Vec<Vec<(u64, u64)>> {
        let mut found = Vec::new();
        keys.groups(&mut |group| found.push(group.iter().map(|entry| (entry.row, entry.key.other)).collect()))
            .expect("readable");
        found
    }

    proptest! {
        #[test]
        fn spilling_merging_and_saving_change_nothing(
            values in prop::collection::vec((0u64..40, any::<u64>()), 0..200),
            cut in 0.0f64..1.0,
            most in 16usize..400,
        ) {
            let folder = tempfile::tempdir().expect("a temporary folder");
            let mut plain = Keys::default();
            let (mut left, mut right) = (Keys::default(), Keys::default());
            for (row, (value, other)) in (0u64..).zip(&values) {
                // Hashes fill the key space; these do too.
                let key = Shared { shared: value.wrapping_mul(0x9E37_79B9_7F4A_7C15), other: *other };
                plain.push(&at(row), key, None);
                #[expect(clippy::cast_precision_loss, reason = "a test's few rows")]
                let part = if (row as f64) < cut * values.len() as f64 { &mut left } else { &mut right };
                part.push(&at(row), key, Some((folder.path(), most)));
            }
            let wanted = groups(&plain);
            let saved = postcard::to_stdvec(&left).expect("saved");
            right.merge(postcard::from_bytes(&saved).expect("loaded"));
            prop_assert_eq!(right.len(), values.len() as u64);
            prop_assert_eq!(groups(&right), wanted);
            prop_assert!(right.trouble().is_none());
            prop_assert_eq!(std::fs::read_dir(folder.path()).expect("readable").count(), 0, "nothing is left to clean");
        }
    }

    #[test]
    fn a_folder_that_is_gone_costs_memory_and_says_so() {
        let mut keys = Keys::default();
        for row in 0..10 {
            keys.push(&at(row), 7u64, Some((Path::new("/nonexistent"), 16)));
        }
        assert_eq!(keys.len(), 10);
        assert!(keys.trouble().is_some_and(|trouble| trouble.contains("/nonexistent")));
    }
}
