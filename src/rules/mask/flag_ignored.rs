use serde::Deserialize;

use crate::finding::Findings;
use crate::model::encoded::What;
use crate::model::stretch::stretches;
use crate::rule::{Row, Rule, RuleMeta, clip, rule_meta};

rule_meta! {
    /// ## What it finds
    /// Answers that the row says are not to be trained (`"weight": 0`, `"train": false`), and that the trainer trains.
    ///
    /// ## Why it matters
    /// Such keys are read by whom they were written for, OpenAI's fine-tuning or axolotl once it is told of them. Other
    /// trainers pass over them without a word, and the model learns the answers that were marked as bad.
    ///
    /// ## Example
    /// ```jsonl -m fixtures/models/chatml --trainer trl@1.16.0
    /// {"messages": [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "5", "weight": 0}, {"role": "user", "content": "No."}, {"role": "assistant", "content": "4", "weight": 1}]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl -m fixtures/models/chatml --trainer trl@1.16.0
    /// {"messages": [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4", "weight": 1}]}
    /// ```
    ///
    /// ## Fix
    /// In axolotl name the key: `message_field_training: train` (or `weight`) in the set's entry. Elsewhere end the row with
    /// the answer that is to be trained and train the last only (a prompt-completion set in TRL, `mask_history: true` in
    /// LLaMA-Factory), or leave the answer out.
    "mask/flag-ignored", Warning, needs [Tokenizer, Trainer]
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct FlagIgnored {}

impl Rule for FlagIgnored {
    const META: RuleMeta = META;
    type State = ();

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        let Some(example) = row.example else { return };
        let flagged = |at: usize| {
            let turn = example.turns.get(at)?;
            (turn.is_answer() && turn.train == Some(false)).then_some(turn)
        };
        if !(0..example.turns.len()).any(|at| flagged(at).is_some()) {
            return;
        }
        for encoded in row.encoded {
            let trained = stretches(encoded).filter(|stretch| stretch.trained > 0);
            let turns = trained.filter_map(|stretch| match stretch.what {
                What::Turn(at) => flagged(usize::from(at)),
                What::Template => None,
            });
            for turn in turns {
                let message = || {
                    let trainer = row.setup.trainer.as_deref().unwrap_or("the trainer");
                    let text = clip(&turn.text);
                    format!("{trainer} trains an answer that the row says is not to be trained: `{text}`")
                };
                out.field(&row.place, || turn.message_pointer(), message);
            }
        }
    }
}
