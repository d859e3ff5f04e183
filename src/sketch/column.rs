//! One value per row, in row order whatever order the rows were seen in.
//!
//! A worker sees stretches of consecutive rows, so the column is kept as runs: the cost is that of
//! the values alone (8 bytes a row for two lengths, 16 for a hash).

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::Merge;
use crate::place::Place;

/// Values of consecutive rows of one source.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run<T> {
    pub source: u32,
    /// Row of the first value.
    pub row: u64,
    pub values: Vec<T>,
}

/// One value per row; rows that never got one are gaps between runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Column<T> {
    runs: Vec<Run<T>>,
}

impl<T> Default for Column<T> {
    fn default() -> Self {
        Self { runs: Vec::new() }
    }
}

impl<T> Column<T> {
    /// Adds the value of a row. Cheap when it follows the row added before it.
    pub fn push(&mut self, place: &Place, value: T) {
        if let Some(run) = self.runs.last_mut()
            && run.source == place.source
            && run.row + run.values.len() as u64 == place.row
        {
            run.values.push(value);
            return;
        }
        // A run that has ended gives back what it was given to grow into.
        if let Some(run) = self.runs.last_mut() {
            run.values.shrink_to_fit();
        }
        self.runs.push(Run {
            source: place.source,
            row: place.row,
            values: vec![value],
        });
    }

    pub fn len(&self) -> usize {
        self.runs.iter().map(|run| run.values.len()).sum()
    }

    pub fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// Puts the runs in row order, which [`Self::iter`] needs.
    pub fn sort(&mut self) {
        self.runs.sort_by_key(|run| (run.source, run.row));
    }

    /// The values in row order; their places are gone.
    pub fn into_values(mut self) -> Vec<T> {
        self.sort();
        let all = self.len();
        let mut runs = self.runs.into_iter();
        let Some(first) = runs.next() else { return Vec::new() };
        let mut values = first.values;
        values.reserve_exact(all - values.len());
        // Each run is freed as soon as it is taken over.
        runs.for_each(|run| values.extend(run.values));
        values
    }

    /// Changes every value.
    pub fn change(&mut self, change: impl Fn(&mut T)) {
        self.runs.iter_mut().flat_map(|run| &mut run.values).for_each(change);
    }

    /// Source, row and value, in the order of the runs.
    pub fn iter(&self) -> impl Iterator<Item = (u32, u64, &T)> {
        self.runs.iter().flat_map(|run| {
            run.values
                .iter()
                .zip(run.row..)
                .map(move |(value, row)| (run.source, row, value))
        })
    }
}

impl<T: Send + Serialize + DeserializeOwned + 'static> Merge for Column<T> {
    fn merge(&mut self, mut other: Self) {
        self.runs.append(&mut other.runs);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(source: u32, row: u64) -> Place {
        Place {
            source,
            row,
            ..Place::default()
        }
    }

    #[test]
    fn rows_come_out_in_order_however_they_were_added() {
        let (mut left, mut right) = (Column::default(), Column::default());
        right.push(&at(0, 0), 'a');
        left.push(&at(1, 0), 'd');
        left.push(&at(0, 1), 'b');
        left.push(&at(0, 2), 'c');
        left.merge(right);
        left.sort();
        let values: Vec<_> = left.iter().map(|(source, row, value)| (source, row, *value)).collect();
        assert_eq!(values, [(0, 0, 'a'), (0, 1, 'b'), (0, 2, 'c'), (1, 0, 'd')]);
        assert_eq!(left.len(), 4);
        assert_eq!(left.into_values(), ['a', 'b', 'c', 'd']);
    }

    #[test]
    fn consecutive_rows_share_a_run() {
        let mut column = Column::default();
        (0..1000).for_each(|row| column.push(&at(0, row), row));
        assert_eq!(column.runs.len(), 1);
    }
}
