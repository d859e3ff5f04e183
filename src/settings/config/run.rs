//! What a config comes to: the run it describes, each value with its origin.

use serde_json::{Map, Value as Json};

use crate::model::config::ConfigFacts;
use crate::model::setup::{Origin, Regime, Setting};
use crate::model::version::Version;

/// Which versions read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Versions {
    pub program: Version,
    /// Of transformers, which trains for most of them.
    pub transformers: Version,
}

/// A set of rows the config names.
#[derive(Clone, Debug, PartialEq)]
pub struct Data {
    /// As the config names it.
    pub name: String,
    pub origin: Origin,
    pub source: Source,
    /// `train`, `train[:10%]`.
    pub split: Option<String>,
    /// What the config says of its columns, under the program's own keys.
    pub entry: Map<String, Json>,
}

/// Where the rows are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Files, folders or globs, as the program would look for them from its working folder.
    Local(Vec<String>),
    /// A path of this machine if there is one, else a set on the hub.
    LocalOrHub {
        name: String,
        config: Option<String>,
        files: Vec<String>,
    },
    /// Somewhere this program does not look, and why.
    Elsewhere(String),
}

/// A run as a config describes it. `None` is what neither the config nor a default of the program says.
#[derive(Clone, Debug)]
pub struct Run {
    /// A folder or an id.
    pub model: Option<Setting<String>>,
    /// The chat template that stands in for the model's, as a file or a text.
    pub template: Option<Setting<String>>,
    pub train: Vec<Data>,
    pub eval: Vec<Data>,
    pub max_length: Option<Setting<usize>>,
    pub packing: Option<Setting<String>>,
    pub batch_size: Option<Setting<usize>>,
    pub grad_accum: Option<Setting<usize>>,
    pub world_size: Option<Setting<usize>>,
    pub epochs: Option<Setting<f64>>,
    pub max_steps: Option<Setting<u64>>,
    pub regime: Regime,
    /// The trainer's own options, as the config and `--set` have them.
    pub options: Map<String, Json>,
    /// Why the trainer cannot be reproduced for this config, where that is known from it alone.
    pub beyond: Option<String>,
    pub facts: ConfigFacts,
}
