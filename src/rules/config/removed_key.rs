use serde::Deserialize;

use crate::finding::Findings;
use crate::model::config::FaultKind;
use crate::model::setup::Setup;
use crate::rule::{Rule, RuleMeta, rule_meta};

rule_meta! {
    /// ## What it finds
    /// A key that other versions of the program have, and this one has not, or no longer takes.
    ///
    /// ## Why it matters
    /// The run stops at it, or, where the key is passed over, does what the newer default says.
    ///
    /// ## Example
    /// ```file sft.yaml
    /// model_name_or_path: model
    /// dataset_name: rows
    /// per_device_train_batch_size: 2
    /// learning_rate: 2.0e-5
    /// max_length: 1024
    /// max_seq_length: 4096
    /// ```
    /// ```jsonl
    /// {"messages": [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}]}
    /// ```
    ///
    /// Instead:
    /// ```file sft.yaml
    /// model_name_or_path: model
    /// dataset_name: rows
    /// per_device_train_batch_size: 2
    /// learning_rate: 2.0e-5
    /// max_length: 4096
    /// ```
    /// ```jsonl
    /// {"messages": [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}]}
    /// ```
    ///
    /// ## Fix
    /// Use the key that took its place, or run the version the config was written for, as `--trainer trl@0.19.1`.
    "config/removed-key", Error, needs [Config]
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RemovedKey {}

impl Rule for RemovedKey {
    const META: RuleMeta = META;
    type State = ();
    const ROWS: bool = false;

    fn finish(&self, (): (), setup: &Setup, out: &mut Findings) {
        super::tell(setup, FaultKind::RemovedKey, out);
        let Some(config) = setup.config.as_ref().filter(|config| config.program != "trl") else {
            return;
        };
        let of_transformers = |key: &str| {
            config
                .faults(FaultKind::RemovedKey)
                .any(|fault| fault.message.contains(key))
        };
        out.fix = Some(if of_transformers("since transformers") {
            format!(
                "Use the key that took its place; or, where {} is to run with an older transformers, say which: \
                 `--transformers 4.57`.",
                config.program
            )
        } else {
            format!(
                "Use what the message names in its place, or take the key out of the config of {}.",
                config.program
            )
        });
    }
}
