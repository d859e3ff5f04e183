//! What packing and padding come to under an attention (`utils/schemas/config.py`,
//! `utils/schemas/enums.py`, `core/builders/causal.py`, `core/trainers/base.py`).

use crate::encode::pack::Multipack;
use crate::model::attention::SWITCHES;
use crate::model::encoded::EncodeError;

use super::collate::Masks;
use super::options::Options;
use crate::trainer::failure::{raises, unsupported};
use crate::trainer::python::{from_json, truthy};

/// Whether an attention can tell rows of a sequence apart. Where none can, bins are sequences of their own.
pub fn packs(attention: &str) -> bool {
    let base = attention.split([':', '@']).next().unwrap_or(attention).trim();
    PACKS.contains(&base)
}

/// `ATTN_IMPLS_SUPPORTING_PACKING`.
const PACKS: &[&str] = &[
    "flash_attention_2",
    "flash_attention_3",
    "flash_attention_4",
    "flash_attention_torch",
    "flex_attention",
    "xformers",
    "sage",
    "kernels-community/flash-attn2",
    "kernels-community/flash-attn3",
    "kernels-community/sage-attention",
];

/// `SUPPORTED_MULTIPACK_MODEL_TYPES` (`monkeypatch/multipack.py`).
const NUMBERED: &[&str] = &[
    "apertus",
    "mllama_text_model",
    "llama",
    "llama4",
    "mistral",
    "mixtral",
    "qwen2",
    "qwen2_moe",
    "qwen3",
    "qwen3_moe",
    "qwen3_next",
    "qwen3_5",
    "qwen3_5_moe",
    "qwen4_exp",
    "qwen4_exp_text",
    "falcon",
    "phi",
    "phi3",
    "gemma",
    "gemma2",
    "gemma3",
    "gemma3_text",
    "cohere",
    "cohere2",
    "gemmoe",
    "starcoder2",
    "deepseek_v2",
    "deepseek_v3",
    "glm",
    "glm4",
    "glm4_moe",
    "glm_moe_dsa",
    "smollm3",
    "granite",
    "granitemoe",
    "granitemoeshared",
    "granitemoehybrid",
    "hunyuan_v1_dense",
    "hunyuan_v1_moe",
    "gpt_oss",
    "arcee",
    "seed_oss",
    "lfm2",
    "lfm2_moe",
    "ernie4_5",
    "ernie4_5_moe",
    "olmo",
    "olmo2",
    "olmo3",
    "ministral",
    "ministral3",
    "mistral4",
    "afmoe",
    "nemotron",
    "nemotron_h",
    "falcon_h1",
    "minimax_m2",
    "bailing_hybrid",
];

/// Models whose attention mask is dropped before packing (`process_datasets_for_packing`).
const MASKLESS: &[&str] = &["mamba", "gemma3"];

/// Rows padded to this many tokens at a time where nothing is said.
const MULTIPLE: usize = 64;

impl Options {
    /// The attention in force, under its own name (`normalize_attn_implementation`).
    pub(super) fn attention(&self) -> Option<&str> {
        let set = [
            self.xformers_attention,
            self.sage_attention,
            self.flex_attention,
            self.flash_attention,
            self.sdp_attention,
            self.eager_attention,
        ];
        let flag = || {
            SWITCHES
                .iter()
                .zip(set)
                .find(|(_, set)| *set == Some(true))
                .map(|((_, name), _)| *name)
        };
        self.attn_implementation.as_deref().or_else(flag)
    }

    /// Whether the attention can tell rows of a sequence apart.
    fn attention_packs(&self) -> bool {
        self.attention().is_some_and(packs)
    }

    pub(super) fn multipack(&self) -> Result<Multipack, EncodeError> {
        let real = self.multipack_real_batches.unwrap_or(!self.attention_packs());
        let rows = self.micro_batch_size();
        let capacity = if real {
            self.sequence_len()
        } else {
            rows.saturating_mul(self.sequence_len())
        };
        let narrow = |value: usize| {
            u32::try_from(value).map_err(|_| raises("OverflowError", format!("{value} is too large to pack with")))
        };
        Ok(Multipack {
            bin_rows: narrow(self.sample_packing_bin_size.unwrap_or(200))?,
            group: narrow(self.sample_packing_group_size.unwrap_or(100_000))?,
            sequential: self.sample_packing_sequentially.unwrap_or(false),
            bins_per_batch: if real { narrow(rows)? } else { 1 },
            ..Multipack::new(narrow(capacity)?)
        })
    }

    /// What lengths are padded to a multiple of (`core/builders/causal.py`).
    pub(super) fn multiple(&self) -> Option<usize> {
        let multiple = self
            .pad_to_multiple_of
            .filter(|multiple| *multiple > 0)
            .unwrap_or(MULTIPLE);
        // `hint_sample_packing_padding` fills it in.
        let to_sequence_len = self.pad_to_sequence_len.or(self.sample_packing.filter(|packs| *packs));
        match to_sequence_len {
            Some(true) => Some(self.sequence_len().next_multiple_of(multiple)),
            Some(false) => None,
            None => Some(multiple),
        }
    }

    /// What the attention mask of a packed batch holds (`build_collator`).
    pub(super) fn masks(&self, packs: bool) -> Masks {
        let model = self.model_config_type.as_deref().unwrap_or_default();
        let decontaminates = self.attention_packs() || matches!(self.attention(), Some("sdpa" | "eager"));
        if packs && (decontaminates || MASKLESS.contains(&model)) {
            Masks::Absent
        } else if packs && (self.attention() == Some("flex_attention") || NUMBERED.contains(&model)) {
            Masks::Numbered
        } else {
            Masks::Ones
        }
    }

    /// # Errors
    ///
    /// For keys that change the data in ways that are not reproduced, and pairs axolotl refuses.
    pub(super) fn refuse(&self) -> Result<(), EncodeError> {
        let refused = [
            ("added_tokens_overrides", &self.added_tokens_overrides),
            ("batch_flattening", &self.batch_flattening),
            ("plugins", &self.plugins),
            ("pretraining_dataset", &self.pretraining_dataset),
            ("process_reward_model", &self.process_reward_model),
            ("processor_type", &self.processor_type),
            ("reward_model", &self.reward_model),
            ("rl", &self.rl),
            ("skip_prepare_dataset", &self.skip_prepare_dataset),
            ("streaming", &self.streaming),
            ("tokenizer_type", &self.tokenizer_type),
            ("tokenizer_use_mistral_common", &self.tokenizer_use_mistral_common),
            ("use_pose", &self.use_pose),
        ];
        for (key, value) in refused {
            if value.as_ref().is_some_and(|value| truthy(Some(&from_json(value)))) {
                return Err(unsupported(format!("{key}, which is not reproduced")));
            }
        }
        if self.tokenizer_use_fast == Some(false) {
            return Err(unsupported("tokenizer_use_fast: false"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(json: &str) -> Options {
        serde_json::from_str(json).expect("options")
    }

    #[test]
    fn an_attention_that_packs_makes_one_bin_of_a_batch() {
        let flash =
            options(r#"{"sample_packing": true, "flash_attention": true, "micro_batch_size": 2, "sequence_len": 96}"#);
        let packing = flash.multipack().expect("a packing");
        assert_eq!((packing.capacity, packing.bins_per_batch), (192, 1));
        assert_eq!((flash.multiple(), flash.masks(true)), (Some(128), Masks::Absent));
        let none = options(
            r#"{"sample_packing": true, "micro_batch_size": 2, "sequence_len": 96, "model_config_type": "llama"}"#,
        );
        let packing = none.multipack().expect("a packing");
        assert_eq!((packing.capacity, packing.bins_per_batch), (96, 2));
        assert_eq!(none.masks(true), Masks::Numbered);
    }

    #[test]
    fn padding_follows_what_is_said() {
        assert_eq!(options("{}").multiple(), Some(64));
        assert_eq!(options(r#"{"pad_to_sequence_len": false}"#).multiple(), None);
        assert_eq!(
            options(r#"{"pad_to_sequence_len": true, "sequence_len": 250, "pad_to_multiple_of": 16}"#).multiple(),
            Some(256)
        );
    }

    #[test]
    fn what_is_not_reproduced_is_refused_by_name() {
        let refused = options(r#"{"rl": "dpo"}"#).refuse().expect_err("refused");
        assert_eq!(refused.message, "rl, which is not reproduced");
        options(r#"{"rl": null, "plugins": []}"#)
            .refuse()
            .expect("nothing is set");
    }
}
