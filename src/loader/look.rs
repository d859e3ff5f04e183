//! The first look: what the rows of each table are made of.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use serde::{Deserialize, Serialize};

use crate::model::record::Record;
use crate::place::Place;
use crate::sketch::Merge;

use super::seen::{Seen, Walk};

/// Which rows of a file the loader turns into one table, and so gives one set of types.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Extent {
    /// All of them: a JSON array.
    Whole,
    /// Those of about this many bytes: JSON Lines.
    Chunks(u64),
}

impl Extent {
    /// JSON Lines as they are loaded unless told otherwise
    /// (`packaged_modules/json/json.py`, `JsonConfig.chunksize`, all versions).
    pub const JSON_LINES: Self = Self::Chunks(10 << 20);

    /// The table of a row.
    ///
    /// A chunk is the bytes asked for and the rest of the line they end in. So the first ends with the
    /// row that stands at or before its last byte, exactly; the others are taken to be as long, which
    /// puts a few rows at each border into the chunk next to theirs.
    pub(super) fn table(self, place: &Place) -> Table {
        let chunk = match self {
            Self::Whole => 0,
            Self::Chunks(bytes) => place.offset.saturating_sub(1) / bytes.max(1),
        };
        Table {
            source: place.source,
            chunk,
        }
    }
}

/// A file's stretch of rows that gets one set of types. The order is that of reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Table {
    pub(super) source: u32,
    chunk: u64,
}

/// What is known of a table's rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Rows {
    pub(super) extent: Extent,
    pub(super) seen: Seen,
    pub(super) first: Place,
    last: Place,
    /// The first row with a key twice in one object, and with half a surrogate pair.
    pub(super) repeated_key: Option<Place>,
    pub(super) lone_surrogate: Option<Place>,
    /// The most blank lines passed before a row, counted from the start of the file.
    skipped: u64,
}

/// What all rows are made of, as far as a loader goes by it. Feed it every row, then ask
/// [`Schema::of`](super::Schema::of) what a loader makes of them.
///
/// Memory: some 200 bytes for each path in the rows (`/messages/[]/content`), for every file and every
/// 10 MiB of a large one. Adding a chat row takes well under a microsecond.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Look {
    tables: BTreeMap<Table, Rows>,
    /// The first blank line of each table that was told of.
    blank: BTreeMap<Table, Place>,
}

impl Look {
    /// Adds a row. Fastest when rows come in order.
    pub fn add(&mut self, record: &Record<'_>, extent: Extent) {
        match self.tables.entry(extent.table(&record.place)) {
            Entry::Vacant(slot) => {
                slot.insert(Rows::of(record, extent)).see(record);
            }
            Entry::Occupied(mut slot) => {
                let rows = slot.get_mut();
                if rows.last < record.place {
                    rows.meet(&Rows::of(record, extent));
                    rows.see(record);
                } else {
                    let mut late = Rows::of(record, extent);
                    late.see(record);
                    rows.merge(late);
                }
            }
        }
    }

    /// Tells of a blank line. Those before a row are noticed from its place; one at the end of a file
    /// is not, and matters as much: `datasets` 5.0 and newer look for objects of different keys only
    /// where there is none.
    pub fn blank_line(&mut self, place: &Place, extent: Extent) {
        let known = self.blank.entry(extent.table(place)).or_insert(*place);
        *known = (*place).min(*known);
    }

    /// The first row, if there was any.
    pub fn first(&self) -> Option<Place> {
        Some(self.tables.first_key_value()?.1.first)
    }

    /// The tables in order, and whether there is a blank line in each.
    pub(super) fn tables(&self) -> impl Iterator<Item = (Table, &Rows, bool)> {
        let mut before = (0, 0);
        self.tables.iter().map(move |(table, rows)| {
            if before.0 != table.source {
                before = (table.source, 0);
            }
            let blank = rows.skipped > before.1 || self.blank.contains_key(table);
            before.1 = rows.skipped;
            (*table, rows, blank)
        })
    }

    /// Everything seen, as if it had been one table.
    pub(super) fn all(&self) -> Seen {
        let mut all = Seen::default();
        for rows in self.tables.values() {
            all.merge(rows.seen.clone());
        }
        all
    }
}

impl Merge for Look {
    fn merge(&mut self, other: Self) {
        for (table, rows) in other.tables {
            match self.tables.entry(table) {
                Entry::Vacant(slot) => {
                    slot.insert(rows);
                }
                Entry::Occupied(mut slot) => slot.get_mut().merge(rows),
            }
        }
        for (table, place) in other.blank {
            let known = self.blank.entry(table).or_insert(place);
            *known = place.min(*known);
        }
    }
}

impl Rows {
    /// What the record says of itself; its values are not yet seen.
    fn of(record: &Record<'_>, extent: Extent) -> Self {
        let place = record.place;
        let skipped = match extent {
            Extent::Whole => 0,
            Extent::Chunks(_) => place.line.saturating_sub(place.row + 1),
        };
        Self {
            extent,
            seen: Seen::default(),
            first: place,
            last: place,
            repeated_key: record.quirks.duplicate_key.then_some(place),
            lone_surrogate: record.quirks.lone_surrogate.then_some(place),
            skipped,
        }
    }

    fn see(&mut self, record: &Record<'_>) {
        self.seen.see(&record.value, &mut Walk::new(record.place));
    }

    fn merge(&mut self, other: Self) {
        self.meet(&other);
        self.seen.merge(other.seen);
    }

    /// Takes over all but what the values are.
    fn meet(&mut self, other: &Self) {
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
        self.repeated_key = self.repeated_key.into_iter().chain(other.repeated_key).min();
        self.lone_surrogate = self.lone_surrogate.into_iter().chain(other.lone_surrogate).min();
        self.skipped = self.skipped.max(other.skipped);
    }
}
