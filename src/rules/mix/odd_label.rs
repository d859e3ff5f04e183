use serde::Deserialize;

use super::parts::label_answers::{Answers, TIMES};
use super::parts::label_names;
use crate::finding::Findings;
use crate::model::setup::Setup;
use crate::rule::{Row, Rule, RuleMeta, clip, nearest, rule_meta};
use crate::rules::parts::turns;

rule_meta! {
    /// ## What it finds
    /// Answers that are none of the set's labels, in a set whose answers are labels: `yes.` and `mayb` where all others are
    /// `yes`, `no` or `maybe`, to the byte. Labels are answers of up to 60 characters that three rows and more give; a set
    /// has them if they are 2 to 250, nearly all rows (98.5 %) answer with one, and eight rows with each on average. Numbers
    /// among numbers are left alone. Where labels are more, they are known by how they are written: `card_arrival.` and
    /// `The label is card_arrival.` where 99 answers of 100 are names such as `card_arrival`.
    ///
    /// ## Why it matters
    /// A classifier learns a class that does not exist, or to write one of them in two ways, and what reads its answers
    /// does not know them. Such rows were typed by hand, shifted by a column, or come from another set.
    ///
    /// ## Example
    /// ```text
    /// 99 rows that answer `yes`, `no` or `maybe`, and this one:
    /// {"prompt": "Is the passage about ships?", "completion": "yes."}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"prompt": "Is the passage about ships?", "completion": "yes"}
    /// ```
    ///
    /// ## Fix
    /// Write the label as the others do, or remove the row.
    "mix/odd-label", Warning
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct OddLabel {}

/// Rows below which nothing is said of a set.
const ROWS: u64 = 50;
/// Labels of a set.
const LABELS: std::ops::RangeInclusive<usize> = 2..=250;
/// Rows to a label, on average.
const EACH: u64 = 8;
/// Of so many answers one may be too long for a label, or a single one.
const PER: u64 = 100;
/// Labels that are named.
const NAMED: usize = 6;

impl Rule for OddLabel {
    const META: RuleMeta = META;
    type State = Answers;
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, seen: &mut Answers, _: &mut Findings) {
        let answer = row.example.and_then(|example| turns::taught(example).next_back());
        let Some(answer) = answer.filter(|answer| !answer.has_tool_calls() && !answer.trimmed().is_empty()) else {
            return;
        };
        seen.take(&row.place, &answer.text, || answer.pointer());
    }

    fn finish(&self, seen: Answers, _: &Setup, out: &mut Findings) {
        let Some(short) = seen.short else { return };
        let (labels, odd): (Vec<_>, Vec<_>) = short.iter().partition(|(_, answer)| answer.times >= TIMES);
        let told: u64 = labels.iter().map(|(_, answer)| answer.times).sum();
        let few = LABELS.contains(&labels.len()) && labels.len() as u64 * EACH <= seen.all;
        if seen.all < ROWS || !few || told * 1000 < seen.all * 985 {
            label_names::report(seen.all, &short, &seen.long, out);
            return;
        }
        let is_number = |text: &str| text.trim().trim_end_matches('.').parse::<f64>().is_ok();
        let numbers = labels.iter().filter(|(label, _)| is_number(label)).count() * 2 >= labels.len();
        let mut named: Vec<(u64, &str)> = labels
            .iter()
            .map(|(label, answer)| (answer.times, label.as_str()))
            .collect();
        named.sort_unstable_by(|(one, label), (other, name)| other.cmp(one).then(label.cmp(name)));
        let shown: Vec<String> = named
            .iter()
            .take(NAMED)
            .map(|(_, label)| format!("`{}`", clip(label)))
            .collect();
        let more = if named.len() > NAMED { ", …" } else { "" };
        for (place, (pointer, text)) in seen.long.rows().filter(|_| seen.long.are_few(PER, seen.all)) {
            let message = || {
                let (count, shown) = (named.len(), shown.join(", "));
                format!("the answer is no label, `{text}`: the set has {count} ({shown}{more})")
            };
            out.field(place, || pointer.clone(), message);
        }
        for (text, answer) in odd.iter().filter(|(text, _)| !(numbers && is_number(text))) {
            let near = nearest(text.trim(), named.iter().map(|(_, label)| *label));
            let near = near.map_or_else(String::new, |near| format!("; `{near}` is near"));
            for (place, pointer) in &answer.places {
                let message = || {
                    let (text, count, shown) = (text.replace('\n', "\\n"), named.len(), shown.join(", "));
                    format!("the answer is `{text}`, and no label: the set has {count} ({shown}{more}){near}")
                };
                out.field(place, || pointer.clone(), message);
            }
        }
    }
}
