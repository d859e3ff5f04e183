use serde::Deserialize;

use crate::finding::Findings;
use crate::model::config::FaultKind;
use crate::model::setup::Setup;
use crate::rule::{Rule, RuleMeta, rule_meta};

rule_meta! {
    /// ## What it finds
    /// Entries of LLaMA-Factory's dataset_info.json that read `chosen` from the column `rejected`, and the other way round.
    ///
    /// ## Why it matters
    /// Nothing is refused, and the loss falls as it should: the model is taught to prefer what was rejected.
    ///
    /// ## Example
    /// ```file llama_factory.yaml
    /// model_name_or_path: model
    /// stage: dpo
    /// do_train: true
    /// finetuning_type: full
    /// template: qwen
    /// dataset_dir: .
    /// dataset: rows
    /// ```
    /// ```file dataset_info.json
    /// {"rows": {"file_name": "train.jsonl", "ranking": true, "columns": {"prompt": "instruction", "chosen": "rejected", "rejected": "chosen"}}}
    /// ```
    /// ```jsonl
    /// {"instruction": "2+2?", "chosen": "4", "rejected": "5"}
    /// ```
    ///
    /// Instead:
    /// ```file llama_factory.yaml
    /// model_name_or_path: model
    /// stage: dpo
    /// do_train: true
    /// finetuning_type: full
    /// template: qwen
    /// dataset_dir: .
    /// dataset: rows
    /// ```
    /// ```file dataset_info.json
    /// {"rows": {"file_name": "train.jsonl", "ranking": true, "columns": {"prompt": "instruction", "chosen": "chosen", "rejected": "rejected"}}}
    /// ```
    /// ```jsonl
    /// {"instruction": "2+2?", "chosen": "4", "rejected": "5"}
    /// ```
    ///
    /// ## Fix
    /// Give each its own column under `columns`, or rename the columns where their names are wrong.
    "config/swapped-sides", Error, needs [Config]
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct SwappedSides {}

impl Rule for SwappedSides {
    const META: RuleMeta = META;
    type State = ();
    const ROWS: bool = false;

    fn finish(&self, (): (), setup: &Setup, out: &mut Findings) {
        super::tell(setup, FaultKind::SwappedSides, out);
    }
}
