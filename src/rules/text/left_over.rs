use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::parts::kinds::{KINDS, WEAK};
use super::parts::{leavings, prompt_marks, wrappings};
use crate::finding::Findings;
use crate::model::example::{Example, Role};
use crate::model::setup::Setup;
use crate::rule::{Row, Rule, RuleMeta, clip, rule_meta};
use crate::rules::parts::slips::Slips;
use crate::rules::parts::turns;
use crate::sketch::Merge;

rule_meta! {
    /// ## What it finds
    /// What a program or a person left in one row of a set: an answer within tags (`<answer>…</answer>`, `<p>…</p>`) or
    /// quotation marks that no other has, behind its cue (`Answer:`) or the number of a list, with the marks of a stream
    /// (`data: [DONE]`), of hidden thoughts (`assistantfinal`, `Thought for 12 seconds`) or of a web page, with its rating, its
    /// number of words, a note to who checks it, a mail below it, or a second answer behind `|||`; and a prompt that begins
    /// with `User:` or `Question 3:`, ends in `Answer:`, or holds a printed function.
    ///
    /// ## Why it matters
    /// The model learns to write it now and then. Where more than one row in two hundred has a mark, it is the format of the
    /// set, and left alone like one that the row speaks of.
    ///
    /// ## Example
    /// ```text
    /// 99 rows without such tags, and this one:
    /// {"prompt": "Why is the sea salty?", "completion": "<answer>Rivers carry salts from the rocks into it.</answer>"}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"prompt": "Why is the sea salty?", "completion": "Rivers carry salts from the rocks into it."}
    /// ```
    ///
    /// ## Fix
    /// Strip the mark where the rows are made, or in this row.
    "text/left-over", Warning
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct LeftOver {}

/// Rows below which nothing is usual.
const LEAST: u64 = 50;
/// One of so many rows may have a mark that is none of the format, or a single one.
const PER: u64 = 200;

/// Rows of a set, and those with a mark, by its kind: where it stands, and what is said.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Marks {
    rows: u64,
    found: BTreeMap<u8, Slips<(String, String)>>,
}

impl Merge for Marks {
    fn merge(&mut self, other: Self) {
        self.rows += other.rows;
        Merge::merge(&mut self.found, other.found);
    }
}

impl Rule for LeftOver {
    const META: RuleMeta = META;
    type State = Marks;
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, marks: &mut Marks, _: &mut Findings) {
        let Some(example) = row.example else { return };
        marks.rows += 1;
        let mut offer = |kind: u8, shown: &str, pointer: &dyn Fn() -> String| {
            let slips = marks.found.entry(kind).or_default();
            if !slips.are_many() && !is_asked_for(example, kind) {
                let how = KINDS[usize::from(kind)].how;
                slips.offer(&row.place, || (pointer(), format!("{how} `{}`", clip(shown))));
            }
        };
        for turn in turns::taught(example).filter(|turn| !turn.has_tool_calls()) {
            let (said, pointer) = (turn.trimmed(), || turn.pointer());
            leavings::each(said, &mut |kind, shown| offer(kind, shown, &pointer));
            wrappings::each(example, said, &mut |kind, shown| offer(kind, shown, &pointer));
        }
        if let Some(turn) = example.turns.iter().find(|turn| turn.role == Role::User) {
            let pointer = || turn.pointer();
            prompt_marks::each(example, turn.trimmed(), &mut |kind, shown| offer(kind, shown, &pointer));
        }
    }

    fn finish(&self, marks: Marks, _: &Setup, out: &mut Findings) {
        if marks.rows < LEAST {
            return;
        }
        for (kind, slips) in &marks.found {
            // What people write now and then is no mark where it comes again.
            if WEAK.contains(kind) && slips.count() > 1 {
                continue;
            }
            slips.report(marks.rows, PER, out, |(pointer, message)| {
                let of = marks.rows;
                (
                    pointer.clone(),
                    format!("{message}, as in {} of {of} rows", slips.count()),
                )
            });
        }
    }
}

/// Whether the row speaks of what was found.
fn is_asked_for(example: &Example<'_>, kind: u8) -> bool {
    let asked = example.turns.iter().filter(|turn| turn.role != Role::Assistant);
    KINDS[usize::from(kind)].asked.asked_by(asked)
}
