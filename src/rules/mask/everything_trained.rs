use serde::Deserialize;

use crate::finding::Findings;
use crate::model::example::Shape;
use crate::model::setup::Setup;
use crate::model::stretch::{is_whole, stretches};
use crate::rule::{Row, Rule, RuleMeta, rule_meta};
use crate::sketch::Merge;

use super::parts::stretches::turn;

rule_meta! {
    /// ## What it finds
    /// Sets of questions and answers of which the trainer trains every token, the questions too.
    ///
    /// ## Why it matters
    /// It is the default of some trainers. The loss is then mostly that of predicting prompts: it looks
    /// smooth, and says little about the answers.
    ///
    /// ## Example
    /// ```jsonl --trainer trl@1.16.0
    /// {"messages": [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl --trainer trl@1.16.0
    /// {"prompt": "2+2?", "completion": "4"}
    /// ```
    ///
    /// ## Fix
    /// Train answers only: `assistant_only_loss=True` or a prompt-completion set in TRL, `train_on_inputs: false`
    /// in axolotl, `dataset.train_on_input: False` in torchtune, `train_on_prompt: false` in LLaMA-Factory. Where
    /// prompts are meant to be trained, say so with `--ignore mask/everything-trained`.
    "mask/everything-trained", Warning, needs [Tokenizer, Trainer]
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct EverythingTrained {}

/// Rows with a prompt, and their trained tokens.
#[derive(Default, serde::Serialize, Deserialize)]
pub(crate) struct Seen {
    rows: u64,
    /// Rows of which every token is trained.
    whole: u64,
    trained: u64,
    /// Of which in prompts.
    prompts: u64,
}

impl Merge for Seen {
    fn merge(&mut self, other: Self) {
        self.rows += other.rows;
        self.whole += other.whole;
        self.trained += other.trained;
        self.prompts += other.prompts;
    }
}

impl Rule for EverythingTrained {
    const META: RuleMeta = META;
    type State = Seen;

    fn check(&self, row: &Row<'_>, seen: &mut Seen, _: &mut Findings) {
        let Some(example) = row.example.filter(|example| example.shape != Shape::Text) else {
            return;
        };
        for encoded in row.encoded {
            let prompts = stretches(encoded).filter(|stretch| {
                let turn = turn(stretch.what, example);
                turn.is_some_and(|turn| !turn.is_answer())
            });
            let (tokens, trained) = prompts.fold((0, 0), |(tokens, trained), stretch| {
                (tokens + stretch.tokens.len(), trained + stretch.trained)
            });
            if tokens > 0 {
                seen.rows += 1;
                seen.whole += u64::from(is_whole(encoded, row.setup.pad()));
                seen.trained += encoded.trained() as u64;
                seen.prompts += trained as u64;
            }
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "a share is a float")]
    fn finish(&self, seen: Seen, setup: &Setup, out: &mut Findings) {
        if seen.rows > 0 && seen.rows == seen.whole {
            let trainer = setup.trainer.as_deref().unwrap_or("the trainer");
            let share = 100.0 * seen.prompts as f64 / seen.trained.max(1) as f64;
            out.set(format!(
                "{trainer} trains every token: {share:.0} % of the loss is on prompts, which the model is given"
            ));
        }
    }
}
