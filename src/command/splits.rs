//! The splits that a program asks a set for.
//!
//! Sources: TRL 1.16 `scripts/sft.py` and `scripts/utils.py: get_dataset`; axolotl 0.19 `utils/data/shared.py`,
//! `utils/data/sft.py`; LLaMA-Factory 0.9.5 `data/loader.py`; torchtune 0.6.1 `datasets/_sft.py`.

use std::path::{Path, PathBuf};

use crate::settings::config::{Data, Run};
use crate::source::{Input, Slice};

use super::card::{self, Described};
use super::sets::Place;

/// Who loads the sets of a config.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Loader {
    Axolotl,
    LlamaFactory,
    Torchtune,
    /// One of TRL's scripts, which loads all splits of one set to ask for two of them.
    TrlScript,
    /// `datasets` of TRL's `get_dataset`, each with a split.
    TrlMixture,
    #[default]
    Other,
}

/// The split of a file: those that tell none are for training.
pub(super) fn of(input: &Input) -> &str {
    input.split.as_deref().unwrap_or("train")
}

impl Loader {
    pub(super) fn of(run: &Run) -> Self {
        let mixed = |key: &str| key.starts_with("datasets.") || key.starts_with("dataset_mix");
        match run.facts.program.as_str() {
            "axolotl" => Self::Axolotl,
            "llama-factory" => Self::LlamaFactory,
            "torchtune" => Self::Torchtune,
            "trl" if run.facts.values.iter().any(|given| mixed(&given.key)) => Self::TrlMixture,
            "trl" => Self::TrlScript,
            _ => Self::Other,
        }
    }

    /// `data_files` beside a folder. Axolotl gives them to a builder without the folder.
    pub(super) fn under(self, folder: &Path, files: &[String]) -> Vec<String> {
        let under = |file: &String| match self {
            Self::Axolotl | Self::Other => file.clone(),
            _ => folder.join(file).display().to_string(),
        };
        files.iter().map(under).collect()
    }

    /// Where the rows of a folder are.
    ///
    /// # Errors
    ///
    /// What loading it raises.
    pub(super) fn folder(self, path: &Path, config: Option<&str>) -> Result<Place, String> {
        let is = |file: &str| path.join(file).is_file();
        if is("state.json") && matches!(self, Self::TrlScript | Self::TrlMixture | Self::Torchtune) {
            return Err(format!(
                "datasets would raise ValueError: You are trying to load a dataset that was saved using \
                 `save_to_disk`. Please use `load_from_disk` instead: {} is such a folder; save it with `to_json` or \
                 `to_parquet`",
                path.display()
            ));
        }
        if is("state.json") || is("dataset_dict.json") {
            return Ok(Place::Folder(path.to_owned()));
        }
        match card::described(path, config) {
            Ok(Described::Folder(folder)) => Ok(Place::Folder(folder)),
            Ok(Described::Splits(splits)) => Ok(Place::Splits(splits)),
            Err(raised) => Err(format!("datasets would raise {raised}")),
        }
    }

    /// Where the rows of a file are that stands where a folder or a name of the hub is expected.
    ///
    /// # Errors
    ///
    /// What loading it raises.
    pub(super) fn file(self, name: &str, path: PathBuf) -> Result<Place, String> {
        let fix = match self {
            Self::Torchtune => "say `source: json` with `data_files`",
            Self::TrlScript | Self::TrlMixture => "say `datasets:` with `path: json` and `data_files`",
            _ => return Ok(Place::Files(vec![path])),
        };
        Err(format!(
            "datasets would raise FileNotFoundError: Couldn't find any data file at {name}: it is a file, and what is \
             named here is a folder or a set of the hub; {fix}"
        ))
    }

    /// What is taken of a set; `None` for all of it.
    ///
    /// # Errors
    ///
    /// What asking for a split raises that is not there.
    pub(super) fn wanted(
        self,
        data: &Data,
        eval: bool,
        place: &Place,
        inputs: &[Input],
    ) -> Result<Option<String>, String> {
        let files = matches!(place, Place::Files(_));
        let mut there: Vec<&str> = if files {
            vec!["train"]
        } else {
            inputs.iter().map(of).collect()
        };
        there.sort_unstable();
        there.dedup();
        let shown: Vec<String> = there.iter().map(|split| format!("'{split}'")).collect();
        let shown = shown.join(", ");
        let Some(split) = &data.split else {
            let usual = if eval && self == Self::Axolotl { "test" } else { "train" };
            return match self {
                Self::Other | Self::TrlScript | Self::TrlMixture | Self::Torchtune => Ok(None),
                _ if files => Ok(None),
                _ if there.contains(&usual) => Ok(Some(usual.to_owned())),
                Self::Axolotl => Err(format!(
                    "axolotl would raise ValueError: no {usual} split found for dataset {}, but {shown}: specify one \
                     with `split: …`",
                    data.name
                )),
                Self::LlamaFactory => Err(unknown(usual, &shown)),
            };
        };
        let is_there = |split: &str| there.contains(&split);
        match self {
            Self::TrlScript if !is_there(split) => {
                let key = if eval {
                    "dataset_test_split"
                } else {
                    "dataset_train_split"
                };
                let else_ = if eval {
                    ", or evaluate on none (eval_strategy: no)"
                } else {
                    ""
                };
                return Err(format!(
                    "trl would raise KeyError: '{split}': {} has no such split, but {shown}; name it in {key}{else_}",
                    data.name
                ));
            }
            // Files may be listed by split there, and those of this one are looked at.
            Self::TrlMixture | Self::Torchtune | Self::Other if files => {}
            _ => {
                let parts = Slice::read(split).unwrap_or_default();
                if let Some(part) = parts.iter().find(|part| !is_there(&part.split)) {
                    return Err(unknown(&part.split, &shown));
                }
            }
        }
        Ok(Some(split.clone()))
    }
}

/// `arrow_reader.py: _rel_to_abs_instr`, datasets 2.14 to 5.2.
fn unknown(split: &str, there: &str) -> String {
    format!("datasets would raise ValueError: Unknown split \"{split}\". Should be one of [{there}]")
}
