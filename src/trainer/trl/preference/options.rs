//! `DPOConfig`, `KTOConfig` and `RewardConfig`, as far as they decide what is fed.

use serde::{Deserialize, Deserializer};

use crate::model::encoded::EncodeError;
use crate::trainer::trl::options::{Truncation, raises};

use super::versions::KtoFeatures;

/// `DPOConfig`. `None` takes the version's default.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct DpoOptions {
    /// Tokens a prompt with an answer is cut to; `null` for no cut. Default 1024.
    #[serde(deserialize_with = "given")]
    pub max_length: Option<Option<usize>>,
    /// Tokens of the prompt that are kept, from its end; up to 0.28. Default 512.
    #[serde(deserialize_with = "given")]
    pub max_prompt_length: Option<Option<usize>>,
    /// Tokens of the answer that are kept, from its start; up to 0.28. Default `null`.
    #[serde(deserialize_with = "given")]
    pub max_completion_length: Option<Option<usize>>,
    pub truncation_mode: Option<Truncation>,
    pub pad_token: Option<String>,
    /// Id that pads, up to 0.25.
    pub padding_value: Option<u32>,
    pub pad_to_multiple_of: Multiple,
    /// Tools of every row, up to 0.28.
    pub tools: Option<serde_json::Value>,
}

/// `KTOConfig`. `None` takes the version's default.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default)]
pub struct KtoOptions {
    /// Tokens a prompt with an answer is cut to; `null` for no cut. Default 1024.
    #[serde(deserialize_with = "given")]
    pub max_length: Option<Option<usize>>,
    /// Tokens of the prompt that are kept where it is too long with the answer; up to 0.26. Default 512.
    #[serde(deserialize_with = "given")]
    pub max_prompt_length: Option<Option<usize>>,
    /// Which end of the prompt is kept, up to 0.26.
    pub truncation_mode: Option<Truncation>,
    /// Label that carries no loss, up to 0.27.
    pub label_pad_token_id: Option<i32>,
    pub pad_to_multiple_of: Multiple,
    pub loss_type: String,
    pub train_sampling_strategy: String,
    /// Rows per batch, among which answers are exchanged.
    pub per_device_train_batch_size: usize,
}

impl Default for KtoOptions {
    fn default() -> Self {
        Self {
            max_length: None,
            max_prompt_length: None,
            truncation_mode: None,
            label_pad_token_id: None,
            pad_to_multiple_of: Multiple::default(),
            loss_type: "kto".to_owned(),
            train_sampling_strategy: "sequential".to_owned(),
            per_device_train_batch_size: 8,
        }
    }
}

impl KtoOptions {
    /// Options this version does not have, or refuses.
    pub(super) fn check(&self, features: &KtoFeatures) -> Result<(), EncodeError> {
        let gone = [
            (
                "max_prompt_length",
                self.max_prompt_length.is_some(),
                !features.cuts_prompt,
            ),
            ("truncation_mode", self.truncation_mode.is_some(), !features.cuts_prompt),
            (
                "label_pad_token_id",
                self.label_pad_token_id.is_some(),
                !features.label_pad,
            ),
            (
                "pad_to_multiple_of",
                self.pad_to_multiple_of.0.is_some(),
                !features.unpaired_keep_columns,
            ),
        ];
        if let Some((option, ..)) = gone.iter().find(|(_, is_given, is_gone)| *is_given && *is_gone) {
            return Err(unknown(option, "KTOConfig"));
        }
        if self.loss_type == "apo_zero_unpaired" {
            return Ok(());
        }
        if features.wants_order && self.train_sampling_strategy != "sequential" {
            return Err(raises(
                "ValueError",
                format!(
                    "loss type '{}' estimates the KL term and requires train_sampling_strategy='sequential', not '{}'",
                    self.loss_type, self.train_sampling_strategy
                ),
            ));
        }
        if self.per_device_train_batch_size <= 1 {
            return Err(raises(
                "ValueError",
                "per_device_train_batch_size must be above 1: the KL term is estimated from the other answers of a batch",
            ));
        }
        Ok(())
    }
}

/// `RewardConfig`. `None` takes the version's default.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct RewardOptions {
    /// Tokens above which a row is left out; `null` for no limit. Default 1024.
    #[serde(deserialize_with = "given")]
    pub max_length: Option<Option<usize>>,
    pub eos_token: Option<String>,
    pub pad_token: Option<String>,
    pub pad_to_multiple_of: Multiple,
    pub chat_template_path: Option<String>,
}

/// Tells `null` from nothing.
fn given<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Option<usize>>, D::Error> {
    Option::deserialize(from).map(Some)
}

/// An option that a version does not know, and refuses.
pub(super) fn unknown(option: &str, class: &str) -> EncodeError {
    raises(
        "TypeError",
        format!("{class}.__init__() got an unexpected keyword argument '{option}'"),
    )
}

/// `pad_to_multiple_of`; `"auto"` is none but on Neuron, which is not covered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Multiple(pub Option<usize>);

impl<'de> Deserialize<'de> for Multiple {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Spelt {
            Number(usize),
            Text(String),
        }
        let text = match Option::<Spelt>::deserialize(from)? {
            None => return Ok(Self(None)),
            Some(Spelt::Number(number)) => return Ok(Self(Some(number))),
            Some(Spelt::Text(text)) => text,
        };
        if ["auto", "none", "null"].contains(&text.to_ascii_lowercase().as_str()) {
            return Ok(Self(None));
        }
        let number = text.parse();
        number
            .map(|number| Self(Some(number)))
            .map_err(|_| serde::de::Error::custom(format!("pad_to_multiple_of is no number: `{text}`")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_is_told_from_nothing() {
        let read = |text| serde_json::from_str::<DpoOptions>(text).expect("options");
        assert_eq!(read("{}").max_length, None);
        assert_eq!(read(r#"{"max_length": null}"#).max_length, Some(None));
        assert_eq!(read(r#"{"max_length": 8}"#).max_length, Some(Some(8)));
    }

    #[test]
    fn multiples_are_numbers_or_words() {
        let read = |text: &str| serde_json::from_str::<Multiple>(text).map(|multiple| multiple.0);
        assert_eq!(read("64").expect("a number"), Some(64));
        assert_eq!(read("\"64\"").expect("a number"), Some(64));
        assert_eq!(read("\"auto\"").expect("a word"), None);
        assert_eq!(read("null").expect("nothing"), None);
        assert!(read("\"many\"").is_err());
    }
}
