//! Which rows come to the sampler, and in which order: what the trainer shuffles, holds out and leaves out first.
//!
//! Sources: datasets 5.2.0 `arrow_dataset.py`, `shuffle` and `train_test_split`; axolotl 0.19.0
//! `utils/data/shared.py`, `merge_datasets` and `create_train_validation_split`, and `utils/data/utils.py`,
//! `_deduplicate_dataset`; LLaMA-Factory 0.9.5
//! `data/data_utils.py`, `split_dataset`; TRL 1.16.0 `scripts/utils.py`, `get_dataset`.

use std::collections::HashSet;

use crate::model::budget::PartTaken;
use crate::model::run::{Arrival, HeldOut, Part, Taken, Which};

use super::interleave::interleave;
use super::numpy::permutation;
use super::{float, whole};

/// Rows beyond which a shuffled order that decides nothing but itself is not written down.
const MANY: u32 = 1 << 26;

/// The rows of a run, before they are packed or batched.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arrived {
    /// Numbers of the rows, as they come; `None` where all do, as they stand.
    pub order: Option<Vec<u32>>,
    /// Numbers of the rows held out, in no order. Empty where nobody knows which they are.
    pub held_out: Vec<u32>,
    /// How many are held out.
    pub held: u64,
    /// Rows left out of the others.
    pub dropped: u64,
    /// Those of them that are the same as one that came before.
    pub repeated: u64,
    /// Rows beyond those of the sets: some come more than once.
    pub again: u64,
    /// The settings that leave rows of a set out.
    pub parts: Vec<PartTaken>,
    /// Whether this is the trainer's own order, and its own rows.
    pub is_known: bool,
}

impl Arrived {
    /// A column of the set, as its rows come.
    pub fn gather<T: Copy>(&self, column: &[T]) -> Option<Vec<T>> {
        let order = self.order.as_ref()?;
        Some(order.iter().map(|row| column[*row as usize]).collect())
    }
}

/// Brings the rows to the sampler, which stand one set after the other, so many of each. `leaves_out` says whether a row
/// is left out; where it then `keeps_places`, it still takes a place among those packed together. `keys` are the same for
/// rows that are, where the trainer drops such.
///
/// # Errors
///
/// What the trainer raises on the number to hold out.
pub fn arrive(
    arrival: &Arrival,
    sets: &[u32],
    leaves_out: impl Fn(u32) -> bool,
    keeps_places: bool,
    keys: Option<&[u64]>,
) -> Result<Arrived, String> {
    let total = sets.iter().try_fold(0_u32, |total, set| total.checked_add(*set));
    let rows = total.ok_or_else(|| "more than 2^32 rows".to_owned())?;
    // Numbers among the rows that take part, as numbers of rows; where all do they are the same.
    let mut parts = Vec::new();
    let taken = taken(arrival, sets, &mut parts);
    let taking = taken.as_ref().map_or(Ok(rows), |taken| u32::try_from(taken.len()));
    let taking = taking.map_err(|_| "more than 2^32 rows".to_owned())?;
    let row_of = |number: u32| taken.as_ref().map_or(number, |taken| taken[number as usize]);
    let mut arrived = Arrived {
        is_known: arrival.unknown.is_none() && !arrival.parts.iter().flatten().any(is_drawn),
        again: u64::from(taking.saturating_sub(rows)),
        parts,
        ..Arrived::default()
    };
    let mut order: Option<Vec<u32>> = taken.clone();
    if let Some(seed) = arrival.shuffled {
        if taking <= MANY {
            order = Some(permutation(taking, seed).into_iter().map(row_of).collect());
        } else {
            arrived.is_known = false;
        }
    }
    let mut hold = |order: &mut Vec<u32>, held: usize| {
        arrived.held = held as u64;
        arrived.held_out = order.drain(..held).collect();
    };
    match &arrival.held_out {
        Some(out @ HeldOut { which, .. }) if matches!(which, Which::Drawn { .. } | Which::First) => {
            let held = count(out, u64::from(taking))?;
            let mut drawn: Vec<u32> = match which {
                Which::Drawn { seed: Some(seed) } => permutation(taking, *seed),
                _ => (0..taking).collect(),
            };
            for number in &mut drawn {
                *number = row_of(*number);
            }
            hold(&mut drawn, held);
            order = Some(drawn);
            if *which == (Which::Drawn { seed: None }) {
                arrived.is_known = false;
                arrived.held_out.clear();
            }
        }
        _ => {}
    }
    let dropped = match &order {
        Some(order) => order.iter().filter(|row| leaves_out(**row)).count(),
        None => (0..rows).filter(|row| leaves_out(*row)).count(),
    };
    // Rows that take no part at all are left out too.
    arrived.dropped = dropped as u64 + u64::from(rows.saturating_sub(taking));
    if dropped > 0 && !keeps_places {
        let kept = |row: &u32| !leaves_out(*row);
        order = Some(match order {
            Some(mut order) => {
                order.retain(kept);
                order
            }
            None => (0..rows).filter(kept).collect(),
        });
    }
    if let Some(keys) = keys.filter(|_| arrival.deduplicated.is_some()) {
        let mut left = order.unwrap_or_else(|| (0..rows).collect());
        let before = left.len();
        let mut seen = HashSet::with_capacity(before);
        left.retain(|row| seen.insert(keys[*row as usize]));
        arrived.repeated = (before - left.len()) as u64;
        arrived.dropped += arrived.repeated;
        order = Some(left);
    }
    if let Some(out @ HeldOut { which: Which::Last, .. }) = &arrival.held_out {
        let mut left = order.unwrap_or_else(|| (0..rows).collect());
        let held = count(out, left.len() as u64)?;
        arrived.held = held as u64;
        arrived.held_out = left.split_off(left.len() - held);
        order = Some(left);
    }
    arrived.order = order;
    Ok(arrived)
}

fn is_drawn(part: &Part) -> bool {
    matches!(part.which, Taken::Drawn(_))
}

/// The rows that take part, in the order in which the sets are put together; `None` where all do, as they stand.
fn taken(arrival: &Arrival, sets: &[u32], parts: &mut Vec<PartTaken>) -> Option<Vec<u32>> {
    let most = arrival.at_most.as_ref().map_or(u64::MAX, |most| most.value);
    let is_cut = sets.iter().any(|rows| u64::from(*rows) > most);
    let turns = arrival.turns.as_ref().filter(|_| sets.len() > 1);
    if !is_cut && turns.is_none() && arrival.parts.iter().all(Option::is_none) {
        return None;
    }
    let mut first = 0;
    let taken = sets.iter().enumerate().map(|(set, rows)| {
        let start = first;
        first += rows;
        let part = arrival.parts.get(set).and_then(Option::as_ref);
        let mut numbers = part.map_or_else(|| (0..*rows).collect(), |part| of_set(part, *rows));
        let mut tell = |setting: String, taken: usize, of: usize| {
            let (rows, of) = (taken as u64, of as u64);
            if rows < of {
                parts.push(PartTaken { setting, rows, of });
            }
        };
        if let Some(part) = part {
            tell(part.name.clone(), numbers.len(), *rows as usize);
        }
        let before = numbers.len();
        numbers.truncate(usize::try_from(most).unwrap_or(usize::MAX));
        if let Some(most) = &arrival.at_most {
            tell(
                format!("max_samples {} ({})", most.value, most.origin),
                numbers.len(),
                before,
            );
        }
        for number in &mut numbers {
            *number += start;
        }
        numbers
    });
    let taken: Vec<Vec<u32>> = taken.collect();
    let in_turn = turns.and_then(|turns| interleave(&taken, turns));
    Some(in_turn.unwrap_or_else(|| taken.concat()))
}

/// The numbers of the rows that are taken of a set of so many. Of those drawn nobody knows which they are, and the first
/// stand for them.
fn of_set(part: &Part, rows: u32) -> Vec<u32> {
    match part.which {
        Taken::Drawn(count) if rows > 0 => {
            let count = usize::try_from(count).unwrap_or(usize::MAX);
            (0..rows).cycle().take(count.min(u32::MAX as usize)).collect()
        }
        Taken::Drawn(_) => Vec::new(),
        Taken::Shard { of, index, seed } => {
            let (rows, of) = (u64::from(rows), of.max(1));
            let start = rows / of * index + index.min(rows % of);
            let end = start + rows / of + u64::from(index < rows % of);
            let shuffled = permutation(u32::try_from(rows).unwrap_or(u32::MAX), seed).into_iter();
            let (start, count) = (usize::try_from(start), usize::try_from(end - start));
            shuffled
                .skip(start.unwrap_or(usize::MAX))
                .take(count.unwrap_or(0))
                .collect()
        }
        Taken::Share { share, seed } => {
            let count = whole((float(u64::from(rows)) * share).floor());
            let count = usize::try_from(count).unwrap_or(usize::MAX);
            permutation(rows, seed).into_iter().take(count).collect()
        }
    }
}

/// Rows held out of so many: a share is rounded up.
fn count(out: &HeldOut, rows: u64) -> Result<usize, String> {
    let size = out.size.value;
    let share = size < 1.0 || size <= 1.0 && out.which != Which::First;
    let held = if share {
        (float(rows) * size).ceil()
    } else {
        size.floor()
    };
    // `train_test_split` of no rows splits nothing, and a stream may end early.
    if rows == 0 || out.which == Which::First {
        return Ok(usize::try_from(whole(held).min(rows)).unwrap_or(usize::MAX));
    }
    if (share && size >= 1.0) || whole(held) >= rows {
        return Err(format!(
            "{} {size} ({}) leaves nothing of {rows} rows to train on: train_test_split raises ValueError",
            out.name, out.size.origin
        ));
    }
    Ok(usize::try_from(whole(held)).unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::setup::{Origin, Setting};

    fn held_out(size: f64, which: Which) -> Option<HeldOut> {
        Some(HeldOut {
            name: "val_size".to_owned(),
            size: Setting {
                value: size,
                origin: Origin::File("run.yaml:7".to_owned()),
            },
            which,
        })
    }

    fn arrived(arrival: &Arrival, rows: u32, left_out: &[u32]) -> Arrived {
        arrive(arrival, &[rows], |row| left_out.contains(&row), false, None).expect("rows")
    }

    #[test]
    fn rows_are_split_as_datasets_splits_them() {
        // `Dataset.from_dict({"a": range(11)}).train_test_split(0.2, seed=42)`, which rounds up.
        let arrival = Arrival {
            held_out: held_out(0.2, Which::Drawn { seed: Some(42) }),
            ..Arrival::default()
        };
        let split = arrived(&arrival, 11, &[]);
        assert_eq!(split.held_out, [6, 7, 0]);
        assert_eq!(split.order.as_deref(), Some(&[10, 3, 5, 2, 4, 9, 1, 8][..]));
        // Rows are held out before others are left out.
        let split = arrived(&arrival, 11, &[7, 3]);
        assert_eq!((split.held, split.dropped), (3, 1));
        assert_eq!(split.order.as_deref(), Some(&[10, 5, 2, 4, 9, 1, 8][..]));
    }

    #[test]
    fn axolotl_shuffles_first_and_holds_out_the_last_of_what_is_left() {
        let arrival = Arrival {
            shuffled: Some(42),
            held_out: held_out(0.2, Which::Last),
            ..Arrival::default()
        };
        let split = arrived(&arrival, 11, &[7]);
        assert_eq!(split.order.as_deref(), Some(&[6, 0, 10, 3, 5, 2, 4, 9][..]));
        assert_eq!((split.held_out.as_slice(), split.dropped), (&[1, 8][..], 1));
    }

    #[test]
    fn a_stream_loses_its_first_rows_and_a_limit_the_last() {
        let arrival = Arrival {
            held_out: held_out(3.0, Which::First),
            at_most: Some(Setting {
                value: 6,
                origin: Origin::Default,
            }),
            ..Arrival::default()
        };
        let split = arrived(&arrival, 8, &[]);
        assert_eq!((split.order.as_deref(), split.dropped), (Some(&[3, 4, 5][..]), 2));
        assert_eq!(
            arrived(&Arrival::default(), 8, &[]),
            Arrived {
                is_known: true,
                ..Arrived::default()
            }
        );
    }

    #[test]
    fn a_limit_is_one_of_each_set() {
        let arrival = |held_out| Arrival {
            at_most: Some(Setting {
                value: 3,
                origin: Origin::Default,
            }),
            held_out,
            ..Arrival::default()
        };
        let arrived = |held_out| arrive(&arrival(held_out), &[2, 5, 4], |row| row == 8, false, None).expect("rows");
        let all = arrived(None);
        assert_eq!(
            (all.order.as_deref(), all.dropped),
            (Some(&[0, 1, 2, 3, 4, 7, 9][..]), 4)
        );
        // `Dataset.from_dict({"a": [0, 1, 2, 3, 4, 7, 8, 9]}).train_test_split(2, seed=42)`
        let split = arrived(held_out(2.0, Which::Drawn { seed: Some(42) }));
        assert_eq!(split.held_out, [3, 4]);
        assert_eq!(split.order.as_deref(), Some(&[2, 9, 1, 7, 0][..]));
    }

    #[test]
    fn holding_out_all_is_refused_in_the_trainers_words() {
        let arrival = |size| Arrival {
            held_out: held_out(size, Which::Last),
            ..Arrival::default()
        };
        let refused = |size| arrive(&arrival(size), &[10], |_| false, false, None).expect_err("too many");
        assert_eq!(
            refused(10.0),
            "val_size 10 (run.yaml:7) leaves nothing of 10 rows to train on: train_test_split raises ValueError"
        );
        assert!(refused(1.0).contains("train_test_split"));
        assert_eq!(arrived(&arrival(9.0), 10, &[]).order.as_deref(), Some(&[0][..]));
    }

    #[test]
    fn of_rows_that_are_the_same_the_first_that_comes_is_kept_before_any_is_held_out() {
        let arrival = Arrival {
            held_out: held_out(1.0 / 3.0, Which::Last),
            deduplicated: Some(Origin::Default),
            ..Arrival::default()
        };
        let arrived = |keys| arrive(&arrival, &[5], |row| row == 0, false, keys).expect("rows");
        let kept = arrived(Some(&[7, 7, 8, 7, 9]));
        assert_eq!((kept.order, kept.held_out), (Some(vec![1, 2]), vec![4]));
        assert_eq!((kept.dropped, kept.repeated), (2, 1));
        // Where nobody knows which are the same, none is left out.
        assert_eq!(arrived(None).dropped, 1);
    }

    #[test]
    fn rows_nobody_knows_are_not_listed() {
        let arrival = Arrival {
            held_out: held_out(2.0, Which::Drawn { seed: None }),
            ..Arrival::default()
        };
        let split = arrived(&arrival, 10, &[]);
        assert!(!split.is_known && split.held_out.is_empty());
        assert_eq!((split.held, split.order.map(|order| order.len())), (2, Some(8)));
    }
}
