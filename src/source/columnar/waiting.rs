//! Decoded record batches on their way to the workers, cut to what is wanted.

use std::collections::VecDeque;
use std::ops::Range;

use arrow::array::RecordBatch;

use super::overlap;

/// Rows given to a worker at once, at most.
const ROWS: usize = 1024;

/// Record batches, each with the number of its first row.
#[derive(Default)]
pub(super) struct Waiting(VecDeque<(u64, RecordBatch)>);

impl Waiting {
    pub(super) fn push(&mut self, start: u64, batch: RecordBatch) {
        self.0.push_back((start, batch));
    }

    /// The next of these rows, and the number of the first.
    pub(super) fn take(&mut self, wanted: &Range<u64>) -> Option<(u64, RecordBatch)> {
        while let Some((start, batch)) = self.0.pop_front() {
            let rows = start..start + batch.num_rows() as u64;
            let wanted = overlap(&rows, wanted);
            if wanted.is_empty() {
                continue;
            }
            let within = |row: u64| usize::try_from(row - start).expect("a row of the batch");
            let (from, to) = (within(wanted.start), within(wanted.end));
            let count = (to - from).min(ROWS);
            if from + count < to {
                let rest = batch.slice(from + count, to - from - count);
                self.0.push_front((wanted.start + count as u64, rest));
            }
            return Some((wanted.start, batch.slice(from, count)));
        }
        None
    }
}
