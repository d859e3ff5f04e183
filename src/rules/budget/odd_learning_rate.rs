use serde::Deserialize;

use crate::finding::Findings;
use crate::model::setup::{Origin, Setup};
use crate::rule::{Rule, RuleMeta, rule_meta};

use super::parts::rate::{self, Trained};

rule_meta! {
    /// ## What it finds
    /// A learning rate far above, or below, those that runs of its kind are made with, where the optimizer is of Adam's kind.
    ///
    /// ## Why it matters
    /// A rate a hundred times too high breaks the model within steps, and one a hundred times too low leaves it what it was;
    /// both are mostly a slip of an exponent. The bounds are twice the highest and half the lowest of hundreds of published
    /// configs: full fine-tunes have at most 5e-4, adapters 3e-3, DPO and its like on all weights 2e-4.
    ///
    /// ## Example
    /// ```file axolotl.yaml -m fixtures/models/chatml
    /// base_model: model
    /// datasets:
    ///   - path: train.jsonl
    ///     type: chat_template
    /// micro_batch_size: 1
    /// sequence_len: 512
    /// learning_rate: 0.02
    /// ```
    /// ```jsonl
    /// {"messages": [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}]}
    /// ```
    ///
    /// Instead:
    /// ```file axolotl.yaml -m fixtures/models/chatml
    /// base_model: model
    /// datasets:
    ///   - path: train.jsonl
    ///     type: chat_template
    /// micro_batch_size: 1
    /// sequence_len: 512
    /// learning_rate: 0.00002
    /// ```
    /// ```jsonl
    /// {"messages": [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}]}
    /// ```
    ///
    /// ## Fix
    /// Check the exponent. Usual are 1e-5 to 5e-5 for all weights, 1e-4 to 3e-4 for an adapter, 5e-7 to 5e-6 for DPO and its
    /// like on all weights. Where it is meant, raise the bound in `[rules."budget/odd-learning-rate"]`.
    "budget/odd-learning-rate", Warning
}

/// Options of the rule.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub(crate) struct OddLearningRate {
    /// Highest rate where all weights are trained.
    most_full: f64,
    /// Highest rate of an adapter, of training from the start, and where it is not known what is trained.
    most_adapter: f64,
    /// Highest rate where all weights are trained on preferences.
    most_preference: f64,
    /// Lowest rate.
    least: f64,
}

impl Default for OddLearningRate {
    fn default() -> Self {
        Self {
            most_full: 1e-3,
            most_adapter: 6e-3,
            most_preference: 4e-4,
            least: 1e-7,
        }
    }
}

impl Rule for OddLearningRate {
    const META: RuleMeta = META;
    type State = ();
    const ROWS: bool = false;

    fn finish(&self, (): (), setup: &Setup, out: &mut Findings) {
        let peak = &setup.run.learning_rate;
        let rate = peak.value;
        // Beyond these bounds it is an error of its own.
        let is_judged = rate > 0.0 && rate < 1.0 && rate::is_adam(setup);
        if !is_judged || matches!(peak.origin, Origin::Default | Origin::TrainerDefault(_)) {
            return;
        }
        let (most, what) = match Trained::of(setup) {
            Trained::All => (self.most_full, "a fine-tune of all weights"),
            Trained::AllOnPreferences => (self.most_preference, "all weights trained on preferences"),
            Trained::Adapter => (self.most_adapter, "an adapter"),
            Trained::Unknown => (self.most_adapter, "any fine-tune"),
        };
        let said = format!("learning_rate is {rate:e} ({})", peak.origin);
        if rate > most {
            out.blame(
                &peak.origin,
                format!("{said}, more than {most:e}, the most that is usual for {what}"),
            );
        } else if rate < self.least {
            out.blame(
                &peak.origin,
                format!(
                    "{said}, less than {:e}: the run would change next to nothing",
                    self.least
                ),
            );
        }
    }
}
