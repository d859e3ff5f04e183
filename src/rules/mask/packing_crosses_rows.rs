use serde::Deserialize;

use crate::finding::Findings;
use crate::model::setup::{PackingFlaw, Setup};
use crate::rule::{Rule, RuleMeta, rule_meta};

rule_meta! {
    /// ## What it finds
    /// Runs whose packing cuts rows in two, or lets the rows of a sequence see each other.
    ///
    /// ## Why it matters
    /// An answer is predicted from another row's text, or loses its question to the sequence before.
    ///
    /// ## Example
    /// ```jsonl --trainer trl@1.16.0 --max-length 64 --set packing=true --set packing_strategy=wrapped
    /// {"prompt": "2+2?", "completion": " 4"}
    /// ```
    ///
    /// Instead:
    /// ```jsonl --trainer trl@1.16.0 --max-length 64 --set packing=true
    /// {"prompt": "2+2?", "completion": " 4"}
    /// ```
    ///
    /// ## Fix
    /// Choose the way of packing that the message names.
    "mask/packing-crosses-rows", Warning, needs [Tokenizer, Trainer]
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct PackingCrossesRows {}

impl Rule for PackingCrossesRows {
    const META: RuleMeta = META;
    type State = ();
    const ROWS: bool = false;

    fn finish(&self, (): (), setup: &Setup, out: &mut Findings) {
        let trainer = setup.trainer.as_deref().unwrap_or("the trainer");
        for flaw in &setup.packing_flaws {
            if let PackingFlaw::CrossesRows(advice) = flaw {
                out.set(format!("{trainer}: {advice}"));
            }
        }
    }
}
