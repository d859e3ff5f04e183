use serde::Deserialize;

use crate::finding::Findings;
use crate::model::setup::Setup;
use crate::rule::{Rule, RuleMeta, rule_meta};

rule_meta! {
    /// ## What it finds
    /// With a trainer named: rows that `datasets`, in the version that trainer runs with, cannot load, and what it
    /// raises at the first of them.
    ///
    /// ## Why it matters
    /// The run stops before the trainer sees a row, and the message names neither the file nor the line. Older
    /// versions ask each column to be of one type in all rows; newer ones take mixed columns as JSON.
    ///
    /// ## Example
    /// ```jsonl --trainer llama-factory --set template=qwen
    /// {"instruction": "2+2?", "input": "", "output": "4"}
    /// {"instruction": "3+3?", "input": "", "output": {"answer": "6"}}
    /// ```
    ///
    /// Instead:
    /// ```jsonl --trainer llama-factory --set template=qwen
    /// {"instruction": "2+2?", "input": "", "output": "4"}
    /// {"instruction": "3+3?", "input": "", "output": "6"}
    /// ```
    ///
    /// ## Fix
    /// Give the column that the message names one type in every row. Until then the mask is the intended one, not the
    /// trainer's.
    "schema/load-error", Error, needs [Tokenizer]
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct LoadError {}

impl Rule for LoadError {
    const META: RuleMeta = META;
    type State = ();
    const ROWS: bool = false;

    fn finish(&self, (): (), setup: &Setup, out: &mut Findings) {
        let Some(error) = &setup.load_error else { return };
        let message = format!("datasets would raise {}", error.message);
        match &error.place {
            Some(place) => out.row(place, || message),
            None => out.set(message),
        }
    }
}
