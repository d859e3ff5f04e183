use serde::Deserialize;

use crate::finding::Findings;
use crate::model::encoded::AS_SET;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};

rule_meta! {
    /// ## What it finds
    /// Rows the trainer leaves out without stopping: too long, too short, or not in the form it reads.
    ///
    /// ## Why it matters
    /// At best one line of the log says so. The run trains on less than was collected, and what is missing is
    /// not a fair share of it: the longest rows, or all rows of one source.
    ///
    /// ## Example
    /// ```jsonl --trainer axolotl --max-length 40
    /// {"messages": [{"role": "user", "content": "hello"}, {"role": "assistant", "content": "hi, and welcome to this place"}]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl --trainer axolotl --max-length 128
    /// {"messages": [{"role": "user", "content": "hello"}, {"role": "assistant", "content": "hi, and welcome to this place"}]}
    /// ```
    ///
    /// ## Fix
    /// Raise the limit the message names, or bring the rows into the form the trainer reads; remove on purpose
    /// what is not meant to be trained.
    "mask/row-dropped", Warning, above 0.05 => Error, needs [Tokenizer, Trainer]
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RowDropped {}

impl Rule for RowDropped {
    const META: RuleMeta = META;
    type State = ();

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        // What has tokens of which none is trained is an error of its own.
        let dropped = row
            .encoded
            .iter()
            .filter(|encoded| encoded.is_empty() || encoded.trained() > 0)
            .filter_map(|encoded| encoded.dropped.as_ref())
            .find(|reason| !reason.ends_with(AS_SET));
        if let Some(reason) = dropped {
            let trainer = row.setup.trainer.as_deref().unwrap_or("the trainer");
            out.row(&row.place, || format!("{trainer} drops the row: {reason}"));
        }
    }
}
