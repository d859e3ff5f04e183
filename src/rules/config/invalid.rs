use serde::Deserialize;

use crate::finding::Findings;
use crate::model::config::FaultKind;
use crate::model::setup::Setup;
use crate::rule::{Rule, RuleMeta, rule_meta};

rule_meta! {
    /// ## What it finds
    /// Settings that the program's own validators refuse: of which only one may be on, that need another, or that the
    /// method, the adapter or the attention does not go with.
    ///
    /// ## Why it matters
    /// The run stops with this message before anything is loaded, on a machine that was waited for.
    ///
    /// ## Example
    /// ```file axolotl.yaml
    /// base_model: model
    /// datasets:
    ///   - path: train.jsonl
    ///     type: chat_template
    /// micro_batch_size: 1
    /// learning_rate: 2.0e-5
    /// sequence_len: 64
    /// adapter: qlora
    /// load_in_8bit: true
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
    /// sequence_len: 64
    /// adapter: qlora
    /// load_in_4bit: true
    /// ```
    /// ```jsonl
    /// {"messages": [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}]}
    /// ```
    ///
    /// ## Fix
    /// Change one of the settings the message names.
    "config/invalid", Error, needs [Config]
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Invalid {}

impl Rule for Invalid {
    const META: RuleMeta = META;
    type State = ();
    const ROWS: bool = false;

    fn finish(&self, (): (), setup: &Setup, out: &mut Findings) {
        super::tell(setup, FaultKind::Invalid, out);
    }
}
