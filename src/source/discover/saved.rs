//! Folders written by `save_to_disk`: one dataset, or a `DatasetDict` of splits.

use std::fs;
use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::{Candidate, unreadable};
use crate::source::error::SourceError;

/// `dataset_dict.json`, as datasets 5.2 writes it.
#[derive(Deserialize)]
struct Dict {
    splits: Vec<String>,
}

/// `state.json`, as datasets 5.2 writes it.
#[derive(Deserialize)]
struct State {
    #[serde(rename = "_data_files")]
    data_files: Vec<DataFile>,
    #[serde(rename = "_split")]
    split: Option<String>,
    /// Written by datasets before 2.0 for a shuffled or filtered dataset: rows stand in another
    /// order, or not at all, by a file of indices.
    #[serde(rename = "_indices_data_files", default)]
    indices_files: Option<Vec<DataFile>>,
}

#[derive(Deserialize)]
struct DataFile {
    filename: String,
}

/// The data files of a saved dataset, in order; `None` if the folder is not one.
pub(super) fn expand(folder: &Path) -> Result<Option<Vec<Candidate>>, SourceError> {
    if let Some(dict) = read::<Dict>(&folder.join("dataset_dict.json"))? {
        let mut candidates = Vec::new();
        for split in dict.splits {
            let dataset = plain(&split).and_then(|split| one(&folder.join(split), Some(split)).transpose());
            candidates.extend(dataset.unwrap_or_else(|| Err(missing(folder, &split)))?);
        }
        return Ok(Some(candidates));
    }
    if folder.join("dataset_info.json").is_file() {
        return one(folder, None);
    }
    Ok(None)
}

fn one(folder: &Path, split: Option<&str>) -> Result<Option<Vec<Candidate>>, SourceError> {
    let Some(state) = read::<State>(&folder.join("state.json"))? else {
        return Ok(None);
    };
    if state.indices_files.is_some_and(|files| !files.is_empty()) {
        return Err(SourceError::BadSavedDataset {
            name: folder.display().to_string(),
            reason: "its rows are chosen by a file of indices, which is not read; load and save it again".to_owned(),
        });
    }
    let split = split.map(str::to_owned).or(state.split);
    let candidates = state.data_files.iter().map(|file| {
        let path = plain(&file.filename).map(|name| folder.join(name));
        match path.filter(|path| path.is_file()) {
            Some(path) => Ok(Candidate {
                name: path.display().to_string(),
                path,
                split: split.clone(),
            }),
            None => Err(missing(folder, &file.filename)),
        }
    });
    candidates.collect::<Result<Vec<_>, _>>().map(Some)
}

/// A name that stays inside the folder: what the file says is not trusted to.
fn plain(name: &str) -> Option<&str> {
    let is = !name.is_empty() && name != "." && name != ".." && !name.contains(['/', '\\']);
    is.then_some(name)
}

fn missing(folder: &Path, file: &str) -> SourceError {
    SourceError::MissingShard {
        name: folder.display().to_string(),
        file: file.to_owned(),
    }
}

fn read<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, SourceError> {
    if !path.is_file() {
        return Ok(None);
    }
    let name = path.display().to_string();
    let text = fs::read(path).map_err(|error| unreadable(&name, error))?;
    serde_json::from_slice(&text)
        .map(Some)
        .map_err(|error| SourceError::BadSavedDataset {
            name,
            reason: error.to_string(),
        })
}
