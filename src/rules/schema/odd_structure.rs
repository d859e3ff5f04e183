use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::finding::Findings;
use crate::model::setup::Setup;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};
use crate::rules::parts::fields::Fields;

rule_meta! {
    /// ## What it finds
    /// Rows that are built unlike all others of their file: with a column, or a key of a message, of a call or of a
    /// tool, that no other row has; without one that all have; or with a value of another kind, such as arguments in a
    /// string where they are objects elsewhere. Of files with fewer than 100 rows nothing is said.
    ///
    /// ## Why it matters
    /// The row was written by hand, or by another program than the others. `datasets` gives the key to every row, with a null,
    /// which templates that ask for the key take for something; where kinds differ, versions before 4.7 do not load the file.
    ///
    /// ## Example
    /// ```text
    /// 99 rows with `prompt` and `completion`, and this one:
    /// {"prompt": "Where is Oslo?", "completion": "In Norway.", "notes": "check again"}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"prompt": "Where is Oslo?", "completion": "In Norway."}
    /// ```
    ///
    /// ## Fix
    /// Write the row as the others are: drop the key, or give it to all; make the value of the kind it has elsewhere.
    "schema/odd-structure", Note
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct OddStructure {}

/// Keys behind which every row has its own.
const OPEN: [&str; 9] = [
    "arguments",
    "parameters",
    "properties",
    "inputSchema",
    "input_schema",
    "metadata",
    "meta",
    "extra",
    "chat_template_kwargs",
];

impl Rule for OddStructure {
    const META: RuleMeta = META;
    /// By source.
    type State = BTreeMap<u32, Fields>;
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, files: &mut Self::State, _: &mut Findings) {
        // A row of another shape is told of as that.
        let Some(record) = row.record().filter(|_| row.example.is_some()) else {
            return;
        };
        let fields = files.entry(row.place.source).or_default();
        fields.add_build(&record.value, &row.place, &OPEN);
    }

    fn finish(&self, files: Self::State, _: &Setup, out: &mut Findings) {
        for fields in files.into_values() {
            fields.report("the row", &BTreeSet::new(), out);
        }
    }
}
