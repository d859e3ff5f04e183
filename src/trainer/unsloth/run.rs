//! The ids that all spellings of a marker have in common, as the library was seen to choose them.

use std::collections::BTreeSet;

use super::set_order::first_of_set;

/// More runs are as long as each other than are told apart here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tie;

/// Stands for the end of a spelling: a marker that always comes last was seen to have no core.
const END: u32 = 0;

/// The longest run of ids in every list; `None` where the library was seen to find nothing stable.
///
/// Nothing is stable where the lists differ and the longest they share is what they all end in, counted
/// with the end itself. Of equals it takes what a Python set gives out first, as far as was seen.
///
/// # Errors
///
/// Where too many are equally long.
pub(super) fn longest_common(lists: &[Vec<u32>]) -> Result<Option<Vec<u32>>, Tie> {
    let Some((first, others)) = lists.split_first() else {
        return Ok(None);
    };
    if others.iter().all(|list| list == first) {
        return Ok(Some(first.clone()).filter(|ids| !ids.is_empty()));
    }
    let ending = others.iter().fold(first.len(), |most, list| {
        let same = first.iter().rev().zip(list.iter().rev());
        most.min(same.take_while(|(one, other)| one == other).count())
    });
    let shortest = lists.iter().map(Vec::len).min().unwrap_or(0);
    let longest = (1..=shortest).rev().map(|length| (length, common(lists, length)));
    let Some((length, mut runs)) = longest.into_iter().find(|(_, runs)| !runs.is_empty()) else {
        return Ok(None);
    };
    if length <= ending {
        return Ok(None);
    }
    if length == ending + 1 {
        // A marker of one id is known by it, whatever else is as long.
        if runs == [first.as_slice()] {
            return Ok(Some(first.clone()));
        }
        let end = first[first.len() - ending..].iter().copied().chain([END]);
        runs.push(end.collect());
    }
    let run = first_of_set(&runs).ok_or(Tie)?;
    Ok((run.last() != Some(&END)).then(|| run.clone()))
}

/// The runs of a length that stand in every list, in the order of the last one.
fn common(lists: &[Vec<u32>], length: usize) -> Vec<Vec<u32>> {
    let Some((last, others)) = lists.split_last() else {
        return Vec::new();
    };
    let stand_in = |list: &Vec<u32>| list.windows(length).map(<[u32]>::to_vec).collect::<BTreeSet<_>>();
    let others: Vec<BTreeSet<Vec<u32>>> = others.iter().map(stand_in).collect();
    let mut runs: Vec<Vec<u32>> = Vec::new();
    for run in last.windows(length) {
        if others.iter().all(|list| list.contains(run)) && !runs.iter().any(|known| known == run) {
            runs.push(run.to_vec());
        }
    }
    runs
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
    }

    #[test]
    fn a_marker_of_one_id_is_known_by_it() {
        assert_eq!(longest(&[&[5], &[5, 6], &[9, 5]]), Ok(Some(vec![5])));
        assert_eq!(longest(&[&[5], &[6, 7], &[9, 6]]), Ok(None));
    }

    #[test]
    fn what_every_spelling_ends_in_is_not_stable() {
        assert_eq!(longest(&[&[5], &[9, 5]]), Ok(None));
    }

    #[test]
    fn of_equals_the_first_of_a_set_is_taken() {
        // Qwen2.5's `Reply:` and `Conversation:`, of which the first was accepted and the second not.
        let spelt = |word: u32| longest(&[&[word, 25], &[word, 510], &[198, word, 25], &[198, word, 1447]]);
        assert_eq!(spelt(20841), Ok(Some(vec![20841])));
        assert_eq!(spelt(60313), Ok(None));
        let many: Vec<Vec<u32>> = (1..=5).map(|id| vec![id, 100 + id]).collect();
        let forward: Vec<u32> = many.concat();
        let backward: Vec<u32> = many.iter().rev().flatten().copied().collect();
        assert_eq!(longest(&[&forward, &backward]), Err(Tie));
    }
}
