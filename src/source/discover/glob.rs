//! Patterns the shell did not expand: quoted ones, or those of a configuration file.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use globset::GlobBuilder;
use ignore::WalkBuilder;

use crate::source::error::SourceError;

pub(super) fn is_pattern(name: &str) -> bool {
    name.contains(['*', '?', '[', '{'])
}

/// Files and folders that match, sorted. A pattern that matches nothing is an error.
pub(super) fn matches(pattern: &str) -> Result<Vec<PathBuf>, SourceError> {
    let glob = GlobBuilder::new(pattern)
        .literal_separator(true)
        .build()
        .map_err(|error| SourceError::BadPattern {
            pattern: pattern.to_owned(),
            reason: error.kind().to_string(),
        })?
        .compile_matcher();
    let fixed: PathBuf = Path::new(pattern)
        .components()
        .take_while(|component| !is_pattern(&component.as_os_str().to_string_lossy()))
        .collect();
    let depth = Path::new(pattern).components().count() - fixed.components().count();
    let hidden = Path::new(pattern)
        .components()
        .skip(fixed.components().count())
        .any(|component| component.as_os_str().to_string_lossy().starts_with('.'));
    let here = fixed.as_os_str().is_empty();
    let mut found: Vec<PathBuf> = WalkBuilder::new(if here { Path::new(".") } else { &fixed })
        .standard_filters(false)
        .hidden(!hidden)
        .follow_links(true)
        .max_depth((!pattern.contains("**")).then_some(depth))
        .build()
        .filter_map(|entry| {
            let path = entry.ok()?.into_path();
            let path = if here {
                path.strip_prefix(".").ok()?.to_owned()
            } else {
                path
            };
            glob.is_match(&path).then_some(path)
        })
        .collect();
    found.sort();
    // Inside a folder that matches, the folder speaks for its files.
    let folders: HashSet<PathBuf> = found.iter().filter(|path| path.is_dir()).cloned().collect();
    found.retain(|path| !path.ancestors().skip(1).any(|folder| folders.contains(folder)));
    if found.is_empty() {
        return Err(SourceError::NoMatch {
            pattern: pattern.to_owned(),
        });
    }
    Ok(found)
}
