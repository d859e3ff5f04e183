use serde::{Deserialize, Serialize};

use crate::finding::Findings;
use crate::model::setup::Setup;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};
use crate::sketch::Merge;
use crate::sketch::keys::{Keys, Shared};

use super::parts::said::Said;
use super::parts::{groups, said};

rule_meta! {
    /// ## What it finds
    /// Rows that differ from an earlier row only in dress: case, white space, quotation marks, the marks that
    /// end clauses, dashes, invisible characters, and forms Unicode holds for compatible (NFKC). Signs that
    /// carry meaning (`+`, `-`, `(`, a point inside a number) count. Rows that are the same to the byte are
    /// `dup/exact`'s.
    ///
    /// ## Why it matters
    /// To the model it is the same row again: it is memorised like any repeat, and exact deduplication does
    /// not see it.
    ///
    /// ## Example
    /// ```jsonl
    /// {"prompt": "What is the capital of Peru?", "completion": "It is Lima."}
    /// {"prompt": "what is the capital of  Peru", "completion": "It is Lima!"}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"prompt": "What is 3+4?", "completion": "It is 7."}
    /// {"prompt": "What is 3-4?", "completion": "It is -1."}
    /// ```
    ///
    /// ## Fix
    /// Keep one of each with `gonogo filter --drop dup/normalised`.
    "dup/normalised", Warning, above 0.2 => Error
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Normalised {}

/// 16 bytes a row: half a hash of its normal form, and of what it says to the byte.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Seen {
    keys: Keys<Shared>,
}

impl Merge for Seen {
    fn merge(&mut self, other: Self) {
        self.keys.merge(other.keys);
    }
}

impl Rule for Normalised {
    const META: RuleMeta = META;
    const FORMS: bool = true;
    type State = Seen;
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, seen: &mut Seen, _: &mut Findings) {
        let (Some(example), Some(exact)) = (row.example, said::row(row)) else {
            return;
        };
        let mut normal = Said::by(row);
        normal.beside(row);
        for (at, turn) in example.turns.iter().enumerate() {
            normal.turn(turn, row.forms.turn(at));
        }
        // Rows of nothing but marks are the same only in that they say nothing.
        if !row.forms.all().is_empty() {
            let key = Shared {
                shared: normal.half(),
                other: exact.half(),
            };
            seen.keys.push(&row.place, key, row.setup.spill());
        }
    }

    fn finish(&self, seen: Seen, _: &Setup, out: &mut Findings) {
        let clusters = groups::report_differing(&seen.keys, out, &|_, forms| {
            format!("one of {forms} forms of a row that differ in case, space or punctuation only, first")
        });
        if clusters.groups > 0 {
            out.clusters = Some(clusters);
        }
    }
}
