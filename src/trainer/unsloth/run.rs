//! The longest run of ids that several lists have in common, as unsloth was seen to choose it.

use std::collections::BTreeSet;

/// Equally long runs, more than are told apart here: Python takes the one whose hash comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tie;

/// What ends each list: it was seen to take part, so that a run at the end of all lists holds it, and is
/// then found nowhere.
const END: u32 = 0;

/// The run; `None` where there is none.
///
/// # Errors
///
/// Where too many are equally long.
pub(super) fn longest_common(lists: &[Vec<u32>]) -> Result<Option<Vec<u32>>, Tie> {
    let Some((first, others)) = lists.split_first() else {
        return Ok(None);
    };
    if others.iter().all(|list| list == first) {
        return Ok(Some(first.clone()).filter(|first| !first.is_empty()));
    }
    let ended = |list: &Vec<u32>| {
        let mut list = list.clone();
        list.push(END);
        list
    };
    let ended: Vec<Vec<u32>> = lists.iter().map(ended).collect();
    let shortest = ended.iter().map(Vec::len).min().unwrap_or(0);
    let mut lengths = (1..=shortest).rev().map(|length| runs(&ended, length));
    let Some(found) = lengths.find(|runs| !runs.is_empty()) else {
        return Ok(None);
    };
    let run = popped(&found).ok_or(Tie)?;
    if *run != [END] {
        return Ok(Some(run.clone()));
    }
    // A marker that is one token is known for one nonetheless.
    Ok(match first.as_slice() {
        [token] if lists.iter().all(|list| list.contains(token)) => Some(vec![*token]),
        _ => None,
    })
}

/// The runs of a length that stand in every list, in the order of the last one.
fn runs(lists: &[Vec<u32>], length: usize) -> Vec<Vec<u32>> {
    let Some((last, others)) = lists.split_last() else {
        return Vec::new();
    };
    let others: Vec<BTreeSet<&[u32]>> = others.iter().map(|list| list.windows(length).collect()).collect();
    let mut found: Vec<Vec<u32>> = Vec::new();
    for run in last.windows(length) {
        if others.iter().all(|list| list.contains(run)) && !found.iter().any(|known| known == run) {
            found.push(run.to_vec());
        }
    }
    found
}

/// What `set.pop()` takes of tuples that were put into a Python set in this order: the first in its table.
///
/// `None` where the table would have grown. Source: `Objects/setobject.c` of `CPython` 3.11 (`set_add_entry`,
/// `set_pop`), where a table has 8 places and at most 4 are filled.
fn popped(runs: &[Vec<u32>]) -> Option<&Vec<u32>> {
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
    hash = hash.wrapping_add(run.len() as u64 ^ (PRIMES[2] ^ 0x35_d373));
    if hash == u64::MAX { 1_546_275_796 } else { hash }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn longest(lists: &[&[u32]]) -> Result<Option<Vec<u32>>, Tie> {
        longest_common(&lists.iter().map(|list| list.to_vec()).collect::<Vec<_>>())
    }

    #[test]
    fn the_longest_run_is_found() {
        assert_eq!(longest(&[&[1, 2, 3], &[9, 1, 2, 8], &[1, 2, 9]]), Ok(Some(vec![1, 2])));
        assert_eq!(longest(&[&[7, 8], &[7, 8]]), Ok(Some(vec![7, 8])));
        // A marker of one token; and one whose token changes.
        assert_eq!(longest(&[&[5], &[5, 6], &[9, 5]]), Ok(Some(vec![5])));
        assert_eq!(longest(&[&[5], &[6, 7], &[9, 6]]), Ok(None));
    }

    #[test]
    fn the_end_takes_part() {
        // Every list ends in the marker's last token, so the run holds the end as well.
        assert_eq!(longest(&[&[5], &[9, 5]]), Ok(Some(vec![5, 0])));
    }

    #[test]
    fn among_equals_the_hash_decides() {
        // Qwen2.5's `Reply:` and `Conversation:`, of which the first was accepted and the second not.
        let spelt = |word: u32| longest(&[&[word, 25], &[word, 510], &[198, word, 25], &[198, word, 1447]]);
        assert_eq!(spelt(20841), Ok(Some(vec![20841])));
        assert_eq!(spelt(60313), Ok(None));
        assert_eq!(spelt(3966), Ok(Some(vec![3966])));
        assert_eq!(spelt(11613), Ok(None));
    }
}
