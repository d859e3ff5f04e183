use serde::{Deserialize, Serialize};

use crate::finding::Findings;
use crate::model::setup::Setup;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};
use crate::sketch::Merge;
use crate::text::Word;

use super::parts::feature::Feature;
use super::parts::labels::Labels;

rule_meta! {
    /// ## What it finds
    /// Sets that classify (up to 20 different short answers) in which something shallow in the prompt tells
    /// the answer in at least 95 % of the rows: its first word, its last word, its length, or whether it is longer than
    /// some number of words.
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

const NAMES: [&str; 3] = [
    "the first word of the prompt",
    "the last word of the prompt",
    "the length of the prompt",
];
/// The last of them.
const LENGTH: usize = 2;

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
    const DATA_ONLY: bool = true;

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
        let told_enough = |told: u64| {
            let share = told as f64 / rows as f64;
            share >= self.share && share >= usual + self.gain
        };
        let mut said = false;
        for (feature, name) in seen.features.iter().zip(NAMES) {
            let (told, values) = feature.told();
            let share = told as f64 / rows as f64;
            // A value for every other row tells each row's label and is no rule.
            let is_rule = values as u64 * 3 <= rows;
            if !feature.too_many() && is_rule && told_enough(told) {
                said = true;
                let (share, usual) = (share * 100.0, usual * 100.0);
                out.set(format!(
                    "{name} tells the answer in {share:.0} % of {rows} rows; the most frequent answer is right in {usual:.0} %"
                ));
            }
        }
        if let Some((told, words)) = seen.features[LENGTH]
            .cut()
            .filter(|(told, _)| !said && told_enough(*told))
        {
            let (share, usual) = (told as f64 / rows as f64 * 100.0, usual * 100.0);
            out.set(format!(
                "whether the prompt has more than {words} words tells the answer in {share:.0} % of {rows} rows; the most frequent answer is right in {usual:.0} %"
            ));
        }
    }
}
