//! The keys of an axolotl config that decide what the model is fed, under their own names.
//!
//! Source: axolotl 0.19.0, `utils/schemas/config.py`, `utils/schemas/datasets.py`. A key that is
//! null counts as not given, as in axolotl. Keys about the model, the optimizer or the output are
//! not here: whoever reads a config file keeps [`KEYS`] of it.

use serde::Deserialize;
use serde_json::{Map, Value};

/// The keys [`Options`] reads.
pub const KEYS: &[&str] = &[
    "added_tokens_overrides",
    "attn_implementation",
    "base_model",
    "batch_flattening",
    "chat_template",
    "chat_template_jinja",
    "chat_template_kwargs",
    "datasets",
    "default_system_message",
    "eager_attention",
    "eot_tokens",
    "eval_sample_packing",
    "eval_sequence_len",
    "excess_length_strategy",
    "flash_attention",
    "flex_attention",
    "is_mistral_derived_model",
    "micro_batch_size",
    "min_sample_len",
    "model_config_type",
    "multipack_real_batches",
    "pad_to_multiple_of",
    "pad_to_sequence_len",
    "plugins",
    "pretraining_dataset",
    "process_reward_model",
    "processor_type",
    "reward_model",
    "rl",
    "sage_attention",
    "sample_packing",
    "sample_packing_bin_size",
    "sample_packing_group_size",
    "sample_packing_sequentially",
    "sdp_attention",
    "sequence_len",
    "skip_prepare_dataset",
    "special_tokens",
    "streaming",
    "test_datasets",
    "tokenizer_config",
    "tokenizer_type",
    "tokenizer_use_fast",
    "tokenizer_use_mistral_common",
    "tokens",
    "train_on_inputs",
    "type_of_model",
    "use_pose",
    "xformers_attention",
];

/// The top level of a config.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Options {
    /// Tokens; 512 where not given.
    pub sequence_len: Option<usize>,
    /// Tokens, for `test_datasets`.
    pub eval_sequence_len: Option<usize>,
    pub excess_length_strategy: Option<Excess>,
    /// Tokens; 2 where not given.
    pub min_sample_len: Option<usize>,
    pub train_on_inputs: Option<bool>,
    /// Rows per device and step; 1 where not given.
    pub micro_batch_size: Option<usize>,

    pub sample_packing: Option<bool>,
    pub eval_sample_packing: Option<bool>,
    /// Rows in a bin; 200 where not given.
    pub sample_packing_bin_size: Option<usize>,
    /// Rows packed together; 100,000 where not given.
    pub sample_packing_group_size: Option<usize>,
    pub sample_packing_sequentially: Option<bool>,
    pub multipack_real_batches: Option<bool>,
    pub pad_to_sequence_len: Option<bool>,
    pub pad_to_multiple_of: Option<usize>,

    pub chat_template: Option<String>,
    pub chat_template_jinja: Option<String>,
    pub chat_template_kwargs: Option<Map<String, Value>>,
    pub default_system_message: Option<String>,
    pub eot_tokens: Option<Vec<String>>,

    pub datasets: Option<Vec<Dataset>>,
    pub test_datasets: Option<Vec<Dataset>>,

    pub base_model: Option<String>,
    pub tokenizer_config: Option<String>,
    /// `model_type` of the model's `config.json`.
    pub model_config_type: Option<String>,
    pub type_of_model: Option<String>,
    pub is_mistral_derived_model: Option<bool>,
    pub special_tokens: Option<Map<String, Value>>,
    pub tokens: Option<Vec<String>>,

    pub attn_implementation: Option<String>,
    pub xformers_attention: Option<bool>,
    pub sage_attention: Option<bool>,
    pub flex_attention: Option<bool>,
    pub flash_attention: Option<bool>,
    pub sdp_attention: Option<bool>,
    pub eager_attention: Option<bool>,

    // Refused by name where set: what they do to the data is not reproduced.
    pub added_tokens_overrides: Option<Value>,
    pub batch_flattening: Option<Value>,
    pub plugins: Option<Value>,
    pub pretraining_dataset: Option<Value>,
    pub process_reward_model: Option<Value>,
    pub processor_type: Option<Value>,
    pub reward_model: Option<Value>,
    pub rl: Option<Value>,
    pub skip_prepare_dataset: Option<Value>,
    pub streaming: Option<Value>,
    pub tokenizer_type: Option<Value>,
    pub tokenizer_use_fast: Option<bool>,
    pub tokenizer_use_mistral_common: Option<Value>,
    pub use_pose: Option<Value>,
}

/// What becomes of rows beyond `sequence_len`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Excess {
    #[default]
    Drop,
    Truncate,
    Raise,
}

/// One entry of `datasets`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Dataset {
    /// The name of a prompt strategy, or a format of one's own.
    pub r#type: Option<Type>,
    pub conversation: Option<String>,
    pub field: Option<String>,

    pub chat_template: Option<String>,
    pub chat_template_jinja: Option<String>,
    pub field_messages: Option<String>,
    /// Has no effect in 0.19: the strategy is never told and reads `tools`.
    pub field_tools: Option<String>,
    pub field_thinking: Option<String>,
    pub template_thinking_key: Option<String>,
    pub message_field_role: Option<String>,
    pub message_field_content: Option<String>,
    pub message_property_mappings: Option<Map<String, Value>>,
    pub message_field_training: Option<String>,
    pub message_field_training_detail: Option<String>,
    pub split_thinking: Option<bool>,
    pub roles_to_train: Option<Vec<String>>,
    pub train_on_eos: Option<Which>,
    pub train_on_eot: Option<Which>,
    pub roles: Option<Map<String, Value>>,
    pub drop_system_message: Option<bool>,

    // Which rows are read, and from where: the loader's business.
    pub path: Option<Value>,
    pub split: Option<Value>,
    pub data_files: Option<Value>,
    pub name: Option<Value>,
    pub ds_type: Option<Value>,
    pub revision: Option<Value>,
    pub trust_remote_code: Option<Value>,
    pub shards: Option<Value>,
    pub shards_idx: Option<Value>,
    pub preprocess_shards: Option<Value>,

    // In the schema, and read by no strategy reproduced here.
    pub input_transform: Option<Value>,
    pub input_format: Option<Value>,
    pub field_human: Option<Value>,
    pub field_model: Option<Value>,
    pub logprobs_field: Option<Value>,
    pub temperature: Option<Value>,
}

/// Which ends of turns are trained.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Which {
    All,
    /// Those of trained turns.
    Turn,
    /// That of the last turn that has one.
    Last,
    None,
}

impl Which {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Turn => "turn",
            Self::Last => "last",
            Self::None => "none",
        }
    }
}

/// The `type` of a dataset.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Type {
    Name(String),
    Format(UserDefined),
}

/// A prompt format of one's own (`UserDefinedPrompterType`).
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct UserDefined {
    pub system_prompt: Option<String>,
    pub system_format: Option<String>,
    pub field_system: Option<String>,
    pub field_instruction: Option<String>,
    pub field_input: Option<String>,
    pub field_output: Option<String>,
    pub format: Option<String>,
    pub no_input_format: Option<String>,
}

impl Options {
    /// Tokens.
    pub fn sequence_len(&self) -> usize {
        self.sequence_len.unwrap_or(512)
    }

    pub(super) fn train_on_inputs(&self) -> bool {
        self.train_on_inputs.unwrap_or(false)
    }

    /// Rows per device and step.
    pub(super) fn micro_batch_size(&self) -> usize {
        self.micro_batch_size.unwrap_or(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_keys_is_that_of_the_fields() {
        for key in KEYS {
            let given = format!("{{{key:?}: null}}");
            serde_json::from_str::<Options>(&given).unwrap_or_else(|error| panic!("{key}: {error}"));
        }
        let unknown = serde_json::from_str::<Options>(r#"{"learning_rate": 1}"#).expect_err("no key of ours");
        let listed = unknown.to_string().matches('`').count() / 2 - 1;
        assert_eq!(listed, KEYS.len(), "{unknown}");
        assert!(KEYS.is_sorted());
    }

    #[test]
    fn a_type_is_a_name_or_a_format() {
        let dataset: Dataset = serde_json::from_str(r#"{"type": {"field_output": "a"}}"#).expect("a dataset");
        assert!(matches!(dataset.r#type, Some(Type::Format(format)) if format.field_output.as_deref() == Some("a")));
        serde_json::from_str::<Dataset>(r#"{"type": {"field_outptu": "a"}}"#).expect_err("a typing mistake");
    }
}
