//! Shards of a set that are missing among the others.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::source::Input;

/// What is not there of the sharded sets that are read, in words. One shard that is named by itself is taken for what is
/// wanted.
///
/// Shards are called as `datasets` calls them, `train-00000-of-00003.parquet`.
pub(super) fn absent(paths: &[PathBuf], inputs: &[Input]) -> Vec<String> {
    let mut sets: BTreeMap<(String, String, String), BTreeSet<u32>> = BTreeMap::new();
    let found = |input: &&Input| paths.len() > 1 || !paths.contains(&input.path);
    for input in inputs.iter().filter(found) {
        if let Some((before, number, total, after)) = parts(&input.name) {
            let key = (before.to_owned(), total.to_owned(), after.to_owned());
            sets.entry(key).or_default().insert(number);
        }
    }
    sets.into_iter()
        .filter_map(|(key, there)| missing(&key, &there))
        .collect()
}

/// `pq/train`, 0, `00003` and `.parquet` of `pq/train-00000-of-00003.parquet`.
fn parts(name: &str) -> Option<(&str, u32, &str, &str)> {
    let at = name.rfind("-of-")?;
    let (before, number) = name[..at].rsplit_once('-')?;
    let rest = &name[at + 4..];
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let (total, after) = rest.split_at(end);
    let is_number = |text: &str| (3..=6).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    let fits = is_number(number) && is_number(total);
    fits.then(|| Some((before, number.parse().ok()?, total, after)))
        .flatten()
}

fn missing((before, total, after): &(String, String, String), there: &BTreeSet<u32>) -> Option<String> {
    let count: u32 = total.parse().ok()?;
    // Some count from 1.
    let first = u32::from(there.contains(&count));
    let width = total.len();
    let name = |number: u32| format!("{before}-{number:0width$}-of-{total}{after}");
    // What is there and was not named is not wanted.
    let mut lacking = (first..count.saturating_add(first))
        .filter(|number| !there.contains(number))
        .map(name)
        .filter(|name| !Path::new(name).exists());
    let next = lacking.next()?;
    let more = lacking.count();
    let also = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    let found = there.len();
    Some(format!("no {next}{also}: {found} of {count} shards are there"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shard_is_told_by_its_name() {
        assert_eq!(
            parts("a/train-00001-of-00003.jsonl.gz"),
            Some(("a/train", 1, "00003", ".jsonl.gz"))
        );
        for other in ["1-of-3.json", "best-of-00003.json", "train-00001.json", "x-of-"] {
            assert_eq!(parts(other), None, "{other}");
        }
    }

    #[test]
    fn what_is_missing_is_named_once() {
        let key = ("train".to_owned(), "00003".to_owned(), ".parquet".to_owned());
        let lacking = |there: &[u32]| missing(&key, &there.iter().copied().collect());
        assert_eq!(lacking(&[0, 1, 2]), None);
        assert_eq!(lacking(&[1, 2, 3]), None);
        let said = lacking(&[1]).expect("two are missing");
        assert!(
            said.starts_with("no train-00000-of-00003.parquet and 1 more:"),
            "{said}"
        );
    }
}
