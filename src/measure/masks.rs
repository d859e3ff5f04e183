//! How much of the set carries loss.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::rule::Row;
use crate::sketch::Merge;

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Masks {
    rows: u64,
    tokens: u64,
    trained: u64,
    untrained_rows: u64,
    dropped_rows: u64,
}

/// The section of the report. Tokens are those left after truncation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MaskSection {
    pub tokens: u64,
    pub trained: u64,
    /// Rows without a trained token.
    pub untrained_rows: u64,
    /// Rows the trainer leaves out.
    pub dropped_rows: u64,
}

impl Masks {
    pub(super) fn see(&mut self, row: &Row<'_>) {
        if row.encoded.is_empty() {
            return;
        }
        self.rows += 1;
        let trained: usize = row.encoded.iter().map(crate::model::encoded::Encoded::trained).sum();
        self.tokens += row.encoded.iter().map(|encoded| encoded.len() as u64).sum::<u64>();
        self.trained += trained as u64;
        self.untrained_rows += u64::from(trained == 0);
        self.dropped_rows += u64::from(row.encoded.iter().any(|encoded| encoded.dropped.is_some()));
    }

    pub(super) fn finish(self) -> Option<MaskSection> {
        (self.rows > 0).then_some(MaskSection {
            tokens: self.tokens,
            trained: self.trained,
            untrained_rows: self.untrained_rows,
            dropped_rows: self.dropped_rows,
        })
    }
}

impl Merge for Masks {
    fn merge(&mut self, other: Self) {
        self.rows += other.rows;
        self.tokens += other.tokens;
        self.trained += other.trained;
        self.untrained_rows += other.untrained_rows;
        self.dropped_rows += other.dropped_rows;
    }
}
