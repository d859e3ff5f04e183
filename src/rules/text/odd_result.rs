use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::parts::arithmetic::number;
use super::parts::finals;
use crate::finding::Findings;
use crate::model::example::{Role, Shape};
use crate::model::setup::Setup;
use crate::rule::{Row, Rule, RuleMeta, clip, rule_meta};
use crate::rules::parts::{labels, slips, turns};
use crate::sketch::Merge;
use crate::sketch::strays::Strays;

rule_meta! {
    /// ## What it finds
    /// In a set whose answers all end with a result behind the same mark (`#### 18`, `Answer: 18`, `\boxed{18}`): the few whose
    /// result is no bare number where all others are one, or stands twice, or is a number that neither the answer nor the
    /// question has.
    ///
    /// ## Why it matters
    /// What reads the results stops at these, or takes a wrong one for right; and the model learns to write a result that does
    /// not follow from what it has worked out.
    ///
    /// ## Example
    /// ```text
    /// 99 rows whose answers end with a line like `#### 18`, and this one:
    /// {"question": "How many are 30 and 40?", "answer": "There are 30 + 40 = 70 of them.\n#### 141"}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"question": "How many are 30 and 40?", "answer": "There are 30 + 40 = 70 of them.\n#### 70"}
    /// ```
    ///
    /// ## Fix
    /// Write the result that the answer comes to, as the others do, or make the answer again.
    "text/odd-result", Warning
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct OddResult {}

/// Answers below which nothing is usual.
const LEAST: u64 = 100;
/// Of so many answers one may have an odd result, or a single one.
const PER: u64 = 100;
/// Marks that are told apart; in a set of more there is none for all.
const MARKS: usize = 16;

/// Where answers stand, and what is said of them.
type Odd = Strays<(String, String)>;

/// The answers with one mark.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Marked {
    rows: u64,
    worded: Odd,
    twice: Odd,
    unspoken: Odd,
}

/// The answers of a set by their marks; `None` where these are too many.
#[derive(Serialize, Deserialize)]
pub(crate) struct Results {
    rows: u64,
    marks: Option<BTreeMap<String, Marked>>,
}

impl Default for Results {
    fn default() -> Self {
        Self {
            rows: 0,
            marks: Some(BTreeMap::new()),
        }
    }
}

impl Results {
    /// Keeps the marks while they are few, which does not depend on the order they come in.
    fn bound(&mut self) {
        if self.marks.as_ref().is_some_and(|marks| marks.len() > MARKS) {
            self.marks = None;
        }
    }
}

impl Merge for Marked {
    fn merge(&mut self, other: Self) {
        self.rows += other.rows;
        self.worded.merge(other.worded);
        self.twice.merge(other.twice);
        self.unspoken.merge(other.unspoken);
    }
}

impl Merge for Results {
    fn merge(&mut self, other: Self) {
        self.rows += other.rows;
        self.marks = self.marks.take().zip(other.marks).map(|(mut marks, others)| {
            Merge::merge(&mut marks, others);
            marks
        });
        self.bound();
    }
}

impl Rule for OddResult {
    const META: RuleMeta = META;
    type State = Results;
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, results: &mut Results, _: &mut Findings) {
        let Some(example) = row.example else { return };
        if example.shape == Shape::Kto && !labels::is_good(row) {
            return;
        }
        let last = turns::taught(example).rfind(|turn| turn.is_answer() && !turns::says_without_text(turn));
        let Some((turn, said)) = last.map(|turn| (turn, turn.trimmed())) else {
            return;
        };
        results.rows += 1;
        let Some((marks, (mark, result))) = results.marks.as_mut().zip(finals::of(said)) else {
            return;
        };
        let marked = match marks.get_mut(mark) {
            Some(marked) => marked,
            None => marks.entry(mark.to_owned()).or_default(),
        };
        marked.rows += 1;
        let told = |what: &str| (turn.pointer(), format!("the result `{}` {what}", clip(result)));
        if number(result).is_none() {
            marked.worded.offer(&row.place, || told("is no bare number"));
        } else if finals::is_twice(said, mark) {
            marked.twice.offer(&row.place, || told("is the second of the answer"));
        } else if !marked.worded.are_many() && !marked.unspoken.are_many() {
            let body = &said[..said.rfind(mark).unwrap_or_default()];
            let asked = example.turns.iter().filter(|turn| turn.role != Role::Assistant);
            let texts = std::iter::once(body).chain(asked.map(|turn| &*turn.text));
            let reasons = body.bytes().filter(u8::is_ascii_digit).count() > 1;
            if reasons && finals::is_unspoken(result, texts) {
                let message = || told("stands nowhere in what the answer works out");
                marked.unspoken.offer(&row.place, message);
            }
        }
        results.bound();
    }

    fn finish(&self, results: Results, _: &Setup, out: &mut Findings) {
        let Results { rows, marks } = results;
        for (mark, marked) in marks.iter().flatten() {
            let numbers = marked.rows - marked.worded.count();
            if rows < LEAST || marked.rows * 100 < rows * 99 || numbers * 100 < rows * 98 {
                continue;
            }
            for odd in [&marked.worded, &marked.twice, &marked.unspoken] {
                slips::report(odd, rows, PER, out, |(pointer, message)| {
                    let others = rows - odd.count();
                    (
                        pointer.clone(),
                        format!("{message}, unlike {others} of {rows} behind `{}`", clip(mark)),
                    )
                });
            }
        }
    }
}
