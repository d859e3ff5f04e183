//! What a trainer reads beside the data and the tokenizer: files its settings name, and those of installed packages.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value as Json};
use xxhash_rust::xxh3::xxh3_128;

use crate::trainer::SitePackages;

/// A file of this many bytes and more is data or a model, and no template.
const LARGEST: u64 = 16 << 20;

/// A line that is another once one of the files is: templates and tokens that settings name by their paths, and what was
/// read of installed packages.
pub(super) fn digest(options: &Map<String, Json>, entries: &Json, packages: &SitePackages) -> String {
    let mut files = packages.given();
    for option in options.values().chain([entries]) {
        named(option, &mut files);
    }
    files.sort();
    files.dedup();
    let content = |path: &PathBuf| Some(xxh3_128(&std::fs::read(path).ok()?));
    files.iter().map(|path| format!("{:x?} ", content(path))).collect()
}

/// The small files that a setting names.
fn named(value: &Json, files: &mut Vec<PathBuf>) {
    match value {
        Json::String(text) => {
            let about = Path::new(text).metadata();
            if about.is_ok_and(|about| about.is_file() && about.len() < LARGEST) {
                files.push(PathBuf::from(text));
            }
        }
        Json::Array(items) => items.iter().for_each(|item| named(item, files)),
        Json::Object(object) => object.values().for_each(|value| named(value, files)),
        _ => {}
    }
}
