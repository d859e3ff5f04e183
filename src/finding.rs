//! What a rule found, and the bounded collection it is kept in.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::place::Place;

/// How bad it is. The order is from harmless to fatal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Worth knowing.
    Note,
    /// Likely waste or bias, or a fault in a few rows.
    Warning,
    /// The run would train on the wrong thing, on nothing, or abort; or its number cannot be trusted.
    Error,
}

/// One thing found in one place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Finding {
    /// `None` for a finding about the set as a whole.
    pub place: Option<Place>,
    /// One-based column in characters, where the fault is at a point inside the line.
    pub column: Option<u64>,
    /// JSON pointer to the field, `/messages/2/content`.
    pub pointer: Option<String>,
    /// Lower case, no full stop, with the numbers.
    pub message: String,
    /// Another row the message is about, named after it: the one this row repeats.
    pub other: Option<Place>,
}

/// Findings kept for one rule. All are counted; those in the lowest places are kept.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Findings {
    kept: Vec<Finding>,
    /// Rows with at least one finding.
    pub rows: u64,
    /// Findings in all, of which a row may have several.
    pub count: u64,
    /// Trained tokens lost or spoilt by what was found, where the rule knows.
    pub tokens: u64,
    /// Findings about the set as a whole.
    pub whole: u64,
    /// The row reported last, to count it once. A row is always seen whole, by one worker.
    #[serde(skip)]
    last: Option<(u32, u64)>,
    /// Beyond this place nothing more is kept: as many findings stand before it already.
    #[serde(skip)]
    bar: Option<Place>,
}

impl Findings {
    /// Findings kept with their message; the rest are counted only, so memory stays bounded.
    pub const KEPT: usize = 64;

    /// Reports a finding about the row as a whole.
    pub fn row(&mut self, place: &Place, message: impl FnOnce() -> String) {
        self.add(place, None, message, None);
    }

    /// Reports a finding about the row and another; the message ends where the other's place is to follow.
    pub fn pair(&mut self, place: &Place, other: Place, message: impl FnOnce() -> String) {
        self.add(place, None, message, Some(other));
    }

    /// Reports a finding in one field of the row.
    pub fn field(&mut self, place: &Place, pointer: impl FnOnce() -> String, message: impl FnOnce() -> String) {
        if self.count_in(place) {
            self.keep(Finding {
                place: Some(*place),
                column: None,
                pointer: Some(pointer()),
                message: message(),
                other: None,
            });
        }
    }

    /// Reports a finding at a column of the row's line.
    pub fn column(&mut self, place: &Place, column: u64, message: impl FnOnce() -> String) {
        self.add(place, Some(column), message, None);
    }

    /// Reports a finding about the set as a whole.
    pub fn set(&mut self, message: String) {
        self.whole += 1;
        self.count += 1;
        self.keep(Finding {
            place: None,
            column: None,
            pointer: None,
            message,
            other: None,
        });
    }

    fn add(&mut self, place: &Place, column: Option<u64>, message: impl FnOnce() -> String, other: Option<Place>) {
        if self.count_in(place) {
            self.keep(Finding {
                place: Some(*place),
                column,
                pointer: None,
                message: message(),
                other,
            });
        }
    }

    /// Counts a finding; false where its message would not be kept and need not be made.
    fn count_in(&mut self, place: &Place) -> bool {
        self.count += 1;
        let row = (place.source, place.row);
        if self.last != Some(row) {
            self.last = Some(row);
            self.rows += 1;
        }
        self.bar.is_none_or(|bar| *place <= bar)
    }

    fn keep(&mut self, finding: Finding) {
        self.kept.push(finding);
        if self.kept.len() > 2 * Self::KEPT {
            self.settle();
        }
    }

    /// Sorts and drops what is beyond the cap.
    fn settle(&mut self) {
        self.kept.sort();
        if self.kept.len() >= Self::KEPT {
            self.kept.truncate(Self::KEPT);
            self.bar = self.kept[Self::KEPT - 1].place;
        }
    }

    /// Adds what another worker found. Order and grouping do not matter.
    pub fn merge(&mut self, other: Self) {
        self.rows += other.rows;
        self.count += other.count;
        self.tokens += other.tokens;
        self.whole += other.whole;
        self.kept.extend(other.kept);
        self.settle();
    }

    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The findings kept, in order of place.
    pub fn into_kept(mut self) -> Vec<Finding> {
        self.settle();
        self.kept
    }
}
