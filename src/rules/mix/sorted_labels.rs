use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use crate::finding::Findings;
use crate::model::run::Drawn;
use crate::model::setup::Setup;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};
use crate::rules::parts::turns;
use crate::sketch::Merge;
use crate::sketch::column::Column;

rule_meta! {
    /// ## What it finds
    /// Rows that stand sorted by their answers, a few labels, in a run that draws them as they stand.
    ///
    /// ## Why it matters
    /// Each batch has one label. The model learns to say that one whatever it is asked, then the next, and ends with the
    /// last: the loss looks well all along.
    ///
    /// ## Example
    /// ```file sft.yaml
    /// model_name_or_path: model
    /// dataset_name: rows
    /// per_device_train_batch_size: 2
    /// learning_rate: 2.0e-5
    /// max_length: 1024
    /// train_sampling_strategy: sequential
    /// ```
    /// ```jsonl
    /// {"prompt": "Review 0", "completion": "good"}
    /// {"prompt": "Review 1", "completion": "good"}
    /// {"prompt": "Review 2", "completion": "good"}
    /// {"prompt": "Review 3", "completion": "good"}
    /// {"prompt": "Review 4", "completion": "good"}
    /// {"prompt": "Review 5", "completion": "good"}
    /// {"prompt": "Review 6", "completion": "good"}
    /// {"prompt": "Review 7", "completion": "good"}
    /// {"prompt": "Review 8", "completion": "bad"}
    /// {"prompt": "Review 9", "completion": "bad"}
    /// {"prompt": "Review 10", "completion": "bad"}
    /// {"prompt": "Review 11", "completion": "bad"}
    /// {"prompt": "Review 12", "completion": "bad"}
    /// {"prompt": "Review 13", "completion": "bad"}
    /// {"prompt": "Review 14", "completion": "bad"}
    /// {"prompt": "Review 15", "completion": "bad"}
    /// ```
    ///
    /// Instead:
    /// ```file sft.yaml
    /// model_name_or_path: model
    /// dataset_name: rows
    /// per_device_train_batch_size: 2
    /// learning_rate: 2.0e-5
    /// max_length: 1024
    /// train_sampling_strategy: sequential
    /// ```
    /// ```jsonl
    /// {"prompt": "Review 0", "completion": "bad"}
    /// {"prompt": "Review 1", "completion": "good"}
    /// {"prompt": "Review 2", "completion": "bad"}
    /// {"prompt": "Review 3", "completion": "good"}
    /// {"prompt": "Review 4", "completion": "bad"}
    /// {"prompt": "Review 5", "completion": "good"}
    /// {"prompt": "Review 6", "completion": "bad"}
    /// {"prompt": "Review 7", "completion": "good"}
    /// {"prompt": "Review 8", "completion": "bad"}
    /// {"prompt": "Review 9", "completion": "good"}
    /// {"prompt": "Review 10", "completion": "bad"}
    /// {"prompt": "Review 11", "completion": "good"}
    /// {"prompt": "Review 12", "completion": "bad"}
    /// {"prompt": "Review 13", "completion": "good"}
    /// {"prompt": "Review 14", "completion": "bad"}
    /// {"prompt": "Review 15", "completion": "good"}
    /// ```
    ///
    /// ## Fix
    /// Draw the rows at random (`train_sampling_strategy: random`, `shuffle: True` in torchtune, `disable_shuffling: false`
    /// in LLaMA-Factory), or shuffle the file.
    "mix/sorted-labels", Warning, needs [Config]
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct SortedLabels {}

/// Longer answers are no labels, in bytes.
const LABEL: usize = 64;
/// More labels than this are answers.
const MOST: usize = 20;
/// Rows of a label, at least, in the mean.
const EACH: usize = 8;

/// Hashes of answers, and whether there is one that is no label.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Answers {
    labels: Column<u64>,
    others: bool,
}

impl Merge for Answers {
    fn merge(&mut self, other: Self) {
        self.labels.merge(other.labels);
        self.others |= other.others;
    }
}

/// Whether rows are drawn as they stand in the files.
fn in_order(setup: &Setup) -> bool {
    let arrival = &setup.run.arrival;
    setup.run.drawn.value == Drawn::Sequential && arrival.shuffled.is_none() && arrival.unknown.is_none()
}

impl Rule for SortedLabels {
    const META: RuleMeta = META;
    type State = Answers;

    fn check(&self, row: &Row<'_>, seen: &mut Answers, _: &mut Findings) {
        if seen.others || !in_order(row.setup) || row.setup.is_eval(row.place.source) {
            return;
        }
        let Some(answer) = row.example.and_then(|example| turns::taught(example).last()) else {
            return;
        };
        let text = answer.trimmed();
        if text.len() > LABEL {
            seen.others = true;
            return;
        }
        seen.labels.push(&row.place, xxh3_64(text.as_bytes()));
    }

    fn finish(&self, seen: Answers, setup: &Setup, out: &mut Findings) {
        if seen.others {
            return;
        }
        let labels = seen.labels.into_values();
        let distinct: BTreeSet<u64> = labels.iter().copied().collect();
        let changes = labels.windows(2).filter(|pair| pair[0] != pair[1]).count();
        let few = (2..=MOST).contains(&distinct.len()) && labels.len() >= EACH * distinct.len();
        if few && changes + 1 == distinct.len() {
            let (rows, labels) = (labels.len(), distinct.len());
            let message = format!("{rows} rows stand sorted by their {labels} answers, and are drawn as they stand");
            out.blame(&setup.run.drawn.origin, message);
        }
    }
}
