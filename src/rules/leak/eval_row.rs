use serde::Deserialize;

use crate::finding::Findings;
use crate::model::setup::Setup;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};

use super::parts::reached::Reached;

rule_meta! {
    /// ## What it finds
    /// Training rows that say the same as a row of the evaluation data (`--eval`, or a split of that name) or of
    /// a benchmark (`--against`), but for case, space, punctuation, system prompts and the names of roles. The
    /// level goes by the share of held-out rows that are met.
    ///
    /// ## Why it matters
    /// The score on such rows is that of memory. Above 1 % of the held-out rows the number cannot be trusted.
    ///
    /// ## Example
    /// ```jsonl train.jsonl --eval eval.jsonl
    /// {"prompt": "What is the capital of Peru?", "completion": "It is Lima."}
    /// ```
    /// ```jsonl eval.jsonl
    /// {"prompt": "what is the capital of Peru", "completion": "It is Lima."}
    /// ```
    ///
    /// Instead:
    /// ```jsonl train.jsonl --eval eval.jsonl
    /// {"prompt": "What is the capital of Chile?", "completion": "It is Santiago."}
    /// ```
    /// ```jsonl eval.jsonl
    /// {"prompt": "What is the capital of Peru?", "completion": "It is Lima."}
    /// ```
    ///
    /// ## Fix
    /// Take these rows out of the training data with `gonogo filter --drop leak/eval-row`, or out of the
    /// evaluation data with `--drop-from eval`; `--list FILE` writes every pair.
    "leak/eval-row", Warning, above 0.01 => Error
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct EvalRow {}

impl Rule for EvalRow {
    const META: RuleMeta = META;
    const WORDS: bool = true;
    const HOLDOUT: bool = true;
    type State = Reached;
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, reached: &mut Reached, out: &mut Findings) {
        if let Some(hit) = row.hits.and_then(|hits| hits.row) {
            reached.add(hit);
            out.pair(&row.place, hit.place, || "says the same as the held-out row".to_owned());
        }
    }

    fn finish(&self, reached: Reached, setup: &Setup, out: &mut Findings) {
        out.held_out = reached.share(setup);
    }
}
