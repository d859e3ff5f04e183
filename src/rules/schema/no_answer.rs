use serde::Deserialize;

use crate::finding::Findings;
use crate::model::example::{Branch, Role, Shape, Turn};
use crate::model::setup::Setup;
use crate::rule::{Row, Rule, RuleMeta, plural, rule_meta};
use crate::rules::parts::turns;

rule_meta! {
    /// ## What it finds
    /// Conversations in which the assistant never speaks.
    ///
    /// ## Why it matters
    /// With a loss on answers the row trains nothing, and is dropped or makes a batch's loss NaN. With a loss
    /// on everything the model learns to ask.
    ///
    /// ## Example
    /// ```jsonl
    /// {"messages": [{"role": "user", "content": "2+2?"}]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"messages": [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}]}
    /// ```
    ///
    /// ## Fix
    /// Add the answer or remove the row; if the answer has a role of another name, rename it to `assistant`. Where the
    /// prompts are for reinforcement learning, say so with `--ignore schema/no-answer`.
    "schema/no-answer", Error
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct NoAnswer {}

impl Rule for NoAnswer {
    const META: RuleMeta = META;
    /// Rows that only ask, and all.
    type State = (u64, u64);
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, (without, all): &mut Self::State, out: &mut Findings) {
        let Some(example) = row.example.filter(|example| example.shape != Shape::Text) else {
            return;
        };
        *all += 1;
        let answered = |end: &&Turn<'_>| {
            let mut side = example.turns.iter().filter(|turn| turns::on_side(turn, end.branch));
            side.any(|turn| turn.role == Role::Assistant)
        };
        let silent: Vec<&Turn<'_>> = turns::ends(example).filter(|end| !answered(end)).collect();
        // A side of no messages at all has no end.
        let sides = [Branch::Chosen, Branch::Rejected];
        let empty = sides
            .into_iter()
            .find(|side| example.shape == Shape::Preference && example.side(*side).next().is_none());
        let asks = !example.turns.is_empty() && example.turns.iter().all(|turn| turn.role != Role::Assistant);
        *without += u64::from(asks);
        if let Some(side) = empty.filter(|_| silent.is_empty()) {
            let name = side_name(side);
            out.field(
                &row.place,
                || format!("/{name}"),
                || format!("no answer: `{name}` has no messages"),
            );
        }
        for end in silent {
            let message = || match end.branch {
                Branch::Chosen | Branch::Rejected => {
                    let said = plural(example.side(end.branch).count() as u64, "message");
                    format!(
                        "no answer: `{}` has {said}, none the assistant's",
                        side_name(end.branch)
                    )
                }
                _ => format!("no answer: none of {} messages is the assistant's", example.turns.len()),
            };
            out.field(&row.place, || end.pointer(), message);
        }
    }

    fn finish(&self, (without, all): Self::State, _: &Setup, out: &mut Findings) {
        if without == all && all > 1 {
            *out = Findings::default();
            out.set(format!(
                "no row of {all} has an answer: prompts alone, as GRPO and its like take them, give nothing to fine-tune on"
            ));
        }
    }
}

fn side_name(side: Branch) -> &'static str {
    if side == Branch::Chosen { "chosen" } else { "rejected" }
}
