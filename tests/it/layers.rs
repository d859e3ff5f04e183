//! A module may use only the rooms below its own: the table here says which, and any other import fails.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// For each room, the rooms it may import from. `command` and `main` may use anything.
const MAY_USE: &[(&str, &[&str])] = &[
    ("place", &[]),
    ("whole", &[]),
    ("cache", &["whole"]),
    ("guard", &[]),
    ("text", &[]),
    ("model", &["place"]),
    ("search", &[]),
    ("json", &["model"]),
    ("sketch", &["place"]),
    ("finding", &["place", "model", "sketch"]),
    ("holdout", &["place", "text", "model", "sketch"]),
    ("rule", &["place", "text", "finding", "model", "sketch", "holdout"]),
    ("source", &["guard", "place", "model", "json"]),
    ("dump", &["model", "source"]),
    ("loader", &["place", "model", "sketch"]),
    ("shape", &["model"]),
    ("encode", &["whole", "guard", "cache", "model", "search"]),
    ("plan", &["model", "encode"]),
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
            "place", "whole", "text", "finding", "model", "sketch", "holdout", "source", "shape", "trainer", "rule",
            "measure",
        ],
    ),
    ("rewrite", &["model", "json", "source"]),
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

/// The code of a file: comments and unit tests left out, which may build what they need.
fn code(text: &str) -> String {
    let mut code = String::new();
    let mut lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    while let Some(line) = lines.next() {
        if line.trim() != "#[cfg(test)]" {
            code.push_str(line);
            code.push('\n');
            continue;
        }
        // A module of tests is the last thing in a file; of anything else only the next item is for tests.
        if lines
            .next()
            .is_some_and(|line| line.starts_with("mod ") && line.ends_with('{'))
        {
            break;
        }
    }
    code
}

/// The first name of each path in a list, or that of a single path.
fn heads(path: &str) -> Vec<String> {
    let name = |path: &str| {
        let path = path.trim_start();
        let end = path
            .find(|c: char| !c.is_alphanumeric() && c != '_')
            .unwrap_or(path.len());
        path[..end].to_owned()
    };
    let Some(list) = path.strip_prefix('{') else {
        return vec![name(path)];
    };
    let (mut found, mut depth, mut start) = (Vec::new(), 0, 0);
    for (at, c) in list.char_indices() {
        match c {
            '{' => depth += 1,
            '}' | ',' if depth == 0 => {
                found.push(name(&list[start..at]));
                start = at + 1;
                if c == '}' {
                    break;
                }
            }
            '}' => depth -= 1,
            _ => {}
        }
    }
    found
}

/// The rooms a file names: after `crate::`, or after as many `super::` as lead out of its own.
fn imports(file: &Path, text: &str) -> Vec<String> {
    let code = code(text);
    for other in ["crate as ", "crate ::", "gonogo::"] {
        assert!(
            !code.contains(other),
            "{}: a path by another name, `{other}`",
            file.display()
        );
    }
    // How many steps up are the root: of `src/room/mod.rs` one, of `src/room/thing.rs` two.
    let parts = file.components().count() - 1;
    let depth = parts - usize::from(file.ends_with("mod.rs"));
    let mut found: Vec<String> = code.split("crate::").skip(1).flat_map(heads).collect();
    let mut rest = code.as_str();
    while let Some(at) = rest.find("super::") {
        let mut after = &rest[at..];
        let mut steps = 0;
        while let Some(next) = after.strip_prefix("super::") {
            (after, steps) = (next, steps + 1);
        }
        if steps >= depth {
            found.extend(heads(after));
        }
        rest = after;
    }
    found.retain(|name| !name.is_empty() && name != "super");
    found
}

#[test]
fn ways_around_are_seen() {
    let of = |file: &str, text: &str| imports(Path::new(file), text);
    assert_eq!(
        of("src/rules/text/a.rs", "use crate::{finding::{Findings}, source::Row};"),
        ["finding", "source"]
    );
    assert_eq!(
        of("src/rules/text/a.rs", "use super::super::super::source::Row;"),
        ["source"]
    );
    assert_eq!(of("src/rules/mod.rs", "use super::json;"), ["json"]);
    assert_eq!(of("src/rules/text/a.rs", "use super::super::turns;"), [""; 0]);
    let text =
        "#[cfg(test)]\nuse crate::encode;\nuse crate::source;\n#[cfg(test)]\nmod tests {\nuse crate::trainer;\n}\n";
    assert_eq!(of("src/model/a.rs", text), ["source"]);
}

#[test]
fn imports_point_downwards() {
    let table: BTreeMap<&str, &[&str]> = MAY_USE.iter().copied().collect();
    let mut files = Vec::new();
    sources(Path::new("src"), &mut files);
    assert!(files.len() > 20, "the sources were not found");
    let (mut wrong, mut arrows) = (Vec::new(), BTreeSet::new());
    for file in files {
        let own = room(&file);
        if matches!(own.as_str(), "main" | "lib" | "command") {
            continue;
        }
        let may = table
            .get(own.as_str())
            .unwrap_or_else(|| panic!("`{own}` is in no line of the table"));
        for used in imports(&file, &fs::read_to_string(&file).expect("readable")) {
            if used != own && !may.contains(&used.as_str()) {
                wrong.push(format!("{} uses {used}", file.display()));
            }
            arrows.insert((own.clone(), used));
        }
    }
    assert!(wrong.is_empty(), "imports that point upwards:\n{}", wrong.join("\n"));
    for (room, may) in MAY_USE {
        for used in *may {
            let arrow = ((*room).to_owned(), (*used).to_owned());
            assert!(arrows.contains(&arrow), "{room} may use {used}, and does not");
        }
    }
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
