//! Sets of the hub in the caches of Hugging Face libraries.

use std::path::{Path, PathBuf};

use serde_json::Value as Json;

use crate::encode::tokenizer::hub::HubEnv;
use crate::settings::resolve::Environment;

/// What a cache has of a set.
pub(super) enum Cached {
    /// As it was downloaded.
    Snapshot(PathBuf),
    /// As `datasets` prepared it, by split.
    Prepared(Vec<(String, Vec<PathBuf>)>),
}

/// A set of the hub as `datasets` prepared it, or as it was downloaded.
pub(super) fn cached(id: &str, config: Option<&str>, environment: &Environment) -> Option<Cached> {
    let variable = |name: &str| environment.get(name).filter(|value| !value.is_empty()).cloned();
    let hub = HubEnv::read(variable).cache;
    let home = hub.parent().map(Path::to_owned).unwrap_or_default();
    let datasets = variable("HF_DATASETS_CACHE").map_or_else(|| home.join("datasets"), PathBuf::from);
    let prepared = datasets.join(id.replace('/', "___"));
    let lower = datasets.join(id.replace('/', "___").to_lowercase());
    for folder in [prepared, lower] {
        let folder = folder.join(config.unwrap_or("default"));
        if let Some(found) = deepest(&folder) {
            return Some(Cached::Prepared(splits(&found)));
        }
    }
    let snapshots = hub.join(format!("datasets--{}", id.replace('/', "--")));
    let commit = std::fs::read_to_string(snapshots.join("refs/main")).ok()?;
    let snapshot = snapshots.join("snapshots").join(commit.trim());
    snapshot.is_dir().then_some(Cached::Snapshot(snapshot))
}

/// The folder of the version made last, which holds the Arrow files.
fn deepest(folder: &Path) -> Option<PathBuf> {
    let newest = |folder: &Path| {
        let folders = std::fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path());
        let folders = folders.filter(|path| path.is_dir());
        let made = |path: &PathBuf| path.metadata().and_then(|about| about.modified()).ok();
        folders.max_by_key(|path| (made(path), path.clone()))
    };
    let version = newest(folder)?;
    let hash = newest(&version)?;
    (!arrow_files(&hash).is_empty()).then_some(hash)
}

/// The Arrow files of a folder that are no cached steps, by name.
fn arrow_files(folder: &Path) -> Vec<PathBuf> {
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let is_rows = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.ends_with(".arrow") && !name.starts_with("cache-")
    };
    let mut files: Vec<PathBuf> = files.map(|entry| entry.path()).filter(is_rows).collect();
    files.sort();
    files
}

/// The files of each split, in the order that `dataset_info.json` has the splits in: `NAME-SPLIT.arrow`, or
/// `NAME-SPLIT-00000-of-00002.arrow` (`naming.py: filenames_for_dataset_split`, datasets 2.14 to 5.2).
fn splits(folder: &Path) -> Vec<(String, Vec<PathBuf>)> {
    let files = arrow_files(folder);
    let info = std::fs::read(folder.join("dataset_info.json")).ok();
    let info = info
        .and_then(|text| serde_json::from_slice::<Json>(&text).ok())
        .unwrap_or_default();
    let Some(named) = info["splits"].as_object() else {
        return vec![("train".to_owned(), files)];
    };
    let of = |split: &String| {
        let is_of = |path: &&PathBuf| {
            let name = path.file_stem().unwrap_or_default().to_string_lossy();
            let whole = match name.rsplit_once("-of-") {
                Some((before, _)) => before.rsplit_once('-').map_or(before, |(before, _)| before),
                None => &name,
            };
            // No name of a split has a dash in it.
            whole.rsplit_once('-').map_or(whole, |(_, split)| split) == split
        };
        (split.clone(), files.iter().filter(is_of).cloned().collect())
    };
    named.keys().map(of).collect()
}
