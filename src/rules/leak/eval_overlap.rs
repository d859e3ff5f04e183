use serde::Deserialize;

use crate::finding::Findings;
use crate::holdout::GRAM_WORDS;
use crate::model::setup::Setup;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};

use super::parts::reached::Reached;

rule_meta! {
    /// ## What it finds
    /// Training rows that share a run of 13 words with a held-out row (`--eval`, `--against`), in its prompt or
    /// its answer, as decontamination of benchmarks looks for it. Runs that stand in more than ten held-out rows
    /// (or a hundredth of them) belong to the format and do not count, nor do those with fewer than 8 words of a row's own
    /// beside what it begins or ends with like the row before it, an instruction. Rows that are the same, ask the same
    /// or are nearly alike are other rules'.
    ///
    /// ## Why it matters
    /// A long run in common is seldom chance: the held-out row, or its source, stands in the training data.
    /// Where both quote one passage or template it is none.
    ///
    /// ## Example
    /// ```jsonl train.jsonl --eval eval.jsonl
    /// {"prompt": "Someone asked how many eggs the farmer sells each day at the market when she keeps four of them.", "completion": "Ask her."}
    /// ```
    /// ```jsonl eval.jsonl
    /// {"prompt": "How many eggs the farmer sells each day at the market when she keeps four of sixteen?", "completion": "Twelve."}
    /// ```
    ///
    /// Instead:
    /// ```jsonl train.jsonl --eval eval.jsonl
    /// {"prompt": "Someone asked what the farmer does with her eggs.", "completion": "She sells most of them."}
    /// ```
    /// ```jsonl eval.jsonl
    /// {"prompt": "How many eggs the farmer sells each day at the market when she keeps four of sixteen?", "completion": "Twelve."}
    /// ```
    ///
    /// ## Fix
    /// Take these rows out of the training data with `gonogo filter --drop leak/eval-overlap`, or out of the
    /// evaluation data with `--drop-from eval`; `--list FILE` writes every pair.
    "leak/eval-overlap", Note, above 0.05 => Warning
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct EvalOverlap {}

impl Rule for EvalOverlap {
    const META: RuleMeta = META;
    const WORDS: bool = true;
    const HOLDOUT: bool = true;
    type State = Reached;
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, reached: &mut Reached, out: &mut Findings) {
        if let Some((hit, shared, of)) = row.hits.and_then(|hits| hits.grams) {
            reached.add(hit);
            let strength = u16::try_from(u64::from(shared) * 1000 / u64::from(of.max(1))).unwrap_or(1000);
            out.strong_pair(strength, &row.place, hit.place, || {
                format!("shares {shared} of {of} runs of {GRAM_WORDS} words with the held-out row")
            });
        }
    }

    fn finish(&self, reached: Reached, setup: &Setup, out: &mut Findings) {
        out.held_out = reached.share(setup);
    }
}
