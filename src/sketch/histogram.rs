//! Exact counts of whole numbers, from which every percentile can be read.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Merge;

/// Values below this are counted in a flat table; a row above it is rare.
const FLAT: usize = 1 << 16;

/// How often each number was seen. Exact, order-free, bounded by the range of the numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Histogram {
    flat: Vec<u64>,
    above: BTreeMap<u64, u64>,
    count: u64,
    sum: u64,
}

impl Histogram {
    pub fn add(&mut self, value: u64) {
        self.add_many(value, 1);
    }

    fn add_many(&mut self, value: u64, times: u64) {
        self.count += times;
        self.sum += value * times;
        match usize::try_from(value) {
            Ok(at) if at < FLAT => {
                if at >= self.flat.len() {
                    self.flat.resize((at + 1).next_power_of_two().min(FLAT), 0);
                }
                self.flat[at] += times;
            }
            _ => *self.above.entry(value).or_default() += times,
        }
    }

    /// Numbers seen.
    pub fn count(&self) -> u64 {
        self.count
    }

    pub fn sum(&self) -> u64 {
        self.sum
    }

    #[expect(clippy::cast_precision_loss, reason = "a mean is a float")]
    pub fn mean(&self) -> f64 {
        if self.count == 0 {
            0.0
        } else {
            self.sum as f64 / self.count as f64
        }
    }

    /// Every number seen with how often, in order.
    pub fn iter(&self) -> impl Iterator<Item = (u64, u64)> {
        let flat = self
            .flat
            .iter()
            .zip(0u64..)
            .filter(|(times, _)| **times > 0)
            .map(|(times, value)| (value, *times));
        flat.chain(self.above.iter().map(|(value, times)| (*value, *times)))
    }

    pub fn min(&self) -> u64 {
        self.iter().next().map_or(0, |(value, _)| value)
    }

    pub fn max(&self) -> u64 {
        self.above
            .keys()
            .next_back()
            .copied()
            .unwrap_or_else(|| self.flat.iter().rposition(|times| *times > 0).map_or(0, |at| at as u64))
    }

    /// The smallest number that at least `share` (0 to 1) of the numbers do not exceed: the
    /// nearest-rank percentile, which is always a number that was seen.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "ranks are far below 2^52"
    )]
    pub fn percentile(&self, share: f64) -> u64 {
        let rank = ((share * self.count as f64).ceil() as u64).clamp(1, self.count.max(1));
        let mut seen = 0;
        for (value, times) in self.iter() {
            seen += times;
            if seen >= rank {
                return value;
            }
        }
        0
    }

    /// Numbers greater than `limit`, and by how much they exceed it in all.
    pub fn above(&self, limit: u64) -> (u64, u64) {
        self.iter()
            .filter(|(value, _)| *value > limit)
            .fold((0, 0), |(count, excess), (value, times)| {
                (count + times, excess + (value - limit) * times)
            })
    }
}

impl Merge for Histogram {
    fn merge(&mut self, other: Self) {
        for (value, times) in other.iter() {
            self.add_many(value, times);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[u64]) -> Histogram {
        let mut histogram = Histogram::default();
        for value in values {
            histogram.add(*value);
        }
        histogram
    }

    #[test]
    fn percentiles_are_nearest_rank() {
        let histogram = of(&[15, 20, 35, 40, 50]);
        assert_eq!(histogram.percentile(0.30), 20);
        assert_eq!(histogram.percentile(0.40), 20);
        assert_eq!(histogram.percentile(0.50), 35);
        assert_eq!(histogram.percentile(1.00), 50);
        assert_eq!((histogram.min(), histogram.max(), histogram.sum()), (15, 50, 160));
    }

    #[test]
    fn numbers_beyond_the_table_count_too() {
        let mut histogram = of(&[1, 2]);
        histogram.merge(of(&[70_000, 3]));
        assert_eq!(histogram.max(), 70_000);
        assert_eq!(histogram.percentile(0.75), 3);
        assert_eq!(histogram.above(2), (2, 1 + 69_998));
        assert_eq!(Histogram::default().percentile(0.5), 0);
    }
}
