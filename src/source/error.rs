//! Why there is nothing to read: the user named something that is not there.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// What ends a run before it starts. What is wrong inside a file is a finding instead.
#[derive(Debug, Error)]
pub enum SourceError {
    #[error("{}: no such file or folder{}", .path.display(), hint(.nearest.as_deref()))]
    Missing { path: PathBuf, nearest: Option<String> },

    #[error("{name}: a link to {}, which is not there", .target.display())]
    Dangling { name: String, target: PathBuf },

    #[error("{pattern}: no file matches")]
    NoMatch { pattern: String },

    #[error("{pattern}: not a glob pattern: {reason}")]
    BadPattern { pattern: String, reason: String },

    #[error("{name}: no data files in this folder{}", others(*.skipped))]
    NoData { name: String, skipped: usize },

    #[error("{name}: cannot be read: {error}")]
    Io { name: String, error: io::Error },

    #[error("{name}: cannot tell its format: {}", way_out(.name))]
    UnknownFormat { name: String },

    #[error("{name}: this saved dataset names {file}, which is not there")]
    MissingShard { name: String, file: String },

    #[error("{name}: not as datasets saves it: {reason}")]
    BadSavedDataset { name: String, reason: String },
}

fn way_out(name: &str) -> &'static str {
    if name == "-" {
        "it is neither JSON nor a table with a header that shows on its first rows; write it to a file named .jsonl, \
         .json, .csv, .tsv or .txt, and check that"
    } else {
        "name it .jsonl, .json, .csv, .tsv, .txt, .parquet or .arrow"
    }
}

fn hint(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |nearest| format!(" (did you mean {nearest}?)"))
}

fn others(count: usize) -> String {
    match count {
        0 => String::new(),
        1 => ", only 1 other file".to_owned(),
        _ => format!(", only {count} other files"),
    }
}
