use serde::Deserialize;

use crate::finding::Findings;
use crate::model::setup::{Origin, Setup};
use crate::rule::{Rule, RuleMeta, rule_meta};

use super::parts::rate;

rule_meta! {
    /// ## What it finds
    /// A learning rate with which no run can learn: 0 or below, 1 or more with an optimizer of Adam's kind, or one that the
    /// schedule lets rise where it should fall, because its lowest is above its highest.
    ///
    /// ## Why it matters
    /// At a rate of 0 every step is made and no weight moves. Adam moves each weight by about the rate, and weights are
    /// hundredths: at 1 the model is noise after a step. `1e4` is `1e-4` without its sign.
    ///
    /// ## Example
    /// ```jsonl --epochs 1 --batch-size 1 --learning-rate 10000
    /// {"text": "a row"}
    /// ```
    ///
    /// Instead:
    /// ```jsonl --epochs 1 --batch-size 1 --learning-rate 1e-4
    /// {"text": "a row"}
    /// ```
    ///
    /// ## Fix
    /// Give the rate that was meant (learning_rate; optimizer.lr in torchtune), or a lowest rate below it (min_lr,
    /// min_lr_rate or cosine_min_lr_ratio).
    "budget/learning-rate", Error
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct LearningRate {}

impl Rule for LearningRate {
    const META: RuleMeta = META;
    type State = ();
    const ROWS: bool = false;

    fn finish(&self, (): (), setup: &Setup, out: &mut Findings) {
        let peak = &setup.run.learning_rate;
        if matches!(peak.origin, Origin::Default | Origin::TrainerDefault(_)) {
            return;
        }
        let said = format!("learning_rate is {} ({})", peak.value, peak.origin);
        let is_adam = rate::is_adam(setup);
        if peak.value < 0.0 {
            out.blame(
                &peak.origin,
                format!("{said}: the optimizer raises ValueError at a rate below 0"),
            );
        } else if peak.value == 0.0 && is_adam {
            out.blame(&peak.origin, format!("{said}: no step changes a weight"));
        } else if peak.value >= 1.0 && is_adam {
            out.blame(
                &peak.origin,
                format!("{said}: Adam would move every weight by about as much in each step"),
            );
        } else if let Some((name, lowest)) = rate::lowest(setup)
            && lowest > peak.value
        {
            out.blame(
                &peak.origin,
                format!("{said}, and {name} makes {lowest} the lowest: the rate rises instead of falling"),
            );
        }
    }
}
