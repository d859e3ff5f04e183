use serde::Deserialize;

use crate::finding::Findings;
use crate::model::encoded::Encoded;
use crate::model::setup::Marker;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};
use crate::search;

use super::parts::stretches;

rule_meta! {
    /// ## What it finds
    /// Rows in which the trainer does not find the marker that begins or ends what is trained, and why: the
    /// text is not there, or its tokens are others in context than alone.
    ///
    /// ## Why it matters
    /// Trainers look for the marker's tokens, not its text. Where they are not found every label is -100, and
    /// one line of a log says so.
    ///
    /// ## Example
    /// ```jsonl --trainer trl@0.19.1 --set completion_only_lm={"response_template":"###Answer:"}
    /// {"text": "### Question: 2+2? ### Answer: 4"}
    /// ```
    ///
    /// Instead:
    /// ```jsonl --trainer trl@0.19.1 --set completion_only_lm={"response_template":"###Answer:"}
    /// {"text": "###Question: 2+2? ###Answer: 4"}
    /// ```
    ///
    /// ## Fix
    /// Give the marker as token ids cut from an encoded row (`response_template=tokenizer.encode(…)[2:]`), with
    /// the line break or space before it, or train a prompt-completion set, which needs no marker.
    "mask/marker-not-found", Error, needs [Tokenizer, Trainer]
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct MarkerNotFound {}

impl Rule for MarkerNotFound {
    const META: RuleMeta = META;
    type State = ();

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        for encoded in row.encoded.iter().filter(|encoded| encoded.cut() == 0) {
            let missing = |marker: &&Marker| stretches::places(&encoded.input_ids, &marker.ids).next().is_none();
            for marker in row.setup.markers.iter().filter(missing) {
                out.row(&row.place, || said(marker, encoded));
            }
        }
    }
}

fn said(marker: &Marker, encoded: &Encoded) -> String {
    let Marker { name, text, ids } = marker;
    let Some(text) = text else {
        return format!("{name} {} is not among the tokens", listed(ids));
    };
    let Some(at) = search::find(&encoded.text, text.trim()) else {
        return format!("{name} {text:?} does not stand in the text");
    };
    let (start, end) = (at, at + text.trim().len());
    let there: Vec<u32> = encoded
        .offsets
        .iter()
        .zip(&encoded.input_ids)
        .filter(|((from, to), _)| (*from as usize) < end && (*to as usize) > start)
        .map(|(_, id)| *id)
        .collect();
    format!(
        "{name} {text:?} is looked for as {} and stands in the text as {}",
        listed(ids),
        listed(&there)
    )
}

fn listed(ids: &[u32]) -> String {
    const MOST: usize = 12;
    let shown: Vec<String> = ids.iter().take(MOST).map(u32::to_string).collect();
    let more = if ids.len() > MOST { ", …" } else { "" };
    format!("[{}{more}]", shown.join(", "))
}
