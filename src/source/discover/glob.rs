//! Patterns the shell did not expand: quoted ones, or those of a configuration file.

use std::collections::HashSet;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use globset::{GlobBuilder, GlobMatcher};
use ignore::WalkBuilder;

use super::{LEADS_NOWHERE, Skipped, path_of, skip, unvisited};
use crate::source::error::SourceError;

pub(super) fn is_pattern(name: &str) -> bool {
    name.contains(['*', '?', '[', '{'])
}

/// Files and folders that match, sorted, and links that lead nowhere and might have led to some. A pattern that matches
/// nothing is an error, and so is what would match or hold matches and cannot be looked at.
pub(super) fn matches(pattern: &str) -> Result<(Vec<PathBuf>, Vec<Skipped>), SourceError> {
    let glob = matcher(pattern).map_err(|error| SourceError::BadPattern {
        pattern: pattern.to_owned(),
        reason: error.kind().to_string(),
    })?;
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
    let root = if here { Path::new(".") } else { &fixed };
    let walk = WalkBuilder::new(root)
        .standard_filters(false)
        .hidden(!hidden)
        .follow_links(true)
        .max_depth((!pattern.contains("**")).then_some(depth))
        .build();
    let (mut found, mut skipped) = (Vec::new(), Vec::new());
    for entry in walk {
        let path = |path: &Path| match path.strip_prefix(".") {
            Ok(path) if here => path.to_owned(),
            _ => path.to_owned(),
        };
        let error = match entry {
            Ok(entry) => {
                let path = path(entry.path());
                if glob.is_match(&path) {
                    found.push(path);
                }
                continue;
            }
            Err(error) => error,
        };
        let path = path_of(&error).map_or_else(|| root.to_owned(), path);
        // A link in a circle leads to what is found without it.
        let Some(io) = error.into_io_error() else { continue };
        let is_hidden = || {
            path.file_name()
                .is_some_and(|name| name.as_encoded_bytes().starts_with(b"."))
        };
        let (at_root, is_link) = (path == root, path.is_symlink());
        if at_root && !is_link && matches!(io.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) {
            // Nothing is there to begin with, which is said as no match.
        } else if at_root || glob.is_match(&path) {
            return Err(unvisited(&path, io));
        } else if (hidden || !is_hidden()) && leads_on(pattern, &path) {
            if !is_link || io.kind() != ErrorKind::NotFound {
                return Err(unvisited(&path, io));
            }
            skipped.push(skip(&path, LEADS_NOWHERE));
        }
    }
    found.sort();
    // Inside a folder that matches, the folder speaks for its files.
    let folders: HashSet<PathBuf> = found.iter().filter(|path| path.is_dir()).cloned().collect();
    found.retain(|path| !path.ancestors().skip(1).any(|folder| folders.contains(folder)));
    if found.is_empty() {
        return Err(SourceError::NoMatch {
            pattern: pattern.to_owned(),
        });
    }
    Ok((found, skipped))
}

fn matcher(pattern: &str) -> Result<GlobMatcher, globset::Error> {
    let glob = GlobBuilder::new(pattern).literal_separator(true).build()?;
    Ok(glob.compile_matcher())
}

/// Whether something below a path may match.
fn leads_on(pattern: &str, path: &Path) -> bool {
    let steps = path.components().count();
    let start: PathBuf = Path::new(pattern).components().take(steps).collect();
    let start = start.to_string_lossy();
    // Braces may span folders; then the start is no pattern of its own, and nothing is ruled out.
    start.contains("**") || matcher(&start).map_or(true, |start| start.is_match(path))
}
