use serde::Deserialize;

use crate::finding::Findings;
use crate::model::encoded::{Encoded, What};
use crate::model::example::Example;
use crate::rule::{Row, Rule, RuleMeta, clip, rule_meta};

rule_meta! {
    /// ## What it finds
    /// Rows of plain text in which one token holds the end of the prompt and the start of the answer.
    ///
    /// ## Why it matters
    /// At inference the prompt ends with a token of its own, so the model is asked to go on from where it was never
    /// trained to. The trainer finds the completion by the prompt's tokens, and trains the joined token or leaves it
    /// out by chance.
    ///
    /// ## Example
    /// ```jsonl -m fixtures/tokenizers/qwen-chatml --trainer trl@1.16.0
    /// {"prompt": "What is th", "completion": "e answer?"}
    /// ```
    ///
    /// Instead:
    /// ```jsonl -m fixtures/tokenizers/qwen-chatml --trainer trl@1.16.0
    /// {"prompt": "What is", "completion": " the answer?"}
    /// ```
    ///
    /// ## Fix
    /// Begin the completion with the blank or the line break that stands between the two.
    "template/prompt-joined", Note, above 0.5 => Warning, needs [Tokenizer, Trainer]
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct PromptJoined {}

impl Rule for PromptJoined {
    const META: RuleMeta = META;
    type State = ();

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        let Some(example) = row.example else { return };
        if let Some(token) = row.encoded.iter().find_map(|encoded| joined(encoded, example)) {
            out.row(&row.place, || {
                format!("the token `{}` ends the prompt and begins the answer", clip(token))
            });
        }
    }
}

/// The text of the token that reaches from a prompt into its answer.
pub(in crate::rules) fn joined<'e>(encoded: &'e Encoded, example: &Example<'_>) -> Option<&'e str> {
    let answers = |what| match what {
        What::Turn(at) => Some(example.turns.get(usize::from(at))?.is_answer()),
        What::Template => None,
    };
    let ends = encoded.parts.windows(2).filter_map(|pair| {
        let is_end = answers(pair[0].what) == Some(false) && answers(pair[1].what) == Some(true);
        is_end.then_some(pair[0].end)
    });
    let mut reaching = ends.filter_map(|end| encoded.offsets.iter().find(|(from, to)| *from < end && end < *to));
    let (from, to) = *reaching.next()?;
    encoded.text.get(from as usize..to as usize)
}
