use serde::Deserialize;

use crate::finding::Findings;
use crate::model::config::FaultKind;
use crate::model::setup::Setup;
use crate::rule::{Rule, RuleMeta, rule_meta};

rule_meta! {
    /// ## What it finds
    /// A value that YAML makes something else of: `no` is false, `010` is 8, `1:30` is 90, `1e-6` is a text, and `None`
    /// is the text None.
    ///
    /// ## Why it matters
    /// The program stops with an error far from the line, or trains with another number than the one that is read there.
    ///
    /// ## Example
    /// ```file sft.yaml
    /// model_name_or_path: model
    /// dataset_name: rows
    /// per_device_train_batch_size: 2
    /// learning_rate: 2.0e-5
    /// max_length: 1024
    /// eval_strategy: no
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
    /// max_length: 1024
    /// eval_strategy: "no"
    /// ```
    /// ```jsonl
    /// {"messages": [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}]}
    /// ```
    ///
    /// ## Fix
    /// Quote what is a text, and write numbers with a point and a signed exponent: `1.0e-6`.
    "config/changed-by-yaml", Error, needs [Config]
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ChangedByYaml {}

impl Rule for ChangedByYaml {
    const META: RuleMeta = META;
    type State = ();
    const ROWS: bool = false;

    fn finish(&self, (): (), setup: &Setup, out: &mut Findings) {
        super::tell(setup, FaultKind::Retyped, out);
    }
}
