use serde::Deserialize;

use crate::finding::Findings;
use crate::model::example::Shape;
use crate::model::setup::Setup;
use crate::model::version::Version;
use crate::rule::{Rule, RuleMeta, rule_meta};

rule_meta! {
    /// ## What it finds
    /// Liger's kernels together with a mask, in a TRL that loses the mask for them.
    ///
    /// ## Why it matters
    /// With `use_liger_kernel` TRL up to 0.19.1 keeps the ids alone, and up to 0.21 everything but `assistant_masks`: the run
    /// trains on what was to be masked (trl#3484, trl#3781).
    ///
    /// ## Example
    /// ```file sft.yaml --trainer trl@0.19.1
    /// model_name_or_path: model
    /// dataset_name: rows
    /// per_device_train_batch_size: 2
    /// learning_rate: 2.0e-5
    /// max_length: 1024
    /// use_liger_kernel: true
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
    /// Upgrade TRL to 0.22 or later, or train without Liger.
    "config/liger-drops-mask", Error, needs [Config]
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct LigerDropsMask {}

impl Rule for LigerDropsMask {
    const META: RuleMeta = META;
    type State = ();
    const ROWS: bool = false;

    fn finish(&self, (): (), setup: &Setup, out: &mut Findings) {
        let Some(config) = super::trl_below(setup, Version::new(0, 22, 0)) else {
            return;
        };
        let all: &[&str] = if config.version < Version::new(0, 20, 0) {
            &["assistant_only_loss", "completion_only_loss"]
        } else {
            &["assistant_only_loss"]
        };
        let mask = all.iter().find_map(|key| config.on(key));
        let mask = mask.map(|mask| format!("the mask of {} ({})", mask.key, mask.origin));
        // Prompts of prompt-completion data are masked without a word.
        let pairs =
            setup.shapes.contains(&Some(Shape::PromptCompletion)) && config.get("completion_only_loss").is_none();
        let mask = mask.or_else(|| (pairs && all.len() > 1).then(|| "the mask of prompts".to_owned()));
        if let (Some(liger), Some(mask)) = (config.on("use_liger_kernel"), mask) {
            let version = config.version;
            let message = format!("trl {version} drops {mask} for use_liger_kernel: every token is trained");
            out.blame(&liger.origin, message);
        }
    }
}
