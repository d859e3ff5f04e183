//! `SFTConfig`, as far as it decides what is fed.

use std::sync::Arc;

use serde::Deserialize;

use crate::encode::kit::Kit;
use crate::model::encoded::{EncodeError, EncodeErrorKind};

/// Options under their own names. `None` takes the version's default.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default)]
pub struct Options {
    /// Column of a language-modelling text.
    pub dataset_text_field: String,
    /// Tokens a row is cut to; `null` for no cut.
    pub max_length: Option<usize>,
    /// Its name up to 0.15, and another up to 0.19, where `null` says nothing.
    #[serde(deserialize_with = "given")]
    pub max_seq_length: Option<Option<usize>>,
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
    /// Sequences a buffer of `ConstantLengthDataset` is to hold; up to 0.14, and without effect to 0.17.
    pub num_of_sequences: Option<u32>,
    pub chars_per_token: Option<f64>,
    pub dataset_kwargs: Option<DatasetKwargs>,
}

/// What is said about preparing the set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct DatasetKwargs {
    pub skip_prepare_dataset: bool,
    /// Up to 0.14.
    pub add_special_tokens: Option<bool>,
    /// Up to 0.14, where rows are packed.
    pub append_concat_token: Option<bool>,
}

/// A value that may be given as null.
fn given<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Option<usize>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

impl Options {
    /// Whether the option of this name is something else than where nothing is said.
    pub(super) fn gives(&self, name: &str) -> bool {
        let plain = Self::default();
        match name {
            "max_length" => self.max_length != plain.max_length,
            "max_seq_length" => self.max_seq_length.is_some(),
            "num_of_sequences" => self.num_of_sequences.is_some(),
            "chars_per_token" => self.chars_per_token.is_some(),
            "padding_free" => self.padding_free,
            "pad_token" => self.pad_token.is_some(),
            "eos_token" => self.eos_token.is_some(),
            "completion_only_loss" => self.completion_only_loss.is_some(),
            "pad_to_multiple_of" => self.pad_to_multiple_of.is_some(),
            "assistant_only_loss" => self.assistant_only_loss,
            "packing_strategy" => self.packing_strategy.is_some(),
            "truncation_mode" => self.truncation_mode != plain.truncation_mode,
            _ => false,
        }
    }
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
            max_seq_length: None,
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
            num_of_sequences: None,
            chars_per_token: None,
            dataset_kwargs: None,
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

/// The tokenizer with this EOS.
pub(super) fn renamed(kit: Arc<Kit>, eos: &str) -> Result<Arc<Kit>, EncodeError> {
    if kit.text_of("eos_token").as_deref() == Some(eos) {
        return Ok(kit);
    }
    let made = kit.with_named("eos_token", eos);
    made.map(Arc::new).map_err(|error| raises("OSError", error.to_string()))
}

/// Something that is not reproduced, by its name.
pub(super) fn unsupported(what: impl Into<String>) -> EncodeError {
    EncodeError {
        class: "Unsupported".to_owned(),
        message: what.into(),
        kind: EncodeErrorKind::Unsupported,
    }
}
