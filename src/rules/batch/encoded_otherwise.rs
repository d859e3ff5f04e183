use serde::Deserialize;

use crate::finding::Findings;
use crate::model::dumped::Met;
use crate::model::encoded::IGNORE;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};

rule_meta! {
    /// ## What it finds
    /// Rows of the dump that the same data and settings are encoded to otherwise here (`--against`): another token, another
    /// label, or an end elsewhere.
    ///
    /// ## Why it matters
    /// Either the run is not the one the config describes, by another template, another version or a collator of its own; or
    /// tokens and labels are lost between the data and the model. Everything `gonogo check` says of the data holds for what
    /// is encoded here.
    ///
    /// ## Example
    /// ```jsonl -m fixtures/models/chatml --trainer trl@1.16.0 --against rows.jsonl
    /// {"input_ids": [[256, 50, 43, 50, 63, 32, 52, 257]], "labels": [[-100, -100, -100, -100, -100, 32, 52, -100]]}
    /// ```
    ///
    /// ```file rows.jsonl
    /// {"prompt": "2+2?", "completion": " 4"}
    /// ```
    ///
    /// Instead:
    /// ```jsonl -m fixtures/models/chatml --trainer trl@1.16.0 --against rows.jsonl
    /// {"input_ids": [[256, 50, 43, 50, 63, 32, 52, 257]], "labels": [[-100, -100, -100, -100, -100, 32, 52, 257]]}
    /// ```
    ///
    /// ```file rows.jsonl
    /// {"prompt": "2+2?", "completion": " 4"}
    /// ```
    ///
    /// ## Fix
    /// Look at the first difference: a token before the text is a BOS, one at the end an EOS or a cut; a label alone is the
    /// mask. `gonogo show CONFIG --row N --labels` prints the row as it is encoded here.
    "batch/encoded-otherwise", Error, needs [Batches, Compared]
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct EncodedOtherwise {}

fn met(met: Option<&Met>) -> String {
    let Some(met) = met else {
        return "the end".to_owned();
    };
    let label = match met.label {
        None => String::new(),
        Some(label) if label == i64::from(IGNORE) => ", masked".to_owned(),
        Some(label) if label == met.id => ", trained".to_owned(),
        Some(label) => format!(", label {label}"),
    };
    format!("`{}` (id {}{label})", met.text, met.id)
}

impl Rule for EncodedOtherwise {
    const META: RuleMeta = META;
    type State = ();

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        let Some(dumped) = row.dumped else { return };
        for compared in &dumped.compared {
            let (Some(like), Some(difference)) = (&compared.like, &compared.difference) else {
                continue;
            };
            out.field(
                &row.place,
                || {
                    let (dumped, here) = (&difference.dumped, &difference.here);
                    let same = dumped.as_ref().map(|met| met.id) == here.as_ref().map(|met| met.id);
                    format!("/{}/{}", if same { "labels" } else { "input_ids" }, difference.at)
                },
                || {
                    format!(
                        "{like} parts at token {}, after `{}`: {} in the dump, {} here",
                        difference.at,
                        difference.before,
                        met(difference.dumped.as_ref()),
                        met(difference.here.as_ref())
                    )
                },
            );
        }
    }
}
