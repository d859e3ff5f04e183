use serde::Deserialize;

use crate::finding::Findings;
use crate::model::setup::Setup;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};

rule_meta! {
    /// ## What it finds
    /// A config that sets a number of steps and a number of epochs.
    ///
    /// ## Why it matters
    /// The steps win in every trainer, and the epochs have no effect: a run meant to see the data three times may see a
    /// tenth of it.
    ///
    /// ## Example
    /// ```file sft.yaml
    /// model_name_or_path: model
    /// dataset_name: rows
    /// per_device_train_batch_size: 2
    /// learning_rate: 2.0e-5
    /// max_length: 1024
    /// max_steps: 500
    /// num_train_epochs: 3
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
    /// num_train_epochs: 3
    /// ```
    /// ```jsonl
    /// {"messages": [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}]}
    /// ```
    ///
    /// ## Fix
    /// Take out the one that is not meant.
    "config/max-steps-over-epochs", Warning, needs [Config]
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct MaxStepsOverEpochs {}

impl Rule for MaxStepsOverEpochs {
    const META: RuleMeta = META;
    type State = ();

    fn check(&self, _: &Row<'_>, (): &mut (), _: &mut Findings) {}

    fn finish(&self, (): (), setup: &Setup, out: &mut Findings) {
        let Some(config) = &setup.config else { return };
        let steps = config
            .written("max_steps")
            .filter(|steps| steps.value.as_f64().is_some_and(|steps| steps > 0.0));
        let epochs = config
            .written("num_train_epochs")
            .or_else(|| config.written("num_epochs"));
        if let (Some(steps), Some(epochs)) = (steps, epochs) {
            out.set(format!(
                "max_steps {} ({}) wins over {} {} ({}), which has no effect",
                steps.value, steps.origin, epochs.key, epochs.value, epochs.origin
            ));
        }
    }
}
