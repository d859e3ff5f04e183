use serde::Deserialize;

use crate::finding::Findings;
use crate::model::encoded::{Encoded, What};
use crate::model::example::{Example, Turn};
use crate::model::setup::Setup;
use crate::rule::{Row, Rule, RuleMeta, plural, rule_meta};
use crate::sketch::lowest::Lowest;

rule_meta! {
    /// ## What it finds
    /// Turns that the template writes into the next one, with nothing but white space between: a system prompt at the
    /// head of the user's turn, as Gemma's template has it.
    ///
    /// ## Why it matters
    /// The model does not see who said what: the system prompt is the user's own words to it. That is as the template
    /// means it, and no fault of the rows; a run that counts on the system role should know.
    ///
    /// ## Example
    /// ```jsonl --chat-template fixtures/templates/merges-system.jinja
    /// {"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl --chat-template fixtures/templates/merges-system.jinja
    /// {"messages": [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}]}
    /// ```
    ///
    /// ## Fix
    /// Train with a template that has a place for the role, or serve the model with the same one.
    "template/turns-merged", Note, needs [Tokenizer, Template]
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct TurnsMerged {}

impl Rule for TurnsMerged {
    const META: RuleMeta = META;
    /// Rows that have such turns, and whose they are in the first of them.
    type State = (u64, Lowest<(String, String)>);

    fn check(&self, row: &Row<'_>, (rows, first): &mut Self::State, _: &mut Findings) {
        let Some(example) = row.example.filter(|example| example.conversational) else {
            return;
        };
        let found = row.encoded.first().and_then(|encoded| merged(encoded, example));
        if let Some((one, other)) = found {
            *rows += 1;
            first.offer(&row.place, || {
                (one.role.name().to_owned(), other.role.name().to_owned())
            });
        }
    }

    fn finish(&self, (rows, first): Self::State, _: &Setup, out: &mut Findings) {
        if let Some((_, (one, other))) = first.get() {
            out.set(format!(
                "the template writes the {one} turn into the {other} turn after it, in {}",
                plural(rows, "row")
            ));
        }
    }
}

/// The first turn that another role's follows without a header.
fn merged<'e>(encoded: &Encoded, example: &'e Example<'_>) -> Option<(&'e Turn<'e>, &'e Turn<'e>)> {
    let mut before: Option<&Turn<'_>> = None;
    let mut start = 0;
    for part in &encoded.parts {
        let text = encoded.text.get(start..part.end as usize)?;
        start = part.end as usize;
        match part.what {
            What::Template if text.trim().is_empty() => {}
            What::Template => before = None,
            What::Turn(at) => {
                let turn = example.turns.get(usize::from(at))?;
                if let Some(before) = before.filter(|before| before.role != turn.role) {
                    return Some((before, turn));
                }
                before = Some(turn);
            }
        }
    }
    None
}
