//! Which model's tokenizer a run uses, and where it lies.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;

use crate::encode::kit::{Kit, Load};
use crate::encode::template::Clock;
use crate::encode::template::select::MORE_TEMPLATES;
use crate::encode::tokenizer::hub::{self, HubEnv, HubError};
use crate::encode::tokenizer::{self, Generation};
use crate::model::setup::{Origin, Setting};
use crate::settings::config::Run;
use crate::settings::resolve::Environment;
use crate::settings::{Settings, UsageError};
use crate::source::Input;
use crate::whole::folder;

use super::data::Data;

/// Files of a model folder beyond this size are weights, which say nothing about tokens.
const LARGEST: u64 = 256 << 20;

/// The files a tokenizer and its templates are made of, by the folder or the `tokenizer.json` it was loaded from; sorted,
/// those of the folder first. `None` if the folder cannot be read.
pub(super) fn files(path: &Path) -> Option<Vec<PathBuf>> {
    let folder = if path.is_dir() { path } else { folder(path) };
    let mut all = files_in(folder)?;
    all.extend(files_in(&folder.join(MORE_TEMPLATES)).unwrap_or_default());
    Some(all)
}

/// The files of a folder but for weights, in order of name.
fn files_in(folder: &Path) -> Option<Vec<PathBuf>> {
    let files = std::fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path());
    let files = files.filter(|path| {
        path.metadata()
            .is_ok_and(|about| about.is_file() && about.len() <= LARGEST)
    });
    let files = files.filter(|path| {
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        matches!(ending, "json" | "jinja" | "model" | "txt" | "tiktoken")
    });
    let mut files: Vec<PathBuf> = files.collect();
    files.sort();
    Some(files)
}

/// The model of a run.
pub struct Model {
    /// What was asked for, and who asked.
    pub asked: Setting<String>,
    pub kit: Arc<Kit>,
}

impl Model {
    /// Finds the model of a run and loads it as that generation of transformers would, and notes what is to be known of it.
    ///
    /// # Errors
    ///
    /// If the one named cannot be had, or what is to stand in for its template.
    pub(super) fn of(
        settings: &Settings,
        run: Option<&Run>,
        data: &Data,
        generation: Generation,
        environment: &Environment,
        notes: &mut Vec<String>,
    ) -> anyhow::Result<Option<Self>> {
        let found = match LocalModel::look(settings, &data.files.inputs, environment) {
            // A model that only the config names is not asked for.
            Err(error) if from_config(settings.model.as_ref(), run) => {
                notes.push(format!("no tokenizer: {error:#}"));
                None
            }
            found => found?,
        };
        let Some(found) = found else {
            notes.extend(unused(settings)?);
            return Ok(None);
        };
        let kit = found.load(settings, generation)?;
        notes.extend(doubts(&kit));
        notes.extend(found.other_ids(&kit));
        Ok(Some(Self {
            asked: found.asked,
            kit: Arc::new(kit),
        }))
    }

    /// # Errors
    ///
    /// If there are conversations, and its chat template does what is not reproduced here.
    pub(super) fn renders(&self, data: &Data) -> Result<(), UsageError> {
        match self.kit.not_reproduced() {
            Some(error) if data.has_chats() => Err(UsageError(format!(
                "the chat template cannot be checked: {}",
                error.message
            ))),
            _ => Ok(()),
        }
    }
}

/// Whether a setting is as the config has it.
fn from_config(setting: Option<&Setting<String>>, run: Option<&Run>) -> bool {
    match (setting, run.and_then(|run| run.model.as_ref())) {
        (Some(setting), Some(own)) => setting == own,
        _ => false,
    }
}

/// A tokenizer on this machine.
pub struct LocalModel {
    /// A folder, or a `tokenizer.json`.
    path: PathBuf,
    /// The id it was asked for by, without its revision.
    hub_id: Option<String>,
    /// What was asked for, and who asked.
    pub asked: Setting<String>,
}

impl LocalModel {
    /// The model that is named, from the disk, the hub's cache or the hub; else the one that lies beside
    /// the data.
    ///
    /// # Errors
    ///
    /// If the one named cannot be had.
    pub fn look(settings: &Settings, inputs: &[Input], environment: &Environment) -> anyhow::Result<Option<Self>> {
        let Some(asked) = &settings.model else {
            return Ok(beside(inputs));
        };
        let path = Path::new(&asked.value);
        if path.exists() {
            return Ok(Some(Self {
                path: path.to_owned(),
                hub_id: None,
                asked: asked.clone(),
            }));
        }
        let env = HubEnv::read(|name| environment.get(name).cloned());
        let path = match hub::locate(&asked.value, &env) {
            Ok(path) => path,
            Err(HubError::NotAnId(name)) => anyhow::bail!("no model at {name}: there is no such file or folder"),
            Err(error) => {
                let tried = "there is no such file or folder, and as an id of the hub it was not to be had";
                return Err(anyhow::Error::new(error).context(format!("no model at {}: {tried}", asked.value)));
            }
        };
        let id = asked.value.split_once('@').map_or(asked.value.as_str(), |(id, _)| id);
        Ok(Some(Self {
            path,
            hub_id: Some(id.to_owned()),
            asked: asked.clone(),
        }))
    }

    /// Loads it as that generation of transformers would.
    ///
    /// # Errors
    ///
    /// If it cannot be read, or what is to stand in for its template.
    pub fn load(&self, settings: &Settings, generation: Generation) -> anyhow::Result<Kit> {
        let chat_template = chat_template(settings)?;
        let clock = clock(settings)?;
        let load = Load {
            path: &self.path,
            hub_id: self.hub_id.as_deref(),
            chat_template,
            generation,
            clock,
        };
        let mut kit = Kit::load(load)?;
        if settings.verify_tokenizer {
            kit.verify();
        }
        Ok(kit)
    }
}

/// A tokenizer in a folder of the data, if there is just one.
fn beside(inputs: &[Input]) -> Option<LocalModel> {
    let mut folders: Vec<&Path> = inputs
        .iter()
        .filter_map(|input| {
            let folder = input.path.parent().filter(|_| input.name != "-")?;
            Some(if folder.as_os_str().is_empty() {
                Path::new(".")
            } else {
                folder
            })
        })
        .filter(|folder| folder.join("tokenizer.json").is_file())
        .collect();
    folders.sort_unstable();
    folders.dedup();
    let [folder] = folders[..] else { return None };
    Some(LocalModel {
        path: folder.to_owned(),
        hub_id: None,
        asked: Setting {
            value: folder.display().to_string(),
            origin: Origin::Model("found beside the data".to_owned()),
        },
    })
}

impl LocalModel {
    /// Says where the ids depend on the version of transformers, with an example.
    fn other_ids(&self, kit: &Kit) -> Option<String> {
        let generation = kit.facts().generation;
        let probe = tokenizer::other_ids(&self.path, self.hub_id.as_deref(), kit.tokenizer()).ok()??;
        let special = if probe.special { " with its special tokens" } else { "" };
        Some(format!(
            "{} would give other ids than {generation}: {:?}{special} is {:?} here and {:?} there",
            generation.other(),
            probe.text,
            probe.ids,
            probe.other
        ))
    }
}

/// The template that is to stand in for the model's.
fn chat_template(settings: &Settings) -> anyhow::Result<Option<String>> {
    match &settings.chat_template {
        Some(path) => {
            let read = std::fs::read_to_string(&path.value);
            let read = read.with_context(|| format!("cannot read the chat template {}", path.value.display()));
            read.map(Some)
        }
        None => Ok(settings.chat_template_text.as_ref().map(|text| text.value.clone())),
    }
}

/// The time that templates are told.
fn clock(settings: &Settings) -> Result<Clock, UsageError> {
    let Some(now) = &settings.now else {
        return Ok(Clock::Local);
    };
    let parsed = now
        .parse()
        .map_err(|error| UsageError(format!("--now {now}: {error}")))?;
    Ok(Clock::Fixed(parsed))
}

/// What is not used of the settings where there is no model to use it with, in words.
///
/// # Errors
///
/// If it could not be used with one either.
fn unused(settings: &Settings) -> anyhow::Result<Option<String>> {
    clock(settings)?;
    let unused = chat_template(settings)?.filter(|_| settings.chat_template.is_some());
    Ok(unused.map(|_| {
        "the chat template given is not used: templates are rendered where there is a tokenizer (-m)".to_owned()
    }))
}

/// What a user should know of a tokenizer before trusting counts made with it.
fn doubts(kit: &Kit) -> Vec<String> {
    let facts = kit.facts();
    let mut notes = Vec::new();
    if let Some(length) = facts.saved_truncation {
        notes.push(format!(
            "tokenizer.json holds a truncation to {length} tokens, which is switched off here as in the trainers"
        ));
    }
    if facts.saved_padding {
        notes.push("tokenizer.json holds a padding, which is switched off here as in the trainers".to_owned());
    }
    notes.extend(facts.doubts.iter().cloned());
    notes
}
