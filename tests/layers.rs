//! A module may use only the rooms below its own: the table here says which, and any other import fails.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// For each room, the rooms it may import from. `command` and `main` may use anything.
const MAY_USE: &[(&str, &[&str])] = &[
    ("place", &[]),
    ("cache", &[]),
    ("guard", &[]),
    ("text", &[]),
    ("model", &["place"]),
    ("finding", &["place", "model"]),
    ("search", &[]),
    ("json", &["model"]),
    ("sketch", &["place"]),
    ("holdout", &["place", "text", "model", "sketch"]),
    ("rule", &["place", "text", "finding", "model", "sketch", "holdout"]),
    ("source", &["guard", "place", "model", "json"]),
    ("dump", &["place", "model", "json", "source"]),
    ("loader", &["place", "model", "sketch"]),
    ("shape", &["model"]),
    ("encode", &["guard", "cache", "model", "json", "search"]),
    ("plan", &["model", "sketch", "encode"]),
    ("trainer", &["model", "json", "encode"]),
    // Never source, encode or trainer: a rule looks at what a row became, not at how.
    (
        "rules",
        &[
            "place", "text", "finding", "model", "sketch", "holdout", "search", "rule",
        ],
    ),
    (
        "measure",
        &["place", "text", "model", "sketch", "rule", "encode", "plan"],
    ),
    ("fit", &["model", "plan", "measure"]),
    (
        "scan",
        &[
            "place", "text", "finding", "model", "sketch", "holdout", "source", "shape", "trainer", "rule", "measure",
        ],
    ),
    ("rewrite", &["place", "finding", "model", "json", "source"]),
    ("report", &["finding", "model", "measure", "fit"]),
    ("settings", &["finding", "model", "rule"]),
];

fn sources(folder: &Path, out: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder of sources").flatten() {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, out);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            out.push(path);
        }
    }
}

fn room(path: &Path) -> String {
    let first = path
        .strip_prefix("src")
        .expect("below src")
        .components()
        .next()
        .expect("a name");
    first.as_os_str().to_string_lossy().trim_end_matches(".rs").to_owned()
}

/// The rooms a file names after `crate::`, unit tests left out: they may build what they need.
fn imports(text: &str) -> Vec<String> {
    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
    let code: String = code
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect::<Vec<_>>()
        .join("\n");
    let mut found = Vec::new();
    for after in code.split("crate::").skip(1) {
        if let Some(list) = after.strip_prefix('{') {
            let list = list.split('}').next().unwrap_or_default();
            found.extend(
                list.split(',')
                    .map(|name| name.trim().split("::").next().unwrap_or_default().to_owned()),
            );
        } else {
            found.push(
                after
                    .split(|c: char| !c.is_alphanumeric() && c != '_')
                    .next()
                    .unwrap_or_default()
                    .to_owned(),
            );
        }
    }
    found
}

#[test]
fn imports_point_downwards() {
    let table: BTreeMap<&str, &[&str]> = MAY_USE.iter().copied().collect();
    let mut files = Vec::new();
    sources(Path::new("src"), &mut files);
    assert!(files.len() > 20, "the sources were not found");
    let mut wrong = Vec::new();
    for file in files {
        let own = room(&file);
        if matches!(own.as_str(), "main" | "lib" | "command") {
            continue;
        }
        let may = table
            .get(own.as_str())
            .unwrap_or_else(|| panic!("`{own}` is in no line of the table"));
        for used in imports(&fs::read_to_string(&file).expect("readable")) {
            if used != own && !used.is_empty() && !may.contains(&used.as_str()) {
                wrong.push(format!("{} uses {used}", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "imports that point upwards:\n{}", wrong.join("\n"));
}

#[test]
fn the_table_itself_points_downwards() {
    for (at, (room, may)) in MAY_USE.iter().enumerate() {
        for used in *may {
            let below = MAY_USE[..at].iter().any(|(name, _)| name == used);
            assert!(below, "{room} may use {used}, which is not below it");
        }
    }
}

#[test]
fn files_are_of_a_size_to_be_read() {
    let mut files = Vec::new();
    sources(Path::new("src"), &mut files);
    let long: Vec<_> = files
        .iter()
        .filter_map(|file| {
            let lines = fs::read_to_string(file).expect("readable").lines().count();
            // The table has a line for each rule.
            let is_rule = file.starts_with("src/rules") && file != Path::new("src/rules/mod.rs");
            let limit = if is_rule { 200 } else { 500 };
            (lines > limit).then(|| format!("{}: {lines} lines, more than {limit}", file.display()))
        })
        .collect();
    assert!(long.is_empty(), "files that are two things:\n{}", long.join("\n"));
}
