use serde::Deserialize;

use crate::finding::Findings;
use crate::model::config::FaultKind;
use crate::model::setup::Setup;
use crate::rule::{Rule, RuleMeta, rule_meta};

rule_meta! {
    /// ## What it finds
    /// Entries of LLaMA-Factory's dataset_info.json that read `prompt` from a column of answers (`output`, `response`), and
    /// `response` from one of questions (`instruction`, `prompt`).
    ///
    /// ## Why it matters
    /// The model is asked the answers and learns to write the questions.
    ///
    /// ## Example
    /// ```file llama_factory.yaml
    /// model_name_or_path: model
    /// stage: sft
    /// do_train: true
    /// finetuning_type: full
    /// template: qwen
    /// dataset_dir: .
    /// dataset: rows
    /// ```
    /// ```file dataset_info.json
    /// {"rows": {"file_name": "train.jsonl", "columns": {"prompt": "output", "response": "instruction"}}}
    /// ```
    /// ```jsonl
    /// {"instruction": "2+2?", "output": "4"}
    /// ```
    ///
    /// Instead:
    /// ```file llama_factory.yaml
    /// model_name_or_path: model
    /// stage: sft
    /// do_train: true
    /// finetuning_type: full
    /// template: qwen
    /// dataset_dir: .
    /// dataset: rows
    /// ```
    /// ```file dataset_info.json
    /// {"rows": {"file_name": "train.jsonl", "columns": {"prompt": "instruction", "response": "output"}}}
    /// ```
    /// ```jsonl
    /// {"instruction": "2+2?", "output": "4"}
    /// ```
    ///
    /// ## Fix
    /// Give each its own column under `columns`; where questions are meant to be learnt, say so with
    /// `--ignore config/swapped-columns`.
    "config/swapped-columns", Warning, needs [Config]
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct SwappedColumns {}

impl Rule for SwappedColumns {
    const META: RuleMeta = META;
    type State = ();
    const ROWS: bool = false;

    fn finish(&self, (): (), setup: &Setup, out: &mut Findings) {
        super::tell(setup, FaultKind::SwappedColumns, out);
    }
}
