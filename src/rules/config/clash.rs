use serde::Deserialize;

use crate::finding::Findings;
use crate::model::setup::Setup;
use crate::model::version::Version;
use crate::rule::{Rule, RuleMeta, rule_meta};

rule_meta! {
    /// ## What it finds
    /// Settings that the program refuses together.
    ///
    /// ## Why it matters
    /// The run stops before its first step, after the job was scheduled.
    ///
    /// ## Example
    /// ```file axolotl.yaml
    /// base_model: model
    /// datasets:
    ///   - path: train.jsonl
    ///     type: chat_template
    /// micro_batch_size: 1
    /// learning_rate: 2.0e-5
    /// sequence_len: 4096
    /// warmup_steps: 10
    /// warmup_ratio: 0.1
    /// ```
    /// ```jsonl
    /// {"messages": [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}]}
    /// ```
    ///
    /// Instead:
    /// ```file axolotl.yaml
    /// base_model: model
    /// datasets:
    ///   - path: train.jsonl
    ///     type: chat_template
    /// micro_batch_size: 1
    /// learning_rate: 2.0e-5
    /// sequence_len: 4096
    /// warmup_ratio: 0.1
    /// ```
    /// ```jsonl
    /// {"messages": [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}]}
    /// ```
    ///
    /// ## Fix
    /// Take out the one that is not meant.
    "config/clash", Error, needs [Config]
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Clash {}

/// Keys of which the second may not be set beside the first: program, since which version, why.
const PAIRS: &[(&str, Version, &str, &str, &str)] = &[
    (
        "axolotl",
        Version::new(0, 0, 0),
        "warmup_steps",
        "warmup_ratio",
        "are mutually exclusive",
    ),
    (
        "llama-factory",
        Version::new(0, 0, 0),
        "mask_history",
        "train_on_prompt",
        "are incompatible",
    ),
    (
        "llama-factory",
        Version::new(0, 0, 0),
        "streaming",
        "max_samples",
        "are incompatible",
    ),
];

impl Rule for Clash {
    const META: RuleMeta = META;
    type State = ();
    const ROWS: bool = false;

    fn finish(&self, (): (), setup: &Setup, out: &mut Findings) {
        let Some(config) = &setup.config else { return };
        for (program, since, first, second, why) in PAIRS {
            if config.program != *program || config.version < *since {
                continue;
            }
            let given = |key| config.on(key).filter(|found| found.value.as_f64() != Some(0.0));
            if let (Some(first), Some(second)) = (given(first), given(second)) {
                let message = format!("{} and {} ({}) {why}", second.key, first.key, first.origin);
                out.blame(&second.origin, message);
            }
        }
        let is_off = |key| config.on(key).is_none();
        if config.program == "trl"
            && config.version >= Version::new(1, 0, 0)
            && is_off("packing")
            && let (Some(free), Some(length)) = (config.on("padding_free"), config.on("max_length"))
        {
            let message = format!(
                "padding_free without packing does not enforce max_length {} ({}), and trl {} refuses the two",
                length.value, length.origin, config.version
            );
            out.blame(&free.origin, message);
        }
        if config.program == "torchtune"
            && is_off("tokenizer.max_seq_len")
            && let Some(packed) = config.on("dataset.packed")
        {
            let message = "dataset.packed needs a tokenizer.max_seq_len, which is not set".to_owned();
            out.blame(&packed.origin, message);
        }
    }
}
