//! Some of the rows, drawn by a hash of their places: the same ones whatever order they were seen in.
//!
//! Kept are the rows of the lowest hashes for as long as they weigh no more than a budget in all, so memory is
//! bounded and a set within the budget is kept whole.

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::Merge;
use crate::place::Place;

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Drawn<T> {
    hash: u64,
    weight: u64,
    place: Place,
    value: T,
}

/// Rows that were drawn, of all that were offered. `BUDGET` is what they may weigh in all.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Sample<T, const BUDGET: u64> {
    drawn: Vec<Drawn<T>>,
    /// Weight of `drawn`, which is settled at twice the budget.
    weight: u64,
    /// No row of this hash or a higher one is kept: those below it fill the budget.
    bar: Option<u64>,
    offered: u64,
}

impl<T, const BUDGET: u64> Default for Sample<T, BUDGET> {
    fn default() -> Self {
        Self {
            drawn: Vec::new(),
            weight: 0,
            bar: None,
            offered: 0,
        }
    }
}

impl<T, const BUDGET: u64> Sample<T, BUDGET> {
    /// Offers a row, whose value and weight are made only where it may be kept.
    pub fn offer(&mut self, place: &Place, make: impl FnOnce() -> (T, u64)) {
        self.offered += 1;
        let hash = hash(place);
        if self.bar.is_some_and(|bar| hash >= bar) {
            return;
        }
        let (value, weight) = make();
        self.weight += weight;
        self.drawn.push(Drawn {
            hash,
            weight,
            place: *place,
            value,
        });
        if self.weight > 2 * BUDGET {
            self.settle();
        }
    }

    /// Rows offered.
    pub fn offered(&self) -> u64 {
        self.offered
    }

    fn settle(&mut self) {
        self.drawn.sort_unstable_by_key(|drawn| (drawn.hash, drawn.place));
        let (mut weight, mut kept) = (0, 0);
        for drawn in &self.drawn {
            let within = weight + drawn.weight <= BUDGET && self.bar.is_none_or(|bar| drawn.hash < bar);
            if !within {
                self.bar = Some(self.bar.map_or(drawn.hash, |bar| bar.min(drawn.hash)));
                break;
            }
            weight += drawn.weight;
            kept += 1;
        }
        self.drawn.truncate(kept);
        self.weight = weight;
    }

    /// The rows kept, in order of place.
    pub fn into_rows(mut self) -> Vec<(Place, T)> {
        self.settle();
        self.drawn.sort_unstable_by_key(|drawn| drawn.place);
        self.drawn.into_iter().map(|drawn| (drawn.place, drawn.value)).collect()
    }
}

impl<T: Send + Serialize + DeserializeOwned + 'static, const BUDGET: u64> Merge for Sample<T, BUDGET> {
    fn merge(&mut self, other: Self) {
        self.offered += other.offered;
        self.bar = self.bar.into_iter().chain(other.bar).min();
        self.weight += other.weight;
        self.drawn.extend(other.drawn);
        self.settle();
    }
}

/// A place as a number of no order: the steps of splitmix64.
fn hash(place: &Place) -> u64 {
    let mixed = (place.row + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ (u64::from(place.source) << 40);
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Small = Sample<u64, 100>;

    fn offer(sample: &mut Small, row: u64, weight: u64) {
        let place = Place {
            row,
            ..Place::default()
        };
        sample.offer(&place, || (row, weight));
    }

    proptest! {
        /// The rows kept are the longest run of lowest hashes that is within the budget, whoever saw them.
        #[test]
        fn order_and_grouping_do_not_matter(
            weights in prop::collection::vec(1u64..60, 0..80),
            parts in prop::collection::vec(0usize..4, 80),
        ) {
            let mut samples: Vec<Small> = (0..4).map(|_| Small::default()).collect();
            for (row, weight) in (0u64..).zip(&weights) {
                offer(&mut samples[parts[usize::try_from(row).expect("few")]], row, *weight);
            }
            let mut all = samples.pop().expect("four");
            for sample in samples.into_iter().rev() {
                let saved = postcard::to_stdvec(&sample).expect("saved");
                all.merge(postcard::from_bytes(&saved).expect("loaded"));
            }
            let mut order: Vec<u64> = (0..weights.len() as u64).collect();
            order.sort_by_key(|row| hash(&Place { row: *row, ..Place::default() }));
            let mut room = 100u64;
            let mut wanted = Vec::new();
            for row in order {
                let weight = weights[usize::try_from(row).expect("few")];
                if weight > room {
                    break;
                }
                room -= weight;
                wanted.push(row);
            }
            wanted.sort_unstable();
            prop_assert_eq!(all.offered(), weights.len() as u64);
            let kept: Vec<u64> = all.into_rows().into_iter().map(|(_, row)| row).collect();
            prop_assert_eq!(kept, wanted);
        }
    }
}
