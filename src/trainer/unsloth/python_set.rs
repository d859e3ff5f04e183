//! Which element a Python set of tuples of ids gives out first: what the library takes of equals follows it.

/// The first of a Python set into which tuples were put in this order.
///
/// `None` where the table would have grown. Source: `Objects/setobject.c` of `CPython` 3.11 (`set_add_entry`,
/// `set_pop`), where a table has 8 places and at most 4 are filled.
pub(super) fn first_of_set(runs: &[Vec<u32>]) -> Option<&Vec<u32>> {
    if runs.len() > 4 {
        return None;
    }
    let mut table: [Option<&Vec<u32>>; 8] = [None; 8];
    for run in runs {
        let hash = tuple_hash(run);
        let (mut perturbed, mut at) = (hash, (hash & 7) as usize);
        while table[at].is_some() {
            perturbed >>= 5;
            at = (at * 5 + 1 + (perturbed & 7) as usize) & 7;
        }
        table[at] = Some(run);
    }
    table.into_iter().flatten().next()
}

/// `hash()` of a tuple of small integers (`tuplehash`, since `CPython` 3.8).
fn tuple_hash(run: &[u32]) -> u64 {
    const PRIMES: [u64; 3] = [
        11_400_714_785_074_694_791,
        14_029_467_366_897_019_727,
        2_870_177_450_012_600_261,
    ];
    let mut hash = PRIMES[2];
    for id in run {
        hash = hash.wrapping_add(u64::from(*id).wrapping_mul(PRIMES[1]));
        hash = hash.rotate_left(31).wrapping_mul(PRIMES[0]);
    }
    hash = hash.wrapping_add(run.len() as u64 ^ (PRIMES[2] ^ 0x0035_d373));
    if hash == u64::MAX { 1_546_275_796 } else { hash }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_is_that_of_the_hashes() {
        // As python3 -c 'print(next(iter({(20841,), (0,)})))' prints it.
        for (word, first) in [(20841, 20841), (60313, 0), (3966, 3966), (11613, 0)] {
            assert_eq!(first_of_set(&[vec![word], vec![0]]), Some(&vec![first]), "{word}");
        }
        assert_eq!(first_of_set(&vec![vec![1]; 5]), None, "the table grows at five");
    }
}
