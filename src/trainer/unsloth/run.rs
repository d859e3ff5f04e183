//! The ids that all spellings of a marker have in common, as far as the library was seen to agree on them.

use std::collections::BTreeSet;

/// Several runs are as long as each other: which one the library takes is not known here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tie;

/// The longest run of ids in every list; `None` where the library was seen to find nothing stable.
///
/// Nothing is stable where the lists differ and what they all end in is as good as the longest run or
/// better: a marker that always comes last has no place of its own in a row. One id more than the common
/// end counts as equal, and is a tie, except for a marker of one id.
///
/// # Errors
///
/// For ties.
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
    let Some((length, runs)) = longest.into_iter().find(|(_, runs)| !runs.is_empty()) else {
        return Ok(None);
    };
    match &runs[..] {
        _ if length <= ending => Ok(None),
        [run] if length > ending + 1 || first == run => Ok(Some(run.clone())),
        _ => Err(Tie),
    }
}

/// The runs of a length that stand in every list.
fn common(lists: &[Vec<u32>], length: usize) -> Vec<Vec<u32>> {
    let windows = |list: &Vec<u32>| list.windows(length).map(<[u32]>::to_vec).collect::<BTreeSet<_>>();
    let mut all = lists.iter().map(windows);
    let Some(first) = all.next() else { return Vec::new() };
    let shared = all.fold(first, |shared, list| &shared & &list);
    shared.into_iter().collect()
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
    fn equals_are_told_and_not_guessed() {
        assert_eq!(longest(&[&[1, 8, 2, 7], &[2, 8, 1, 6]]), Err(Tie));
        assert_eq!(longest(&[&[20841, 25], &[20841, 510], &[198, 20841, 25]]), Err(Tie));
    }
}
