//! `SFTConfig`, as far as it decides what is fed.

use serde::Deserialize;

use crate::model::encoded::{EncodeError, EncodeErrorKind};

/// Options under their own names. `None` takes the version's default.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default)]
pub struct Options {
    /// Column of a language-modelling text.
    pub dataset_text_field: String,
    /// Tokens a row is cut to; `null` for no cut.
    pub max_length: Option<usize>,
    pub truncation_mode: Truncation,
    pub packing: bool,
    pub packing_strategy: Option<String>,
    pub padding_free: bool,
    pub pad_to_multiple_of: Option<usize>,
    pub completion_only_loss: Option<bool>,
    pub assistant_only_loss: bool,
    pub eos_token: Option<String>,
    pub pad_token: Option<String>,
    pub shuffle_dataset: bool,
    pub use_liger_kernel: bool,
    /// Rows per batch, which padding and warnings depend on.
    pub per_device_train_batch_size: usize,
    /// Stands in for a `formatting_func` that returns one column as it is.
    pub formatting_field: Option<String>,
    /// `DataCollatorForCompletionOnlyLM`, up to 0.19.
    pub completion_only_lm: Option<Markers>,
}

/// Which end of a long row is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Truncation {
    #[default]
    KeepStart,
    KeepEnd,
}

/// What `DataCollatorForCompletionOnlyLM` searches for.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Markers {
    pub response_template: Marker,
    #[serde(default)]
    pub instruction_template: Option<Marker>,
}

/// A marker as text, which is encoded alone, or as ids.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Marker {
    Text(String),
    Ids(Vec<u32>),
}

impl Default for Options {
    fn default() -> Self {
        Self {
            dataset_text_field: "text".to_owned(),
            max_length: Some(1024),
            truncation_mode: Truncation::KeepStart,
            packing: false,
            packing_strategy: None,
            padding_free: false,
            pad_to_multiple_of: None,
            completion_only_loss: None,
            assistant_only_loss: false,
            eos_token: None,
            pad_token: None,
            shuffle_dataset: false,
            use_liger_kernel: false,
            per_device_train_batch_size: 8,
            formatting_field: None,
            completion_only_lm: None,
        }
    }
}

/// An error the trainer raises, by its class.
pub(super) fn raises(class: &str, message: impl Into<String>) -> EncodeError {
    EncodeError {
        class: class.to_owned(),
        message: message.into(),
        kind: EncodeErrorKind::Trainer,
    }
}

/// Something that is not reproduced, by its name.
pub(super) fn unsupported(what: impl Into<String>) -> EncodeError {
    EncodeError {
        class: "Unsupported".to_owned(),
        message: what.into(),
        kind: EncodeErrorKind::Unsupported,
    }
}
