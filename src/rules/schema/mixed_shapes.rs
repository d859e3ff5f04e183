use serde::Deserialize;

use crate::finding::Findings;
use crate::model::example::MisfitKind;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};

rule_meta! {
    /// ## What it finds
    /// Rows that are whole, but of another shape than the rest of their file.
    ///
    /// ## Why it matters
    /// Loaders and trainers settle the shape once, by the first row. The others fail at a missing column, or
    /// are trained on as empty texts.
    ///
    /// ## Example
    /// ```jsonl
    /// {"prompt": "2+2?", "completion": "4"}
    /// {"prompt": "3+3?", "completion": "6"}
    /// {"messages": [{"role": "user", "content": "4+4?"}, {"role": "assistant", "content": "8"}]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"prompt": "2+2?", "completion": "4"}
    /// {"prompt": "3+3?", "completion": "6"}
    /// {"prompt": "4+4?", "completion": "8"}
    /// ```
    ///
    /// ## Fix
    /// Bring all rows into one shape, or keep each shape in a file of its own.
    "schema/mixed-shapes", Error
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct MixedShapes {}

impl Rule for MixedShapes {
    const META: RuleMeta = META;
    type State = ();
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        super::misfit(row, MisfitKind::OtherShape, out);
    }
}
