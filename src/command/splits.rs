//! Splits that a script asks a folder for and that are not there.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::settings::config::{Data, Source};
use crate::source::Input;

/// What TRL's scripts raise (`scripts/sft.py` 1.16: `dataset[script_args.dataset_test_split]`) over a folder without the
/// split; `None` where it has it, or where what splits it has is not told by its files alone.
pub(super) fn lacking(data: &Data, paths: &[PathBuf], inputs: &[Input]) -> Option<String> {
    let (Source::LocalOrHub { name, files, .. }, [folder]) = (&data.source, paths) else {
        return None;
    };
    let plain = |split: &&String| split.chars().all(|c| c.is_alphanumeric() || c == '_');
    let wanted = data.split.as_ref().filter(plain)?;
    let is_named = folder.is_dir() && folder.ends_with(name.trim_start_matches("./"));
    // A card may name the files of each split, and saved sets have their own way to be loaded.
    let told = ["README.md", "dataset_dict.json", "dataset_info.json", "state.json"];
    if !files.is_empty() || !is_named || told.iter().any(|file| folder.join(file).exists()) {
        return None;
    }
    let mut splits: BTreeSet<&str> = inputs.iter().filter_map(|input| input.split.as_deref()).collect();
    if splits.is_empty() {
        // Files that no split's name is found in are all for training.
        splits.insert("train");
    }
    if splits.contains(wanted.as_str()) {
        return None;
    }
    let there: Vec<String> = splits.iter().map(|split| format!("`{split}`")).collect();
    let shown = Path::new(name).display();
    let (key, else_) = if wanted == "train" {
        ("dataset_train_split", "")
    } else {
        ("dataset_test_split", ", or evaluate on none (eval_strategy: no)")
    };
    Some(format!(
        "trl would raise KeyError: '{wanted}': {shown} has no such split, but {}; name it in {key}{else_}",
        there.join(" and ")
    ))
}
