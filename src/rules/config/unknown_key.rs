use serde::Deserialize;

use crate::finding::Findings;
use crate::model::config::FaultKind;
use crate::model::setup::Setup;
use crate::rule::{Rule, RuleMeta, rule_meta};

rule_meta! {
    /// ## What it finds
    /// A key of the training config that the program does not have.
    ///
    /// ## Why it matters
    /// Axolotl and torchtune pass over it without a word, and the run goes on with the default: `sequence_length: 8192`
    /// leaves `sequence_len` at 512. LLaMA-Factory and TRL stop, which costs the start of the job.
    ///
    /// ## Example
    /// ```file axolotl.yaml
    /// base_model: model
    /// datasets:
    ///   - path: train.jsonl
    ///     type: chat_template
    /// micro_batch_size: 1
    /// learning_rate: 2.0e-5
    /// sequence_length: 8192
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
    /// sequence_len: 8192
    /// ```
    /// ```jsonl
    /// {"messages": [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}]}
    /// ```
    ///
    /// ## Fix
    /// Write the key the message names, or take it out.
    "config/unknown-key", Error, needs [Config]
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct UnknownKey {}

impl Rule for UnknownKey {
    const META: RuleMeta = META;
    type State = ();
    const ROWS: bool = false;

    fn finish(&self, (): (), setup: &Setup, out: &mut Findings) {
        super::tell(setup, FaultKind::UnknownKey, out);
    }
}
