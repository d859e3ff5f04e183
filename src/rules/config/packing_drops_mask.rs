use serde::Deserialize;

use crate::finding::Findings;
use crate::model::setup::Setup;
use crate::model::version::Version;
use crate::rule::{Rule, RuleMeta, rule_meta};

rule_meta! {
    /// ## What it finds
    /// Packing together with a mask, in a TRL that loses the mask when it packs.
    ///
    /// ## Why it matters
    /// Up to 0.19.1 packing keeps the ids and drops `completion_mask` and `assistant_masks`: the run trains on prompts and
    /// user turns, and the model learns to write both sides (trl#3728).
    ///
    /// ## Example
    /// ```file sft.yaml --trainer trl@0.19.1
    /// model_name_or_path: model
    /// dataset_name: rows
    /// per_device_train_batch_size: 2
    /// learning_rate: 2.0e-5
    /// max_length: 1024
    /// packing: true
    /// assistant_only_loss: true
    /// ```
    /// ```jsonl
    /// {"messages": [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}]}
    /// ```
    ///
    /// Instead:
    /// ```file sft.yaml --trainer trl@0.19.1
    /// model_name_or_path: model
    /// dataset_name: rows
    /// per_device_train_batch_size: 2
    /// learning_rate: 2.0e-5
    /// max_length: 1024
    /// assistant_only_loss: true
    /// ```
    /// ```jsonl
    /// {"messages": [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}]}
    /// ```
    ///
    /// ## Fix
    /// Upgrade TRL to 0.20 or later, or train without packing.
    "config/packing-drops-mask", Error, needs [Config]
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct PackingDropsMask {}

impl Rule for PackingDropsMask {
    const META: RuleMeta = META;
    type State = ();
    const ROWS: bool = false;

    fn finish(&self, (): (), setup: &Setup, out: &mut Findings) {
        let Some(config) = super::trl_below(setup, Version::new(0, 20, 0)) else {
            return;
        };
        let mask = ["assistant_only_loss", "completion_only_loss"]
            .iter()
            .find_map(|key| config.on(key));
        if let (Some(packing), Some(mask)) = (config.on("packing"), mask) {
            let message = format!(
                "trl {} drops the mask of {} ({}) when it packs: every token is trained",
                config.version, mask.key, mask.origin
            );
            out.blame(&packing.origin, message);
        }
    }
}
