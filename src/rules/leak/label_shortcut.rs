use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::finding::Findings;
use crate::model::setup::Setup;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};
use crate::sketch::Merge;
use crate::text::Word;

use super::labels::Labels;

rule_meta! {
    /// ## What it finds
    /// Sets that classify (up to 20 different short answers) in which something shallow in the prompt tells
    /// the answer in at least 95 % of the rows: its first word, its last word, or its length.
    ///
    /// ## Why it matters
    /// The model learns the shortcut instead of the task. Usually the classes come from different sources,
    /// and each source has its own prompt.
    ///
    /// ## Example
    /// ```text
    /// 100 rows like these:
    /// {"prompt": "Review: I loved it", "completion": "good"}
    /// {"prompt": "Review: a fine film", "completion": "good"}
    /// {"prompt": "Review: what a day", "completion": "good"}
    /// {"prompt": "Text: I left early", "completion": "bad"}
    /// {"prompt": "Text: so long", "completion": "bad"}
    /// {"prompt": "Text: a waste of time", "completion": "bad"}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"prompt": "Review: I loved it", "completion": "good"}
    /// {"prompt": "Text: a fine film", "completion": "good"}
    /// {"prompt": "Review: what a day", "completion": "good"}
    /// {"prompt": "Text: I left early", "completion": "bad"}
    /// {"prompt": "Review: so very long", "completion": "bad"}
    /// {"prompt": "Text: a waste of time", "completion": "bad"}
    /// ```
    ///
    /// ## Fix
    /// Give the rows of every class the same prompt, and mix their sources.
    "leak/label-shortcut", Warning
}

/// Options of the rule.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub(crate) struct LabelShortcut {
    /// Smallest share of rows that the shortcut gets right, 0 to 1.
    share: f64,
    /// By how much it must be better than the most frequent answer.
    gain: f64,
    /// Fewest rows.
    rows: u64,
}

impl Default for LabelShortcut {
    fn default() -> Self {
        Self {
            share: 0.95,
            gain: 0.2,
            rows: 100,
        }
    }
}

/// Different values of a feature above which it is no shortcut.
const MOST: usize = 4096;

/// Rows by value of a feature and by label.
#[derive(Default, Serialize, Deserialize)]
struct Feature {
    rows: BTreeMap<(u64, u64), u64>,
    too_many: bool,
}

impl Feature {
    fn add(&mut self, value: u64, label: u64, rows: u64) {
        if !self.too_many {
            *self.rows.entry((value, label)).or_default() += rows;
            if self.rows.len() > MOST {
                self.too_many = true;
                self.rows.clear();
            }
        }
    }

    /// Rows whose label is the most frequent of their value, and how many values there are.
    fn told(&self) -> (u64, usize) {
        let (mut told, mut values) = (0, 0);
        let pairs: Vec<_> = self.rows.iter().collect();
        for value in pairs.chunk_by(|left, right| left.0.0 == right.0.0) {
            told += value.iter().map(|(_, rows)| **rows).max().unwrap_or(0);
            values += 1;
        }
        (told, values)
    }
}

impl Merge for Feature {
    fn merge(&mut self, other: Self) {
        if other.too_many {
            self.too_many = true;
            self.rows.clear();
        }
        for ((value, label), rows) in other.rows {
            self.add(value, label, rows);
        }
    }
}

const NAMES: [&str; 3] = [
    "the first word of the prompt",
    "the last word of the prompt",
    "the length of the prompt",
];

#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Seen {
    labels: Labels,
    features: [Feature; 3],
}

impl Merge for Seen {
    fn merge(&mut self, other: Self) {
        self.labels.merge(other.labels);
        for (mine, theirs) in self.features.iter_mut().zip(other.features) {
            mine.merge(theirs);
        }
    }
}

impl Rule for LabelShortcut {
    const META: RuleMeta = META;
    const WORDS: bool = true;
    type State = Seen;

    fn check(&self, row: &Row<'_>, seen: &mut Seen, _: &mut Findings) {
        let Some((label, _, prompt)) = seen.labels.see(row) else {
            // What was counted before is of no use.
            if seen.labels.too_many() {
                seen.features = <[Feature; 3]>::default();
            }
            return;
        };
        let word = |word: Option<&Word>| word.map_or(0, |word| word.hash);
        let values = [word(prompt.first()), word(prompt.last()), prompt.len() as u64];
        for (feature, value) in seen.features.iter_mut().zip(values) {
            feature.add(value, label, 1);
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "shares are floats")]
    fn finish(&self, seen: Seen, _: &Setup, out: &mut Findings) {
        let Some((rows, most)) = seen.labels.totals().filter(|(rows, _)| *rows >= self.rows) else {
            return;
        };
        let usual = most as f64 / rows as f64;
        for (feature, name) in seen.features.iter().zip(NAMES) {
            let (told, values) = feature.told();
            let share = told as f64 / rows as f64;
            // A value for every other row tells each row's label and is no rule.
            let is_rule = values as u64 * 3 <= rows;
            if !feature.too_many && is_rule && share >= self.share && share >= usual + self.gain {
                let (share, usual) = (share * 100.0, usual * 100.0);
                out.set(format!(
                    "{name} tells the answer in {share:.0} % of {rows} rows; the most frequent answer is right in {usual:.0} %"
                ));
            }
        }
    }
}
