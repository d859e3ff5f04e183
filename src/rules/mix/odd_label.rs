use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::finding::Findings;
use crate::model::setup::Setup;
use crate::place::Place;
use crate::rule::{Row, Rule, RuleMeta, clip, nearest, rule_meta};
use crate::rules::parts::turns;
use crate::sketch::Merge;

rule_meta! {
    /// ## What it finds
    /// Answers that are none of the set's labels, in a set whose answers are labels: `yes.` and `mayb` where all others are
    /// `yes`, `no` or `maybe`, to the byte. Labels are answers of up to 60 characters that three rows and more give; a set
    /// has them if they are 2 to 250, nearly all rows (98.5 %) answer with one, and eight rows with each on average. Numbers
    /// among numbers are left alone.
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

/// Characters of the longest label.
const LONGEST: usize = 60;
/// Rows below which nothing is said of a set.
const ROWS: u64 = 50;
/// Rows that give an answer, for it to be a label.
const TIMES: u64 = 3;
/// Labels of a set.
const LABELS: std::ops::RangeInclusive<usize> = 2..=250;
/// Rows to a label, on average.
const EACH: u64 = 8;
/// More short answers than this are no labels, and are not kept.
const MOST: usize = 4096;
/// Labels that are named.
const NAMED: usize = 6;

/// One answer: how many rows give it, and where, while they are so few that it is no label.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Answer {
    times: u64,
    places: BTreeMap<Place, String>,
}

impl Merge for Answer {
    fn merge(&mut self, other: Self) {
        self.times += other.times;
        self.places.extend(other.places);
        if self.times >= TIMES {
            self.places.clear();
        }
    }
}

/// The answers of a set: how many, and the short ones; `None` where they are too many.
#[derive(Serialize, Deserialize)]
pub(crate) struct Answers {
    all: u64,
    short: Option<BTreeMap<String, Answer>>,
}

impl Default for Answers {
    fn default() -> Self {
        Self {
            all: 0,
            short: Some(BTreeMap::new()),
        }
    }
}

impl Answers {
    /// Keeps them while they are few enough, which does not depend on the order they come in.
    fn bound(&mut self) {
        if self.short.as_ref().is_some_and(|short| short.len() > MOST) {
            self.short = None;
        }
    }
}

impl Merge for Answers {
    fn merge(&mut self, other: Self) {
        self.all += other.all;
        self.short = self.short.take().zip(other.short).map(|(mut short, others)| {
            Merge::merge(&mut short, others);
            short
        });
        self.bound();
    }
}

impl Rule for OddLabel {
    const META: RuleMeta = META;
    type State = Answers;
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, seen: &mut Answers, _: &mut Findings) {
        let answer = row.example.and_then(|example| turns::taught(example).next_back());
        let Some(answer) = answer.filter(|answer| !answer.has_tool_calls() && !answer.trimmed().is_empty()) else {
            return;
        };
        seen.all += 1;
        let Some(short) = &mut seen.short else { return };
        let text = &*answer.text;
        if text.len() > 4 * LONGEST || text.chars().nth(LONGEST).is_some() {
            return;
        }
        let one = match short.get_mut(text) {
            Some(one) => one,
            None => short.entry(text.to_owned()).or_default(),
        };
        one.times += 1;
        if one.times < TIMES {
            one.places.insert(row.place, answer.pointer());
        } else {
            one.places.clear();
        }
        seen.bound();
    }

    fn finish(&self, seen: Answers, _: &Setup, out: &mut Findings) {
        let Some(short) = seen.short else { return };
        let (labels, odd): (Vec<_>, Vec<_>) = short.iter().partition(|(_, answer)| answer.times >= TIMES);
        let told: u64 = labels.iter().map(|(_, answer)| answer.times).sum();
        let few = LABELS.contains(&labels.len()) && labels.len() as u64 * EACH <= seen.all;
        if seen.all < ROWS || !few || told * 1000 < seen.all * 985 {
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
