use serde::Deserialize;

use crate::finding::Findings;
use crate::model::setup::Setup;
use crate::rule::{Rule, RuleMeta, rule_meta};

rule_meta! {
    /// ## What it finds
    /// Some of the shards of a set (`train-00000-of-00003.parquet`) where the others are not. One shard that is named by
    /// itself is taken for what is wanted.
    ///
    /// ## Why it matters
    /// Loaders read the shards they find and ask for no others: a download that broke off is a smaller set, without a word,
    /// and fewer steps.
    ///
    /// ## Example
    /// ```file rows-00000-of-00003.jsonl
    /// {"prompt": "2+2?", "completion": "4"}
    /// ```
    /// ```file rows-00002-of-00003.jsonl
    /// {"prompt": "2+3?", "completion": "5"}
    /// ```
    ///
    /// Instead:
    /// ```file rows-00000-of-00002.jsonl
    /// {"prompt": "2+2?", "completion": "4"}
    /// ```
    /// ```file rows-00001-of-00002.jsonl
    /// {"prompt": "2+3?", "completion": "5"}
    /// ```
    ///
    /// ## Fix
    /// Download the set again, or name the shards that are meant.
    "schema/missing-shard", Warning
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct MissingShard {}

impl Rule for MissingShard {
    const META: RuleMeta = META;
    type State = ();
    const ROWS: bool = false;

    fn finish(&self, (): (), setup: &Setup, out: &mut Findings) {
        for message in &setup.absent {
            out.set(message.clone());
        }
    }
}
