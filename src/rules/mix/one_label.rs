use serde::{Deserialize, Serialize};

use crate::finding::Findings;
use crate::model::example::Shape;
use crate::model::setup::Setup;
use crate::rule::{Row, Rule, RuleMeta, plural, rule_meta};
use crate::rules::parts::labels::is_good;
use crate::sketch::Merge;

rule_meta! {
    /// ## What it finds
    /// Sets for KTO whose rows all have one label, be it good or bad; of fewer than eight rows none is told.
    ///
    /// ## Why it matters
    /// KTO weighs what is wanted against what is not. With one of them alone the reward has nothing to be measured
    /// against: the model is pushed one way until its answers fall apart, and no loss tells of it. Mostly the labels were
    /// lost where the set was made, or are strings (`"false"` is true).
    ///
    /// ## Example
    /// ```jsonl
    /// {"prompt": "Name prime number 0.", "completion": "It is 0.", "label": true}
    /// {"prompt": "Name prime number 1.", "completion": "It is 1.", "label": true}
    /// {"prompt": "Name prime number 2.", "completion": "It is 2.", "label": true}
    /// {"prompt": "Name prime number 3.", "completion": "It is 3.", "label": true}
    /// {"prompt": "Name prime number 4.", "completion": "It is 4.", "label": true}
    /// {"prompt": "Name prime number 5.", "completion": "It is 5.", "label": true}
    /// {"prompt": "Name prime number 6.", "completion": "It is 6.", "label": true}
    /// {"prompt": "Name prime number 7.", "completion": "It is 7.", "label": true}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"prompt": "Name prime number 0.", "completion": "It is 0.", "label": false}
    /// {"prompt": "Name prime number 1.", "completion": "It is 1.", "label": true}
    /// {"prompt": "Name prime number 2.", "completion": "It is 2.", "label": false}
    /// {"prompt": "Name prime number 3.", "completion": "It is 3.", "label": true}
    /// {"prompt": "Name prime number 4.", "completion": "It is 4.", "label": false}
    /// {"prompt": "Name prime number 5.", "completion": "It is 5.", "label": true}
    /// {"prompt": "Name prime number 6.", "completion": "It is 6.", "label": false}
    /// {"prompt": "Name prime number 7.", "completion": "It is 7.", "label": true}
    /// ```
    ///
    /// ## Fix
    /// Add rows with the other label, or train on good answers alone with SFT.
    "mix/one-label", Warning
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct OneLabel {}

/// Fewer rows than this are no set.
const FEW: u64 = 8;

/// Training rows by their label.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Labels {
    good: u64,
    bad: u64,
}

impl Merge for Labels {
    fn merge(&mut self, other: Self) {
        self.good += other.good;
        self.bad += other.bad;
    }
}

impl Rule for OneLabel {
    const META: RuleMeta = META;
    type State = Labels;
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, labels: &mut Labels, _: &mut Findings) {
        let is_kto = row.example.is_some_and(|example| example.shape == Shape::Kto);
        if is_kto && !row.setup.is_eval(row.place.source) {
            let count = if is_good(row) {
                &mut labels.good
            } else {
                &mut labels.bad
            };
            *count += 1;
        }
    }

    fn finish(&self, labels: Labels, _: &Setup, out: &mut Findings) {
        let (rows, what) = match (labels.good, labels.bad) {
            (good, 0) => (good, "good"),
            (0, bad) => (bad, "bad"),
            _ => return,
        };
        if rows >= FEW {
            let other = if what == "good" { "bad" } else { "good" };
            out.set(format!(
                "all {} are labelled {what}, and none {other}",
                plural(rows, "row")
            ));
        }
    }
}
