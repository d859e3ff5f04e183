use serde::Deserialize;

use crate::finding::Findings;
use crate::model::config::FaultKind;
use crate::model::setup::Setup;
use crate::rule::{Rule, RuleMeta, rule_meta};

rule_meta! {
    /// ## What it finds
    /// A value of a type the program does not take for that key.
    ///
    /// ## Why it matters
    /// It refuses the config, or breaks on the value at the first step.
    ///
    /// ## Example
    /// ```file axolotl.yaml
    /// base_model: model
    /// datasets:
    ///   - path: train.jsonl
    ///     type: chat_template
    /// micro_batch_size: 1
    /// learning_rate: 2.0e-5
    /// sequence_len: long
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
    /// ```
    /// ```jsonl
    /// {"messages": [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}]}
    /// ```
    ///
    /// ## Fix
    /// Give a value of the type the message names.
    "config/wrong-type", Error, needs [Config]
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct WrongType {}

impl Rule for WrongType {
    const META: RuleMeta = META;
    type State = ();
    const ROWS: bool = false;

    fn finish(&self, (): (), setup: &Setup, out: &mut Findings) {
        super::tell(setup, FaultKind::WrongType, out);
    }
}
