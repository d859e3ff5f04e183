//! From what the user typed to the files that are read.

use std::io::Cursor;
use std::path::{Path, PathBuf};

use gonogo::source::{Discovered, Format, SourceError, discover};

use super::columnar::{arrow_stream, small_batch};
use super::harness::{Folder, find, gzip, outline, read};

const ROW: &str = "{\"a\": 1}\n";

/// Names relative to the folder.
fn names(folder: &Folder, found: &Discovered) -> Vec<String> {
    found.inputs.iter().map(|input| relative(folder, &input.name)).collect()
}

fn relative(folder: &Folder, name: &str) -> String {
    let inside = Path::new(name).strip_prefix(folder.path()).expect("in the folder");
    inside.display().to_string()
}

fn skipped(folder: &Folder, found: &Discovered) -> Vec<String> {
    let line = |name: &str, reason: &str| format!("{}: {reason}", relative(folder, name));
    found
        .skipped
        .iter()
        .map(|skipped| line(&skipped.name, &skipped.reason))
        .collect()
}

fn error(paths: &[PathBuf]) -> SourceError {
    discover(paths, &mut std::io::empty()).expect_err("nothing to read")
}

#[test]
fn a_folder_is_walked_in_order_and_what_is_left_out_is_listed() {
    let folder = Folder::new();
    for name in [
        "b/train.jsonl",
        "b/dev.jsonl.gz",
        "a/x-00000-of-00002.json",
        "c/training-1.json",
        ".hidden.jsonl",
        "README.md",
        "dataset_infos.json",
        "notes.txt",
        "__pycache__/x.jsonl",
        ".git/x.jsonl",
    ] {
        folder.file(name, ROW);
    }
    // Ignore files do not count: data are often ignored by git.
    folder.file(".gitignore", "*.jsonl\n");
    let found = find(folder.path());
    assert_eq!(
        names(&folder, &found),
        ["b/dev.jsonl.gz", "b/train.jsonl", "c/training-1.json"]
    );
    let splits: Vec<_> = found.inputs.iter().map(|input| input.split.as_deref()).collect();
    assert_eq!(splits, [Some("validation"), Some("train"), Some("train")]);
    assert_eq!(
        skipped(&folder, &found),
        [
            ".gitignore: hidden",
            ".hidden.jsonl: hidden",
            "README.md: not a data file by its name",
            "dataset_infos.json: describes data or a model, and holds no rows",
            "a/x-00000-of-00002.json: of this folder datasets reads only the files named after splits",
            "notes.txt: of this folder datasets reads only the files named after splits",
        ]
    );
}

#[test]
fn a_folder_whose_splits_differ_in_format_is_read_and_said_to_be_none_of_datasets() {
    let folder = Folder::new();
    for name in ["train.jsonl", "test-more.csv", "test.csv", "test.jsonl"] {
        folder.file(name, ROW);
    }
    let found = find(folder.path());
    assert_eq!(names(&folder, &found), ["test-more.csv", "test.csv", "train.jsonl"]);
    assert_eq!(
        skipped(&folder, &found),
        ["test.jsonl: of a folder's formats only one is read, as datasets does: csv"]
    );
    let raised = "ValueError: Couldn't infer the same data file format for all splits";
    assert!(found.refused[0].contains(raised), "{:?}", found.refused);
}

#[test]
fn of_several_formats_the_most_frequent_is_read_and_parquet_in_a_draw() {
    let folder = Folder::new();
    folder.file("a.jsonl", ROW);
    folder.file("b.parquet", ROW);
    assert_eq!(names(&folder, &find(folder.path())), ["b.parquet"]);
    folder.file("c.jsonl", ROW);
    assert_eq!(names(&folder, &find(folder.path())), ["a.jsonl", "c.jsonl"]);
    let folder = Folder::new();
    folder.file("a.txt", "x");
    folder.file("b.txt", "x");
    assert_eq!(names(&folder, &find(folder.path())), ["a.txt", "b.txt"]);
    folder.file("c.csv", "x\n1\n");
    assert_eq!(names(&folder, &find(folder.path())), ["c.csv"]);
}

#[test]
fn a_folder_without_data_is_an_error() {
    let folder = Folder::new();
    folder.file("README.md", "x");
    let said = error(&[folder.path().to_owned()]).to_string();
    assert_eq!(
        said,
        format!(
            "{}: no data files in this folder, only 1 other file",
            folder.path().display()
        )
    );
}

#[test]
fn a_path_that_is_not_there_is_named_with_the_nearest_that_is() {
    let folder = Folder::new();
    let there = folder.file("train.jsonl", ROW);
    let said = error(&[folder.path().join("tarin.jsonl")]).to_string();
    let expected = format!(
        "{}: no such file or folder (did you mean {}?)",
        folder.path().join("tarin.jsonl").display(),
        there.display()
    );
    assert_eq!(said, expected);
    let said = error(&[folder.path().join("other.parquet")]).to_string();
    assert!(said.ends_with("no such file or folder"), "{said}");
}

#[test]
fn a_format_that_cannot_be_told_is_an_error() {
    let folder = Folder::new();
    let said = error(&[folder.file("data.xyz", "hello\n")]).to_string();
    assert!(said.contains("cannot tell its format"), "{said}");
}

#[test]
fn a_pattern_may_match_folders_without_data() {
    let folder = Folder::new();
    folder.file("many/b/1.jsonl", ROW);
    for empty in ["a", "c"] {
        std::fs::create_dir_all(folder.path().join("many").join(empty)).expect("made");
    }
    let found = find(&folder.path().join("many/*"));
    assert_eq!(names(&folder, &found), ["many/b/1.jsonl"]);
    let none = error(&[folder.path().join("many/[ac]")]);
    assert!(matches!(none, SourceError::NoData { .. }), "{none}");
}

#[test]
fn patterns_are_matched_in_order() {
    let folder = Folder::new();
    for name in [
        "a/2.jsonl",
        "a/1.jsonl",
        "a/x.csv",
        "b/1.jsonl",
        "b/c/3.jsonl",
        ".h/4.jsonl",
    ] {
        folder.file(name, ROW);
    }
    let matched = |pattern: &str| {
        let found = find(&folder.path().join(pattern));
        names(&folder, &found)
    };
    assert_eq!(matched("a/*.jsonl"), ["a/1.jsonl", "a/2.jsonl"]);
    assert_eq!(matched("*/1.jsonl"), ["a/1.jsonl", "b/1.jsonl"]);
    assert_eq!(
        matched("**/*.jsonl"),
        ["a/1.jsonl", "a/2.jsonl", "b/1.jsonl", "b/c/3.jsonl"]
    );
    assert_eq!(matched("{a,b}/[12].jsonl"), ["a/1.jsonl", "a/2.jsonl", "b/1.jsonl"]);
    assert_eq!(matched("b*"), ["b/1.jsonl", "b/c/3.jsonl"]);
    assert_eq!(matched(".h/*"), [".h/4.jsonl"]);
    let said = error(&[folder.path().join("*.parquet")]).to_string();
    assert!(said.ends_with("no file matches"), "{said}");
    // A file may be called like a pattern.
    folder.file("d[1].jsonl", ROW);
    assert_eq!(matched("d[1].jsonl"), ["d[1].jsonl"]);
}

#[test]
fn a_file_named_twice_is_read_once() {
    let folder = Folder::new();
    let path = folder.file("a.jsonl", ROW);
    let found = discover(&[path.clone(), folder.path().to_owned()], &mut std::io::empty()).expect("found");
    assert_eq!(names(&folder, &found), ["a.jsonl"]);
    assert_eq!(skipped(&folder, &found), ["a.jsonl: named twice, read once"]);
}

#[test]
fn stdin_is_read_like_a_file_and_its_copy_goes_away() {
    for bytes in [ROW.as_bytes().to_vec(), gzip(ROW.as_bytes()), b"[{\"a\": 1}]".to_vec()] {
        let found = discover(&[PathBuf::from("-")], &mut Cursor::new(bytes)).expect("found");
        let input = found.inputs[0].clone();
        assert_eq!((input.name.as_str(), outline(&read(&input)).len()), ("-", 1));
        drop(found);
        assert!(input.path.exists(), "an input keeps its file");
        let path = input.path.clone();
        drop(input);
        assert!(!path.exists(), "the last input takes its file with it");
    }
    let said = discover(&[PathBuf::from("-")], &mut Cursor::new(b"hello")).expect_err("no format");
    assert!(said.to_string().starts_with("-: cannot tell its format"), "{said}");
}

#[test]
fn a_table_on_stdin_is_told_by_its_look() {
    let table = "prompt,completion\r\n\"a,\r\nb\",c\r\nd,e\r\n";
    let tabs = "\u{FEFF}prompt\tcompletion\na, b\tc\nd\te\n";
    let cases = [
        (table.as_bytes().to_vec(), Format::Csv),
        (gzip(table.as_bytes()), Format::Csv),
        (tabs.as_bytes().to_vec(), Format::Tsv),
    ];
    for (bytes, format) in cases {
        let found = discover(&[PathBuf::from("-")], &mut Cursor::new(bytes)).expect("found");
        assert_eq!(found.inputs[0].format, format);
        let seen = outline(&read(&found.inputs[0]));
        assert_eq!(seen.len(), 2, "{seen:?}");
        assert!(seen[0].contains("\"prompt\": \"a,"), "{seen:?}");
    }
    // JSON is JSON, whatever commas it has, and prose is nothing.
    let found = discover(
        &[PathBuf::from("-")],
        &mut Cursor::new("{\"a\": 1,\"b\": 2}\n{\"a\": 1,\"b\": 2}\n"),
    );
    assert_eq!(found.expect("found").inputs[0].format, Format::JsonLines);
    let prose = "Well, yes\nNo, thanks\nMaybe, later\nOnce, twice\n";
    discover(&[PathBuf::from("-")], &mut Cursor::new(prose)).expect_err("no format");
}

/// `ls -R` of a `DatasetDict.save_to_disk(..., num_shards={"train": 2, "test": 1})`.
fn saved(folder: &Folder) {
    folder.file("ds/dataset_dict.json", "{\"splits\": [\"train\", \"test\"]}");
    for (split, shards) in [("train", 2), ("test", 1)] {
        let names: Vec<String> = (0..shards)
            .map(|shard| format!("data-{shard:05}-of-{shards:05}.arrow"))
            .collect();
        for name in &names {
            folder.file(&format!("ds/{split}/{name}"), arrow_stream(&[small_batch()]));
        }
        // An earlier save left this behind.
        folder.file(&format!("ds/{split}/data-00000-of-00009.arrow"), "x");
        folder.file(&format!("ds/{split}/dataset_info.json"), "{\"features\": {}}");
        let files: Vec<String> = names
            .iter()
            .map(|name| format!("{{\"filename\": \"{name}\"}}"))
            .collect();
        let state = format!(
            "{{\"_data_files\": [{}], \"_split\": null, \"_fingerprint\": \"x\"}}",
            files.join(",")
        );
        folder.file(&format!("ds/{split}/state.json"), state);
    }
}

#[test]
fn a_saved_dataset_is_read_as_it_says() {
    let folder = Folder::new();
    saved(&folder);
    let found = find(&folder.path().join("ds"));
    let expected = [
        "ds/train/data-00000-of-00002.arrow",
        "ds/train/data-00001-of-00002.arrow",
        "ds/test/data-00000-of-00001.arrow",
    ];
    assert_eq!(names(&folder, &found), expected);
    let splits: Vec<_> = found.inputs.iter().map(|input| input.split.as_deref()).collect();
    assert_eq!(splits, [Some("train"), Some("train"), Some("test")]);
    assert!(
        found
            .inputs
            .iter()
            .all(|input| input.format == Format::ArrowStream && read(input).len() == 3)
    );
    // One split by itself.
    assert_eq!(names(&folder, &find(&folder.path().join("ds/test"))), expected[2..]);
}

#[test]
fn a_saved_dataset_that_is_not_whole_is_an_error() {
    let folder = Folder::new();
    saved(&folder);
    std::fs::remove_file(folder.path().join("ds/train/data-00001-of-00002.arrow")).expect("removed");
    let said = error(&[folder.path().join("ds")]).to_string();
    assert!(
        said.ends_with("this saved dataset names data-00001-of-00002.arrow, which is not there"),
        "{said}"
    );
    // What it says may not lead out of the folder.
    folder.file("secret.arrow", arrow_stream(&[small_batch()]));
    folder.file(
        "ds/test/state.json",
        "{\"_data_files\": [{\"filename\": \"../../secret.arrow\"}], \"_split\": null}",
    );
    let said = error(&[folder.path().join("ds/test")]).to_string();
    assert!(said.contains("which is not there"), "{said}");
    folder.file("ds/test/state.json", "{");
    let said = error(&[folder.path().join("ds/test")]).to_string();
    assert!(said.contains("not as datasets saves it"), "{said}");
    let indices = "{\"_data_files\": [], \"_split\": null, \"_indices_data_files\": [{\"filename\": \"i.arrow\"}]}";
    folder.file("ds/test/state.json", indices);
    let said = error(&[folder.path().join("ds/test")]).to_string();
    assert!(said.contains("file of indices"), "{said}");
}

#[cfg(unix)]
#[test]
fn links_are_followed_and_circles_are_not() {
    let folder = Folder::new();
    let blob = folder.file("blobs/abc", ROW);
    folder.file("snapshot/x.jsonl", ROW);
    std::os::unix::fs::symlink(&blob, folder.path().join("snapshot/a.jsonl")).expect("a link");
    std::os::unix::fs::symlink(folder.path().join("snapshot"), folder.path().join("snapshot/loop")).expect("a link");
    std::os::unix::fs::symlink("nowhere", folder.path().join("snapshot/README.md")).expect("a link");
    let found = find(&folder.path().join("snapshot"));
    assert_eq!(names(&folder, &found), ["snapshot/a.jsonl", "snapshot/x.jsonl"]);
    assert_eq!(found.skipped.len(), 2, "{:?}", found.skipped);
    // A data file that is not there is not passed over.
    std::os::unix::fs::symlink("nowhere", folder.path().join("snapshot/b.jsonl")).expect("a link");
    let said = error(&[folder.path().join("snapshot")]).to_string();
    assert!(said.contains("b.jsonl: a link to nowhere"), "{said}");
}

#[cfg(unix)]
#[test]
fn a_link_to_nothing_is_named_as_one() {
    let folder = Folder::new();
    let link = folder.path().join("rows.jsonl");
    std::os::unix::fs::symlink("gone.jsonl", &link).expect("a link");
    let error = discover(&[link], &mut std::io::empty()).expect_err("nothing there");
    assert!(
        error.to_string().ends_with("a link to gone.jsonl, which is not there"),
        "{error}"
    );
}
