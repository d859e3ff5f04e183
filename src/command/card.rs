//! The sets that a folder's card describes: the front matter of its README.md, or `.huggingface.yaml`.
//!
//! Source: datasets 5.2, `utils/metadata.py: MetadataConfigs`, `load.py: LocalDatasetModuleFactory` and `builder.py:
//! _create_builder_config`, alike since 2.14.

use std::path::{Path, PathBuf};

use serde_json::Value as Json;

use crate::settings::config::scalar::Dialect;
use crate::settings::config::yaml;

/// Where the rows of a set are.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Described {
    /// In a folder, as in one without a card.
    Folder(PathBuf),
    /// Files and patterns, by split.
    Splits(Vec<(String, Vec<PathBuf>)>),
}

/// A set of the card.
struct Set {
    name: String,
    files: Option<Vec<(String, Vec<String>)>>,
    folder: Option<String>,
    is_default: bool,
}

/// Where the set of this name is, or the default one.
///
/// # Errors
///
/// What `datasets` raises.
pub(super) fn described(folder: &Path, name: Option<&str>) -> Result<Described, String> {
    let sets = sets(folder)?;
    let names = |sets: &[Set]| {
        let names: Vec<String> = sets.iter().map(|set| format!("'{}'", set.name)).collect();
        format!("[{}]", names.join(", "))
    };
    let set = match name {
        Some(name) => sets.iter().find(|set| set.name == name),
        None => default(&sets)?,
    };
    let Some(set) = set else {
        return match name {
            None if sets.is_empty() => Ok(Described::Folder(folder.to_owned())),
            None => Err(format!(
                "ValueError: Config name is missing. Please pick one among the available configs: {}",
                names(&sets)
            )),
            Some("default") if sets.is_empty() => Ok(Described::Folder(folder.to_owned())),
            Some(name) => {
                let known = if sets.is_empty() {
                    "['default']".to_owned()
                } else {
                    names(&sets)
                };
                Err(format!(
                    "ValueError: BuilderConfig '{name}' not found. Available: {known}"
                ))
            }
        };
    };
    let base = set
        .folder
        .as_ref()
        .map_or_else(|| folder.to_owned(), |inner| folder.join(inner));
    let Some(files) = &set.files else {
        return Ok(Described::Folder(base));
    };
    let files = files.iter().map(|(split, files)| {
        let paths = files.iter().map(|file| base.join(file));
        (split.clone(), paths.collect())
    });
    Ok(Described::Splits(files.collect()))
}

/// The set that is loaded where none is named.
fn default(sets: &[Set]) -> Result<Option<&Set>, String> {
    let mut found = sets
        .iter()
        .filter(|set| sets.len() == 1 || set.name == "default" || set.is_default);
    match (found.next(), found.next()) {
        (Some(one), Some(other)) => Err(format!(
            "ValueError: Dataset has several default configs: '{}' and '{}'.",
            one.name, other.name
        )),
        (one, _) => Ok(one),
    }
}

/// The sets under `configs`; none without a card.
fn sets(folder: &Path) -> Result<Vec<Set>, String> {
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).ok();
    let card = read("README.md");
    let mut configs = Json::Null;
    for text in [
        card.as_deref().and_then(front_matter),
        read(".huggingface.yaml").as_deref(),
    ] {
        let Some(text) = text else { continue };
        let document = yaml::read(text, Dialect::PyYaml)
            .map_err(|wrong| format!("YAMLError: {} in the card of {}", wrong.message, folder.display()))?;
        if let Some(given) = document.root.json().get("configs") {
            configs = given.clone();
        }
    }
    match configs {
        Json::Null => Ok(Vec::new()),
        Json::Array(configs) => configs.iter().map(set).collect(),
        other => Err(format!("ValueError: Expected configs to be a list, but got '{other}'")),
    }
}

/// What stands between two lines of `---` at the start of a text (`huggingface_hub`, `repocard.py:
/// REGEX_YAML_BLOCK`).
fn front_matter(text: &str) -> Option<&str> {
    let text = text.trim_start().strip_prefix("---")?;
    let text = text.strip_prefix('\r').unwrap_or(text).strip_prefix('\n')?;
    let ends = |at: &usize| {
        let behind = &text[at + "\n---".len()..];
        behind.is_empty() || behind.starts_with(['\n', '\r'])
    };
    let end = text.match_indices("\n---").map(|(at, _)| at).find(ends)?;
    Some(&text[..end])
}

fn set(config: &Json) -> Result<Set, String> {
    let name = config["config_name"].as_str().ok_or_else(|| {
        "ValueError: Each config must include `config_name` field with a string name of a config".to_owned()
    })?;
    let files = match &config["data_files"] {
        Json::Null => None,
        files => Some(by_split(files).ok_or_else(|| {
            format!(
                "ValueError: Expected data_files in YAML to be either a string or a list of strings or a list of dicts \
                 with two keys: 'split' and 'path', but got {files}"
            )
        })?),
    };
    Ok(Set {
        name: name.to_owned(),
        files,
        folder: config["data_dir"].as_str().map(str::to_owned),
        is_default: config["default"].as_bool() == Some(true),
    })
}

/// The patterns of each split, where they are written as they are to be.
fn by_split(files: &Json) -> Option<Vec<(String, Vec<String>)>> {
    let texts = |value: &Json| match value {
        Json::String(text) => Some(vec![text.clone()]),
        Json::Array(items) => items.iter().map(|item| item.as_str().map(str::to_owned)).collect(),
        _ => None,
    };
    let items = match files {
        Json::Array(items) if items.iter().any(Json::is_object) => items,
        files => return texts(files).map(|files| vec![("train".to_owned(), files)]),
    };
    let is_word = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() || c == '_');
    let mut splits: Vec<(String, Vec<String>)> = Vec::new();
    for item in items {
        let split = item["split"].as_str().filter(|split| split.split('.').all(is_word))?;
        let twice = splits.iter().any(|(known, _)| known == split);
        if twice || item.as_object().is_none_or(|item| item.len() != 2) {
            return None;
        }
        splits.push((split.to_owned(), texts(&item["path"])?));
    }
    Some(splits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(card: &str, name: Option<&str>) -> Result<Described, String> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        std::fs::write(folder.path().join("README.md"), card).expect("written");
        let described = described(folder.path(), name)?;
        let inner = |path: PathBuf| path.strip_prefix(folder.path()).expect("inside").to_owned();
        Ok(match described {
            Described::Folder(path) => Described::Folder(inner(path)),
            Described::Splits(splits) => Described::Splits(
                splits
                    .into_iter()
                    .map(|(split, paths)| (split, paths.into_iter().map(inner).collect()))
                    .collect(),
            ),
        })
    }

    /// Outcomes of datasets 5.2 for cards like these.
    #[test]
    fn a_card_says_which_files_are_of_which_split() {
        let here = Described::Folder(PathBuf::new());
        assert_eq!(of("# A set\n", None), Ok(here));
        let card = "---\nlicense: mit\nconfigs:\n- config_name: main\n  data_files:\n  - split: train\n    path: [a.jsonl, b/*]\n  - split: test\n    path: c.jsonl\n- config_name: other\n  data_dir: inner\n---\n# A set\n";
        let main = Described::Splits(vec![
            ("train".to_owned(), vec!["a.jsonl".into(), "b/*".into()]),
            ("test".to_owned(), vec!["c.jsonl".into()]),
        ]);
        assert_eq!(of(card, Some("main")), Ok(main));
        assert_eq!(of(card, Some("other")), Ok(Described::Folder("inner".into())));
        let missing =
            "ValueError: Config name is missing. Please pick one among the available configs: ['main', 'other']";
        assert_eq!(of(card, None), Err(missing.to_owned()));
        let unknown = "ValueError: BuilderConfig 'no' not found. Available: ['main', 'other']";
        assert_eq!(of(card, Some("no")), Err(unknown.to_owned()));
        let none = "ValueError: BuilderConfig 'no' not found. Available: ['default']";
        assert_eq!(of("", Some("no")), Err(none.to_owned()));
    }

    #[test]
    fn the_default_set_is_the_only_one_or_the_one_that_says_so() {
        let all = Ok(Described::Splits(vec![("train".to_owned(), vec!["x.jsonl".into()])]));
        assert_eq!(
            of("---\nconfigs:\n- config_name: a\n  data_files: x.jsonl\n---\n", None),
            all
        );
        let two = "---\nconfigs:\n- config_name: a\n  data_files: y.jsonl\n- config_name: b\n  default: true\n  data_files: x.jsonl\n---";
        assert_eq!(of(two, None), all);
        let both = two.replace("config_name: a", "config_name: default");
        assert!(of(&both, None).is_err_and(|error| error.contains("several default configs")));
        let dict = "---\nconfigs:\n- config_name: a\n  data_files: {train: x.jsonl}\n---\n";
        assert!(of(dict, None).is_err_and(|error| error.contains("Expected data_files in YAML")));
    }
}
