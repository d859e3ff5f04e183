use serde::Deserialize;

use crate::finding::Findings;
use crate::model::encoded::IGNORE;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};

rule_meta! {
    /// ## What it finds
    /// Rows in which a trained stretch is followed by the end token, and that carries no loss.
    ///
    /// ## Why it matters
    /// The model never learns to stop: it answers, and goes on until the limit of the server. The usual cause is a
    /// padding token that is the end token too, which the collator masks wherever it stands.
    ///
    /// ## Example
    /// ```jsonl -m fixtures/models/chatml
    /// {"input_ids": [[260, 40, 41, 257, 258]], "labels": [[-100, 40, 41, -100, -100]], "attention_mask": [[1, 1, 1, 1, 0]]}
    /// ```
    ///
    /// Instead:
    /// ```jsonl -m fixtures/models/chatml
    /// {"input_ids": [[260, 40, 41, 257, 258]], "labels": [[-100, 40, 41, 257, -100]], "attention_mask": [[1, 1, 1, 1, 0]]}
    /// ```
    ///
    /// ## Fix
    /// Give padding a token of its own (`tokenizer.pad_token = "<|pad|>"`, one of the vocabulary), or mask by
    /// attention_mask and not by id; where a template marks what is trained, take the end into `{% generation %}`.
    "batch/eos-masked", Error, needs [Batches, Labels, End]
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct EosMasked {}

impl Rule for EosMasked {
    const META: RuleMeta = META;
    type State = ();

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        let (Some(dumped), Some(facts)) = (row.dumped, &row.setup.tokenizer) else {
            return;
        };
        let Some((eos, id)) = facts.eos.as_ref().and_then(|eos| Some((eos, i64::from(eos.id?)))) else {
            return;
        };
        let Some(labels) = &dumped.labels else { return };
        let is_trained = |at: usize| labels[at] != i64::from(IGNORE);
        let text = dumped.text.clone();
        let ends = || (text.start + 1..text.end).filter(|at| dumped.ids[*at] == id && !dumped.is_padding(*at));
        let masked = || ends().filter(|at| is_trained(at - 1) && !is_trained(*at));
        let Some(at) = masked().next() else { return };
        // Turns may be trained without their ends where a later one has its own.
        if ends().any(is_trained) {
            return;
        }
        out.field(
            &row.place,
            || format!("/labels/{at}"),
            || {
                let pad = facts.pad.as_ref().is_some_and(|pad| pad.id == eos.id);
                let why = if pad { ", which pads too" } else { "" };
                let more = match masked().count() - 1 {
                    0 => String::new(),
                    more => format!(", nor any of {more} more"),
                };
                let text = &eos.text;
                format!("`{text}` (id {id}{why}) after trained text carries no loss, at token {at}{more}")
            },
        );
    }
}
