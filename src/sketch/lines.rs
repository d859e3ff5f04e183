//! On which line each row starts, so that state that remembers rows need not remember lines too.
//!
//! Rows at even distances cost nothing: a file of one row a line is one run. Only a set of rows of
//! uneven heights (a JSON array over several lines) costs 40 bytes for two rows.

use serde::{Deserialize, Serialize};

use super::Merge;
use crate::place::Place;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Run {
    source: u32,
    row: u64,
    line: u64,
    /// Lines from row to row.
    step: u64,
    rows: u64,
}

/// Lines of rows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lines(Vec<Run>);

impl Lines {
    /// Notes a row's line. Cheap when it follows the row noted before it.
    pub fn push(&mut self, place: &Place) {
        if place.line == 0 {
            return;
        }
        if let Some(run) = self.0.last_mut()
            && run.source == place.source
            && run.row + run.rows == place.row
        {
            if run.rows == 1 && place.line >= run.line {
                run.step = place.line - run.line;
            }
            if run.line + run.step * run.rows == place.line {
                run.rows += 1;
                return;
            }
        }
        self.0.push(Run {
            source: place.source,
            row: place.row,
            line: place.line,
            step: 0,
            rows: 1,
        });
    }

    /// Puts what was noted in order, which [`Self::of`] needs.
    pub fn sort(&mut self) {
        self.0.sort_unstable_by_key(|run| (run.source, run.row));
    }

    /// The line a row starts on; 0 where the format has no lines.
    pub fn of(&self, source: u32, row: u64) -> u64 {
        let after = self.0.partition_point(|run| (run.source, run.row) <= (source, row));
        let run = after.checked_sub(1).map(|at| self.0[at]);
        run.filter(|run| run.source == source && row - run.row < run.rows)
            .map_or(0, |run| run.line + run.step * (row - run.row))
    }
}

impl Merge for Lines {
    fn merge(&mut self, mut other: Self) {
        self.0.append(&mut other.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_back_whatever_their_distances() {
        let lines = [1, 2, 3, 5, 6, 20, 25, 30, 31, 31, 40];
        let mut noted = [Lines::default(), Lines::default()];
        for (row, line) in (0..).zip(lines) {
            let place = Place {
                source: 2,
                row,
                line,
                offset: 0,
            };
            noted[usize::from(row % 5 > 2)].push(&place);
        }
        let [mut all, other] = noted;
        all.merge(other);
        all.sort();
        for (row, line) in (0..).zip(lines) {
            assert_eq!(all.of(2, row), line, "row {row}");
        }
        assert_eq!((all.of(2, 11), all.of(1, 0), all.of(3, 0)), (0, 0, 0));
    }

    #[test]
    fn a_row_a_line_is_one_run() {
        let mut lines = Lines::default();
        for row in 0..1000 {
            lines.push(&Place {
                row,
                line: row + 1,
                ..Place::default()
            });
        }
        assert_eq!(lines.0.len(), 1);
    }
}
