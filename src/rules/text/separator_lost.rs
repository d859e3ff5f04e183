use serde::{Deserialize, Serialize};

use super::parts::last_signs::{Ends, LONGEST, offer, usual};
use crate::finding::Findings;
use crate::model::example::{Branch, Example, Shape};
use crate::model::setup::Setup;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};
use crate::rules::parts::slips;
use crate::sketch::Merge;
use crate::sketch::strays::Strays;

rule_meta! {
    /// ## What it finds
    /// In a set of prompts and completions in which nearly every prompt ends with the same separator, such as
    /// `\n\n###\n\n` or ` ->`, or nearly every completion with the same stop mark or begins with a blank: the few rows that
    /// lack it, or have it twice; and completions that are nothing but their stop mark, or `[]` before it.
    ///
    /// ## Why it matters
    /// The marks are all that tells the model where a prompt ends, and when to stop.
    ///
    /// ## Example
    /// ```text
    /// 199 rows whose prompts end with `\n\n###\n\n`, and this one:
    /// {"prompt": "the master of the house,", "completion": " le maître de la maison,\n###"}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"prompt": "the master of the house,\n\n###\n\n", "completion": " le maître de la maison,\n###"}
    /// ```
    ///
    /// ## Fix
    /// Put the mark there as in the other rows; remove rows whose completion is empty.
    "text/separator-lost", Warning
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct SeparatorLost {}

/// Rows below which nothing is usual.
const LEAST: u64 = 100;
/// Of so many rows one may lack a mark.
const PER: u64 = 100;

/// What is known of the rows so far.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Rows {
    all: u64,
    prompts: Ends,
    completions: Ends,
    /// Completions that do not begin with a blank.
    unblank: Strays<String>,
    /// Those that are nothing but their end, and what they end with.
    empty: Strays<(String, String)>,
}

impl Merge for Rows {
    fn merge(&mut self, other: Self) {
        self.all += other.all;
        Merge::merge(&mut self.prompts, other.prompts);
        Merge::merge(&mut self.completions, other.completions);
        self.unblank.merge(other.unblank);
        self.empty.merge(other.empty);
    }
}

impl Rule for SeparatorLost {
    const META: RuleMeta = META;
    type State = Rows;
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, rows: &mut Rows, _: &mut Findings) {
        let plain = |example: &&Example<'_>| is_plain(example);
        let Some([prompt, completion]) = row.example.filter(plain).map(|example| example.turns.as_slice()) else {
            return;
        };
        if prompt.trimmed().is_empty() || completion.trimmed().is_empty() {
            return;
        }
        rows.all += 1;
        offer(&mut rows.prompts, &row.place, prompt);
        let stop = offer(&mut rows.completions, &row.place, completion);
        if !completion.text.starts_with(' ') {
            rows.unblank.offer(&row.place, || completion.pointer());
        }
        let said = completion.text.strip_suffix(stop).unwrap_or_default().trim();
        if matches!(said, "" | "[]" | "{}") {
            rows.empty.offer(&row.place, || (completion.pointer(), stop.to_owned()));
        }
    }

    fn finish(&self, rows: Rows, _: &Setup, out: &mut Findings) {
        let Rows {
            all,
            prompts,
            completions,
            unblank,
            empty,
        } = rows;
        if all < LEAST {
            return;
        }
        judge(&prompts, "prompt", all, out);
        judge(&completions, "completion", all, out);
        slips::report(&unblank, all, PER, out, |pointer| {
            let others = all - unblank.count();
            let message = format!("the completion does not begin with a blank, as {others} of {all} do");
            (pointer.clone(), message)
        });
        let stop = usual(&completions, all, PER).map(|(stop, _)| stop);
        for (place, (pointer, end)) in empty.rows() {
            if let Some(stop) = stop.filter(|stop| end.ends_with(stop)) {
                let message = || format!("the completion is empty but for `{}`", stop.escape_debug());
                out.field(place, || pointer.clone(), message);
            }
        }
    }
}

fn is_plain(example: &Example<'_>) -> bool {
    let sides = example.turns.iter().map(|turn| turn.branch);
    !example.conversational
        && example.shape == Shape::PromptCompletion
        && sides.eq([Branch::Prompt, Branch::Completion])
}

fn judge(ends: &Ends, what: &str, all: u64, out: &mut Findings) {
    let Some((mark, times)) = usual(ends, all, PER) else {
        return;
    };
    let twice = format!("{mark}{mark}");
    // A line of signs may be of any length.
    let shown = mark.escape_debug();
    let is_line = mark.chars().count() * 2 > LONGEST || twice.chars().all(|c| mark.starts_with(c));
    for (end, rows) in ends {
        let said = if !end.ends_with(mark) {
            format!("the {what} does not end with `{shown}`, as {times} of {all} do")
        } else if !is_line && end.ends_with(&twice) {
            format!("the {what} ends with `{shown}` twice, unlike others of {all}")
        } else {
            continue;
        };
        slips::report(rows, all, PER, out, |pointer| (pointer.clone(), said.clone()));
    }
}
