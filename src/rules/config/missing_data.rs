use serde::Deserialize;

use crate::finding::Findings;
use crate::model::config::FaultKind;
use crate::model::setup::Setup;
use crate::rule::{Rule, RuleMeta, rule_meta};

rule_meta! {
    /// ## What it finds
    /// Data that the config names and that is not there: a file, or a name that dataset_info.json has not.
    ///
    /// ## Why it matters
    /// The run stops before its first step. A path counts from the folder the trainer is started in.
    ///
    /// ## Example
    /// ```file axolotl.yaml
    /// base_model: model
    /// datasets:
    ///   - path: gone.jsonl
    ///     type: chat_template
    /// micro_batch_size: 1
    /// learning_rate: 2.0e-5
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
    /// ```
    /// ```jsonl
    /// {"messages": [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}]}
    /// ```
    ///
    /// ## Fix
    /// Correct the path or the name, or add the entry.
    "config/missing-data", Error, needs [Config]
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct MissingData {}

impl Rule for MissingData {
    const META: RuleMeta = META;
    type State = ();
    const ROWS: bool = false;

    fn finish(&self, (): (), setup: &Setup, out: &mut Findings) {
        super::tell(setup, FaultKind::MissingData, out);
    }
}
