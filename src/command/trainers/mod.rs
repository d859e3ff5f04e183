//! `--trainer`: the trainer whose tokens and mask are reproduced, made for the sets at hand.
//!
//! Each trainer is a [`Family`] in a file of its own and a line of `FAMILIES`: its names, the
//! versions covered, and how it is made of options under its own names.

mod axolotl;
mod given;
mod llama_factory;
mod loaded;
mod of_rows;
mod read;
mod renames;
mod torchtune;
mod transformers;
mod trl;
mod unsloth;

use std::sync::Arc;

use serde_json::{Map, Value as Json};

use crate::command::data::Data;
use crate::command::inputs::Inputs;
use crate::encode::kit::Kit;
use crate::encode::tokenizer::Generation;
use crate::loader::{Datasets, LoadError};
use crate::model::encoded::{EncodeError, EncodeErrorKind};
use crate::model::example::Shape;
use crate::model::setup::{LoadError as Raised, Origin, Setting, TokenizerFacts};
use crate::settings::config::{self, Run};
use crate::settings::resolve::Environment;
use crate::settings::{Settings, UsageError, nearest};
use crate::shape::Layout;
use crate::source::Limits;
use crate::trainer::version::Version;
use crate::trainer::{SitePackages, Trainer};

use super::run;

pub(super) use given::value;
pub use loaded::{Loaded, Set};
use renames::Renames;

/// A trainer that is reproduced.
pub struct Family {
    /// As `--trainer` takes it.
    pub name: &'static str,
    /// Other ways people write it.
    also: &'static [&'static str],
    /// Its name on the package index.
    distribution: &'static str,
    newest: Version,
    covers: fn(Version) -> bool,
    /// The versions covered, for saying so.
    covered: fn() -> String,
    companions: fn(Version) -> Companions,
    /// The option, and its value, that names the kind of training rows of a shape are for, where that is not the usual
    /// one and rows do not say it by themselves.
    of_rows: fn(Shape) -> Option<(&'static str, &'static str)>,
    /// Options that describe how rows are read.
    describes_rows: &'static [&'static str],
    /// Its own names of what `--max-length` and `--batch-size` set.
    max_length: &'static str,
    batch_size: &'static str,
    make: fn(&Making<'_>) -> Result<Made, EncodeError>,
    /// The tokenizer with the tokens and the template it trains with, for runs of which the rest is not reproduced.
    tokenizer: fn(&Making<'_>) -> Option<(Arc<Kit>, TokenizerFacts)>,
}

/// Every trainer, in order of name.
static FAMILIES: &[&Family] = &[
    &axolotl::FAMILY,
    &llama_factory::FAMILY,
    &torchtune::FAMILY,
    &transformers::FAMILY,
    &trl::FAMILY,
    &unsloth::FAMILY,
];

/// The libraries a release of a trainer runs with where none is installed.
struct Companions {
    generation: Generation,
    datasets: Datasets,
}

/// What a trainer is made of.
struct Making<'m> {
    version: Version,
    kit: &'m Arc<Kit>,
    packages: &'m SitePackages,
    /// Options under the trainer's own names.
    options: Map<String, Json>,
    sets: &'m [Set],
    /// How each source is laid out, as far as its shape is known here.
    layouts: &'m [Option<Layout>],
}

/// A trainer, made.
struct Made {
    /// One for each set.
    trainers: Vec<Arc<dyn Trainer>>,
    /// Tokens a row is cut to, or dropped beyond.
    max_length: Option<usize>,
    /// The tokenizer's facts, where the trainer changes the tokenizer.
    tokenizer: Option<TokenizerFacts>,
    /// Whether conversations can be put into a format, be it without a chat template.
    has_template: bool,
    /// What was assumed where nothing was said.
    notes: Vec<String>,
}

/// A trainer for the sets of a run, and what it settles.
pub struct Ready {
    pub encoder: Loaded,
    pub name: String,
    pub max_length: Option<Setting<usize>>,
    pub tokenizer: Option<TokenizerFacts>,
    pub has_template: bool,
    pub notes: Vec<String>,
    /// What the trainer was made of, besides its name.
    pub identity: String,
    /// The same but for how long rows may be and how they are packed.
    pub of_any_length: String,
    /// The options it was made with, under its own names.
    pub options: Map<String, Json>,
}

/// Why there is no trainer.
#[derive(Debug)]
pub enum Failed {
    /// A mistake in the call.
    Usage(UsageError),
    /// The rows cannot be loaded for the trainer.
    Load {
        /// With the place of the first row to blame.
        why: String,
        /// What `datasets` raises, where that is known.
        raised: Option<Raised>,
    },
    /// What the trainer raises before the first row.
    Raises(String),
    /// What is not reproduced.
    Unsupported(String),
}

/// What the loader makes of the rows, with the first of them to blame.
fn not_loaded(error: &LoadError, gathered: &Inputs) -> Failed {
    let place = error.place();
    let input = place.and_then(|place| Some((place, gathered.inputs.get(place.source as usize)?)));
    let at = input.map_or(String::new(), |(place, input)| match place.line {
        0 => format!("{}, row {}: ", input.name, place.row),
        line => format!("{}:{line}: ", input.name),
    });
    match error {
        LoadError::Raises { .. } => Failed::Load {
            why: format!("{at}datasets would raise {error}"),
            raised: Some(Raised {
                place,
                message: error.to_string(),
            }),
        },
        LoadError::Unknown { .. } => Failed::Load {
            why: format!("{at}the rows cannot be loaded as datasets does: {error}"),
            raised: None,
        },
    }
}

/// A trainer asked for, at the version that is reproduced.
#[derive(Clone)]
pub struct Asked {
    pub family: &'static Family,
    pub version: Version,
    generation: Generation,
    datasets: Datasets,
    notes: Vec<String>,
    packages: SitePackages,
    /// What is installed and not covered, where no version was said.
    pub uncovered: Option<String>,
}

impl Asked {
    /// Reads `NAME[@VERSION]`. Without a version it is the one installed, else the newest covered.
    ///
    /// # Errors
    ///
    /// If the trainer or the version asked for is not covered.
    pub fn of(settings: &Settings, environment: &Environment) -> Result<Option<Self>, UsageError> {
        let Some(asked) = &settings.trainer else {
            return Ok(None);
        };
        // A config of a program that is read and not reproduced.
        if settings.config.is_some() && matches!(asked.origin, Origin::File(_)) && find(&asked.value).is_err() {
            return Ok(None);
        }
        let (name, version) = match asked.value.split_once('@') {
            Some((name, version)) => (name, Some(version)),
            None => (asked.value.as_str(), None),
        };
        let family = find(name)?;
        let packages = SitePackages::of(settings.site_packages.clone(), |key| environment.get(key).cloned());
        let (mut notes, mut uncovered) = (Vec::new(), None);
        let version = match version {
            Some(version) => {
                let version: Version = version.parse().map_err(UsageError)?;
                if !(family.covers)(version) {
                    return Err(UsageError(format!(
                        "{name} {version} is not covered; covered is {}",
                        (family.covered)()
                    )));
                }
                version
            }
            None => family.version(&packages, &mut notes, &mut uncovered),
        };
        let companions = (family.companions)(version);
        // The trainer that is transformers itself brings its own.
        let beside = packages
            .version("transformers")
            .filter(|_| family.distribution != "transformers");
        let installed = beside.map(|version| {
            if version.major < 5 {
                Generation::V4
            } else {
                Generation::V5
            }
        });
        let datasets = packages.version("datasets");
        let known = datasets.and_then(|version| Datasets::known(version.major, version.minor, version.patch));
        if let (Some(version), None) = (datasets, known) {
            notes.push(format!(
                "datasets {version} is installed and not covered: rows are loaded as another version would"
            ));
        }
        Ok(Some(Self {
            family,
            version,
            generation: installed.unwrap_or(companions.generation),
            datasets: known.unwrap_or(companions.datasets),
            notes,
            packages,
            uncovered,
        }))
    }

    /// The version of transformers installed beside it, if one is.
    pub fn transformers(&self) -> Option<Version> {
        self.packages.version("transformers")
    }

    /// Which transformers loads the tokenizer for this version.
    pub fn generation(&self) -> Generation {
        self.generation
    }

    /// The tokenizer as the trainer leaves it, where its rows are not reproduced; `None` where that is not known.
    pub fn tokenizer(
        &self,
        kit: &Arc<Kit>,
        settings: &Settings,
        described: &Run,
    ) -> Option<(Arc<Kit>, TokenizerFacts)> {
        (self.family.tokenizer)(&Making {
            version: self.version,
            kit,
            packages: &self.packages,
            options: self.options(settings, Some(described)).ok()?,
            sets: &[],
            layouts: &[],
        })
    }

    /// The trainer for these files, and what it settles.
    ///
    /// # Errors
    ///
    /// What the loader or the trainer raises before the first row, or an option that is not known.
    pub fn make(
        &self,
        kit: &Arc<Kit>,
        settings: &Settings,
        described: Option<&Run>,
        data: &Data,
        limits: &Limits,
    ) -> Result<Ready, Failed> {
        let sets = self.sets(settings, &data.files, limits)?;
        let options = self.options(settings, described).map_err(Failed::Usage)?;
        let name = format!("{}@{}", self.family.name, self.version);
        let making = Making {
            version: self.version,
            kit,
            packages: &self.packages,
            options: options.clone(),
            sets: &sets,
            layouts: &data.layouts(),
        };
        let made = (self.family.make)(&making).map_err(|error| match error.kind {
            EncodeErrorKind::Unsupported => Failed::Unsupported(format!("{name} cannot be checked: {}", error.message)),
            _ if error.class == UNREAD => {
                Failed::Raises(format!("{name} cannot be given its options: {}", error.message))
            }
            _ => Failed::Raises(format!("{name} would raise {}: {}", error.class, error.message)),
        })?;
        // Once it is made it is known what was read of the packages.
        let (identity, of_any_length) = self.identities(&options, &sets);
        Ok(Ready {
            name,
            max_length: self.max_length(settings, made.max_length),
            tokenizer: made.tokenizer,
            has_template: made.has_template,
            notes: self.notes.iter().cloned().chain(made.notes).collect(),
            identity,
            of_any_length,
            options,
            encoder: Loaded::new(made.trainers, sets),
        })
    }

    /// The sets as its loader has them, their columns under the names they were given.
    fn sets(&self, settings: &Settings, files: &Inputs, limits: &Limits) -> Result<Vec<Set>, Failed> {
        let mut sets = loaded::sets(files, self.datasets, limits).map_err(|error| not_loaded(&error, files))?;
        let renames = Renames::new(&settings.columns);
        for set in &mut sets {
            set.rename(&renames);
        }
        Ok(sets)
    }

    /// Its options: the config's, and over them those given.
    fn options(&self, settings: &Settings, described: Option<&Run>) -> Result<Map<String, Json>, UsageError> {
        let flags = [
            (self.family.max_length, settings.max_length.as_ref()),
            (self.family.batch_size, settings.batch_size.as_ref()),
        ];
        let set = settings.set.iter().filter(|(name, _)| !run::is_about_the_run(name));
        let set: Vec<_> = set.cloned().collect();
        let begun = described.map_or_else(Map::new, |run| run.options.clone());
        let mut options = given::options(begun, &set, &flags)?;
        if let Some(packing) = &settings.packing {
            run::pack(self.family.name, &packing.value, &mut options);
        }
        // Those of a config are judged with it.
        if described.is_none() {
            let kind = options.get("trainer_type").and_then(Json::as_str);
            for (key, _) in &settings.set {
                if let Some(message) = config::unknown_option(self.family.name, kind, self.version, key) {
                    return Err(UsageError(message));
                }
            }
        }
        Ok(options)
    }

    /// [`Ready::identity`] and [`Ready::of_any_length`].
    fn identities(&self, options: &Map<String, Json>, sets: &[Set]) -> (String, String) {
        let entries: Json = sets.iter().map(|set| Json::Object(set.entry.clone())).collect();
        // Neither rows of a batch nor the number of steps decide about a row.
        let mut own = options.clone();
        own.remove(self.family.batch_size);
        own.retain(|name, _| !run::is_about_the_run(name));
        let read = read::digest(&own, &entries, &self.packages);
        let of = |options: &Map<String, Json>| {
            let options = Json::Object(options.clone());
            format!("{options} {entries} {:?} {read}", self.datasets)
        };
        let identity = of(&own);
        for path in run::SIZES.iter().chain([&self.family.max_length]) {
            given::remove(&mut own, path);
        }
        (identity, of(&own))
    }

    /// The length rows are cut to or dropped beyond, and who said so.
    fn max_length(&self, settings: &Settings, made: Option<usize>) -> Option<Setting<usize>> {
        if let Some(given) = &settings.max_length {
            return Some(Setting {
                // LLaMA-Factory keeps a token of a packed sequence free.
                value: made.unwrap_or(given.value),
                origin: given.origin.clone(),
            });
        }
        let own = self.family.max_length;
        // A script may give it to the call that tokenises: `tokenize.call.max_length`.
        let is_own = |key: &str| key == own || key.rsplit('.').next() == Some("max_length");
        let set = settings.set.iter().find(|(key, _)| is_own(key));
        let origin = set.map_or_else(
            || Origin::TrainerDefault(format!("{} {}", self.family.name, self.version)),
            |(key, _)| Origin::Flag(format!("--set {key}")),
        );
        made.map(|value| Setting { value, origin })
    }
}

impl Family {
    /// The version installed where it is covered, else the newest, and why; and what is installed
    /// that is not covered.
    fn version(&self, packages: &SitePackages, notes: &mut Vec<String>, uncovered: &mut Option<String>) -> Version {
        let (name, newest) = (self.name, self.newest);
        match packages.version(self.distribution) {
            Some(installed) if (self.covers)(installed) => {
                notes.push(format!("{name} {installed} is installed"));
                installed
            }
            Some(installed) => {
                *uncovered = Some(format!("{name} {installed} is installed and not covered"));
                newest
            }
            None => {
                notes.push(format!("no {name} is installed: checked as {newest}"));
                newest
            }
        }
    }
}

/// The trainer of a name.
fn find(name: &str) -> Result<&'static Family, UsageError> {
    let plain = name.to_ascii_lowercase().replace(['-', '_', ' '], "");
    let is = |known: &str| known.replace('-', "") == plain;
    FAMILIES
        .iter()
        .copied()
        .find(|family| is(family.name) || family.also.iter().any(|name| is(name)))
        .ok_or_else(|| {
            let names = || FAMILIES.iter().map(|family| family.name);
            let meant = nearest(name, names()).map_or(String::new(), |meant| format!(", did you mean `{meant}`?"));
            let known = names().collect::<Vec<_>>().join(", ");
            UsageError(format!("trainer `{name}` is not covered{meant}; covered are {known}"))
        })
}

/// The class of what is said of options here, in no trainer's words.
const UNREAD: &str = "unread options";

/// What serde says of options, as the user's mistake.
fn unreadable(error: &serde_json::Error) -> EncodeError {
    EncodeError {
        class: UNREAD.to_owned(),
        message: error.to_string(),
        kind: EncodeErrorKind::Trainer,
    }
}

/// What is not made here, in words.
fn not_reproduced(message: String) -> EncodeError {
    EncodeError {
        class: String::new(),
        message,
        kind: EncodeErrorKind::Unsupported,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trainers_are_found_under_the_names_people_write() {
        for (written, name) in [
            ("trl", "trl"),
            ("LLaMA-Factory", "llama-factory"),
            ("llamafactory", "llama-factory"),
            ("llama_factory", "llama-factory"),
            ("Axolotl", "axolotl"),
            ("tune", "torchtune"),
            ("hf", "transformers"),
        ] {
            assert_eq!(find(written).map(|family| family.name), Ok(name), "{written}");
        }
        let error = find("axolotol").err().expect("there is none");
        assert!(error.0.contains("did you mean `axolotl`"), "{error}");
    }

    #[test]
    fn a_family_covers_the_version_it_takes_by_itself() {
        for family in FAMILIES {
            assert!((family.covers)(family.newest), "{}", family.name);
            assert!(
                (family.covered)().contains(&family.newest.to_string()),
                "{}",
                family.name
            );
        }
        assert!(FAMILIES.is_sorted_by_key(|family| family.name));
    }
}
