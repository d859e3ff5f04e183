use std::collections::BTreeMap;

use serde::Deserialize;

use crate::finding::Findings;
use crate::model::setup::Setup;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};
use crate::sketch::lowest::Lowest;

rule_meta! {
    /// ## What it finds
    /// Training files of different shapes in one set.
    ///
    /// ## Why it matters
    /// Loaded as one set, the files' columns are joined: each row has null in the columns of the other shape,
    /// and the trainer goes by what the first file has. A config that gives each file its own type is fine.
    ///
    /// ## Example
    /// ```jsonl a.jsonl
    /// {"prompt": "2+2?", "completion": "4"}
    /// ```
    /// ```jsonl b.jsonl
    /// {"text": "all the world's a stage"}
    /// ```
    ///
    /// Instead:
    /// ```jsonl a.jsonl
    /// {"prompt": "2+2?", "completion": "4"}
    /// ```
    /// ```jsonl b.jsonl
    /// {"prompt": "all the world's", "completion": "a stage"}
    /// ```
    ///
    /// ## Fix
    /// Bring the files into one shape, or name each with its own type in the config of a trainer that can mix
    /// them.
    "schema/mixed-files", Warning
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct MixedFiles {}

impl Rule for MixedFiles {
    const META: RuleMeta = META;
    /// The first whole row of each source.
    type State = BTreeMap<u32, Lowest<()>>;
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, firsts: &mut Self::State, _: &mut Findings) {
        if row.example.is_some() {
            firsts.entry(row.place.source).or_default().offer(&row.place, || ());
        }
    }

    fn finish(&self, firsts: Self::State, setup: &Setup, out: &mut Findings) {
        let files = firsts
            .iter()
            .filter(|(source, _)| !setup.is_eval(**source))
            .filter_map(|(source, first)| Some((setup.set(*source), setup.shape(*source)?, first.get()?.0)));
        // The first file of each set, which a config may read each in its own way.
        let mut expected = BTreeMap::new();
        for (set, found, at) in files {
            let (expected, expected_at) = *expected.entry(set).or_insert((found, at));
            if found == expected {
                continue;
            }
            out.pair(&at, expected_at, || {
                format!(
                    "the file is {}, others of the set are {}:",
                    found.name(),
                    expected.name()
                )
            });
        }
    }
}
