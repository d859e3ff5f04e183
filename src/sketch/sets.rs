//! Sets of numbers, one per row, kept in memory up to a size and on disk beyond it.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _, ser::Error as _};

use super::Merge;

/// Numbers that are read from disk at once, about.
const AT_ONCE: u64 = 1 << 18;

/// Numbers of a part in memory: a list that grew without end would be copied as often as it doubles.
const PART: usize = if cfg!(test) { 16 } else { 1 << 20 };

/// Sets in the order they were added.
#[derive(Default)]
pub struct Sets {
    /// Where each set ends, counted over all segments.
    ends: Vec<u64>,
    /// What went to disk, in order; what is in memory comes after it.
    segments: Vec<Segment>,
    /// The part that grows.
    held: Vec<u32>,
    /// Numbers of the segments since the last that went to disk.
    kept: usize,
    trouble: Option<String>,
}

/// Numbers that follow each other; the file has no name and goes when it is closed.
struct Segment {
    start: u64,
    kept: Kept,
}

enum Kept {
    Memory(Vec<u32>),
    Disk(Mutex<File>),
}

impl Sets {
    /// Adds a set; what is held in memory goes to the folder once it is of `most` bytes.
    pub fn push(&mut self, set: &[u32], folder: &Path, most: usize) {
        if !self.held.is_empty() && self.held.len() + set.len() > PART {
            self.close();
            self.held.reserve_exact(PART);
        }
        self.held.extend_from_slice(set);
        self.ends.push(self.elements() + set.len() as u64);
        if (self.kept + self.held.len()) * 4 >= most && self.trouble.is_none() {
            self.close();
            if let Err(error) = self.spill(folder) {
                self.trouble = Some(format!("cannot write to {}: {error}", folder.display()));
            }
        }
    }

    /// Ends the part that grows.
    fn close(&mut self) {
        if self.held.is_empty() {
            return;
        }
        let held = std::mem::take(&mut self.held);
        self.kept += held.len();
        self.segments.push(Segment {
            start: self.elements() - held.len() as u64,
            kept: Kept::Memory(held),
        });
    }

    /// Writes the segments since the last that went to disk to one file.
    fn spill(&mut self, folder: &Path) -> io::Result<()> {
        let on_disk = |segment: &Segment| matches!(segment.kept, Kept::Disk(_));
        let from = self.segments.iter().rposition(on_disk).map_or(0, |at| at + 1);
        let Some(start) = self.segments.get(from).map(|segment| segment.start) else {
            return Ok(());
        };
        let mut file = tempfile::tempfile_in(folder)?;
        for segment in &self.segments[from..] {
            if let Kept::Memory(numbers) = &segment.kept {
                write(&mut file, numbers)?;
            }
        }
        self.segments.truncate(from);
        self.segments.push(Segment {
            start,
            kept: Kept::Disk(Mutex::new(file)),
        });
        self.kept = 0;
        Ok(())
    }

    pub fn len(&self) -> usize {
        self.ends.len()
    }

    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The numbers of a set.
    pub fn size(&self, at: usize) -> usize {
        usize::try_from(self.ends[at] - self.start(at)).expect("a set fits into memory")
    }

    /// The numbers of all sets together.
    pub fn elements(&self) -> u64 {
        self.ends.last().copied().unwrap_or(0)
    }

    pub fn trouble(&self) -> Option<&str> {
        self.trouble.as_deref()
    }

    /// A set; read into `buffer` where it is on disk.
    ///
    /// # Errors
    ///
    /// If it cannot be read back.
    pub fn get<'s>(&'s self, at: usize, buffer: &'s mut Vec<u32>) -> io::Result<&'s [u32]> {
        self.numbers(&(at..at + 1), buffer)
    }

    /// All sets, as stretches of neighbours that can be read at once.
    pub fn stretches(&self) -> Vec<Range<usize>> {
        let mut starts = self.segments.iter().map(|segment| segment.start).skip(1).peekable();
        let held = self.elements() - self.held.len() as u64;
        let (mut stretches, mut from) = (Vec::new(), 0);
        for at in 0..self.len() {
            let end = self.ends[at];
            let mut last = at + 1 == self.len() || end == held || end - self.start(from) >= AT_ONCE;
            while starts.next_if(|start| *start <= end).is_some() {
                last = true;
            }
            if last {
                stretches.push(from..at + 1);
                from = at + 1;
            }
        }
        stretches
    }

    /// Shows each set of a stretch with its number.
    ///
    /// # Errors
    ///
    /// If they cannot be read back.
    pub fn each(
        &self,
        stretch: &Range<usize>,
        buffer: &mut Vec<u32>,
        mut show: impl FnMut(usize, &[u32]),
    ) -> io::Result<()> {
        let first = self.start(stretch.start);
        let numbers = self.numbers(stretch, buffer)?;
        let within = |end: u64| usize::try_from(end - first).expect("a place in memory");
        for at in stretch.clone() {
            show(at, &numbers[within(self.start(at))..within(self.ends[at])]);
        }
        Ok(())
    }

    /// Where a set starts, counted over all segments.
    fn start(&self, at: usize) -> u64 {
        at.checked_sub(1).map_or(0, |before| self.ends[before])
    }

    /// The numbers of neighbours of one segment.
    fn numbers<'s>(&'s self, sets: &Range<usize>, buffer: &'s mut Vec<u32>) -> io::Result<&'s [u32]> {
        let start = self.start(sets.start);
        let length = usize::try_from(self.start(sets.end) - start).expect("sets fit into memory");
        let held = self.elements() - self.held.len() as u64;
        let index = |from: u64| usize::try_from(start - from).expect("a place in memory");
        if start >= held {
            return Ok(&self.held[index(held)..][..length]);
        }
        // Empty segments aside, a set never reaches over two.
        let segment = &self.segments[self.segments.partition_point(|segment| segment.start <= start) - 1];
        match &segment.kept {
            Kept::Memory(numbers) => Ok(&numbers[index(segment.start)..][..length]),
            Kept::Disk(file) => {
                let mut bytes = vec![0; length * 4];
                let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
                file.seek(SeekFrom::Start((start - segment.start) * 4))?;
                file.read_exact(&mut bytes)?;
                drop(file);
                buffer.clear();
                buffer.extend(
                    bytes
                        .chunks_exact(4)
                        .map(|four| u32::from_le_bytes(four.try_into().expect("four bytes"))),
                );
                Ok(buffer)
            }
        }
    }
}

fn write(file: &mut File, numbers: &[u32]) -> io::Result<()> {
    let mut bytes = Vec::with_capacity(1 << 16);
    for part in numbers.chunks(1 << 14) {
        bytes.clear();
        bytes.extend(part.iter().flat_map(|number| number.to_le_bytes()));
        file.write_all(&bytes)?;
    }
    Ok(())
}

impl Merge for Sets {
    fn merge(&mut self, mut other: Self) {
        self.close();
        let shift = self.elements();
        self.ends.extend(other.ends.iter().map(|end| end + shift));
        self.segments.extend(other.segments.drain(..).map(|segment| Segment {
            start: segment.start + shift,
            kept: segment.kept,
        }));
        self.held = other.held;
        self.kept += other.kept;
        self.trouble = self.trouble.take().or(other.trouble);
    }
}

impl Serialize for Sets {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut all = Vec::new();
        let mut buffer = Vec::new();
        for at in 0..self.len() {
            all.extend_from_slice(self.get(at, &mut buffer).map_err(S::Error::custom)?);
        }
        (&self.ends, all).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Sets {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (ends, held) = <(Vec<u64>, Vec<u32>)>::deserialize(deserializer)?;
        if !ends.is_sorted() || ends.last().copied().unwrap_or(0) != held.len() as u64 {
            return Err(D::Error::custom("sets that do not add up"));
        }
        Ok(Self {
            ends,
            held,
            ..Self::default()
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn sets_come_back_from_memory_and_disk(
            parts in prop::collection::vec(prop::collection::vec(prop::collection::vec(any::<u32>(), 0..9), 0..12), 1..4),
            most in 1usize..200,
        ) {
            let folder = tempfile::tempdir().expect("a temporary folder");
            let mut all = Sets::default();
            for part in &parts {
                let mut sets = Sets::default();
                for set in part {
                    sets.push(set, folder.path(), most);
                }
                all.merge(sets);
            }
            let saved = postcard::to_stdvec(&all).expect("saved");
            let loaded: Sets = postcard::from_bytes(&saved).expect("loaded");
            let mut buffer = Vec::new();
            let mut shown = 0;
            for stretch in all.stretches() {
                prop_assert_eq!(stretch.start, shown);
                all.each(&stretch, &mut buffer, |at, set| {
                    assert_eq!((at, set), (shown, parts.iter().flatten().nth(at).expect("a set").as_slice()));
                    shown += 1;
                })
                .expect("readable");
            }
            prop_assert_eq!(shown, all.len());
            for (at, set) in parts.iter().flatten().enumerate() {
                prop_assert_eq!(all.get(at, &mut buffer).expect("readable"), set.as_slice());
                prop_assert_eq!(loaded.get(at, &mut buffer).expect("readable"), set.as_slice());
            }
            prop_assert_eq!(all.len(), parts.iter().flatten().count());
        }
    }
}
