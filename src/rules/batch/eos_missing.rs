use serde::Deserialize;

use crate::finding::Findings;
use crate::model::setup::Setup;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};
use crate::sketch::Merge;

rule_meta! {
    /// ## What it finds
    /// Dumps without an end token in any row.
    ///
    /// ## Why it matters
    /// The model never learns to stop. Either nobody appends the end token, or the template ends turns with another
    /// one than generation stops at.
    ///
    /// ## Example
    /// ```jsonl -m fixtures/models/chatml
    /// {"input_ids": [[40, 41, 42, 258]], "labels": [[40, 41, 42, -100]], "attention_mask": [[1, 1, 1, 0]]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl -m fixtures/models/chatml
    /// {"input_ids": [[40, 41, 42, 257]], "labels": [[40, 41, 42, 257]], "attention_mask": [[1, 1, 1, 1]]}
    /// ```
    ///
    /// ## Fix
    /// Append `tokenizer.eos_token` to each text, or set `eos_token` to what the template ends a turn with.
    "batch/eos-missing", Warning, needs [Batches, End]
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct EosMissing {}

/// Rows with text, and those of them that have an end token.
#[derive(Default, serde::Serialize, Deserialize)]
pub(crate) struct Seen {
    rows: u64,
    ended: u64,
}

impl Merge for Seen {
    fn merge(&mut self, other: Self) {
        self.rows += other.rows;
        self.ended += other.ended;
    }
}

impl Rule for EosMissing {
    const META: RuleMeta = META;
    type State = Seen;

    fn check(&self, row: &Row<'_>, seen: &mut Seen, _: &mut Findings) {
        let (Some(dumped), Some(facts)) = (row.dumped, &row.setup.tokenizer) else {
            return;
        };
        let own = facts.eos.as_ref().and_then(|eos| eos.id);
        let ends = own.iter().chain(&facts.model_eos).chain(&facts.generation_eos);
        let ends: Vec<i64> = ends.map(|id| i64::from(*id)).collect();
        seen.rows += u64::from(!dumped.text.is_empty());
        seen.ended += u64::from(dumped.ids[dumped.text.clone()].iter().any(|id| ends.contains(id)));
    }

    fn finish(&self, seen: Seen, setup: &Setup, out: &mut Findings) {
        let eos = setup.tokenizer.as_ref().and_then(|facts| facts.eos.as_ref());
        let Some(eos) = eos.filter(|_| seen.rows > 0 && seen.ended == 0) else {
            return;
        };
        let id = eos.id.map_or_else(|| "no id".to_owned(), |id| format!("id {id}"));
        out.set(format!(
            "none of {} rows has the end token `{}` ({id})",
            seen.rows, eos.text
        ));
    }
}
