//! The split a file belongs to, as `datasets` tells it by names (`data_files.py`, 5.2).

use std::path::{Component, Path};

/// Words for splits; each must stand alone between `-`, `.`, `_`, blanks and digits.
const WORDS: &[(&str, &str)] = &[
    ("train", "train"),
    ("training", "train"),
    ("validation", "validation"),
    ("valid", "validation"),
    ("dev", "validation"),
    ("val", "validation"),
    ("test", "test"),
    ("testing", "test"),
    ("eval", "test"),
    ("evaluation", "test"),
];

/// The split that the name of a file named by itself tells: `test` for `test.jsonl`, `my_split` for
/// `my_split-00000-of-00003.parquet`.
pub(super) fn of_file_name(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_string_lossy();
    sharded(&name).map(str::to_owned).or_else(|| word(&name))
}

/// How a folder's files are told apart into splits. The first way by which any of them has one is that of all, and those
/// that have none by it are not read (`data_files.py: _get_data_files_patterns`, datasets 2.14 to 5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// `data/SPLIT-00000-of-00003.parquet`.
    Shards,
    /// By a folder on the way to the file.
    Folders,
    /// By the file's own name.
    Names,
    /// All are `train`.
    All,
}

impl Way {
    pub(super) fn of<'p>(inside: impl Iterator<Item = &'p Path> + Clone) -> Self {
        let tells = |way: &Self| inside.clone().any(|path| way.split(path).is_some());
        let ways = [Self::Shards, Self::Folders, Self::Names];
        ways.into_iter().find(tells).unwrap_or(Self::All)
    }

    /// The split of a file by its path in the folder; `None` for one that is of none.
    pub(super) fn split(self, inside: &Path) -> Option<String> {
        let name = inside.file_name()?.to_string_lossy();
        let folders = inside.parent()?.components().filter_map(|component| match component {
            Component::Normal(folder) => Some(folder.to_string_lossy()),
            _ => None,
        });
        match self {
            Self::Shards => {
                let in_data = inside.parent()? == Path::new("data");
                sharded(&name).filter(|_| in_data).map(str::to_owned)
            }
            // A file may be of several splits: what is trained on comes first.
            Self::Folders => folders
                .filter_map(|folder| word(&folder))
                .min_by_key(|split| rank(split)),
            // The word ends before a sign: `train` alone is no name of a split's file.
            Self::Names => word(name.rsplit_once(SIGNS)?.0),
            Self::All => None,
        }
    }

    /// What is read of a folder, in words.
    pub(super) fn reads(self) -> &'static str {
        match self {
            Self::Shards => "`data/SPLIT-00000-of-00001.…`",
            Self::Folders => "what stands in folders named after splits",
            Self::Names => "the files named after splits",
            Self::All => "all files",
        }
    }
}

/// The order of splits in `datasets`, the default ones first.
fn rank(split: &str) -> usize {
    let splits = ["train", "validation", "test"];
    splits.iter().position(|known| *known == split).unwrap_or(splits.len())
}

/// `train` of `train-00000-of-00003.parquet`.
fn sharded(name: &str) -> Option<&str> {
    let at = name.find("-of-")?;
    let (before, after) = (&name[..at], &name.as_bytes()[at + 4..]);
    let split = before.len().checked_sub(6)?;
    let number = |bytes: &[u8]| bytes.len() == 5 && bytes.iter().all(u8::is_ascii_digit);
    let is = before.as_bytes()[split] == b'-' && number(&before.as_bytes()[split + 1..]) && number(after.get(..5)?);
    let split = before.get(..split)?;
    // Shards of `save_to_disk` are called data-...: that is no split.
    (is && !split.is_empty() && split != "data").then_some(split)
}

/// What parts the words of a name.
const SIGNS: [char; 14] = ['-', '.', '_', ' ', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9'];

/// The first split, in the order of `datasets`, of which a word stands in a name.
fn word(name: &str) -> Option<String> {
    name.split(SIGNS)
        .filter_map(|word| WORDS.iter().find(|(spelling, _)| word == *spelling))
        .map(|(_, split)| *split)
        .min_by_key(|split| rank(split))
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_are_told_by_names() {
        let cases = [
            ("train.jsonl", Some("train")),
            ("my-dev_2.json.gz", Some("validation")),
            ("contest.jsonl", None),
            ("data.jsonl", None),
            ("my_split-00000-of-00003.parquet", Some("my_split")),
            ("data-00000-of-00002.arrow", None),
            ("-00000-of-00002.arrow", None),
            ("é0000-of-00002.arrow", None),
        ];
        for (name, split) in cases {
            assert_eq!(of_file_name(Path::new(name)).as_deref(), split, "{name}");
        }
    }

    #[test]
    fn the_first_way_that_tells_splits_is_that_of_all_files() {
        let told = |paths: &[&str]| {
            let way = Way::of(paths.iter().map(Path::new));
            let splits = paths.iter().map(|path| way.split(Path::new(path)));
            (way, splits.collect::<Vec<_>>())
        };
        let some = |split: &str| Some(split.to_owned());
        let shards = ["data/sft-00000-of-00001.parquet", "train.parquet"];
        assert_eq!(told(&shards), (Way::Shards, vec![some("sft"), None]));
        let folders = ["test/train.jsonl", "a/train.jsonl", "my-dev.2/b/c.jsonl"];
        let of_folders = vec![some("test"), None, some("validation")];
        assert_eq!(told(&folders), (Way::Folders, of_folders));
        let names = ["raw.jsonl", "a/train_sft-00000-of-00001.parquet", "test.py", "train"];
        assert_eq!(
            told(&names),
            (Way::Names, vec![None, some("train"), some("test"), None])
        );
        assert_eq!(told(&["contest.jsonl", "latest.txt"]), (Way::All, vec![None, None]));
    }
}
