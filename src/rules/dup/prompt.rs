use serde::Deserialize;

use crate::finding::Findings;
use crate::model::example::Shape;
use crate::model::setup::Setup;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};
use crate::rules::parts::labels::is_good;
use crate::sketch::keys::{Keys, Shared};

use super::parts::said::Said;
use super::parts::{groups, said};

rule_meta! {
    /// ## What it finds
    /// Rows that ask the same as an earlier row, to the byte and with the same turns before it, and answer
    /// otherwise. Rows with the same answer too are `dup/exact`'s.
    ///
    /// ## Why it matters
    /// Where there is one right answer, the rows contradict each other and the loss cannot fall below what
    /// they disagree on. Several answers to one question are no fault where many are right; the prompt then
    /// weighs more than the others. Sets for KTO hold good and bad answers: there rows are told that give the same
    /// answer, too, and call it good in one and bad in another.
    ///
    /// ## Example
    /// ```jsonl
    /// {"prompt": "Is Pluto a planet?", "completion": "Yes, it is."}
    /// {"prompt": "Is Pluto a planet?", "completion": "No, since 2006 it is not."}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"prompt": "Is Pluto a planet?", "completion": "No, since 2006 it is not."}
    /// {"prompt": "Is Mars a planet?", "completion": "Yes, it is."}
    /// ```
    ///
    /// ## Fix
    /// Decide which answer is right, or keep one of each with `gonogo filter --drop dup/prompt`.
    "dup/prompt", Note, above 0.05 => Warning
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Prompt {}

impl Rule for Prompt {
    const META: RuleMeta = META;
    /// What is asked and what is answered; in sets for KTO both, and the label.
    type State = (Keys<Shared>, Keys<Shared>);
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, (seen, labelled): &mut Self::State, _: &mut Findings) {
        let Some((prompt, answer)) = said::asked(row) else {
            return;
        };
        // One prompt with several answers is what these sets are made of.
        let shape = row.example.map(|example| example.shape);
        if shape == Some(Shape::Preference) {
            return;
        }
        let (mut asked, mut answered) = (Said::by(row), Said::by(row));
        asked.beside(row);
        asked.turns(prompt);
        answered.text(answer.text.as_bytes());
        // Two answers of no text are two calls.
        if let (true, Some(raw)) = (answer.has_tool_calls(), answer.raw) {
            answered.text(format!("{:?}", raw.get("tool_calls")).as_bytes());
        }
        if shape == Some(Shape::Kto) {
            asked.text(&answered.half().to_le_bytes());
            let key = Shared {
                shared: asked.half(),
                other: u64::from(is_good(row)),
            };
            labelled.push(&row.place, key, row.setup.spill());
            return;
        }
        let key = Shared {
            shared: asked.half(),
            other: answered.half(),
        };
        seen.push(&row.place, key, row.setup.spill());
    }

    fn finish(&self, (seen, labelled): Self::State, _: &Setup, out: &mut Findings) {
        let both = groups::report_differing(&labelled, out, &|rows, _| {
            format!("one of {rows} rows that ask and answer the same, good in one and bad in another, first")
        });
        if both.groups > 0 {
            out.clusters = Some(both);
        }
        let clusters = groups::report_differing(&seen, out, &|rows, answers| {
            format!("one of {rows} rows that ask the same and give {answers} different answers, first")
        });
        if clusters.groups > 0 {
            out.clusters = Some(clusters);
        }
    }
}
