use serde::Deserialize;

use crate::finding::Findings;
use crate::model::setup::Setup;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};

use super::parts::reached::Reached;

rule_meta! {
    /// ## What it finds
    /// Training rows with the same long answer (48 bytes and more) as a held-out row (`--eval`, `--against`) to
    /// another prompt.
    ///
    /// ## Why it matters
    /// The answer is known before the question is asked. Canned replies, such as refusals, are no leak.
    ///
    /// ## Example
    /// ```jsonl train.jsonl --eval eval.jsonl
    /// {"prompt": "Tell me of the tides.", "completion": "The moon pulls the water of the seas towards it, and the earth turns below."}
    /// ```
    /// ```jsonl eval.jsonl
    /// {"prompt": "How do tides work?", "completion": "The moon pulls the water of the seas towards it, and the earth turns below."}
    /// ```
    ///
    /// Instead:
    /// ```jsonl train.jsonl --eval eval.jsonl
    /// {"prompt": "Why is the sky blue?", "completion": "The air scatters blue light more than red, so blue comes from every side."}
    /// ```
    /// ```jsonl eval.jsonl
    /// {"prompt": "How do tides work?", "completion": "The moon pulls the water of the seas towards it, and the earth turns below."}
    /// ```
    ///
    /// ## Fix
    /// Take these rows out of the training data with `gonogo filter --drop leak/eval-answer`, or out of the
    /// evaluation data with `--drop-from eval`; `--list FILE` writes every pair.
    "leak/eval-answer", Note, above 0.05 => Warning
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct EvalAnswer {}

impl Rule for EvalAnswer {
    const META: RuleMeta = META;
    const WORDS: bool = true;
    const HOLDOUT: bool = true;
    type State = Reached;
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, reached: &mut Reached, out: &mut Findings) {
        if let Some(hit) = row.hits.and_then(|hits| hits.answer) {
            reached.add(hit);
            out.pair(&row.place, hit.place, || {
                "gives the same answer, to another prompt, as the held-out row".to_owned()
            });
        }
    }

    fn finish(&self, reached: Reached, setup: &Setup, out: &mut Findings) {
        out.held_out = reached.share(setup);
    }
}
