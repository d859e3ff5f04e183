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

/// The split a file's own name tells: `test` for `test.jsonl`, `my_split` for
/// `my_split-00000-of-00003.parquet`.
pub(super) fn of_file_name(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_string_lossy();
    sharded(&name).map(str::to_owned).or_else(|| word(&name))
}

/// The split of a file in a folder, by the folders between before its own name.
pub(super) fn of_path_inside(inside: &Path) -> Option<String> {
    let name = inside.file_name()?.to_string_lossy();
    if let Some(split) = sharded(&name) {
        return Some(split.to_owned());
    }
    let mut folders = inside.parent().into_iter().flat_map(Path::components);
    folders
        .find_map(|component| match component {
            Component::Normal(folder) => word(&folder.to_string_lossy()),
            _ => None,
        })
        .or_else(|| word(&name))
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

fn word(name: &str) -> Option<String> {
    name.split(|character: char| "-._ ".contains(character) || character.is_ascii_digit())
        .find_map(|word| WORDS.iter().find(|(spelling, _)| word == *spelling))
        .map(|(_, split)| (*split).to_owned())
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
        assert_eq!(of_path_inside(Path::new("test/train.jsonl")).as_deref(), Some("test"));
        assert_eq!(of_path_inside(Path::new("a/train.jsonl")).as_deref(), Some("train"));
    }
}
