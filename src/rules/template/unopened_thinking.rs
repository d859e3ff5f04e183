use serde::Deserialize;

use crate::finding::Findings;
use crate::model::example::Role;
use crate::model::setup::Setup;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};
use crate::rules::parts::turns;
use crate::search;

rule_meta! {
    /// ## What it finds
    /// A few answers with `</think>` and no `<think>` before it, in a set whose other answers have none, or both.
    ///
    /// ## Why it matters
    /// The thoughts stand in the answer as if they were part of it, or the model learns to close what it never opened.
    /// Sets whose prompts end with `<think>` are made that way, and left alone.
    ///
    /// ## Example
    /// ```jsonl
    /// {"messages": [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "Two and two, let me see.</think>4"}]}
    /// {"messages": [{"role": "user", "content": "3+3?"}, {"role": "assistant", "content": "6"}]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"messages": [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "<think>Two and two, let me see.</think>4"}]}
    /// {"messages": [{"role": "user", "content": "3+3?"}, {"role": "assistant", "content": "6"}]}
    /// ```
    ///
    /// ## Fix
    /// Write `<think>` where the thoughts begin, or take them out.
    "template/unopened-thinking", Warning
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct UnopenedThinking {}

/// More than this, and than one row in ten, are made that way.
const FEW: u64 = 3;

impl Rule for UnopenedThinking {
    const META: RuleMeta = META;
    /// Rows whose last answer only closes, and all.
    type State = (u64, u64);
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, (closes, all): &mut Self::State, out: &mut Findings) {
        let Some(example) = row.example else { return };
        // Of several answers the last one alone is thought about.
        let Some(turn) = turns::taught(example).next_back() else {
            return;
        };
        *all += 1;
        if !row.chars.angle() {
            return;
        }
        let Some(close) = search::find(&turn.text, "</think>") else {
            return;
        };
        let opened = |text: &str| search::find(text, "<think>").is_some();
        let prompted = || {
            example
                .turns
                .iter()
                .any(|turn| turn.role != Role::Assistant && opened(&turn.text))
        };
        let spoken_of = turn.text[..close].ends_with(['`', '"', '\'']);
        if !opened(&turn.text[..close]) && !spoken_of && !prompted() {
            *closes += 1;
            let message = || "`</think>` without `<think>` before it".to_owned();
            out.field(&row.place, || turn.pointer(), message);
        }
    }

    fn finish(&self, (closes, all): Self::State, _: &Setup, out: &mut Findings) {
        if closes > FEW && closes * 10 > all {
            *out = Findings::default();
        }
    }
}
