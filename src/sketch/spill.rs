//! Entries on disk, by the first byte of their key.
//!
//! The file has no name (on Unix it is unlinked as soon as it is made, elsewhere deleted when
//! closed), so nothing is left behind however the process ends.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::Path;

use super::keys::{Entry, Key};

/// Entries in order of their stretch.
pub(super) struct Spilled {
    file: File,
    /// Where each stretch starts, in entries; one more for the end.
    starts: Vec<u64>,
}

impl Spilled {
    /// Writes entries that are sorted by stretch.
    pub(super) fn write<K: Key>(folder: &Path, entries: &[Entry<K>]) -> io::Result<Self> {
        let mut file = tempfile::tempfile_in(folder)?;
        let mut bytes = Vec::with_capacity(1 << 16);
        for entry in entries {
            entry.key.write(&mut bytes);
            bytes.extend(entry.source.to_le_bytes());
            bytes.extend(entry.row.to_le_bytes());
            if bytes.len() >= (1 << 16) - 64 {
                file.write_all(&bytes)?;
                bytes.clear();
            }
        }
        file.write_all(&bytes)?;
        let start = |stretch| entries.partition_point(|entry| u16::from(entry.key.stretch()) < stretch) as u64;
        Ok(Self {
            file,
            starts: (0..=256).map(start).collect(),
        })
    }

    pub(super) fn len(&self) -> u64 {
        self.starts[256]
    }

    /// Adds the entries of some stretches.
    pub(super) fn read<K: Key>(&self, stretches: &Range<u16>, into: &mut Vec<Entry<K>>) -> io::Result<()> {
        let size = K::BYTES + 12;
        let (start, end) = (
            self.starts[usize::from(stretches.start)],
            self.starts[usize::from(stretches.end)],
        );
        (&self.file).seek(SeekFrom::Start(start * size as u64))?;
        let mut reader = io::BufReader::with_capacity(1 << 16, &self.file);
        let mut bytes = vec![0; size];
        for _ in start..end {
            reader.read_exact(&mut bytes)?;
            let (key, place) = bytes.split_at(K::BYTES);
            into.push(Entry {
                key: K::read(key),
                source: u32::from_le_bytes(place[..4].try_into().expect("four bytes")),
                row: u64::from_le_bytes(place[4..].try_into().expect("eight bytes")),
            });
        }
        Ok(())
    }
}
