use serde::Deserialize;

use crate::finding::Findings;
use crate::model::setup::Setup;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};

use super::parts::reached::Reached;

rule_meta! {
    /// ## What it finds
    /// Training rows nearly like a held-out row (`--eval`, `--against`): of all runs of 5 words in either at
    /// least 80 % are in both. None is missed; rows of the same prompt are `leak/eval-prompt`'s too.
    ///
    /// ## Why it matters
    /// A held-out row with a name or a number changed is still known: the score is that of memory.
    ///
    /// ## Example
    /// ```jsonl train.jsonl --eval eval.jsonl
    /// {"text": "the ship left the harbour at noon with forty bags of salt and two men who had never seen the open sea before and it came back in the spring of the next year with a hold full of wool and one man"}
    /// ```
    /// ```jsonl eval.jsonl
    /// {"text": "the ship left the harbour at noon with forty bags of salt and two men who had never seen the open sea before and it came back in the spring of the next year with a hold full of silk and one man"}
    /// ```
    ///
    /// Instead:
    /// ```jsonl train.jsonl --eval eval.jsonl
    /// {"text": "a caravan of camels crossed the desert by night and rested through the heat of the day under cloths of wool"}
    /// ```
    /// ```jsonl eval.jsonl
    /// {"text": "the ship left the harbour at noon with forty bags of salt and two men who had never seen the open sea before"}
    /// ```
    ///
    /// ## Fix
    /// Take these rows out of the training data with `gonogo filter --drop leak/eval-near`, or out of the
    /// evaluation data with `--drop-from eval`; `--list FILE` writes every pair.
    "leak/eval-near", Warning, above 0.01 => Error
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct EvalNear {}

impl Rule for EvalNear {
    const META: RuleMeta = META;
    const WORDS: bool = true;
    const HOLDOUT: bool = true;
    type State = Reached;
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, reached: &mut Reached, out: &mut Findings) {
        if let Some((hit, similarity)) = row.hits.and_then(|hits| hits.near) {
            reached.add(hit);
            out.pair(&row.place, hit.place, || {
                let percent = (similarity * 100.0).floor();
                format!("is {percent:.0} % the same as the held-out row")
            });
        }
    }

    fn finish(&self, reached: Reached, setup: &Setup, out: &mut Findings) {
        out.held_out = reached.share(setup);
    }
}
