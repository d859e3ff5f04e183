//! The keys of a torchtune config that decide what the model is fed, under their own names.
//!
//! Source: torchtune 0.6.1, the builders in `datasets/` and `models/*/_model_builders.py`.

use serde::Deserialize;
use serde_json::{Map, Value};

/// A config's `tokenizer` and `dataset`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Options {
    pub tokenizer: Tokenizer,
    pub dataset: Dataset,
}

/// The arguments of a tokenizer's builder.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Tokenizer {
    /// `torchtune.models.qwen2_5.qwen2_5_tokenizer`.
    #[serde(rename = "_component_")]
    pub component: String,
    /// Vocabulary, merges or model: read from the model's `tokenizer.json` instead.
    pub path: Option<Value>,
    pub merges_file: Option<Value>,
    pub vocab_path: Option<Value>,
    pub merges_path: Option<Value>,
    /// A `tokenizer.json` whose added tokens are the special ones.
    pub special_tokens_path: Option<String>,
    /// Tokens.
    pub max_seq_len: Option<usize>,
    /// The path of a class, or tags by role; `Some(Null)` is none.
    #[serde(deserialize_with = "given")]
    pub prompt_template: Option<Value>,
}

/// A key that was given, be it null.
fn given<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

/// The arguments of a dataset's builder.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Dataset {
    /// `torchtune.datasets.alpaca_cleaned_dataset`.
    #[serde(rename = "_component_")]
    pub component: String,
    pub train_on_input: Option<bool>,
    pub column_map: Option<Map<String, Value>>,
    pub new_system_prompt: Option<String>,
    pub conversation_column: Option<String>,
    pub conversation_style: Option<String>,
    pub packed: Option<bool>,
    /// Refused by name where set.
    pub image_dir: Option<Value>,
    pub filter_fn: Option<Value>,

    // Which rows are read, and from where: the loader's business.
    pub source: Option<Value>,
    pub split: Option<Value>,
    pub data_files: Option<Value>,
    pub data_dir: Option<Value>,
    pub name: Option<Value>,
    pub subset: Option<Value>,
    pub revision: Option<Value>,
}
