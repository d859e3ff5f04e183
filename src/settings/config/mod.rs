//! The training config a run already has, read as its own program reads it.
//!
//! A file is [opened](Config::open) and [recognised](mod@recognise) by what it holds; at a version of its program
//! it [comes to](Config::at) a [`Run`]: data, model, lengths, batches and schedule, each with the line it stands
//! on or said to be that program's default. Keys and defaults of every version are tables ([`schema`]).

mod axolotl;
mod coerce;
mod conflicts;
mod interpolate;
pub mod json;
mod llama_factory;
mod reader;
pub mod recognise;
pub mod run;
pub mod scalar;
pub mod schema;
mod torchtune;
mod transformers;
pub mod tree;
mod trl;
pub mod yaml;

use std::path::{Path, PathBuf};

use crate::model::config::{Fault, FaultKind};
use crate::model::example::Shape;
use crate::model::version::Version;

use super::UsageError;
use coerce::Coercion;
use reader::Reader;
pub use recognise::{Method, Program, Recognised, recognise};
pub use run::{Data, Run, Source, Versions};
use scalar::Dialect;
use yaml::{Document, Wrong};

/// A file larger than this is no config.
const LARGEST: u64 = 4 << 20;

/// A file that describes a training run.
#[derive(Clone, Debug)]
pub struct Config {
    pub path: PathBuf,
    pub program: Program,
    document: Document,
    dialect: Option<Dialect>,
}

/// What is wrong with an option a trainer is given by its own name, where it has none of that name.
///
/// TRL has a trainer for each `kind` of training, and where that is not said any of them may have the option.
pub fn unknown_option(trainer: &str, kind: Option<&str>, version: Version, key: &str) -> Option<String> {
    // Options that stand for code of the user's own, or are described elsewhere by the trainer.
    const OTHERS: &[&str] = &[
        "trainer_type",
        "completion_only_lm",
        "formatting_field",
        "formatting",
        "ranking",
        "columns",
        "tags",
        "num_samples",
        "max_seq_length",
    ];
    let top = key.split('.').next().unwrap_or_default();
    let versions = Versions {
        program: version,
        transformers: Version::new(if version.major == 0 && trainer == "trl" { 4 } else { 5 }, 6, 0),
    };
    let schema = match trainer {
        "axolotl" => axolotl::schema(versions),
        "llama-factory" => llama_factory::schema(versions),
        "torchtune" => torchtune::schema(versions),
        "trl" => {
            let methods = [Method::Dpo, Method::Kto, Method::Reward];
            match methods.iter().find(|method| Some(method.name()) == kind) {
                Some(method) => trl::schema(*method, versions),
                None if kind.is_some() => trl::schema(Method::Sft, versions),
                None => methods
                    .iter()
                    .fold(trl::schema(Method::Sft, versions), |schema, method| {
                        schema.with("trl", &[method.name()], version)
                    }),
            }
        }
        _ => return None,
    };
    if OTHERS.contains(&top) || schema.field(top).is_some() || schema.gone(top).is_some() {
        return None;
    }
    let meant = crate::rule::nearest(top, schema.keys());
    let meant = meant.map_or(String::new(), |meant| format!(", did you mean `{meant}`?"));
    Some(format!("--set {key}: {trainer} {version} has no option `{top}`{meant}"))
}

/// What was found in a file that may be a config.
#[derive(Debug)]
pub enum Opened {
    Config(Box<Config>),
    /// Some other file, in words.
    Other(&'static str),
    /// Data, as far as can be told.
    Data,
}

impl Config {
    /// Looks at a file by its name and what it holds. Interpolations are resolved with `environment`.
    ///
    /// # Errors
    ///
    /// If it is YAML by its name and cannot be read as that.
    pub fn open(path: &Path, environment: &dyn Fn(&str) -> Option<String>) -> Result<Opened, UsageError> {
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        let is_yaml = matches!(ending, "yaml" | "yml");
        let size = std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file);
        let small = size.is_some_and(|size| size.len() <= LARGEST);
        if !(is_yaml || ending == "json") || !small {
            return Ok(Opened::Data);
        }
        let text = match std::fs::read(path).map(String::from_utf8) {
            Ok(Ok(text)) => text,
            Ok(Err(_)) if is_yaml => return Err(UsageError(format!("{} is not UTF-8", path.display()))),
            Err(error) if is_yaml => return Err(UsageError(format!("cannot read {}: {error}", path.display()))),
            _ => return Ok(Opened::Data),
        };
        Self::read(path, &text, is_yaml, environment)
    }

    /// # Errors
    ///
    /// As [`Config::open`].
    pub fn read(
        path: &Path,
        text: &str,
        is_yaml: bool,
        environment: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Opened, UsageError> {
        let wrong = |wrong: Wrong| {
            let (line, column) = (wrong.at.line, wrong.at.column);
            UsageError(format!("{}:{line}:{column}: {}", path.display(), wrong.message))
        };
        if !is_yaml {
            // JSON that starts with a list, or cannot be read as one value, is data or nothing of ours.
            let Some(document) = text
                .trim_start()
                .starts_with('{')
                .then(|| json::read(text).ok())
                .flatten()
            else {
                return Ok(Opened::Data);
            };
            return Ok(match recognise(&document.root, &path.display().to_string()) {
                Recognised::Training(program) => Opened::Config(Box::new(Self {
                    path: path.to_owned(),
                    program,
                    document,
                    dialect: None,
                })),
                Recognised::Other(what) => Opened::Other(what),
                Recognised::Unknown => Opened::Data,
            });
        }
        let first = yaml::read(text, Dialect::PyYaml).map_err(wrong)?;
        let program = match recognise(&first.root, &path.display().to_string()) {
            Recognised::Training(program) => program,
            Recognised::Other(what) => return Ok(Opened::Other(what)),
            Recognised::Unknown => return Ok(Opened::Other("YAML of no program known here")),
        };
        let (document, dialect) = match program {
            Program::LlamaFactory | Program::Torchtune => {
                let mut document = yaml::read(text, Dialect::OmegaConf).map_err(wrong)?;
                interpolate::interpolate(&mut document.root, environment);
                (document, Dialect::OmegaConf)
            }
            _ => (first, Dialect::PyYaml),
        };
        Ok(Opened::Config(Box::new(Self {
            path: path.to_owned(),
            program,
            document,
            dialect: Some(dialect),
        })))
    }

    /// Takes it for a config of the one of TRL's trainers that rows of this shape are for, where it may be of several.
    /// Says whether that is another than before.
    pub fn follow(&mut self, shape: Shape) -> bool {
        let Program::Trl(taken) = self.program else {
            return false;
        };
        let name = self.path.display().to_string();
        let Some(method) = recognise::by_rows(&self.document.root, &name, taken, shape) else {
            return false;
        };
        self.program = Program::Trl(method);
        true
    }

    /// What the config comes to at these versions, with `--set` on top of it.
    pub fn at(&self, versions: Versions, set: &[(String, String)]) -> Run {
        // It names the program, and is none of its options.
        let is_trl = matches!(self.program, Program::Trl(_));
        let set: Vec<_> = set
            .iter()
            .filter(|(key, _)| !is_trl || key != "trainer_type")
            .cloned()
            .collect();
        let path = self.path.display().to_string();
        let label = match self.program {
            Program::Transformers => format!("transformers {}", versions.transformers),
            program => format!("{} {}", program.name(), versions.program),
        };
        let reader = Reader {
            path: &path,
            root: &self.document.root,
            schema: match self.program {
                Program::Axolotl => axolotl::schema(versions),
                Program::LlamaFactory => llama_factory::schema(versions),
                Program::Trl(method) => trl::schema(method, versions),
                Program::Transformers => trl::arguments(versions),
                Program::Torchtune => torchtune::schema(versions),
            },
            coercion: match self.program {
                Program::Axolotl => Coercion::Pydantic,
                Program::Trl(_) => Coercion::Argparse,
                Program::LlamaFactory | Program::Transformers => Coercion::AsIs,
                Program::Torchtune => Coercion::Untyped,
            },
            dialect: self.dialect,
            label,
            set: &set,
            faults: self
                .document
                .repeated
                .iter()
                .map(|repeated| Fault {
                    kind: FaultKind::RepeatedKey,
                    key: repeated.key.clone(),
                    at: format!("{path}:{}", repeated.again.line),
                    message: format!(
                        "`{}` stands on line {} already, and the last one wins",
                        repeated.key, repeated.first.line
                    ),
                })
                .collect(),
        };
        let beside = self.path.parent().unwrap_or(Path::new(""));
        match self.program {
            Program::Axolotl => axolotl::read(reader, versions),
            Program::LlamaFactory => llama_factory::read(reader, versions, beside),
            Program::Trl(_) | Program::Transformers => trl::read(reader, self.program, versions),
            Program::Torchtune => torchtune::read(reader, versions),
        }
    }
}
