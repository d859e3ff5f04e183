use serde::Deserialize;

use crate::finding::Findings;
use crate::model::config::FaultKind;
use crate::model::setup::Setup;
use crate::rule::{Rule, RuleMeta, rule_meta};

rule_meta! {
    /// ## What it finds
    /// A tokenizer of another family than the model: axolotl's `tokenizer_config` in a folder whose config.json has another
    /// model type and vocabulary than `base_model`'s, torchtune's tokenizer from another module than its model.
    ///
    /// ## Why it matters
    /// Nothing need be refused: ids that the embedding has are looked up, those it lacks are added as new rows. But each
    /// stands for another token to the model, which begins to learn language anew.
    ///
    /// ## Example
    /// ```file torchtune.yaml
    /// model:
    ///   _component_: torchtune.models.llama3_1.llama3_1_8b
    /// tokenizer:
    ///   _component_: torchtune.models.qwen2_5.qwen2_5_tokenizer
    ///   path: model/vocab.json
    ///   merges_file: model/merges.txt
    /// checkpointer:
    ///   _component_: torchtune.training.FullModelHFCheckpointer
    ///   checkpoint_dir: model
    /// dataset:
    ///   _component_: torchtune.datasets.chat_dataset
    ///   source: json
    ///   data_files: train.jsonl
    /// optimizer:
    ///   _component_: torch.optim.AdamW
    ///   lr: 3e-4
    /// batch_size: 2
    /// epochs: 1
    /// ```
    /// ```jsonl
    /// {"messages": [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}]}
    /// ```
    ///
    /// Instead:
    /// ```file torchtune.yaml
    /// model:
    ///   _component_: torchtune.models.qwen2_5.qwen2_5_3b
    /// tokenizer:
    ///   _component_: torchtune.models.qwen2_5.qwen2_5_tokenizer
    ///   path: model/vocab.json
    ///   merges_file: model/merges.txt
    /// checkpointer:
    ///   _component_: torchtune.training.FullModelHFCheckpointer
    ///   checkpoint_dir: model
    /// dataset:
    ///   _component_: torchtune.datasets.chat_dataset
    ///   source: json
    ///   data_files: train.jsonl
    /// optimizer:
    ///   _component_: torch.optim.AdamW
    ///   lr: 3e-4
    /// batch_size: 2
    /// epochs: 1
    /// ```
    /// ```jsonl
    /// {"messages": [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}]}
    /// ```
    ///
    /// ## Fix
    /// Take the tokenizer of the model (in axolotl leave `tokenizer_config` out), or the model the tokenizer belongs to.
    "config/foreign-tokenizer", Error, needs [Config, Tokenizer]
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ForeignTokenizer {}

impl Rule for ForeignTokenizer {
    const META: RuleMeta = META;
    type State = ();
    const ROWS: bool = false;

    fn finish(&self, (): (), setup: &Setup, out: &mut Findings) {
        super::tell(setup, FaultKind::ForeignTokenizer, out);
    }
}
