//! In which order sets are put together that take turns: `interleave_datasets` of datasets 4.0 to 5.2
//! (`arrow_dataset.py`, `_interleave_map_style_datasets`).

use crate::model::run::{Turns, Until};

use super::numpy::Chooser;

/// The rows of sets that take turns, by their numbers in `sets`; `None` where a probability is missing, or none is above 0.
pub(super) fn interleave(sets: &[Vec<u32>], turns: &Turns) -> Option<Vec<u32>> {
    if sets.iter().any(Vec::is_empty) {
        return None;
    }
    match &turns.shares {
        None => Some(in_turn(sets, turns.until)),
        Some(shares) => drawn(sets, shares, turns),
    }
}

/// Without probabilities: a row of each set, again and again.
fn in_turn(sets: &[Vec<u32>], until: Until) -> Vec<u32> {
    let lengths = || sets.iter().map(Vec::len);
    let rounds = match until {
        Until::OneEnds => lengths().min(),
        Until::AllEnd | Until::AllAreUsed => lengths().max(),
    };
    let mut order = Vec::new();
    for round in 0..rounds.unwrap_or(0) {
        for set in sets {
            match until {
                Until::AllAreUsed => order.extend(set.get(round)),
                _ => order.push(set[round % set.len()]),
            }
        }
    }
    order
}

/// The set of each row is drawn.
fn drawn(sets: &[Vec<u32>], shares: &[f64], turns: &Turns) -> Option<Vec<u32>> {
    let ever = |share: &f64| *share > 0.0;
    // A set that is never drawn never ends.
    let ends = turns.until == Until::OneEnds || shares.iter().all(ever);
    if shares.len() != sets.len() || !shares.iter().any(ever) || !ends {
        return None;
    }
    let mut chooser = Chooser::new(shares, turns.seed);
    let mut next = vec![0; sets.len()];
    let mut ended = vec![false; sets.len()];
    let mut order = Vec::new();
    loop {
        let is_over = match turns.until {
            Until::OneEnds => ended.contains(&true),
            Until::AllEnd | Until::AllAreUsed => !ended.contains(&false),
        };
        if is_over {
            return Some(order);
        }
        let set = chooser.choose();
        if turns.until == Until::AllAreUsed && ended[set] {
            continue;
        }
        order.push(sets[set][next[set]]);
        next[set] += 1;
        if next[set] == sets[set].len() {
            ended[set] = true;
            next[set] = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(shares: Option<&[f64]>, until: Until) -> Vec<u32> {
        let turns = Turns {
            shares: shares.map(<[f64]>::to_vec),
            until,
            seed: 42,
        };
        interleave(&[vec![0, 1, 2], vec![10, 11, 12, 13, 14]], &turns).expect("an order")
    }

    #[test]
    fn sets_take_turns() {
        assert_eq!(order(None, Until::OneEnds), [0, 10, 1, 11, 2, 12]);
        assert_eq!(order(None, Until::AllEnd), [0, 10, 1, 11, 2, 12, 0, 13, 1, 14]);
        assert_eq!(order(None, Until::AllAreUsed), [0, 10, 1, 11, 2, 12, 13, 14]);
    }

    /// As recorded from datasets 5.2.0.
    #[test]
    fn sets_are_drawn_as_numpy_draws_them() {
        let shares: &[f64] = &[0.3, 0.7];
        assert_eq!(order(Some(shares), Until::OneEnds), [10, 11, 12, 13, 0, 14]);
        assert_eq!(
            order(Some(shares), Until::AllEnd),
            [10, 11, 12, 13, 0, 14, 10, 11, 1, 12, 13, 14, 10, 11, 12, 2]
        );
        assert_eq!(order(Some(shares), Until::AllAreUsed), [10, 11, 12, 13, 0, 14, 1, 2]);
    }
}
