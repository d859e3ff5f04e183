//! What Hugging Face `datasets` makes of the rows before any trainer sees them.
//!
//! Rows are turned into Arrow tables, and a table's columns have types, inferred from all its rows: a key
//! that one message has, all get, as null; one fraction makes every integer of its column a float; a
//! column of dates becomes `datetime` objects. Newer versions store columns of mixed types as JSON text
//! and then read every text in them that happens to be JSON: the user's message `123` becomes a number.
//!
//! So the rows are looked at twice. A [`Look`] takes them in any order, on any number of threads, and
//! remembers what a loader would go by; [`Schema::of`] says what a [`Loader`] makes of it: an error, or a
//! [`Schema`] that turns each row into what the trainer gets. Mostly nothing changes, and then the schema
//! [is the identity](Schema::is_identity) and costs nothing.
//!
//! Sources: `datasets` (Apache-2.0) 3.6.0, 4.0.0, 4.6.1, 4.7.0, 4.8.0, 4.8.5, 5.0.0, 5.1.0 and 5.2.0,
//! `packaged_modules/json/json.py`, `utils/json.py`, `arrow_writer.py`, `table.py`; Arrow 26
//! `cpp/src/arrow/json/`; pandas 3.1. The recorded cases are in `fixtures/loader`.
//!
//! Not modelled, and why it is rare:
//! - `streaming=True`, `num_proc` (each process goes by its own first file), `features=` and `field=`,
//!   and an evaluation file loaded in one call with the training file (it gets the latter's types).
//! - Arrow reads a chunk in blocks of 320 KiB if the file is below 2.6 MB (or `datasets` is 4.6 or older).
//!   Texts and numbers mixed in one column, but never within one block, are taken for texts there.
//! - `datasets` 4.6 and older read a JSON array through pandas, which also takes some texts that are not
//!   ISO dates, and large numbers, for dates in columns named `date`, `modified`, `timestamp…`, `…_at`, `…_time`.
//! - `datasets` up to 4.6 read a file of a single row that Arrow refuses in another way, with pandas.
//! - An integer beyond 64 bits is a float here, so that pandas' reader refusing it goes unnoticed.

mod arrow;
mod brought;
mod build;
mod cast;
mod change;
mod datetime;
mod error;
mod look;
mod plan;
mod python;
mod schema;
mod seen;
mod step;
mod traces;
mod types;
mod ujson;

pub use change::{Change, What};
pub use error::LoadError;
pub use look::{Extent, Look};
pub use schema::Schema;
pub use types::Type;

/// What turns the rows into a data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loader {
    /// `load_dataset("json", …)`: JSON Lines and JSON arrays.
    Json(Datasets),
    /// `Dataset.from_list(rows)`, the same in all versions.
    FromList,
    /// Formats that bring their types along, such as Parquet and Arrow: rows are read as they will be.
    AsIs(Datasets),
}

/// A version of `datasets` whose JSON loader is known here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Datasets {
    major: u32,
    minor: u32,
    patch: u32,
}

impl Datasets {
    pub const V3_6_0: Self = Self::version(3, 6, 0);
    pub const V5_2_0: Self = Self::version(5, 2, 0);

    const fn version(major: u32, minor: u32, patch: u32) -> Self {
        Self { major, minor, patch }
    }

    /// The version, if what it does is known: 3.6 to 4.6, which have no mixed types, and 5.0 to 5.2,
    /// which do. Those between changed with every release and fail on some ordinary files (4.7.0 on a
    /// column that a row lacks, all up to 4.8.4 on a blank line).
    pub fn known(major: u32, minor: u32, patch: u32) -> Option<Self> {
        let version = Self::version(major, minor, patch);
        let without = Self::V3_6_0..Self::version(4, 7, 0);
        let with = Self::version(5, 0, 0)..Self::version(5, 3, 0);
        (without.contains(&version) || with.contains(&version)).then_some(version)
    }

    /// Columns of mixed types become `Json`; before, they were an error or a struct of all keys.
    fn has_json(self) -> bool {
        self >= Self::version(5, 0, 0)
    }

    /// The type of a list is no list of Python any more.
    fn lists_are_objects(self) -> bool {
        self >= Self::version(4, 0, 0)
    }

    /// Sees that Arrow lost null items of a list, and reads the rows another way.
    fn checks_lists(self) -> bool {
        self >= Self::V5_2_0
    }

    /// Takes more layouts for traces of coding agents.
    fn knows_hermes(self) -> bool {
        self >= Self::version(5, 1, 0)
    }
}
