use serde::Deserialize;

use crate::finding::Findings;
use crate::model::config::FaultKind;
use crate::model::setup::Setup;
use crate::rule::{Rule, RuleMeta, rule_meta};

rule_meta! {
    /// ## What it finds
    /// A key that still works and has a successor.
    ///
    /// ## Why it matters
    /// The next release may pass over it or stop at it.
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
    /// flash_attention: true
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
    /// attn_implementation: flash_attention_2
    /// ```
    /// ```jsonl
    /// {"messages": [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}]}
    /// ```
    ///
    /// ## Fix
    /// Write what the message names instead.
    "config/deprecated-key", Note, needs [Config]
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct DeprecatedKey {}

impl Rule for DeprecatedKey {
    const META: RuleMeta = META;
    type State = ();
    const ROWS: bool = false;

    fn finish(&self, (): (), setup: &Setup, out: &mut Findings) {
        super::tell(setup, FaultKind::DeprecatedKey, out);
    }
}
