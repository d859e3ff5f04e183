use serde::Deserialize;

use crate::finding::Findings;
use crate::model::setup::{PackingFlaw, Setup};
use crate::rule::{Rule, RuleMeta, rule_meta};

rule_meta! {
    /// ## What it finds
    /// Runs in which packing throws the loss mask away: prompts are trained although the settings say answers only.
    ///
    /// ## Why it matters
    /// The log shows a healthy loss, most of it on prompts. `show` of a row shows the mask as it was before packing.
    ///
    /// ## Example
    /// ```jsonl --trainer trl@0.19.1 --max-length 64 --set packing=true
    /// {"prompt": "2+2?", "completion": " 4"}
    /// ```
    ///
    /// Instead:
    /// ```jsonl --trainer trl@0.19.1 --max-length 64
    /// {"prompt": "2+2?", "completion": " 4"}
    /// ```
    ///
    /// ## Fix
    /// Train without packing, or with a release of the trainer that keeps masks when it packs.
    "mask/packing-loses-mask", Error, needs [Tokenizer, Trainer]
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct PackingLosesMask {}

impl Rule for PackingLosesMask {
    const META: RuleMeta = META;
    type State = ();
    const ROWS: bool = false;

    fn finish(&self, (): (), setup: &Setup, out: &mut Findings) {
        let trainer = setup.trainer.as_deref().unwrap_or("the trainer");
        for flaw in &setup.packing_flaws {
            if let PackingFlaw::LosesMask(advice) = flaw {
                out.set(format!("{trainer}: {advice}"));
            }
        }
    }
}
