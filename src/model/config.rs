//! What a training config comes to, for rules and reports.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::setup::Origin;
use super::version::Version;

/// A config as its program reads it, at one version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ConfigFacts {
    /// As it was named on the command line.
    pub path: String,
    /// `axolotl`, `llama-factory`, `trl`, `transformers`, `torchtune`.
    pub program: String,
    pub version: Version,
    /// What is run: `sft`, `dpo`, `pt`; empty where it cannot be told.
    pub method: String,
    /// Every key that was given, in order, then the defaults of those that were not and matter.
    pub values: Vec<ConfigValue>,
    pub faults: Vec<Fault>,
}

/// A key, its value in force, and who said so.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ConfigValue {
    /// `sequence_len`, `datasets.0.path`.
    pub key: String,
    pub value: Value,
    pub origin: Origin,
}

/// Something wrong with the config itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    pub kind: FaultKind,
    pub key: String,
    /// `axolotl.yaml:33`.
    pub at: String,
    /// Without the place; lower case, no full stop.
    pub message: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FaultKind {
    /// A key the program has at no version.
    UnknownKey,
    /// A key of other versions.
    RemovedKey,
    /// A key that still works, or is passed over, and has a successor.
    DeprecatedKey,
    /// A key that stands twice.
    RepeatedKey,
    /// A value the file's language made something else of.
    Retyped,
    /// A value the program refuses.
    WrongType,
    /// Settings of which one makes the other void.
    Contradiction,
    /// What the program's own validators refuse.
    Invalid,
    /// Something the program raises before the first row.
    Refused,
    /// Data that is named and not there.
    MissingData,
    /// Wanted and unwanted answers read from each other's column.
    SwappedSides,
    /// Questions and answers read from columns of each other's names.
    SwappedColumns,
    /// A tokenizer that is not the model's.
    ForeignTokenizer,
}

impl ConfigFacts {
    pub fn get(&self, key: &str) -> Option<&ConfigValue> {
        self.values.iter().find(|value| value.key == key)
    }

    /// The value of a key, if it was given and is neither null nor false.
    pub fn on(&self, key: &str) -> Option<&ConfigValue> {
        let is_on = |value: &Value| !matches!(value, Value::Null | Value::Bool(false));
        self.get(key).filter(|found| is_on(&found.value))
    }

    /// The value of a key somebody wrote down.
    pub fn written(&self, key: &str) -> Option<&ConfigValue> {
        self.get(key)
            .filter(|found| !matches!(found.origin, Origin::TrainerDefault(_) | Origin::Default))
    }

    pub fn faults(&self, kind: FaultKind) -> impl Iterator<Item = &Fault> {
        self.faults.iter().filter(move |fault| fault.kind == kind)
    }
}
