use serde::Deserialize;

use crate::finding::Findings;
use crate::model::encoded::Encoded;
use crate::model::example::{Example, Shape, Turn};
use crate::model::stretch::{Stretch, is_trained, is_whole, stretches};
use crate::rule::{Row, Rule, RuleMeta, rule_meta};
use crate::rules::template::prompt_joined::joined;

use super::parts::stretches::turn;

rule_meta! {
    /// ## What it finds
    /// Rows in which some prompt text carries loss and some does not: a user's, the system's or a tool's. A token that
    /// holds the end of the prompt and the start of the answer is the answer's (see `template/prompt-joined`).
    ///
    /// ## Why it matters
    /// A mask that trains part of the prompt does so by accident: a marker that was not found again in the
    /// second turn, a generation block that never ends. The model learns to ask its own questions.
    ///
    /// ## Example
    /// ```jsonl --trainer trl@1.16.0 --set assistant_only_loss=true --chat-template fixtures/templates/spills.jinja
    /// {"messages": [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}, {"role": "user", "content": "3+3?"}, {"role": "assistant", "content": "6"}]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl --trainer trl@1.16.0 --set assistant_only_loss=true --chat-template fixtures/templates/marked.jinja
    /// {"messages": [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}, {"role": "user", "content": "3+3?"}, {"role": "assistant", "content": "6"}]}
    /// ```
    ///
    /// ## Fix
    /// Look at the row with `gonogo show`, and mend what marks the answers: the response and instruction
    /// templates, or `{% generation %}` in the chat template; or unset what trains prompts on purpose (`train_on_inputs`
    /// in axolotl, `train_on_input` in torchtune, whose alpaca datasets have it set by default, `train_on_prompt` in
    /// LLaMA-Factory).
    "mask/prompt-trained", Error, needs [Tokenizer, Trainer]
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct PromptTrained {}

impl Rule for PromptTrained {
    const META: RuleMeta = META;
    type State = ();

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        let Some(example) = row.example.filter(|example| example.shape != Shape::Text) else {
            return;
        };
        // What the sides of a pair do not share is taken for the answer: where the prompt's last character is one token
        // with the answer of one side, that of the other is trained as well.
        let beside = row.encoded.len() > 1 && row.encoded.iter().any(|encoded| joined(encoded, example).is_some());
        for encoded in row.encoded.iter().filter(|encoded| !is_whole(encoded, row.setup.pad())) {
            let prompts = || {
                stretches(encoded).filter_map(|stretch| {
                    let turn = turn(stretch.what, example).filter(|turn| !turn.is_answer())?;
                    let last = ends_in_answer(encoded, &stretch, example)
                        || beside
                            && is_trained(encoded, stretch.tokens.end - 1)
                            && is_before_answer(encoded, &stretch, example);
                    let trained = stretch.trained - if last { at_end(encoded, &stretch) } else { 0 };
                    Some((turn, stretch.tokens, trained))
                })
            };
            let Some((turn, mut tokens, _)) =
                prompts().find(|(turn, _, trained)| *trained > 0 && turn.train != Some(true))
            else {
                continue;
            };
            let (trained, all) = prompts().fold((0, 0), |(trained, all), (_, tokens, some)| {
                (trained + some, all + tokens.len())
            });
            let first = tokens.find(|token| is_trained(encoded, *token)).unwrap_or_default();
            out.tokens += trained as u64;
            out.field(
                &row.place,
                || turn.pointer(),
                || {
                    format!(
                        "{trained} of {all} prompt tokens carry loss, the first in the {} turn at token {first}",
                        turn.role.name(),
                    )
                },
            );
        }
    }
}

/// Trained tokens at the end of a stretch that one token joins to the answer: the tokens before that one may be others
/// than the prompt has alone, as its last blanks are.
fn at_end(encoded: &Encoded, stretch: &Stretch) -> usize {
    const REACH: usize = 3;
    let tokens = stretch.tokens.clone().rev().take(REACH);
    tokens.take_while(|token| is_trained(encoded, *token)).count()
}

/// Whether an answer follows a stretch.
fn is_before_answer(encoded: &Encoded, stretch: &Stretch, example: &Example<'_>) -> bool {
    let next = stretches(encoded).find(|next| next.tokens.start == stretch.tokens.end);
    next.and_then(|next| turn(next.what, example))
        .is_some_and(Turn::is_answer)
}

/// Whether the last token of a stretch is trained and reaches into an answer.
fn ends_in_answer(encoded: &Encoded, stretch: &Stretch, example: &Example<'_>) -> bool {
    let last = stretch.tokens.end - 1;
    let (start, end) = encoded.offsets[last];
    let mut parts = encoded.parts.iter().skip_while(|part| part.end <= start);
    let own = parts.next();
    let reached = parts.find(|part| part.end >= end);
    is_trained(encoded, last)
        && own.is_some_and(|part| part.end < end)
        && reached.is_some_and(|part| turn(part.what, example).is_some_and(Turn::is_answer))
}
