//! LLaMA-Factory's options that bear on data, under its own names.
//!
//! Source: `hparams/data_args.py`, `hparams/model_args.py`, `hparams/finetuning_args.py` and the
//! checks of `hparams/parser.py` (0.9.5).

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use crate::model::encoded::EncodeError;

use super::raise::{raise, unsupported};

/// `DataArguments`, and of the other groups what changes tokens. Defaults are LLaMA-Factory's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "the options are LLaMA-Factory's")]
pub struct Options {
    /// What is trained: `FinetuningArguments.stage`.
    pub stage: Stage,
    /// The name of the template; without one it is read off the tokenizer's chat template.
    pub template: Option<String>,
    /// Names in `dataset_info.json`, a list or with commas between them.
    #[serde(deserialize_with = "names")]
    pub dataset: Option<Vec<String>>,
    #[serde(deserialize_with = "names")]
    pub eval_dataset: Option<Vec<String>>,
    /// The folder `dataset_info.json` stands in.
    pub dataset_dir: String,
    pub media_dir: Option<String>,
    /// Tokens a row may have; with packing one less, see [`Options::cutoff`].
    pub cutoff_len: usize,
    pub train_on_prompt: bool,
    pub mask_history: bool,
    pub streaming: bool,
    pub buffer_size: u64,
    pub mix_strategy: MixStrategy,
    pub interleave_probs: Option<String>,
    pub overwrite_cache: bool,
    /// Rows that are converted, and packed, together; all, if zero.
    pub preprocessing_batch_size: u64,
    /// Shares the rows are dealt to before that.
    pub preprocessing_num_workers: Option<u64>,
    /// Rows taken of each dataset, from its start.
    pub max_samples: Option<u64>,
    pub eval_num_beams: Option<u64>,
    pub ignore_pad_token_for_loss: bool,
    pub val_size: f64,
    pub eval_on_each_dataset: bool,
    /// Whether rows are packed; without a word, in the `pt` stage only.
    pub packing: Option<bool>,
    /// Packing that keeps rows from attending to each other.
    pub neat_packing: bool,
    pub tool_format: Option<String>,
    pub default_system: Option<String>,
    /// `null` is a third value: as `false`, but thoughts in the data are kept.
    pub enable_thinking: Option<bool>,
    pub preserve_thinking: bool,
    pub tokenized_path: Option<String>,
    pub data_shared_file_system: bool,
    /// `ModelArguments`: texts that become tokens, with commas between them.
    pub add_tokens: Option<String>,
    /// `ModelArguments`: texts that become special tokens, with commas between them.
    pub add_special_tokens: Option<String>,
    /// `ModelArguments`.
    pub new_special_tokens_config: Option<String>,
    /// `ModelArguments`.
    pub split_special_tokens: bool,
}

/// `FinetuningArguments.stage`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    Pt,
    #[default]
    Sft,
    Rm,
    Ppo,
    Dpo,
    Kto,
}

/// How several datasets become one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MixStrategy {
    #[default]
    Concat,
    InterleaveUnder,
    InterleaveOver,
    InterleaveOnce,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            stage: Stage::Sft,
            template: None,
            dataset: None,
            eval_dataset: None,
            dataset_dir: "data".to_owned(),
            media_dir: None,
            cutoff_len: 2048,
            train_on_prompt: false,
            mask_history: false,
            streaming: false,
            buffer_size: 16_384,
            mix_strategy: MixStrategy::Concat,
            interleave_probs: None,
            overwrite_cache: false,
            preprocessing_batch_size: 1000,
            preprocessing_num_workers: None,
            max_samples: None,
            eval_num_beams: None,
            ignore_pad_token_for_loss: true,
            val_size: 0.0,
            eval_on_each_dataset: false,
            packing: None,
            neat_packing: false,
            tool_format: None,
            default_system: None,
            enable_thinking: Some(true),
            preserve_thinking: false,
            tokenized_path: None,
            data_shared_file_system: false,
            add_tokens: None,
            add_special_tokens: None,
            new_special_tokens_config: None,
            split_special_tokens: false,
        }
    }
}

impl Options {
    /// Whether rows are packed.
    pub fn packs(&self) -> bool {
        self.neat_packing || self.packing.unwrap_or(self.stage == Stage::Pt)
    }

    /// Tokens a row may have in the end. Packing that was asked for takes one off; that of the
    /// `pt` stage, which comes by itself, does not.
    pub fn cutoff(&self) -> usize {
        let asked = self.neat_packing || self.packing == Some(true);
        self.cutoff_len.saturating_sub(usize::from(asked))
    }

    /// Whether rows of `rm` shape, with a chosen and a rejected answer, are wanted.
    pub fn is_pairwise(&self) -> bool {
        matches!(self.stage, Stage::Rm | Stage::Dpo)
    }

    /// What LLaMA-Factory refuses when it reads its options, and what is not reproduced here.
    pub(super) fn check(&self) -> Result<(), EncodeError> {
        let wrong = |message: &str| Err(raise("ValueError", message));
        if self.mask_history && self.train_on_prompt {
            return wrong("`mask_history` is incompatible with `train_on_prompt`.");
        }
        if self.stage != Stage::Sft && self.neat_packing {
            return wrong("`neat_packing` cannot be set as True except SFT.");
        }
        if self.stage != Stage::Sft && (self.train_on_prompt || self.mask_history) {
            return wrong("`train_on_prompt` or `mask_history` cannot be set as True except SFT.");
        }
        if self.streaming && self.max_samples.is_some() {
            return wrong("`max_samples` is incompatible with `streaming`.");
        }
        if self.eval_dataset.is_some() && self.val_size > 1e-6 {
            return wrong("Cannot specify `val_size` if `eval_dataset` is not None.");
        }
        let missing = |what: &str| Err(unsupported(what));
        if self.stage == Stage::Ppo {
            return missing("stage ppo: it trains on what the model says, not on the data");
        }
        if self.cutoff_len == 0 {
            return missing("a cutoff_len of zero");
        }
        if self.cutoff() == 0 && self.stage == Stage::Pt {
            return Err(raise("ZeroDivisionError", "integer modulo by zero"));
        }
        if self.split_special_tokens {
            return missing("split_special_tokens");
        }
        if self.new_special_tokens_config.is_some() {
            return missing("new_special_tokens_config");
        }
        if self.tokenized_path.is_some() {
            return missing("tokenized_path: what is trained may be an older set saved there");
        }
        Ok(())
    }
}

/// A list, or a text with commas.
fn names<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<String>>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Given {
        Text(String),
        List(Vec<String>),
    }
    Ok(match Option::deserialize(deserializer)? {
        None => None,
        Some(Given::List(names)) => Some(names),
        Some(Given::Text(text)) => Some(split(&text).map(str::to_owned).collect()),
    })
}

/// The items of a text with commas.
pub(super) fn split(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(json: &str) -> Options {
        serde_json::from_str(json).expect("options")
    }

    #[test]
    fn what_is_not_said_is_as_llama_factory_has_it() {
        let options = options("{}");
        assert_eq!(options, Options::default());
        assert_eq!((options.cutoff(), options.packs()), (2048, false));
        assert_eq!(options.enable_thinking, Some(true));
    }

    #[test]
    fn packing_takes_a_token_off_where_it_was_asked_for() {
        let cases = [
            (r#"{"packing":true}"#, 2047, true),
            (r#"{"neat_packing":true}"#, 2047, true),
            (r#"{"stage":"pt"}"#, 2048, true),
            (r#"{"stage":"pt","packing":true}"#, 2047, true),
            (r#"{"stage":"pt","packing":false}"#, 2048, false),
        ];
        for (json, cutoff, packs) in cases {
            let options = options(json);
            assert_eq!((options.cutoff(), options.packs()), (cutoff, packs), "{json}");
        }
    }

    #[test]
    fn null_is_a_third_way_of_thinking_and_a_text_is_a_list() {
        let options = options(r#"{"enable_thinking":null,"dataset":"a, b"}"#);
        assert_eq!(options.enable_thinking, None);
        assert_eq!(options.dataset.as_deref(), Some(&["a".to_owned(), "b".to_owned()][..]));
    }

    #[test]
    fn an_option_llama_factory_does_not_have_is_refused() {
        assert!(serde_json::from_str::<Options>(r#"{"cutoff_length":1}"#).is_err());
    }

    #[test]
    fn options_that_do_not_go_together_are_refused_as_llama_factory_does() {
        for json in [
            r#"{"mask_history":true,"train_on_prompt":true}"#,
            r#"{"stage":"kto","neat_packing":true}"#,
            r#"{"stage":"pt","mask_history":true}"#,
        ] {
            let error = options(json).check().expect_err("refused");
            assert_eq!(error.class, "ValueError", "{json}");
        }
    }
}
