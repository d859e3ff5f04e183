//! Sections of the report: what the set is like, as against what is wrong with it.
//!
//! A measure sees every row, merges like a rule's state, and ends as a section of the report.

mod bytes;
mod fed;
mod lengths;
mod masks;
mod mix;
mod padding;
mod passages;
mod rows;
mod scripts;
mod sets;

use serde::{Deserialize, Serialize};

use crate::model::budget::Budget;
use crate::model::setup::Setup;
use crate::rule::Row;
use crate::sketch::Merge;

pub use fed::Never;
pub use lengths::{Bin, Cut, LengthSection, LengthSummary};
pub use masks::{MaskSection, RoleTokens, Why, Worth};
pub use mix::MixSection;
pub use padding::{Packed, Padding};
pub use passages::{Passage, PassageSection, WORDS as PASSAGE_WORDS};
pub use rows::{Kept, Rows, Side};
pub use sets::of as rows_of_sets;

/// Every measure's state.
#[derive(Default, Serialize, Deserialize)]
pub struct Measures {
    lengths: lengths::Lengths,
    masks: masks::Masks,
    mix: mix::Mix,
    passages: passages::Passages,
    fed: fed::FedRows,
    /// Rows seen per source, readable or not.
    rows: Vec<RowCounts>,
}

/// How many rows of a source were read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowCounts {
    pub rows: u64,
    /// Of which could not be read.
    pub unreadable: u64,
    /// Of which do not fit the file's shape.
    pub misfit: u64,
}

/// The sections, ready for the report.
pub struct Sections {
    pub lengths: Option<LengthSection>,
    pub masks: Option<MaskSection>,
    pub mix: MixSection,
    pub passages: Option<PassageSection>,
    /// The run as planned, if one is.
    pub budget: Option<Budget>,
    pub rows: Vec<RowCounts>,
}

impl Measures {
    pub fn see(&mut self, row: &Row<'_>) {
        let source = row.place.source as usize;
        if self.rows.len() <= source {
            self.rows.resize(source + 1, RowCounts::default());
        }
        let counts = &mut self.rows[source];
        // A fault of a whole file stands at row 0 without being a row.
        counts.rows += u64::from(
            row.read
                .map_or_else(|unreadable| unreadable.fault.is_of_a_row(), |_| true),
        );
        counts.unreadable += u64::from(row.read.is_err());
        counts.misfit += u64::from(row.misfit.is_some());
        self.lengths.see(row);
        self.masks.see(row);
        self.mix.see(row);
        self.passages.see(row);
        self.fed.see(row);
    }

    /// Source and number of the rows that the planned run never sees, in order, and why.
    ///
    /// # Errors
    ///
    /// Why that cannot be told: there is no run, or its order is not known beforehand.
    pub fn never_seen(&self, setup: &Setup) -> Result<Vec<(u32, u64, Never)>, String> {
        self.fed.never_seen(setup)
    }

    pub fn finish(self, setup: &Setup) -> Sections {
        let trained = setup.tokenizer.is_some();
        let fed = self.fed.into_columns();
        let mut budget = fed.budget(setup);
        let packed = fed.packed(setup, budget.as_ref());
        let lengths = self.lengths.finish(setup, &fed.tokens, packed);
        if let Some(budget) = &mut budget {
            let packed = lengths.as_ref().and_then(|lengths| lengths.packed.as_ref());
            budget.packable = packed.map(|packed| packed.efficiency);
        }
        Sections {
            lengths,
            budget,
            masks: trained.then(|| self.masks.finish()).flatten(),
            mix: self.mix.finish(),
            passages: self.passages.finish(setup),
            rows: self.rows,
        }
    }
}

impl Merge for Measures {
    fn merge(&mut self, other: Self) {
        self.lengths.merge(other.lengths);
        self.masks.merge(other.masks);
        self.mix.merge(other.mix);
        self.passages.merge(other.passages);
        self.fed.merge(other.fed);
        if self.rows.len() < other.rows.len() {
            self.rows.resize(other.rows.len(), RowCounts::default());
        }
        for (mine, theirs) in self.rows.iter_mut().zip(other.rows) {
            mine.rows += theirs.rows;
            mine.unreadable += theirs.unreadable;
            mine.misfit += theirs.misfit;
        }
    }
}
/// A part of a whole; of nothing it is 0.
#[expect(clippy::cast_precision_loss, reason = "a share is a float")]
pub fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}
