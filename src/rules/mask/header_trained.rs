use serde::Deserialize;

use crate::finding::Findings;
use crate::model::encoded::{Encoded, What};
use crate::model::example::Turn;
use crate::model::stretch::{Stretch, is_trained, is_whole, stretches};
use crate::rule::{Row, Rule, RuleMeta, rule_meta};

use super::parts::stretches::turn;

rule_meta! {
    /// ## What it finds
    /// Rows in which the header of an answer carries loss, as `<|im_start|>assistant`, where prompts do not.
    ///
    /// Nothing for torchtune, whose messages have one mask each, header and all: no setting of it makes another.
    ///
    /// ## Why it matters
    /// The server writes the header itself, so the model is taught to write it a second time.
    ///
    /// ## Example
    /// ```jsonl --trainer trl@1.16.0 --set assistant_only_loss=true --chat-template fixtures/templates/marks-header.jinja
    /// {"messages": [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl --trainer trl@1.16.0 --set assistant_only_loss=true --chat-template fixtures/templates/marked.jinja
    /// {"messages": [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}]}
    /// ```
    ///
    /// ## Fix
    /// Begin the mask after the header: let `{% generation %}` follow it in the template, or give the whole
    /// header as the response template.
    "mask/header-trained", Warning, needs [Tokenizer, Trainer]
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct HeaderTrained {}

impl Rule for HeaderTrained {
    const META: RuleMeta = META;
    type State = ();

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        let (Some(example), Some(facts)) = (row.example, &row.setup.tokenizer) else {
            return;
        };
        if row.setup.is_of("torchtune") {
            return;
        }
        for encoded in row.encoded.iter().filter(|encoded| !is_whole(encoded, row.setup.pad())) {
            let mut before: Option<Stretch> = None;
            let mut after_prompt = true;
            for stretch in stretches(encoded) {
                let turn = turn(stretch.what, example);
                if turn.is_some_and(Turn::is_answer) {
                    let header = before
                        .take()
                        .filter(|header| after_prompt && header.what == What::Template);
                    let trained = header.and_then(|header| {
                        let tokens = || header.tokens.clone().filter(|token| is_trained(encoded, *token));
                        let special = |token| Some((token, facts.special(encoded.input_ids[token])?));
                        tokens()
                            .find_map(special)
                            .or_else(|| names_role(encoded, tokens(), turn?))
                    });
                    if let (Some((token, text)), Some(turn)) = (trained, turn) {
                        out.field(
                            &row.place,
                            || turn.message_pointer(),
                            || format!("`{text}` before the answer carries loss, at token {token}"),
                        );
                        break;
                    }
                }
                if let Some(turn) = turn {
                    after_prompt = !turn.is_answer();
                }
                before = Some(stretch);
            }
        }
    }
}

/// A header of plain text (`<|assistant|>`, `### Assistant:`): the first of its tokens, and the text of all.
fn names_role<'e>(
    encoded: &'e Encoded,
    mut tokens: impl Iterator<Item = usize>,
    turn: &Turn<'_>,
) -> Option<(usize, &'e str)> {
    let first = tokens.next()?;
    let last = tokens.last().unwrap_or(first);
    let (from, to) = (encoded.offsets.get(first)?.0, encoded.offsets.get(last)?.1);
    let text = encoded.text.get(from as usize..to as usize)?.trim();
    let said = text.to_lowercase();
    let role = turn.role_text.to_lowercase();
    (said.contains("assistant") || !role.is_empty() && said.contains(&role)).then_some((first, text))
}
