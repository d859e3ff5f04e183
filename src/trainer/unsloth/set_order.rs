//! Which tuple a Python set gives out first.
//!
//! Of markers whose spellings share several runs of one length, recordings show now one taken, now
//! another, the same in every process: it follows the order of a set of tuples of integers. That order
//! is `CPython`'s (3.8 and later): `Objects/tupleobject.c` (`tuplehash`) and `Objects/setobject.c`
//! (`set_add_entry`), which are what is modelled here.

/// A new set has this many places, and is made larger when a fifth element comes.
const PLACES: usize = 8;
const MOST: usize = 4;

/// The first element of a set into which `runs` were put one after the other; `None` where there are
/// none, or more than a new set holds.
pub(super) fn first_of_set(runs: &[Vec<u32>]) -> Option<&Vec<u32>> {
    let mut taken: Vec<(usize, &Vec<u32>)> = Vec::with_capacity(MOST);
    if runs.len() > MOST {
        return None;
    }
    for run in runs {
        let free = places(hash(run)).find(|place| taken.iter().all(|(other, _)| other != place));
        // Places are tried until all have been.
        taken.push((free?, run));
    }
    taken.into_iter().min_by_key(|(place, _)| *place).map(|(_, run)| run)
}

/// The places tried for an element, in order.
fn places(hash: u64) -> impl Iterator<Item = usize> {
    let low = |hash: u64| usize::try_from(hash % PLACES as u64).expect("below the number of places");
    let start = (low(hash), hash);
    let next = move |(place, rest): &(usize, u64)| {
        let rest = rest >> 5;
        Some(((place * 5 + 1 + low(rest)) % PLACES, rest))
    };
    std::iter::successors(Some(start), next)
        .map(|(place, _)| place)
        .take(64)
}

/// `hash()` of a tuple of small integers, each of which is its own hash: xxHash with its lanes in turn.
fn hash(run: &[u32]) -> u64 {
    const ONE: u64 = 0x9E37_79B1_85EB_CA87;
    const TWO: u64 = 0xC2B2_AE3D_27D4_EB4F;
    const FIVE: u64 = 0x27D4_EB2F_1656_67C5;
    const SALT: u64 = 3_527_539;
    let lane = |sum: u64, id: &u32| {
        sum.wrapping_add(TWO.wrapping_mul(u64::from(*id)))
            .rotate_left(31)
            .wrapping_mul(ONE)
    };
    let sum = run.iter().fold(FIVE, lane);
    match sum.wrapping_add(run.len() as u64 ^ FIVE ^ SALT) {
        // -1 stands for an error.
        u64::MAX => 1_546_275_796,
        hash => hash,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_is_the_one_python_gives_out() {
        // As python3 -c 'print(next(iter({(20841,), (0,)})))' prints it.
        for (id, first) in [(20841, 20841), (60313, 0), (3966, 3966), (11613, 0)] {
            assert_eq!(first_of_set(&[vec![id], vec![0]]), Some(&vec![first]), "{id}");
        }
    }

    #[test]
    fn a_larger_set_is_not_followed() {
        let runs: Vec<Vec<u32>> = (0..5).map(|id| vec![id]).collect();
        assert_eq!(first_of_set(&runs), None);
        assert_eq!(first_of_set(&[]), None);
    }
}
