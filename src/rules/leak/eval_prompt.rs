use serde::Deserialize;

use crate::finding::Findings;
use crate::model::setup::Setup;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};

use super::parts::reached::Reached;

rule_meta! {
    /// ## What it finds
    /// Training rows that ask the same as a held-out row (`--eval`, `--against`) and answer otherwise, but for
    /// case, space, punctuation, system prompts and the names of roles. Prompts of less than 12 bytes are not
    /// looked for.
    ///
    /// ## Why it matters
    /// The model has seen the question and an answer to it: its score on it says little of new questions.
    ///
    /// ## Example
    /// ```jsonl train.jsonl --eval eval.jsonl
    /// {"prompt": "What is the capital of Peru?", "completion": "Lima, on the coast."}
    /// ```
    /// ```jsonl eval.jsonl
    /// {"prompt": "What is the capital of Peru?", "completion": "It is Lima."}
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
    /// Take these rows out of the training data with `gonogo filter --drop leak/eval-prompt`, or out of the
    /// evaluation data with `--drop-from eval`; `--list FILE` writes every pair.
    "leak/eval-prompt", Warning, above 0.01 => Error
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct EvalPrompt {}

impl Rule for EvalPrompt {
    const META: RuleMeta = META;
    const WORDS: bool = true;
    const HOLDOUT: bool = true;
    type State = Reached;
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, reached: &mut Reached, out: &mut Findings) {
        if let Some(hit) = row.hits.and_then(|hits| hits.prompt) {
            reached.add(hit);
            out.pair(&row.place, hit.place, || {
                "asks the same, and answers otherwise, as the held-out row".to_owned()
            });
        }
    }

    fn finish(&self, reached: Reached, setup: &Setup, out: &mut Findings) {
        out.held_out = reached.share(setup);
    }
}
