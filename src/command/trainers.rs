//! `--trainer`: the trainer whose tokens and mask are reproduced, made for the set at hand.

use std::path::PathBuf;
use std::sync::Arc;

use crate::encode::kit::Kit;
use crate::encode::tokenizer::Generation;
use crate::loader::{Datasets, Extent, Loader, Look, Schema};
use crate::model::encoded::{EncodeError, EncodeErrorKind};
use crate::model::example::Example;
use crate::model::record::Record;
use crate::model::setup::{Origin, Setting};
use crate::model::value::Value;
use crate::settings::resolve::Environment;
use crate::settings::{Settings, UsageError};
use crate::source::{Format, Input, Limits, Part, open};
use crate::trainer::trl::options::Options;
use crate::trainer::trl::{First, Sft, versions};
use crate::trainer::version::Version;
use crate::trainer::{Encode, Pool, SitePackages, Trainer};

/// A trainer asked for, at the version that is reproduced.
#[derive(Clone, Debug)]
pub struct Asked {
    pub version: Version,
    /// Why this version, where it was not said.
    pub note: Option<String>,
    packages: SitePackages,
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
        let (name, version) = match asked.value.split_once('@') {
            Some((name, version)) => (name, Some(version)),
            None => (asked.value.as_str(), None),
        };
        if name != "trl" {
            return Err(UsageError(format!("trainer `{name}` is not covered; covered is trl")));
        }
        let given: Option<PathBuf> = settings.site_packages.clone();
        let packages = SitePackages::of(given, |key| environment.get(key).cloned());
        let known = |version| versions::features(version).is_some();
        if let Some(version) = version {
            let version: Version = version.parse().map_err(UsageError)?;
            if !known(version) {
                return Err(UsageError(format!(
                    "trl {version} is not covered; covered are {}",
                    versions::covered()
                )));
            }
            return Ok(Some(Self {
                version,
                note: None,
                packages,
            }));
        }
        let (version, note) = match packages.version("trl") {
            Some(installed) if known(installed) => (installed, format!("trl {installed} is installed")),
            Some(installed) => {
                let newest = versions::NEWEST;
                (
                    newest,
                    format!("trl {installed} is installed and not covered: checked as {newest}"),
                )
            }
            None => (
                versions::NEWEST,
                format!("no trl is installed: checked as {}", versions::NEWEST),
            ),
        };
        Ok(Some(Self {
            version,
            note: Some(note),
            packages,
        }))
    }

    /// Which transformers loads the tokenizer for this version.
    pub fn generation(&self) -> Generation {
        if self.version.major == 0 {
            Generation::V4
        } else {
            Generation::V5
        }
    }

    /// The trainer for these files, and the max_length in force.
    ///
    /// # Errors
    ///
    /// What the loader or the trainer raises before the first row, or an option that is not known.
    pub fn make(
        &self,
        kit: &Arc<Kit>,
        settings: &Settings,
        inputs: &[Input],
        limits: &Limits,
    ) -> Result<(Loaded, Option<Setting<usize>>), UsageError> {
        let options = options(settings)?;
        let max_length = match (&settings.max_length, options.max_length) {
            (Some(given), _) => Some(given.clone()),
            (None, Some(value)) => {
                let set = settings.set.iter().any(|(key, _)| key == "max_length");
                let origin = if set {
                    Origin::Flag("--set max_length".to_owned())
                } else {
                    Origin::TrainerDefault(format!("trl {}", self.version))
                };
                Some(Setting { value, origin })
            }
            (None, None) => None,
        };
        let datasets = if self.version.major == 0 {
            Datasets::V3_6_0
        } else {
            Datasets::V5_2_0
        };
        let (look, first) = look(inputs, limits);
        let columnar = inputs
            .iter()
            .any(|input| !matches!(input.format, Format::JsonLines | Format::JsonArray));
        let loader = if columnar { Loader::AsIs } else { Loader::Json(datasets) };
        let schema = Schema::of(&look, loader).map_err(|error| UsageError(format!("datasets would raise {error}")))?;
        let first = First {
            columns: schema.columns().iter().map(|(name, _)| name.to_string()).collect(),
            row: first,
            datetimes: schema.datetimes().to_vec(),
        };
        let sft = Sft::new(Arc::clone(kit), self.version, options, &first, &self.packages).map_err(|error| {
            UsageError(match error.kind {
                EncodeErrorKind::Unsupported => format!("trl {} cannot be checked: {}", self.version, error.message),
                _ => format!("trl {} would raise {}: {}", self.version, error.class, error.message),
            })
        })?;
        Ok((Loaded { sft, schema }, max_length))
    }
}

/// `SFTConfig` from `--set`, and the flags that mean the same.
fn options(settings: &Settings) -> Result<Options, UsageError> {
    let mut given = serde_json::Map::new();
    for (key, value) in &settings.set {
        let value = serde_json::from_str(value).unwrap_or_else(|_| serde_json::Value::from(value.as_str()));
        given.insert(key.clone(), value);
    }
    if let Some(max_length) = &settings.max_length {
        given.insert("max_length".to_owned(), max_length.value.into());
    }
    serde_json::from_value(given.into()).map_err(|error| UsageError(format!("--set: {error}")))
}

/// The loader's first look at every row, and the first row of all.
fn look(inputs: &[Input], limits: &Limits) -> (Look, Value<'static>) {
    let (mut look, mut first) = (Look::default(), None);
    for (source, input) in (0u32..).zip(inputs) {
        let extent = if input.format == Format::JsonLines {
            Extent::JSON_LINES
        } else {
            Extent::Whole
        };
        let mut reader = open(input, source, Part::Whole, limits);
        while let Some(batch) = reader.next() {
            batch.rows(&mut |read| {
                let Ok(record) = read else { return };
                look.add(&record, extent);
                if first.is_none() {
                    first = Some(record.value.into_owned());
                }
            });
        }
    }
    (look, first.unwrap_or(Value::Null))
}

/// A trainer that is given each row as `datasets` would give it.
pub struct Loaded {
    sft: Sft,
    schema: Schema,
}

impl Loaded {
    pub fn name(&self) -> String {
        self.sft.name()
    }
}

impl Encode for Loaded {
    fn encode(&self, record: &Record<'_>, example: &Example<'_>, out: &mut Pool) -> Result<(), EncodeError> {
        if self.schema.is_identity() {
            return self.sft.encode(record, example, out);
        }
        let value = self.schema.apply(&record.place, &record.value).into_owned();
        let loaded = Record {
            place: record.place,
            value,
            bytes: record.bytes,
            quirks: record.quirks,
        };
        self.sft.encode(&loaded, example, out)
    }
}
